//! `dlq list`: what lies in the dead-letter queue, as the dlq role has met it. The queue itself is
//! not asked: that would hide its messages from others for a while.

use super::letters;
use crate::domain::message::plain_text;
use crate::domain::time::Time;
use crate::plugin::failure::Failure;
use crate::plugin::output::{self, Output};
use crate::plugin::pages::{self, Read};
use crate::plugin::roles;
use crate::plugin::screen;
use crate::plugin::target::Target;
use crate::plugin::view::{moment, span, written};
use crate::process::clock;
use crate::process::columns::{table, wrapped};
use serde_json::{Value, json};

/// Letters shown at most: what a person reads, and a program in one go.
const LIMIT_MAX: i64 = 10_000;

/// Which letters.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Asks the operator, and not AWS: -n names the namespace that it is installed in. \
                  STATE: told, the operations team knows it; untold, it will soon; gone, it has \
                  left the queue.\n\n\
                  Examples:\n  \
                  kubectl restock dlq list -n restock\n  \
                  kubectl restock dlq list --gone -o wide"
)]
pub(super) struct Args {
    /// Also those that have left the queue, redriven, discarded or too old
    #[arg(long)]
    gone: bool,
    /// How many at most, the newest first; 10,000 at the most
    #[arg(long, value_name = "COUNT", default_value_t = 100,
        value_parser = clap::value_parser!(u32).range(1..=LIMIT_MAX))]
    limit: u32,
    /// How to print it; name: the message ids
    #[arg(short, long, value_enum)]
    output: Option<Output>,
}

/// Lists them.
pub(super) async fn run(args: Args, target: &Target) -> Result<(), Failure> {
    let place = target.place().await?;
    let controller = roles::controller(&place).await?;
    let asked = [("gone", args.gone.to_string())];
    let reading = pages::read(
        &controller,
        &place.client,
        "v1/dead-letters",
        &asked,
        args.limit,
    );
    let mut read = reading.await?;
    let whole = json!({
        "items": read.items,
        "sweptAt": read.page["sweptAt"].take(),
        "goneBefore": read.page["goneBefore"].take(),
    });
    match args.output {
        None => screen::print(&by_reason(&args, &read, &whole, clock::now())),
        Some(Output::Wide) => screen::print(&wide(&read)),
        Some(Output::Json) => output::json(&whole)?,
        Some(Output::Yaml) => output::yaml(&whole)?,
        Some(Output::Name) => {
            let names = read.items.iter().map(|item| line(item, "messageId"));
            screen::print(&names.map(|name| format!("{name}\n")).collect::<String>());
        }
    }
    Ok(())
}

/// A flood has few reasons and many letters: each reason is said once, that of the newest letter
/// first.
fn by_reason(args: &Args, read: &Read, whole: &Value, now: Time) -> String {
    let newest = if read.more { "the newest " } else { "" };
    let count = format!("{newest}{}", letters(read.items.len() as u64));
    let mut first = format!("{count}; {}", looked(whole, now));
    let unmet = unmet(read, whole);
    if unmet > 0 {
        let those = format!("; not met then, and perhaps gone: {unmet} of them");
        first.push_str(&those);
    }
    let mut text = wrapped(&first, 0) + "\n";
    let mut reasons: Vec<(String, Vec<&Value>)> = Vec::new();
    for item in &read.items {
        let reason = line(item, "reason");
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, letters)) => letters.push(item),
            None => reasons.push((reason, vec![item])),
        }
    }
    for (reason, letters) in reasons {
        let rows = letters.iter().map(|item| cells(item, now));
        let rows = table(
            &["MESSAGE", "KNOWN AS", "AGE", "STATE"],
            &rows.collect::<Vec<_>>(),
        );
        let reason = wrapped(&reason, 0);
        text.push_str(&format!("\n{reason}\n{}", indented(&rows)));
    }
    if read.more {
        let limit = args.limit;
        text.push_str(&format!("... and more: --limit {limit} ends here\n"));
    }
    text
}

/// How many the last look that met all did not meet: gone, or hidden by somebody just then.
fn unmet(read: &Read, whole: &Value) -> usize {
    let Some(swept_at) = time(&whole["sweptAt"]) else {
        return 0;
    };
    let is_unmet = |item: &&Value| {
        item["gone"] != true && time(&item["lastSeenAt"]).is_some_and(|seen| seen < swept_at)
    };
    read.items.iter().filter(is_unmet).count()
}

/// How far the list can be trusted: where no look meets all, one that is left out may lie there.
fn looked(whole: &Value, now: Time) -> String {
    let swept_at = time(&whole["sweptAt"]);
    let looked = swept_at.map_or_else(
        || "the queue was not looked at to its end yet".to_owned(),
        |at| format!("the queue was looked at {} ago", span(now.since(at))),
    );
    match time(&whole["goneBefore"]) {
        Some(before) if Some(before) > swept_at => format!(
            "{looked}. Looks since then did not meet all of it: what they have not met for {} \
             counts as gone, and may lie there; --gone lists it too",
            span(now.since(before))
        ),
        _ => looked,
    }
}

fn indented(rows: &str) -> String {
    rows.lines().map(|row| format!("  {row}\n")).collect()
}

fn cells(item: &Value, now: Time) -> Vec<String> {
    let age = time(&item["sentAt"]).or_else(|| time(&item["firstSeenAt"]));
    let state = if item["gone"] == true {
        "gone"
    } else if item["toldAt"].is_null() {
        "untold"
    } else {
        "told"
    };
    vec![
        line(item, "messageId"),
        line(item, "requestId"),
        age.map_or_else(|| "-".to_owned(), |at| span(now.since(at))),
        state.to_owned(),
    ]
}

fn wide(read: &Read) -> String {
    let fields = [
        ("MESSAGE", "messageId"),
        ("KNOWN AS", "requestId"),
        ("SENT", "sentAt"),
        ("FIRST SEEN", "firstSeenAt"),
        ("LAST SEEN", "lastSeenAt"),
        ("LOOKS", "timesSeen"),
        ("DIED BEFORE", "diedBefore"),
        ("TOLD", "toldAt"),
        ("NOTICE", "noticeId"),
        ("GONE", "gone"),
        ("REASON", "reason"),
    ];
    let rows = read.items.iter().map(|item| {
        let cells = fields.map(|(_, name)| line(item, name));
        cells.to_vec()
    });
    let heading = fields.map(|(title, _)| title);
    table(&heading, &rows.collect::<Vec<_>>())
}

/// A field on one line; times to the second.
fn line(item: &Value, name: &str) -> String {
    match &item[name] {
        Value::Null => "-".to_owned(),
        Value::String(text) => match time(&item[name]) {
            Some(at) if name.ends_with("At") => written(at),
            _ => plain_text(text, usize::MAX),
        },
        other => other.to_string(),
    }
}

fn time(value: &Value) -> Option<Time> {
    value.as_str()?.parse().ok().map(moment)
}
