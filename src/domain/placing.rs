//! placing.
