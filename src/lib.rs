//! restock-operator: every out-of-stock message becomes one `RestockRequest`, every
//! request one visible story, every delivery one rise of the stock.
//!
//! ```text
//! outbox ─► relay ─► SNS ─► SQS
//!
//! SQS ─► ingest ─► RestockRequest ─► controller ─► Factory
//!                        ▲               │             │ callback
//!                        └── wake ── ledger ◄── receiver
//!                                        │
//!                          Failed, Delayed ─► notice ─► SNS / SES
//! ```
//!
//! Modules in reading order: what is decided ([`domain`]), what is stored in the cluster
//! ([`crd`]), what a message becomes ([`intake`]), who does it (the roles), whom they talk to ([`edge`]), how a process lives
//! ([`process`]), and how one comes to its ledger ([`ledger`]); and, for people, the
//! kubectl plugin ([`plugin`]).

// Tests read the environment and clocks as they like (clippy.toml names what is banned).
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

pub mod domain;

pub mod crd;

pub mod intake;

pub mod controller;
pub mod dlq;
pub mod ingest;
pub mod receiver;
pub mod relay;
pub mod sales;

pub mod admin;
pub mod edge;
pub mod ledger;
pub mod plugin;
pub mod process;
