//! The ses edge.
