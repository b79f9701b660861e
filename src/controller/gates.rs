//! Permits in front of the POST: how fast, how many at once, and whether at all.

mod breaker;
mod bucket;
mod line;

pub(super) use breaker::Breaker;

use crate::domain::order::{FactoryKey, Order, Sku};
use crate::domain::progress::Answer;
use crate::domain::time::Time;
use crate::process::clock;
use breaker::Switch;
use bucket::Bucket;
use line::{Line, Waiter};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How soon the first in line asks again where nothing says when it can change.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// How soon the last in line asks again. Each question costs a read of the ledger: those
/// far behind ask when half of those before them may have gone.
const ASK_AGAIN_MAX: Duration = Duration::from_secs(30);

/// How often those who are gone are looked for: a look passes over the whole line.
const LOOK_FOR_GONE: Duration = Duration::from_secs(5);

/// Limits of one Factory, from its spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// Orders a second, in the long run.
    pub(super) per_second: u32,
    /// Orders at once after a pause.
    pub(super) burst: u32,
    /// Requests in Placing or Awaiting.
    pub(super) max_in_flight: u32,
    /// Those of one product; none if they are not counted.
    pub(super) max_open_per_product: Option<u32>,
}

/// Who asks, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asking<'a> {
    /// The object's uid.
    pub(super) uid: &'a str,
    /// When the request was created: its place in line.
    pub(super) created_at: Time,
    /// Since boot.
    pub(super) now: Duration,
}

/// Why an order may not be sent now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Busy {
    /// In words for people.
    pub(super) why: String,
    /// When to ask again.
    pub(super) retry_in: Duration,
    /// Whether the Factory's breaker is closed: if not, it is the factory that is waited
    /// for, and not only the others.
    pub(super) factory_answers: bool,
}

/// How a Factory's gate stands, for its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct GateState {
    /// Requests in Placing or Awaiting.
    pub(super) in_flight: u32,
    /// The circuit breaker.
    pub(super) breaker: Breaker,
    /// When the factory last accepted an order.
    pub(super) last_success: Option<Time>,
    /// What last went wrong, and when.
    pub(super) last_error: Option<(Time, String)>,
}

/// The gates of all Factories. Cheap to clone; clones share them.
#[derive(Clone, Default)]
pub(super) struct Gates {
    gates: Arc<Mutex<HashMap<FactoryKey, Gate>>>,
    opened: Arc<AtomicBool>,
}

#[derive(Default)]
struct Gate {
    limits: Option<Limits>,
    bucket: Bucket,
    switch: Switch,
    /// By the uid of its request: the product of each order in flight.
    in_flight: HashMap<String, Sku>,
    /// Who waits for a place or for the rate.
    line: Line,
    /// Who waits for others of its product: they hold up no other product.
    products: HashMap<Sku, Line>,
    looked_for_gone: Duration,
    last_success: Option<Time>,
    last_error: Option<(Time, String)>,
}

/// Permission to send one order. Dropped unused, it is as if it had never been given.
#[must_use]
pub(super) struct Permit {
    gates: Gates,
    key: FactoryKey,
    uid: String,
    used: bool,
}

impl Gates {
    /// From now on what is in flight is known, and permits are given.
    pub(super) fn open(&self) {
        self.opened.store(true, Ordering::Release);
    }

    /// No permits any more: another process leads, and what it orders is not counted here.
    pub(super) fn close(&self) {
        self.opened.store(false, Ordering::Release);
    }

    /// Sets a Factory's limits.
    pub(super) fn configure(&self, key: &FactoryKey, limits: Limits) {
        let mut gates = self.lock();
        let gate = gates.entry(key.clone()).or_default();
        if gate.limits != Some(limits) {
            gate.limits = Some(limits);
            gate.bucket = Bucket::full(limits.per_second, limits.burst);
        }
    }

    /// A request takes one of the Factory's places. A repeat changes nothing.
    pub(super) fn occupy(&self, order: &Order, uid: &str) {
        let mut gates = self.lock();
        let gate = gates.entry(order.factory.clone()).or_default();
        gate.in_flight.insert(uid.to_owned(), order.sku.clone());
    }

    /// The requests that have places.
    pub(super) fn occupants(&self) -> Vec<String> {
        let gates = self.lock();
        let occupants = gates.values().flat_map(|gate| gate.in_flight.keys());
        occupants.cloned().collect()
    }

    /// Whether the Factory allows this request, of all that wait for its product, one of
    /// the `limit` places of it. The oldest comes first.
    pub(super) fn product_is_free(&self, order: &Order, asking: Asking, limit: u32) -> bool {
        let mut gates = self.lock();
        let gate = gates.entry(order.factory.clone()).or_default();
        gate.stand_for_product(&order.sku, &asking.waiter(), asking.now, limit)
    }

    /// The request's place is free again.
    pub(super) fn release(&self, uid: &str) {
        for gate in self.lock().values_mut() {
            gate.in_flight.remove(uid);
        }
    }

    /// It does not ask any more, for now: who stands behind it must not wait for it.
    pub(super) fn leave(&self, order: &Order, asking: Asking) {
        if let Some(gate) = self.lock().get_mut(&order.factory) {
            gate.leave(&order.sku, &asking.waiter());
        }
    }

    /// Asks for permission to send one order. The oldest comes first.
    pub(super) fn take(&self, order: &Order, asking: Asking) -> Result<Permit, Busy> {
        if !self.opened.load(Ordering::Acquire) {
            return Err(busy("the controller is starting", ASK_AGAIN));
        }
        let mut gates = self.lock();
        let gate = gates.entry(order.factory.clone()).or_default();
        gate.take(&order.sku, &asking.waiter(), asking.now)
            .map_err(|busy| Busy {
                factory_answers: gate.switch.state(asking.now) == Breaker::Closed,
                ..busy
            })?;
        Ok(Permit {
            gates: self.clone(),
            key: order.factory.clone(),
            uid: asking.uid.to_owned(),
            used: false,
        })
    }

    /// What the factory answered: opens and closes the breaker.
    pub(super) fn report(&self, key: &FactoryKey, answer: &Answer) {
        let mut gates = self.lock();
        let gate = gates.entry(key.clone()).or_default();
        gate.switch.report(answer, clock::since_boot());
        match answer {
            Answer::Placed { .. } => gate.last_success = Some(clock::now()),
            other => gate.last_error = Some((clock::now(), words(other))),
        }
    }

    /// How the gate stands.
    pub(super) fn state(&self, key: &FactoryKey) -> GateState {
        let gates = self.lock();
        let gate = gates.get(key);
        let in_flight = gate.map_or(0, |gate| gate.in_flight.len());
        GateState {
            in_flight: u32::try_from(in_flight).unwrap_or(u32::MAX),
            breaker: gate.map_or(Breaker::Closed, |gate| {
                gate.switch.state(clock::since_boot())
            }),
            last_success: gate.and_then(|gate| gate.last_success),
            last_error: gate.and_then(|gate| gate.last_error.clone()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<FactoryKey, Gate>> {
        // Numbers only; no panic leaves them worse than a restart would.
        self.gates.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gate {
    fn take(&mut self, sku: &Sku, waiter: &Waiter, now: Duration) -> Result<(), Busy> {
        self.look_for_gone(now);
        self.line.join(waiter, now);
        let limits = self
            .limits
            .ok_or_else(|| busy("its Factory is gone", ASK_AGAIN))?;
        let ahead = self.line.ahead_of(waiter);
        let retry_in = retry_in(ahead, limits.per_second);
        let in_flight = u32::try_from(self.in_flight.len()).unwrap_or(u32::MAX);
        let free = limits.max_in_flight.saturating_sub(in_flight);
        if free == 0 {
            return Err(busy(&format!("{in_flight} orders are in flight"), retry_in));
        }
        // Asked before, of all; asked again here, where no two can find the same place free.
        if let Some(limit) = limits.max_open_per_product
            && !self.stand_for_product(sku, waiter, now, limit)
        {
            self.line.leave(waiter);
            return Err(busy("an order of its product is in flight", ASK_AGAIN));
        }
        // The oldest, as many as could go now, may go; the others let them pass.
        if ahead >= free.min(self.bucket.whole(now)).max(1) {
            return Err(busy(
                &format!("{ahead} older requests come first"),
                retry_in,
            ));
        }
        if let Some(pause) = self.switch.closed_for(now) {
            return Err(busy("the circuit breaker is open", pause.max(retry_in)));
        }
        self.bucket
            .take(now)
            .map_err(|pause| busy("the rate limit", pause))?;
        self.switch.probe();
        self.leave(sku, waiter);
        // Taken at once, not when the order is announced: many may ask at the same time.
        self.in_flight.insert(waiter.1.clone(), sku.clone());
        Ok(())
    }

    /// Stands in the product's line; whether it is this request's turn there.
    fn stand_for_product(&mut self, sku: &Sku, waiter: &Waiter, now: Duration, limit: u32) -> bool {
        self.look_for_gone(now);
        let free = limit.saturating_sub(self.open_of(sku));
        let line = self.products.entry(sku.clone()).or_default();
        line.join(waiter, now);
        line.ahead_of(waiter) < free
    }

    fn leave(&mut self, sku: &Sku, waiter: &Waiter) {
        self.line.leave(waiter);
        if let Some(line) = self.products.get_mut(sku) {
            line.leave(waiter);
        }
    }

    fn open_of(&self, sku: &Sku) -> u32 {
        let open = self.in_flight.values().filter(|other| *other == sku);
        u32::try_from(open.count()).unwrap_or(u32::MAX)
    }

    fn look_for_gone(&mut self, now: Duration) {
        if now.saturating_sub(self.looked_for_gone) >= LOOK_FOR_GONE {
            self.looked_for_gone = now;
            self.line.tidy(now);
            self.products.retain(|_, line| line.tidy(now));
        }
    }
}

/// When half of those ahead may have gone.
fn retry_in(ahead: u32, per_second: u32) -> Duration {
    (Duration::from_secs(1) * ahead / per_second.max(1) / 2).clamp(ASK_AGAIN, ASK_AGAIN_MAX)
}

impl Asking<'_> {
    fn waiter(&self) -> Waiter {
        (self.created_at, self.uid.to_owned())
    }
}

impl Permit {
    /// The order was sent, or may have been: the permit is spent.
    pub(super) fn spend(mut self) {
        self.used = true;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.used {
            return;
        }
        let mut gates = self.gates.lock();
        if let Some(gate) = gates.get_mut(&self.key) {
            gate.bucket.give_back();
            gate.switch.not_probed();
            gate.in_flight.remove(&self.uid);
        }
    }
}

fn busy(why: &str, retry_in: Duration) -> Busy {
    Busy {
        why: why.to_owned(),
        retry_in,
        factory_answers: true,
    }
}

fn words(answer: &Answer) -> String {
    match answer {
        Answer::NotSent(why) | Answer::InDoubt(why) => why.clone(),
        Answer::Throttled { .. } => "takes no order now (HTTP 429, or 503 with a wait)".to_owned(),
        Answer::Refused {
            status: Some(status),
        } => format!("refused an order with HTTP {status}"),
        Answer::Refused { status: None } => "refused an order".to_owned(),
        Answer::Placed { .. } => String::new(),
    }
}

#[cfg(test)]
mod tests;
