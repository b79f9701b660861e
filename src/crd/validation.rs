//! The rules of the definitions, checked here before the API server is asked.

use crate::crd::request::RestockRequest;
use crate::crd::schema::finish;
use kube::CustomResourceExt;
use kube::core::cel::{CompiledSchema, ValidationErrors, Validator, compile_schema};
use std::sync::LazyLock;

/// Compiled once: making and compiling the schema costs more than all its rules.
static REQUEST: LazyLock<CompiledSchema> = LazyLock::new(|| {
    let definition = finish(RestockRequest::crd());
    let schema = definition
        .spec
        .versions
        .first()
        .and_then(|version| version.schema.as_ref());
    compile_schema(
        &serde_json::to_value(schema.and_then(|s| s.open_api_v3_schema.as_ref()))
            .expect("a schema is JSON"),
    )
});

/// Made once: it carries every function that a rule may call.
static VALIDATOR: LazyLock<Validator> = LazyLock::new(Validator::new);

/// Checks the CEL rules that a new request must keep. Lengths and patterns are not CEL:
/// the domain's words have those.
///
/// # Errors
/// Every broken rule, with the message that the API server would give.
pub fn validate_request(object: &RestockRequest) -> Result<(), ValidationErrors> {
    let object = serde_json::to_value(object).expect("a request is JSON");
    VALIDATOR.validate_compiled(&REQUEST, &object, None)
}
