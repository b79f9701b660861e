//! `history`: what became of requests, also of those whose objects are gone.

mod row;

use super::chosen;
use super::failure::Failure;
use super::output::{self, Output, print_names};
use super::pages::{self, Read};
use super::roles;
use super::screen;
use super::since::Since;
use super::target::Target;
use crate::domain::time::Time;
use crate::process::clock;
use jiff::Timestamp;
use row::Row;
use serde_json::json;

/// Requests shown at most: what a person reads, and a program in one go.
const LIMIT_MAX: i64 = 10_000;

/// Which requests.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Asks the operator: -n names the namespace that it is installed in.\n\n\
                  Examples:\n  \
                  kubectl restock history --since 7d -n restock\n  \
                  kubectl restock history --request rr-rld47rvbbet4v7nzsvpu -o yaml"
)]
pub(super) struct Args {
    /// Only those of this product
    #[arg(long, value_name = "SKU", conflicts_with = "request")]
    sku: Option<String>,
    /// Only this one: its name, its request id, or the uid of one made by hand
    #[arg(long, value_name = "NAME", value_parser = chosen::name)]
    request: Option<String>,
    /// Only those that finished since then: 7d, 12h, 2026-11-26, 2026-11-26T20:00:00Z
    #[arg(long, value_name = "WHEN")]
    since: Option<Since>,
    /// How many at most, the newest first; 10,000 at the most
    #[arg(long, value_name = "COUNT", default_value_t = 20,
        value_parser = clap::value_parser!(u32).range(1..=LIMIT_MAX))]
    limit: u32,
    /// How to print it
    #[arg(short, long, value_enum)]
    output: Option<Output>,
}

/// Shows them.
pub(super) async fn run(args: Args, target: &Target) -> Result<(), Failure> {
    let place = target.place().await?;
    let controller = roles::controller(&place).await?;
    let now = clock::now();
    let asked = parameters(&args, now);
    let reading = pages::read(&controller, &place.client, "v1/history", &asked, args.limit);
    let read = reading.await?;
    match args.output {
        None => screen::print(&table(&args, &read, now, false)),
        Some(Output::Wide) => screen::print(&table(&args, &read, now, true)),
        Some(Output::Json) => output::json(&json!({ "items": read.items }))?,
        Some(Output::Yaml) => output::yaml(&json!({ "items": read.items }))?,
        Some(Output::Name) => {
            let rows: Vec<Row> = read.items.iter().map(Row::of).collect();
            print_names(rows.iter().map(|row| row.name.as_str()));
        }
    }
    match args.request {
        Some(name) if read.items.is_empty() => Err(unknown(&name)),
        _ => Ok(()),
    }
}

fn unknown(name: &str) -> Failure {
    Failure::no_such_request(
        format!("there is no finished request {name}"),
        "`kubectl restock status -A` lists those that are there and perhaps not finished. What \
         became of a request is kept for a year.",
    )
}

fn parameters(args: &Args, now: Time) -> Vec<(&'static str, String)> {
    let since = args.since.map(|since| {
        let micros = since.from(now).as_micros().max(0);
        let since = Timestamp::from_microsecond(micros).unwrap_or_default();
        ("since", since.to_string())
    });
    let sku = args.sku.clone().map(|sku| ("sku", sku));
    let request = args.request.clone().map(|name| ("request", name));
    since.into_iter().chain(sku).chain(request).collect()
}

fn table(args: &Args, read: &Read, now: Time, wide: bool) -> String {
    let rows: Vec<Row> = read.items.iter().map(Row::of).collect();
    let count = rows.len();
    let noun = if count == 1 { "request" } else { "requests" };
    let newest = if read.more { "the newest " } else { "" };
    let mut text = format!("{newest}{count} finished {noun}\n");
    if count > 0 {
        text.push_str(&format!("\n{}", row::table(&rows, now, wide)));
    }
    if read.more {
        let limit = args.limit;
        text.push_str(&format!("... and more: --limit {limit} ends here\n"));
    }
    text
}
