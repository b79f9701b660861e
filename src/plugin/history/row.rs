//! One finished request in a line.

use crate::domain::time::Time;
use crate::plugin::view::{View, moment, span, written};
use crate::process::columns::{cut, table as columns};
use kube::api::ObjectMeta;
use kube::core::DynamicObject;
use serde_json::{Value, json};

/// Columns of a product, and of a reason: the longest is OrderOutcomeUnknown.
const PRODUCT_COLUMNS: usize = 13;
const REASON_COLUMNS: usize = 19;

/// As the ledger keeps it, read leniently.
pub(super) struct Row {
    pub(super) name: String,
    view: View,
    request_id: String,
    uid: String,
    finished: Option<Time>,
}

impl Row {
    pub(super) fn of(item: &Value) -> Self {
        let text = |pointer: &str| item.pointer(pointer).and_then(Value::as_str);
        let owned = |pointer: &str| text(pointer).unwrap_or_default().to_owned();
        let metadata = ObjectMeta {
            name: Some(owned("/object/name")),
            namespace: Some(owned("/object/namespace")),
            ..ObjectMeta::default()
        };
        let object = &item["object"];
        let data = json!({ "spec": object["spec"], "status": object["status"] });
        let object = DynamicObject {
            types: None,
            metadata,
            data,
        };
        Self {
            name: owned("/object/name"),
            view: View { object },
            request_id: owned("/requestId"),
            uid: owned("/uid"),
            finished: text("/archivedAt").and_then(|at| at.parse().ok().map(moment)),
        }
    }

    fn reason(&self) -> String {
        let reason = self.view.reason();
        if reason.is_empty() {
            self.view.phase()
        } else {
            reason
        }
    }

    fn narrow(&self, now: Time) -> Vec<String> {
        let age = self.finished.map(|at| span(now.since(at)));
        vec![
            self.name.clone(),
            cut(&self.view.product(), PRODUCT_COLUMNS),
            or_dash(self.view.quantity()),
            cut(&self.reason(), REASON_COLUMNS),
            or_dash(age),
        ]
    }

    fn wide(&self) -> Vec<String> {
        let text = |pointer: &str| or_dash(self.view.text(pointer));
        vec![
            self.view.namespace(),
            self.name.clone(),
            self.view.product(),
            or_dash(self.view.quantity()),
            self.view.phase(),
            self.reason(),
            or_dash(self.finished.map(written)),
            text("/status/factory/name"),
            text("/status/attempt"),
            text("/status/factoryOrderId"),
            text("/spec/requester"),
            self.request_id.clone(),
            self.uid.clone(),
        ]
    }
}

/// Their table.
pub(super) fn table(rows: &[Row], now: Time, wide: bool) -> String {
    if wide {
        let heading = [
            "NAMESPACE",
            "NAME",
            "PRODUCT",
            "QTY",
            "PHASE",
            "REASON",
            "FINISHED",
            "FACTORY",
            "ATTEMPT",
            "ORDER-ID",
            "REQUESTER",
            "REQUEST-ID",
            "UID",
        ];
        return columns(&heading, &rows.iter().map(Row::wide).collect::<Vec<_>>());
    }
    let heading = ["NAME", "PRODUCT", "QTY", "REASON", "AGO"];
    let rows = rows.iter().map(|row| row.narrow(now));
    columns(&heading, &rows.collect::<Vec<_>>())
}

fn or_dash(text: Option<String>) -> String {
    text.unwrap_or_else(|| "-".to_owned())
}
