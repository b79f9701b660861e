//! arrival.
