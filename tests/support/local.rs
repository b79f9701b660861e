//! The rules of the definitions, asked without a server.

use kube::core::cel::Validator;
use restock_operator::crd::definitions;
use serde_json::Value;

/// What the CEL rules say against this object, or against this change of `old`, if they do.
pub(crate) fn said(object: &Value, old: Option<&Value>) -> Option<String> {
    let all = definitions();
    let definition = all
        .iter()
        .find(|one| one.spec.names.kind == object["kind"])
        .unwrap();
    let schema = definition.spec.versions[0].schema.as_ref().unwrap();
    let schema = serde_json::to_value(schema.open_api_v3_schema.as_ref()).unwrap();
    Validator::new()
        .validate(&schema, object, old)
        .err()
        .map(|errors| errors.to_string())
}
