//! The only code that talks to the outside: one module per neighbour, every call with
//! a deadline of its own.

pub mod aws;
pub mod callback;
mod causes;
pub mod channels;
pub mod cluster;
pub mod database_secret;
pub mod factory;
pub mod mapping;
pub mod ses;
pub mod sns;
pub mod sqs;
pub mod store;
