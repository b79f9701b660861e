//! Administrative sub-commands.

pub mod crd;
