//! What is generated is what is committed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use restock_operator::admin::crd::{document, file_name};
use restock_operator::crd::definitions;
use restock_operator::sales::openapi;

#[test]
fn the_committed_definitions_are_those_of_the_types() {
    for definition in definitions() {
        let name = file_name(&definition);
        let path = format!("{}/crds/{name}", env!("CARGO_MANIFEST_DIR"));
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == document(&definition).unwrap(),
            "crds/{name} is not current: run `cargo run --bin restock-operator -- crd --directory crds`"
        );
    }
}

#[test]
fn the_committed_description_of_the_sales_api_is_that_of_its_routes() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == openapi(),
        "docs/openapi.json is not current: run `cargo xtask generate`"
    );
}
