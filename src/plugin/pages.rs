//! Lists that a role gives by pages, the newest first.

use super::failure::Failure;
use super::roles::Role;
use kube::Client;
use serde_json::Value;
use std::time::Duration;

/// Rows that the controller gives at a time.
const PAGE: u32 = 100;

/// How long a page may take: its turn, a call of the ledger of 4 s at most, and the way.
const PAGE_WITHIN: Duration = Duration::from_secs(15);

/// What was read of a list.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) items: Vec<Value>,
    /// Whether there are more.
    pub(super) more: bool,
    /// The last page, for what else it says.
    pub(super) page: Value,
}

/// At most `limit` items of this page, with these parameters.
pub(super) async fn read(
    role: &Role,
    client: &Client,
    page: &str,
    parameters: &[(&str, String)],
    limit: u32,
) -> Result<Read, Failure> {
    let mut read = Read::default();
    let mut after = None;
    loop {
        let missing = (limit as usize).saturating_sub(read.items.len());
        let rows = missing.min(PAGE as usize);
        let mut asked = parameters.to_vec();
        asked.push(("limit", rows.to_string()));
        asked.extend(after.map(|after| ("after", after)));
        let mut answer = role.get(client, page, &asked, PAGE_WITHIN).await?;
        let Value::Array(items) = answer["items"].take() else {
            return Err(Failure::new(
                format!("the {} answers what is no list", role.part.role),
                "It is of another version than this program: upgrade the older of the two.",
            ));
        };
        // A server that gives nothing and promises more must not be asked for ever.
        let next = answer["next"].as_str().filter(|_| !items.is_empty());
        after = next.map(str::to_owned);
        read.items.extend(items.into_iter().take(rows));
        read.more = after.is_some();
        read.page = answer;
        if !read.more || read.items.len() >= limit as usize {
            return Ok(read);
        }
    }
}
