//! What to do about a request, by the reason why it stands where it stands. docs/operations.md
//! has the same at length.

/// In one or two sentences. None where there is nothing to do, and for the words of a newer
/// version.
pub(super) fn of(reason: &str) -> Option<&'static str> {
    Some(match reason {
        "BackingOff" => "The factory could not be reached. If many wait: is it up?",
        "Throttled" => {
            "The factory asked to wait. If it comes often, lower ordersPerSecond of its Factory."
        }
        "FactoryClosed" => "Its Factory takes no orders: `kubectl get factories` says why.",
        "BreakerOpen" => {
            "The factory failed five times in a row. Is it up? `kubectl get factories -o wide` \
             has its last error."
        }
        "NoFactory" => "Mend the Factories within ten minutes, or it ends as Invalid.",
        "OrderUnknown" => {
            "Nobody knows whether the factory has the order. The callback settles it; do not \
             order again before. If you know it: `kubectl restock resolve NAME placed`, or \
             `not-placed`."
        }
        "Invalid" => {
            "Its last attempt ordered nothing. Mend what the message says, then `kubectl restock \
             retry NAME`."
        }
        "Cancelled" => "Nothing: no further order is sent, for a person said so.",
        "Duplicate" => {
            "Not ordered by this object: the message names the one that stands for the request."
        }
        "AttemptsExhausted" => {
            "Every attempt may have cost an order. Ask the factory; if it has none, `kubectl \
             restock retry NAME`."
        }
        "FactoryUnreachable" => {
            "Its last attempt ordered nothing. Mend the way to the factory, then `kubectl restock \
             retry NAME`."
        }
        "FactoryThrottled" => {
            "Its last attempt ordered nothing. Ask the factory's owners, lower ordersPerSecond, \
             then `kubectl restock retry NAME`."
        }
        "Refused" => {
            "Its last attempt ordered nothing. 401, 403: headersFrom; 3xx, 404: url; 400, 422: \
             the order. Mend it, then `kubectl restock retry NAME`."
        }
        "CallbackOverdue" => {
            "The factory has the order. Ask it for the order id. Goods that still come mend \
             the request. If they came without a callback: `kubectl restock resolve NAME \
             arrived`. If it has lost the order: `kubectl restock retry NAME`."
        }
        "OrderOutcomeUnknown" => {
            "Nobody knows whether it was ordered. Ask the factory for product, quantity and \
             time. Do not order again before it has answered; then `kubectl restock resolve \
             NAME placed`, `not-placed` or `arrived`."
        }
        "LateArrival" => "Correct what was ordered or booked by hand meanwhile, if anything.",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crd::request::RestockRequest;
    use kube::CustomResourceExt as _;

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
            assert_ne!(of(word).is_some(), NONE.contains(&word), "{word}");
        }
    }
}
