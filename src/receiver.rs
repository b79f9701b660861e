//! The receiver role.
