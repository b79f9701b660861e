//! The factory edge.
