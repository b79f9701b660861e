//! The controller role.
