//! The check of a running role, for its read port: with its own settings, rights and network.

use super::report::Report;
use super::{Args, look};
use crate::process::read_server::{CHECK_WITHIN, Check};
use futures::FutureExt as _;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::time::timeout;

/// What the check of this role says, whenever it is asked. `settings` are those that the process
/// was told, or why they are none for a check: that is told like anything else that is wrong.
pub fn of(role: &str, settings: Result<Args, impl ToString>) -> Check {
    let role = role.to_owned();
    let settings = Arc::new(settings.map_err(|why| why.to_string()));
    Box::new(move || page(role.clone(), Arc::clone(&settings)).boxed())
}

async fn page(role: String, settings: Arc<Result<Args, String>>) -> Value {
    let mut report = Report::default();
    match &*settings {
        // What was found until then is told all the same.
        Ok(args) => {
            if timeout(CHECK_WITHIN, look(args, &mut report))
                .await
                .is_err()
            {
                let limit = CHECK_WITHIN.as_secs();
                let why = format!("not finished within {limit} s: a neighbour does not answer");
                report.bad("check", format!("{why}; the log of the role says which"));
            }
        }
        Err(why) => report.bad("settings", why),
    }
    json!({
        "role": role,
        "version": env!("CARGO_PKG_VERSION"),
        "findings": report.findings(),
    })
}
