//! The aws edge.
