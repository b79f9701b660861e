//! values.schema.json: a key that is not in values.yaml is refused, with helm's own words.

use serde_json::{Map, Value, json};

use super::values::Entry;

/// The schema of these values.
pub(super) fn schema(entries: &[Entry]) -> Value {
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
    // Helm hands it to every chart below another one.
    root["properties"]["global"] = json!({ "type": "object" });
    root
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
        let schema = schema(&values::read(text).expect("values"));
        assert_eq!(schema["additionalProperties"], false);
        let outer = &schema["properties"]["outer"];
        assert_eq!(outer["additionalProperties"], false);
        let port = json!({ "type": "integer", "description": "Port", "minimum": 1 });
        assert_eq!(outer["properties"]["port"], port);
    }
}
