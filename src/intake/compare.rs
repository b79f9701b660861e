//! Whether an object that has the name of a message is that message's own.

use crate::crd::request::{RestockRequest, RestockRequestSpec};
use crate::domain::message::plain_text;
use kube::ResourceExt as _;
use kube::core::DynamicObject;
use serde_json::Value;

/// Most characters of why an object cannot be read: the reason quotes the object.
const WHY_CHARACTERS_MAX: usize = 200;

/// Whether the object that exists is what this message asks for: the same message met
/// again, or the same order read by another mapping.
///
/// # Errors
/// The identity conflict in words: one of the two messages lies.
pub fn compare(existing: &DynamicObject, wanted: &RestockRequest) -> Result<(), String> {
    let spec = existing.data.get("spec").unwrap_or(&Value::Null);
    match serde_json::from_value::<RestockRequestSpec>(spec.clone()) {
        Ok(spec) if is_same(&spec, &wanted.spec) => Ok(()),
        Ok(spec) => Err(conflict(&spec, wanted)),
        Err(why) => Err(format!(
            "identity conflict: {} exists, and this version cannot read its spec ({}); compare \
             it with this message by hand, or install the version that wrote it",
            wanted.name_any(),
            plain_text(&why.to_string(), WHY_CHARACTERS_MAX)
        )),
    }
}

fn is_same(existing: &RestockRequestSpec, wanted: &RestockRequestSpec) -> bool {
    let digest = |spec: &RestockRequestSpec| spec.source.as_ref().map(|s| s.digest.clone());
    let order = |spec: &RestockRequestSpec| {
        (
            spec.product_id.clone(),
            spec.quantity,
            spec.factory_id.clone(),
            spec.requester.clone(),
        )
    };
    (digest(existing).is_some() && digest(existing) == digest(wanted))
        || order(existing) == order(wanted)
}

fn conflict(existing: &RestockRequestSpec, wanted: &RestockRequest) -> String {
    let order = |spec: &RestockRequestSpec| {
        let quantity = spec.quantity.map(|count| count.to_string());
        let quantity = quantity.unwrap_or_else(|| "no quantity".to_owned());
        format!("{quantity} of {}", spec.product_id)
    };
    format!(
        "identity conflict: {} exists and asks for {}, this message asks for {}",
        wanted.name_any(),
        order(existing),
        order(&wanted.spec)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Time;
    use crate::intake::known_good;
    use serde_json::json;

    #[test]
    fn only_the_spec_of_an_existing_object_is_compared() {
        let wanted = known_good("arn:aws:sqs:eu-central-1:1:q", Time::default());
        let stored = |spec: Value| -> DynamicObject {
            let status = json!({ "phase": "OfTomorrow" });
            let name = json!({ "name": wanted.name_any() });
            let object = json!({ "metadata": name, "spec": spec, "status": status });
            serde_json::from_value(object).unwrap()
        };
        let mut spec = serde_json::to_value(&wanted.spec).unwrap();
        assert_eq!(compare(&stored(spec.clone()), &wanted), Ok(()));
        spec["resolution"] = json!({ "verb": "OfTomorrow" });
        let Err(why) = compare(&stored(spec), &wanted) else {
            panic!("a spec that cannot be read cannot be the same");
        };
        assert!(why.contains("this version cannot read its spec"), "{why}");
    }
}
