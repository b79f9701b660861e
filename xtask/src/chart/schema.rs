//! values.schema.json: a key that is not in values.yaml is refused, with helm's own words, and so
//! is a field of a factory that its definition does not have.

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use super::values::Entry;

/// The schema of these values, whose factories are like this.
pub(super) fn schema(entries: &[Entry], factory: Value) -> Value {
    let mut root = object("Values of restock-operator.");
    for entry in entries {
        let mut at = &mut root;
        for key in &entry.path {
            at = at["properties"]
                .as_object_mut()
                .expect("made by object()")
                .entry(key.clone())
                .or_insert_with(|| object(""));
        }
        *at = property(entry);
    }
    root["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    root["properties"]["factories"]["additionalProperties"] = factory;
    // Helm hands it to every chart below another one.
    root["properties"]["global"] = json!({ "type": "object" });
    root
}

/// What stands under spec of a Factory object, by the text of its definition.
pub(super) fn factory(definition: &str) -> Result<Value> {
    let definition: Value = serde_saphyr::from_str(definition)?;
    let spec = "/spec/versions/0/schema/openAPIV3Schema/properties/spec";
    let mut spec = definition.pointer(spec).context("no schema")?.clone();
    close(&mut spec);
    Ok(spec)
}

/// Refuses fields without a name there, and leaves out what only an API server understands.
fn close(schema: &mut Value) {
    let Value::Object(fields) = schema else {
        return;
    };
    fields.retain(|key, _| key != "format" && !key.starts_with("x-kubernetes-"));
    if let Some(Value::Object(below)) = fields.get_mut("properties") {
        below.values_mut().for_each(close);
        fields.insert("additionalProperties".to_owned(), json!(false));
    }
    if let Some(items) = fields.get_mut("items") {
        close(items);
    }
}

fn object(description: &str) -> Value {
    json!({
        "type": "object", "additionalProperties": false, "properties": {},
        "description": description,
    })
}

fn property(entry: &Entry) -> Value {
    let Some(default) = &entry.default else {
        return object(&entry.description);
    };
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!(type_of(default)));
    if !entry.description.is_empty() {
        schema.insert("description".to_owned(), json!(entry.description));
    }
    if let Value::Object(rules) = &entry.rules {
        schema.extend(rules.clone());
    }
    Value::Object(schema)
}

const fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use super::super::values;
    use super::*;

    #[test]
    fn unknown_keys_are_refused_at_every_level() {
        let text = "# Outer\nouter:\n  # Port\n  # @schema {\"minimum\": 1}\n  port: 80\n";
        let entries = values::read(text).expect("values");
        let schema = schema(&entries, json!({}));
        assert_eq!(schema["additionalProperties"], false);
        let outer = &schema["properties"]["outer"];
        assert_eq!(outer["additionalProperties"], false);
        let port = json!({ "type": "integer", "description": "Port", "minimum": 1 });
        assert_eq!(outer["properties"]["port"], port);
    }

    #[test]
    fn a_factory_has_the_fields_of_its_definition_and_no_other() {
        let definition = "spec:\n  versions:\n  - schema:\n      openAPIV3Schema:\n        \
             properties:\n          spec:\n            properties:\n              \
             format: {type: string, format: uri, x-kubernetes-validations: []}\n";
        let spec = json!({ "properties": { "format": { "type": "string" } }, "additionalProperties": false });
        assert_eq!(factory(definition).expect("a definition"), spec);
    }
}
