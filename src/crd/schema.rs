//! What the schemas of both resources share.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

/// Characters of a product id, factory id or event id: those of the domain's words.
pub(crate) const WORD: &str = "^[A-Za-z0-9._:-]+$";

/// A name of an object or Secret: a DNS subdomain.
pub(crate) const OBJECT_NAME: &str = "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$";

/// Longest name of an object, by Kubernetes' own rule.
pub(crate) const OBJECT_NAME_CHARACTERS_MAX: u32 = 253;

/// Longest sentence for people in a status; what is longer is cut when it is written.
pub(crate) const MESSAGE_CHARACTERS_MAX: usize = 1024;

/// More condition types than either resource has.
const CONDITIONS_MAX: u32 = 16;

/// CEL rules with the message that a person reads when one is broken.
pub(crate) fn rules(rules: &[(&str, &str)]) -> Value {
    rules
        .iter()
        .map(|(rule, message)| json!({ "rule": rule, "message": message }))
        .collect()
}

/// Conditions as Kubernetes has them, with bounds, and one entry per type.
pub(crate) fn conditions(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "description": "What is true of this object now, one entry per type.",
        "type": "array",
        "maxItems": CONDITIONS_MAX,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
        "items": {
            "type": "object",
            "required": ["type", "status", "reason", "message", "lastTransitionTime"],
            "properties": {
                "type": {
                    "description": "Which condition this is.",
                    "type": "string", "minLength": 1, "maxLength": 64,
                },
                "status": {
                    "description": "Whether it holds.",
                    "type": "string", "enum": ["True", "False", "Unknown"],
                },
                "reason": {
                    "description": "Why, in one word of a closed set.",
                    "type": "string", "minLength": 1, "maxLength": 64,
                    "pattern": "^[A-Za-z]+$",
                },
                "message": {
                    "description": "Why, in a sentence for people.",
                    "type": "string", "maxLength": MESSAGE_CHARACTERS_MAX,
                },
                "lastTransitionTime": {
                    "description": "When the status last changed.",
                    "type": "string", "format": "date-time",
                },
                "observedGeneration": {
                    "description": "The metadata.generation that this was decided from.",
                    "type": "integer", "format": "int64",
                },
            },
        },
    })
}

/// Takes the defaults off the properties of a status: what has not been recorded is
/// absent there, and stays absent.
pub(crate) fn without_property_defaults(schema: &mut Schema) {
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for property in properties.into_iter().flat_map(|map| map.values_mut()) {
        if let Some(property) = property.as_object_mut() {
            property.remove("default");
        }
    }
}

/// The definition as it is installed.
pub(crate) fn finish(mut definition: CustomResourceDefinition) -> CustomResourceDefinition {
    for version in &mut definition.spec.versions {
        if let Some(schema) = version
            .schema
            .as_mut()
            .and_then(|s| s.open_api_v3_schema.as_mut())
        {
            finish_schema(schema);
        }
    }
    definition
}

/// Has the server drop explicit nulls (a field is there or it is not: `has()` must mean
/// one thing), names number formats by words that Kubernetes knows, and undoes the line
/// breaks of the source in descriptions, for `kubectl explain` breaks lines by itself.
fn finish_schema(schema: &mut JSONSchemaProps) {
    schema.nullable = None;
    if let Some(words) = &mut schema.enum_ {
        words.retain(|word| !word.0.is_null());
    }
    if let Some(description) = &mut schema.description {
        *description = description.replace('\n', " ");
    }
    schema.format = match schema.format.take().as_deref() {
        Some("uint32") => Some("int64".to_owned()),
        format => format.map(str::to_owned),
    };
    schema
        .properties
        .iter_mut()
        .flat_map(|map| map.values_mut())
        .for_each(finish_schema);
    if let Some(JSONSchemaPropsOrArray::Schema(items)) = &mut schema.items {
        finish_schema(items);
    }
    if let Some(JSONSchemaPropsOrBool::Schema(values)) = &mut schema.additional_properties {
        finish_schema(values);
    }
}
