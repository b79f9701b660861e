//! The order book: in memory only, as the real factory's.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::Value;

/// The oldest entries go first; at 2 KiB each this is some 40 MB.
const ORDERS_MAX: usize = 20_000;

/// One order as it was received, and what became of its callback.
#[derive(Clone, Serialize)]
pub(crate) struct Order {
    /// This factory's own number for it.
    pub(crate) id: String,
    /// Unix time in milliseconds.
    pub(crate) received_at_ms: u128,
    /// The product ordered, if it was named under the usual key.
    pub(crate) product: Option<String>,
    /// Who asked, if named under the usual key.
    pub(crate) requester: Option<String>,
    /// The order's own JSON.
    pub(crate) body: Value,
    /// Every callback made, with its result.
    pub(crate) callbacks: Vec<Callback>,
}

/// One callback made.
#[derive(Clone, Serialize)]
pub(crate) struct Callback {
    /// Unix time in milliseconds, when its result was known.
    pub(crate) at_ms: u128,
    /// The status answered, or what went wrong.
    pub(crate) result: String,
}

/// All orders received, oldest first.
#[derive(Default)]
pub(crate) struct Book(Mutex<VecDeque<Order>>);

impl Book {
    /// Enters an order; answers its entry and how many earlier ones had the same requester.
    pub(crate) fn enter(&self, body: &Value) -> (Order, usize) {
        let text = |key: &str| Some(body.get(key)?.as_str()?.to_owned());
        let order = Order {
            id: uuid(),
            received_at_ms: now_ms(),
            product: text("MessageAttributeProductId"),
            requester: text("MessageAttributeRequester"),
            body: body.clone(),
            callbacks: Vec::new(),
        };
        let mut orders = self.orders();
        let same = orders.iter().filter(|one| one.requester == order.requester);
        let earlier = same.count();
        if orders.len() >= ORDERS_MAX {
            orders.pop_front();
        }
        orders.push_back(order.clone());
        (order, earlier)
    }

    /// Writes down what became of a callback.
    pub(crate) fn note(&self, id: &str, result: String) {
        let mut orders = self.orders();
        if let Some(order) = orders.iter_mut().find(|order| order.id == id) {
            let at_ms = now_ms();
            order.callbacks.push(Callback { at_ms, result });
        }
    }

    /// The orders for one product, or all of them, oldest first.
    pub(crate) fn list(&self, product: Option<&str>) -> Vec<Order> {
        let orders = self.orders();
        let wanted = orders
            .iter()
            .filter(|order| product.is_none() || order.product.as_deref() == product);
        wanted.cloned().collect()
    }

    fn orders(&self) -> MutexGuard<'_, VecDeque<Order>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn now_ms() -> u128 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    since_epoch.map_or(0, |since| since.as_millis())
}

/// A random (version 4) UUID.
fn uuid() -> String {
    let random: ring::rand::Random<[u8; 16]> =
        ring::rand::generate(&ring::rand::SystemRandom::new())
            .expect("the system's random source never fails once it is seeded");
    let mut bits = u128::from_be_bytes(random.expose());
    bits = bits & !(0xf << 76) | 0x4 << 76;
    bits = bits & !(0x3 << 62) | 0x2 << 62;
    let hex = format!("{bits:032x}");
    let (a, b, c, d, e) = (
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    );
    format!("{a}-{b}-{c}-{d}-{e}")
}
