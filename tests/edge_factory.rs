//! Needs nothing but this host. Proves what each answer of a factory means (the table of
//! "What a POST to the factory can mean"), and that whatever it does, it gets each order
//! at most once: every row counts the connections and the orders that its server saw.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/posting.rs"]
mod posting;
#[path = "support/raw_server.rs"]
mod raw_server;

#[path = "edge_factory/destination.rs"]
mod destination;
#[path = "edge_factory/headers.rs"]
mod headers;
#[path = "edge_factory/in_doubt.rs"]
mod in_doubt;
#[path = "edge_factory/not_sent.rs"]
mod not_sent;
#[path = "edge_factory/once.rs"]
mod once;
#[path = "edge_factory/placed.rs"]
mod placed;
#[path = "edge_factory/refused.rs"]
mod refused;
