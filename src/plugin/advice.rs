//! What to do about a request, by the reason why it stands where it stands. docs/operations.md
//! has the same at length.

use super::view::View;
use serde::Serialize;

/// A thing to know or to do.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Advice {
    pub(super) text: String,
    /// Complete but for words in capital letters, which only a person knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) command: Option<String>,
}

impl Advice {
    pub(super) fn of(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            command: None,
        }
    }

    pub(super) fn with(text: impl Into<String>, command: String) -> Self {
        Self {
            text: text.into(),
            command: Some(command),
        }
    }
}

/// In their order. None where there is nothing to do, and for the words of a newer version.
pub(super) fn of(view: &View) -> Vec<Advice> {
    match view.reason().as_str() {
        "OrderUnknown" => {
            let text = "Nobody knows whether the factory has the order. The callback settles it; \
                        do not order again before.";
            doubt(view, text).into()
        }
        "OrderOutcomeUnknown" => {
            let text = "Nobody knows whether it was ordered. Ask the factory for product, \
                        quantity and time. Do not order again before it has answered.";
            let [all, placed, not_placed] = doubt(view, text);
            vec![all, placed, not_placed, came(view)]
        }
        "CallbackOverdue" => vec![
            Advice::of(overdue(view)),
            came(view),
            again(view, "If it has lost the order:"),
        ],
        "FactoryClosed" => vec![Advice::with(
            "Its Factory takes no orders. Why:",
            format!("kubectl get factories -n {}", view.namespace()),
        )],
        "BreakerOpen" => vec![Advice::with(
            "The factory failed five times in a row. Is it up? Its last error:",
            format!("kubectl get factories -n {} -o wide", view.namespace()),
        )],
        reason => match (to_retry(reason), to_know(reason)) {
            (Some(text), _) => vec![again(view, text)],
            (None, Some(text)) => vec![Advice::of(text)],
            (None, None) => Vec::new(),
        },
    }
}

/// What comes before it is ordered again.
fn to_retry(reason: &str) -> Option<&'static str> {
    Some(match reason {
        "Invalid" => "Its last attempt ordered nothing. Mend what the message says, then:",
        "AttemptsExhausted" => {
            "Every attempt may have cost an order. Ask the factory; if it has none:"
        }
        "FactoryUnreachable" => {
            "Its last attempt ordered nothing. Mend the way to the factory, then:"
        }
        "FactoryThrottled" => {
            "Its last attempt ordered nothing. Ask the factory's owners, lower ordersPerSecond, \
             then:"
        }
        "Refused" => {
            "Its last attempt ordered nothing. 401, 403: headersFrom; 3xx, 404: url; 400, 422: \
             the order. Mend it, then:"
        }
        _ => return None,
    })
}

/// Where no word of a person mends it.
fn to_know(reason: &str) -> Option<&'static str> {
    Some(match reason {
        "BackingOff" => {
            "It is ordered again by itself, later each time. If many wait so: is the factory up?"
        }
        "Throttled" => {
            "The factory asked to wait. If it comes often, lower ordersPerSecond of its Factory."
        }
        "NoFactory" => "Mend the Factories within ten minutes, or it ends as Invalid.",
        "Cancelled" => "Nothing: no further order is sent, for a person said so.",
        "Duplicate" => {
            "Not ordered by this object: the message names the one that stands for the request."
        }
        "LateArrival" => "Correct what was ordered or booked by hand meanwhile, if anything.",
        _ => return None,
    })
}

fn doubt(view: &View, text: &str) -> [Advice; 3] {
    [
        Advice::of(text),
        Advice::with(
            "If you know that it has it:",
            say(view, "resolve", " placed"),
        ),
        Advice::with(
            "If you know that it has it not:",
            say(view, "resolve", " not-placed"),
        ),
    ]
}

/// Not every factory names its orders.
fn overdue(view: &View) -> String {
    let ask = match view.text("/status/factoryOrderId") {
        Some(id) => format!("The factory has the order. Ask it for order {id}."),
        None => "The factory has the order. Ask it for product, quantity and time.".to_owned(),
    };
    format!("{ask} Goods that still come mend the request.")
}

fn came(view: &View) -> Advice {
    Advice::with(
        "If they came without a callback:",
        say(view, "resolve", " arrived --quantity NUMBER"),
    )
}

fn again(view: &View, text: &str) -> Advice {
    Advice::with(text, say(view, "retry", ""))
}

/// The command that says this of it.
pub(super) fn say(view: &View, verb: &str, word: &str) -> String {
    let (name, namespace) = (view.name(), view.namespace());
    format!("kubectl restock {verb} {name}{word} -n {namespace} --reason TEXT")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crd::request::RestockRequest;
    use kube::CustomResourceExt as _;
    use serde_json::json;

    /// Where nothing is to be done: it goes on by itself, or went well.
    const NONE: [&str; 9] = [
        "New",
        "Reordering",
        "Retrying",
        "Suspended",
        "ProductBusy",
        "Queued",
        "Ordering",
        "OrderPlaced",
        "Arrived",
    ];

    fn about(reason: &str, order_id: Option<&str>) -> Vec<Advice> {
        let object = json!({
            "apiVersion": "restock.dev/v1", "kind": "RestockRequest",
            "metadata": { "name": "rr-a", "namespace": "shop" },
            "status": { "reason": reason, "factoryOrderId": order_id },
        });
        of(&View {
            object: serde_json::from_value(object).unwrap(),
        })
    }

    #[test]
    fn every_reason_is_thought_of() {
        let definition = serde_json::to_value(RestockRequest::crd()).unwrap();
        let reason = "/spec/versions/0/schema/openAPIV3Schema/properties/status/properties/reason";
        let words = definition.pointer(&format!("{reason}/enum")).unwrap();
        let words: Vec<_> = words
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|word| word.as_str())
            .collect();
        assert!(words.len() > NONE.len());
        for word in words {
            assert_eq!(about(word, None).is_empty(), NONE.contains(&word), "{word}");
        }
    }

    #[test]
    fn a_command_is_complete_but_for_what_only_a_person_knows() {
        let advice = about("CallbackOverdue", Some("4b21"));
        assert!(advice[0].text.contains("Ask it for order 4b21."));
        let commands: Vec<_> = advice.into_iter().filter_map(|one| one.command).collect();
        assert_eq!(
            commands,
            [
                "kubectl restock resolve rr-a arrived --quantity NUMBER -n shop --reason TEXT",
                "kubectl restock retry rr-a -n shop --reason TEXT",
            ]
        );
        let unnamed = about("CallbackOverdue", None);
        assert!(!unnamed[0].text.contains("order id"), "{}", unnamed[0].text);
    }
}
