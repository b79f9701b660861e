//! Everything that is decided, and nothing that is done.
//!
//! Pure: no async, clock, randomness, kube, sqlx, AWS, axum or tracing below this module.
//! Time is an argument. `tests/tidy.rs` enforces it, `tests/model.rs` explores it.

pub mod arrival;
pub mod decide;
pub mod message;
pub mod notice;
pub mod order;
pub mod placing;
pub mod policy;
pub mod progress;
pub mod purchase;
pub mod resolve;
pub mod settle;
pub mod shortage;
pub mod time;
pub mod word;
