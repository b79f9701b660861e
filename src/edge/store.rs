//! The store edge.
