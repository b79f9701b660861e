//! Writes how each Factory is: on change of its condition or breaker, else rarely.

use crate::controller::context::Context;
use crate::controller::gates::GateState;
use crate::crd::conditions::factory_ready;
use crate::crd::factory::status::{Breaker, FactoryStatus, LastError};
use crate::crd::factory::{Factory, SUSPENDED};
use crate::crd::time::micro_time;
use crate::domain::order::FactoryKey;
use crate::edge::cluster;
use crate::process::clock;
use crate::process::health::Pulse;
use kube::ResourceExt as _;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How soon a change of condition or breaker is written.
const PAUSE: Duration = Duration::from_secs(2);

/// How often numbers alone are written: people read them, nothing decides by them.
const NUMBERS_PAUSE: Duration = Duration::from_secs(30);

/// Deadline of one turn for the liveness probe: one write for each of a few Factories.
pub(super) const TURN_DEADLINE: Duration = Duration::from_secs(30);

/// Writes until shutdown.
pub(super) async fn run(context: Arc<Context>, pulse: Pulse, shutdown: CancellationToken) {
    let mut written = HashMap::new();
    while !shutdown.is_cancelled() {
        context.forget_deleted();
        if context.leads() {
            for factory in context.destinations.known() {
                update(&factory, &mut written, &context).await;
                pulse.beat();
            }
        }
        pulse.beat();
        shutdown
            .run_until_cancelled(tokio::time::sleep(PAUSE))
            .await;
    }
}

async fn update(factory: &Factory, written: &mut HashMap<String, Duration>, context: &Context) {
    let key = factory.key();
    let previous = factory.status.clone().unwrap_or_default();
    let status = status(factory, &previous, &key, context);
    let now = clock::since_boot();
    let changed = status.conditions != previous.conditions || status.breaker != previous.breaker;
    let last = written.get(&key.uid).copied();
    let due = last.is_none_or(|at| now.saturating_sub(at) >= NUMBERS_PAUSE);
    let worth_writing = changed || (due && status != previous);
    if !worth_writing {
        return;
    }
    written.insert(key.uid.clone(), now);
    let version = factory.resource_version().unwrap_or_default();
    let Ok(body) = serde_json::to_value(&status) else {
        return;
    };
    // A conflict means that somebody edited it: the next turn has the new version.
    let namespace = factory.namespace().unwrap_or_default();
    let factories = context.factories(&namespace);
    if let Err(error) = cluster::patch_status(&factories, &key.name, &key.uid, &version, body).await
    {
        tracing::debug!(namespace, factory = key.name, %error, "status of the Factory not written");
    }
}

fn status(
    factory: &Factory,
    previous: &FactoryStatus,
    key: &FactoryKey,
    context: &Context,
) -> FactoryStatus {
    let generation = factory.metadata.generation;
    let (ready, reason, message) = readiness(factory, key, context);
    let state: GateState = context.gates.state(key);
    let now = clock::now();
    let condition = factory_ready(
        ready,
        reason,
        &message,
        generation.unwrap_or_default(),
        now,
        &previous.conditions,
    );
    FactoryStatus {
        conditions: vec![condition],
        in_flight: Some(state.in_flight),
        breaker: Some(match state.breaker {
            crate::controller::gates::Breaker::Closed => Breaker::Closed,
            crate::controller::gates::Breaker::Open => Breaker::Open,
            crate::controller::gates::Breaker::HalfOpen => Breaker::HalfOpen,
        }),
        // A new process does not know of what an earlier one saw.
        last_success: state
            .last_success
            .map(micro_time)
            .or(previous.last_success.clone()),
        last_error: state
            .last_error
            .map(|(at, message)| LastError {
                at: micro_time(at),
                message,
            })
            .or(previous.last_error.clone()),
        observed_generation: generation,
    }
}

fn readiness(
    factory: &Factory,
    key: &FactoryKey,
    context: &Context,
) -> (bool, &'static str, String) {
    let namespace = factory.namespace().unwrap_or_default();
    if context.destinations.ambiguous(&namespace).contains(key) {
        let message = "Another Factory has one of its ids, or is the default too.";
        return (false, "AmbiguousFactoryId", message.to_owned());
    }
    if factory.spec.suspend {
        return (
            false,
            SUSPENDED,
            "No new orders; those in flight go on.".to_owned(),
        );
    }
    match context.destinations.reach(factory) {
        Ok(_) => (true, "Ready", "Orders can be sent.".to_owned()),
        Err(error) => (false, error.reason(), error.to_string()),
    }
}
