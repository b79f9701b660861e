//! What a person could see at one moment: objects, orders, stock, queues, mail.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::Value;

use super::outside::{Mail, Outside};
use super::story::Story;
use crate::command;
use crate::setup;
use crate::state::{RunDirectory, State};

/// One RestockRequest.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) name: String,
    pub(super) product: String,
    pub(super) phase: String,
    pub(super) reason: String,
    /// Whether a channel acknowledged a notice about its end.
    pub(super) notified: bool,
}

/// One moment.
#[derive(Clone, Default, Debug)]
pub(super) struct Look {
    pub(super) requests: Vec<Request>,
    /// Orders at the factory, by product.
    pub(super) orders: BTreeMap<String, usize>,
    /// Stock in the ledger, by product.
    pub(super) stock: BTreeMap<String, i64>,
    pub(super) queue_depth: u64,
    pub(super) dead_letters: u64,
    /// All mail since the demo began.
    pub(super) mail: Vec<Mail>,
}

impl Look {
    /// Looks at everything; what is not of this story is left out.
    pub(super) fn take(
        run: &RunDirectory,
        state: &State,
        outside: &Outside,
        story: &Story,
    ) -> Result<Self> {
        let mut kubectl = setup::kubectl(run, state);
        let list = command::output(kubectl.args(["get", "restockrequests", "--output=json"]))?;
        let mut look = Self {
            requests: requests(&list)?,
            stock: stock(&setup::operator(run, state, &["products", "list"])?),
            queue_depth: outside.queue_depth()?,
            dead_letters: outside.dead_letters()?,
            ..Self::default()
        };
        let ours = |sku: &String| story.scenes.iter().any(|scene| scene.sku == *sku);
        look.requests.retain(|request| ours(&request.product));
        look.stock.retain(|sku, _| ours(sku));
        for scene in &story.scenes {
            look.orders
                .insert(scene.sku.clone(), outside.orders(&scene.sku)?);
        }
        Ok(look)
    }

    /// The requests for a product.
    pub(super) fn of<'a>(&'a self, sku: &'a str) -> impl Iterator<Item = &'a Request> {
        self.requests
            .iter()
            .filter(move |request| request.product == sku)
    }

    /// How many requests for a product are in this phase.
    pub(super) fn count(&self, sku: &str, phase: &str) -> usize {
        self.of(sku)
            .filter(|request| request.phase == phase)
            .count()
    }
}

fn requests(list: &str) -> Result<Vec<Request>> {
    let list: Value = serde_json::from_str(list).context("kubectl printed no JSON")?;
    let items = list["items"]
        .as_array()
        .context("kubectl printed no list")?;
    Ok(items.iter().map(request).collect())
}

fn request(object: &Value) -> Request {
    let text = |path: &str| {
        let value = object.pointer(path).and_then(Value::as_str);
        value.unwrap_or_default().to_owned()
    };
    Request {
        name: text("/metadata/name"),
        product: text("/spec/productId"),
        phase: text("/status/phase"),
        reason: text("/status/reason"),
        notified: object.pointer("/status/notice/publishId").is_some(),
    }
}

/// Product and stock are the first two columns of `products list`.
fn stock(table: &str) -> BTreeMap<String, i64> {
    let row = |line: &str| {
        let mut words = line.split_whitespace();
        let sku = words.next()?.to_owned();
        Some((sku, words.next()?.parse().ok()?))
    };
    table.lines().filter_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stock_is_read_from_the_table() {
        let table =
            "SKU    STOCK  REORDER-AT\nA-1       20           0\nB-2        0           5\n";
        let stock = stock(table);
        assert_eq!(stock.len(), 2);
        assert_eq!((stock["A-1"], stock["B-2"]), (20, 0));
    }

    #[test]
    fn an_object_that_nobody_touched_yet_is_read() {
        let list = r#"{"items":[{"metadata":{"name":"rr-a"},"spec":{"productId":"A-1"},
            "status":{"phase":"Pending","observedGeneration":-1}}]}"#;
        let requests = requests(list).expect("a list");
        assert_eq!(requests[0].phase, "Pending");
        assert_eq!(requests[0].reason, "");
        assert!(!requests[0].notified);
    }
}
