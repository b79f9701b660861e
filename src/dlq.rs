//! The dlq role.
