//! The cluster edge.
