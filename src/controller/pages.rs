//! What people may read of the ledger: finished requests and dead letters. Any controller may
//! answer, whether it leads or not.

mod dead_letters;
mod history;
mod query;

use crate::edge::store::{Store, StoreError};
use crate::process::read_server::Refusal;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use std::sync::Arc;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Pages made at a time. Each holds a connection of the ledger, which requests under way need
/// more, and in memory a hundred objects, most of them of a few kilobytes.
const AT_ONCE: usize = 2;

/// The ledger, for those who read it by pages.
struct Reading {
    store: Store,
    turns: Semaphore,
}

impl Reading {
    /// The caller's turn; it ends when it is dropped.
    async fn turn(&self) -> SemaphorePermit<'_> {
        let turn = self.turns.acquire().await;
        turn.expect("the semaphore is never closed")
    }
}

/// The pages of the controller.
pub(super) fn of(store: Store) -> Router {
    let reading = Reading {
        store,
        turns: Semaphore::new(AT_ONCE),
    };
    Router::new()
        .route("/v1/history", get(history::page))
        .route("/v1/dead-letters", get(dead_letters::page))
        .fallback(async || Refusal::new(StatusCode::NOT_FOUND, "there is no such page"))
        .with_state(Arc::new(reading))
}

fn unreadable(why: &StoreError) -> Refusal {
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, why.to_string())
}
