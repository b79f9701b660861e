//! The Sales API as a Postman collection (format v2.1), made of its OpenAPI document.

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

const FORMAT: &str = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";

/// Where a shop listens that was started by hand; people set their own.
const BASE_URL: &str = "http://127.0.0.1:8090";

/// The collection of this document.
pub(crate) fn collection(openapi: &str) -> Result<String> {
    let document: Value = serde_json::from_str(openapi)?;
    let paths = document["paths"].as_object().context("it has no paths")?;
    let mut items = Vec::new();
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().context("a path has no methods")? {
            items.push(item(&document, path, method, operation));
        }
    }
    let collection = json!({
        "info": {
            "name": document["info"]["title"],
            "description": document["info"]["description"],
            "schema": FORMAT,
        },
        "variable": [{ "key": "baseUrl", "value": BASE_URL }],
        "item": items,
    });
    Ok(serde_json::to_string_pretty(&collection)? + "\n")
}

fn item(document: &Value, path: &str, method: &str, operation: &Value) -> Value {
    let none = Vec::new();
    let parameters = operation["parameters"].as_array().unwrap_or(&none);
    let of = |place: &str| -> Vec<Value> {
        let here = |parameter: &&Value| parameter["in"] == place;
        parameters.iter().filter(here).map(parameter).collect()
    };
    let mut headers = of("header");
    let mut request = json!({
        "method": method.to_uppercase(),
        "description": operation["description"],
        "url": url(path, &of("path"), &of("query")),
    });
    let content = &operation["requestBody"]["content"]["application/json"];
    if content.is_object() {
        headers.push(json!({ "key": "Content-Type", "value": "application/json" }));
        let example = example(document, &content["schema"]);
        let raw = serde_json::to_string_pretty(&example).unwrap_or_default();
        request["body"] = json!({
            "mode": "raw", "raw": raw, "options": { "raw": { "language": "json" } },
        });
    }
    request["header"] = Value::Array(headers);
    json!({ "name": operation["summary"], "request": request })
}

/// Postman writes a path's parameter as `:name`.
fn url(path: &str, variables: &[Value], query: &[Value]) -> Value {
    let path = path.replace('{', ":").replace('}', "");
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    // Switched off: a page that is not asked for is the first one.
    let query: Vec<Value> = query
        .iter()
        .map(|parameter| {
            let mut parameter = parameter.clone();
            parameter["disabled"] = json!(true);
            parameter
        })
        .collect();
    json!({
        "raw": format!("{{{{baseUrl}}}}{path}"),
        "host": ["{{baseUrl}}"], "path": parts, "variable": variables, "query": query,
    })
}

fn parameter(parameter: &Value) -> Value {
    let example = match (&parameter["example"], parameter["name"].as_str()) {
        // Drawn anew by Postman for each request.
        (_, Some("Idempotency-Key")) => json!("{{$guid}}"),
        (Value::Null, _) => json!(""),
        (example, _) => example.clone(),
    };
    json!({
        "key": parameter["name"], "value": example, "description": parameter["description"],
    })
}

/// The examples of a schema's fields.
fn example(document: &Value, schema: &Value) -> Value {
    let name = schema["$ref"].as_str().unwrap_or_default();
    let schema = match document.pointer(name.trim_start_matches('#')) {
        Some(named) if !name.is_empty() => named,
        _ => schema,
    };
    let none = Map::new();
    let fields = schema["properties"].as_object().unwrap_or(&none);
    let examples = fields
        .iter()
        .map(|(field, schema)| (field.clone(), schema["example"].clone()));
    Value::Object(examples.collect())
}
