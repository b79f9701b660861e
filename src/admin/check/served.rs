//! Which fields the cluster knows of our objects, for whoever may not read the definitions.

use crate::edge::cluster::{self, ClusterError};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Client;
use serde_json::Value;

/// Fields named at most: an older definition lacks one or some.
const NAMED_MAX: usize = 5;

/// How a definition is served.
pub(super) enum Served {
    Missing,
    /// But for these fields, as paths; with all of them if there are none.
    Without(Vec<String>),
    /// Nobody says it to this account.
    Unknown,
}

/// Which fields of this definition the cluster knows.
///
/// # Errors
/// [`ClusterError`], but never [`ClusterError::Refused`].
pub(super) async fn served(
    client: &Client,
    wanted: &CustomResourceDefinition,
) -> Result<Served, ClusterError> {
    match cluster::serves(client, wanted).await {
        Ok(true) => {}
        Ok(false) => return Ok(Served::Missing),
        Err(ClusterError::Refused(_)) => return Ok(Served::Unknown),
        Err(why) => return Err(why),
    }
    let schemas = match cluster::schemas(client, wanted).await {
        Ok(schemas) => schemas,
        Err(ClusterError::Refused(_) | ClusterError::Gone(_)) => return Ok(Served::Unknown),
        Err(why) => return Err(why),
    };
    let kind = wanted.spec.names.kind.as_str();
    let known = schemas["components"]["schemas"].as_object();
    let is_it = |schema: &&Value| schema["x-kubernetes-group-version-kind"][0]["kind"] == kind;
    let known = known.and_then(|known| known.values().find(is_it));
    let ours = wanted.spec.versions[0].schema.as_ref();
    let ours = ours.and_then(|schema| serde_json::to_value(&schema.open_api_v3_schema).ok());
    let (Some(ours), Some(known)) = (ours, known) else {
        return Ok(Served::Unknown);
    };
    let mut missing = Vec::new();
    compare(&ours, known, "", &mut missing);
    missing.truncate(NAMED_MAX);
    Ok(Served::Without(missing))
}

/// Adds the fields of `wanted` that `served` has not.
fn compare(wanted: &Value, served: &Value, path: &str, missing: &mut Vec<String>) {
    for (name, field) in wanted["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        match served["properties"].get(name) {
            Some(known) => compare(field, known, &path, missing),
            None => missing.push(path.trim_start_matches('.').to_owned()),
        }
    }
    if let (Some(item), Some(known)) = (wanted.get("items"), served.get("items")) {
        compare(item, known, path, missing);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_field_that_an_older_definition_lacks_is_named_wherever_it_is() {
        let wanted = json!({ "properties": { "spec": { "properties": {
            "resolution": { "properties": { "verb": {} } },
            "keys": { "items": { "properties": { "name": {}, "text": {} } } },
        } } } });
        let missing = |served: Value| {
            let mut missing = Vec::new();
            compare(&wanted, &served, "", &mut missing);
            missing
        };
        assert!(missing(wanted.clone()).is_empty());
        assert_eq!(missing(json!({})), ["spec"]);
        let keys = json!({ "items": { "properties": { "name": {} } } });
        let older = json!({ "properties": { "spec": { "properties": { "keys": keys } } } });
        assert_eq!(missing(older), ["spec.keys.text", "spec.resolution"]);
    }
}
