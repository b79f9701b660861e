//! What the order test may do in the cluster: a test of the chart compares its Role with
//! this, and a test of the command has nothing more.

use serde_json::{Value, json};

/// The rules of a Role.
pub(crate) fn of_order_test() -> Value {
    json!([
        {
            "apiGroups": ["restock.dev"],
            "resources": ["factories"],
            "verbs": ["create", "get", "list", "delete"],
        },
        {
            "apiGroups": ["restock.dev"],
            "resources": ["restockrequests"],
            "verbs": ["list", "delete"],
        },
    ])
}
