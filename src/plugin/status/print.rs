//! A summary and a story as people read them, in 80 columns.

use super::row::{Need, Row};
use super::story::{Entry, Order, Story};
use super::summary::{Counts, PHASES, Summary};
use crate::plugin::view::written;
use crate::process::columns::{cut, table, wrapped};

/// Requests in the narrow summary: what fits below the counts on one screen.
const ROWS_MAX: usize = 20;

/// Columns of a Factory's name, and of what else has no bound of its own.
const WORD_COLUMNS: usize = 13;

/// Columns of a reason: the longest is OrderOutcomeUnknown.
const REASON_COLUMNS: usize = 19;

/// Columns of who did something, in a time line; a longer name takes a line of its own.
const WHO_COLUMNS: usize = 12;

/// Columns before what happened: time, who, and the gaps around them.
const STORY_INDENT: usize = 10 + WHO_COLUMNS + 2;

/// The summary: counts, then requests.
pub(super) fn summary(summary: &Summary, wide: bool) -> String {
    let count = summary.requests.len();
    let (place, at) = (&summary.place, &summary.at);
    let noun = if count == 1 { "request" } else { "requests" };
    let mut text = format!("{count} {noun} {place}, {at}\n");
    if count == 0 {
        text.push_str(match (summary.selects, summary.everywhere) {
            (true, _) => "None is selected. Phases begin with a capital letter, as in Failed.\n",
            (false, false) => "-n names another namespace, -A looks in all.\n",
            (false, true) => "",
        });
        return text;
    }
    text.push_str(&format!("\n{}", counts(summary)));
    let is_listed = |row: &&Row| wide || row.need != Need::Done;
    let rows_max = if wide { usize::MAX } else { ROWS_MAX };
    let listed: Vec<&Row> = summary.requests.iter().filter(is_listed).collect();
    let shown: Vec<&Row> = listed.iter().copied().take(rows_max).collect();
    if !shown.is_empty() {
        let rows = if wide {
            wide_rows(&shown)
        } else {
            narrow_rows(&shown, summary.everywhere)
        };
        text.push_str(&format!("\n{rows}"));
    }
    if let Some(more) = listed
        .len()
        .checked_sub(shown.len())
        .filter(|more| *more > 0)
    {
        text.push_str(&format!("... and {more} more: -o wide shows all\n"));
    }
    text
}

fn counts(summary: &Summary) -> String {
    let row = |name: &str, counts: &Counts| {
        let of_phase = |phase: &&str| counts.phases.get(*phase).copied().unwrap_or_default();
        let mut cells = vec![cut(name, WORD_COLUMNS)];
        cells.extend(PHASES.iter().map(|phase| of_phase(phase).to_string()));
        cells.push(counts.oldest_open.clone().unwrap_or_else(|| "-".to_owned()));
        cells
    };
    let mut rows: Vec<_> = summary
        .factories
        .iter()
        .map(|(name, counts)| row(if name.is_empty() { "(none yet)" } else { name }, counts))
        .collect();
    if rows.len() > 1 {
        rows.push(row("all", &summary.total));
    }
    let mut heading = vec!["FACTORY".to_owned()];
    heading.extend(PHASES.iter().map(|phase| phase.to_uppercase()));
    heading.push("OLDEST OPEN".to_owned());
    let heading: Vec<&str> = heading.iter().map(String::as_str).collect();
    table(&heading, &rows)
}

fn narrow_rows(rows: &[&Row], everywhere: bool) -> String {
    // A name must stay whole, so what is said of a place takes the product's column.
    let cells = rows.iter().map(|row| {
        let reason = if row.reason.is_empty() {
            &row.phase
        } else {
            &row.reason
        };
        let second = if everywhere {
            &row.namespace
        } else {
            &row.product
        };
        vec![
            row.name.clone(),
            cut(second, WORD_COLUMNS),
            cut(reason, REASON_COLUMNS),
            row.need.word().to_owned(),
            row.age.clone(),
        ]
    });
    let second = if everywhere { "NAMESPACE" } else { "PRODUCT" };
    table(
        &["NAME", second, "REASON", "NEED", "AGE"],
        &cells.collect::<Vec<_>>(),
    )
}

/// Requests with all columns.
pub(super) fn wide_rows(rows: &[&Row]) -> String {
    let heading = [
        "NAMESPACE",
        "NAME",
        "PRODUCT",
        "QTY",
        "PHASE",
        "REASON",
        "NEED",
        "AGE",
        "FACTORY",
        "ATTEMPT",
        "MESSAGE",
    ];
    let text = |cell: &Option<String>| cell.clone().unwrap_or_else(|| "-".to_owned());
    let cells = rows.iter().map(|row| {
        vec![
            row.namespace.clone(),
            row.name.clone(),
            row.product.clone(),
            text(&row.quantity),
            row.phase.clone(),
            row.reason.clone(),
            row.need.word().to_owned(),
            row.age.clone(),
            text(&row.factory),
            text(&row.attempt),
            text(&row.message),
        ]
    });
    table(&heading, &cells.collect::<Vec<_>>())
}

/// The story: where it stands, what happened, what comes next.
pub(super) fn story(story: &Story) -> String {
    let (name, namespace, age) = (&story.name, &story.namespace, &story.age);
    let stand = [story.phase.as_str(), story.reason.as_str()];
    let stand: Vec<_> = stand.into_iter().filter(|word| !word.is_empty()).collect();
    let mut text = format!("{name} in namespace {namespace}, {age} old\n");
    let message = story.message.as_deref().unwrap_or_default();
    let stand = format!("{}. {message}", stand.join(", "));
    text.push_str(&format!("{}\n\n", wrapped(&stand, 0)));
    text.push_str(&format!("{}\n", wrapped(&order(&story.order), 0)));
    text.push_str(&timeline(&story.timeline));
    if !story.next.is_empty() || !story.missing.is_empty() {
        text.push_str("\nNext\n");
    }
    for one in &story.next {
        text.push_str(&format!("  {}\n", wrapped(&one.text, 2)));
        if let Some(command) = &one.command {
            // In one line: half a command is none.
            text.push_str(&format!("    {command}\n"));
        }
    }
    for line in &story.missing {
        text.push_str(&format!("  {}\n", wrapped(line, 2)));
    }
    text
}

fn order(order: &Order) -> String {
    let quantity = order.quantity.as_ref();
    let quantity = quantity.map_or(String::new(), |count| format!(" x {count}"));
    let mut text = format!("Product {}{quantity}", order.product);
    let known = [
        ("Factory", &order.factory),
        ("attempt", &order.attempt),
        ("order id", &order.order_id),
        ("outcome", &order.outcome),
    ];
    for (what, fact) in known {
        if let Some(fact) = fact {
            text.push_str(&format!("; {what} {fact}"));
        }
    }
    text
}

/// A heading for each day, in UTC.
fn timeline(entries: &[Entry]) -> String {
    let (mut text, mut today) = (String::new(), String::new());
    for entry in entries {
        let at = written(entry.at);
        let (day, time) = at.split_once('T').unwrap_or(("", &at));
        if day != today {
            text.push_str(&format!("\n{day} (UTC)\n"));
            day.clone_into(&mut today);
        }
        let time = time.trim_end_matches('Z');
        let what = wrapped(&entry.what, STORY_INDENT);
        text.push_str(&match entry.who.chars().count() <= WHO_COLUMNS {
            true => format!("{time}  {:WHO_COLUMNS$}  {what}\n", entry.who),
            false => {
                let blanks = " ".repeat(STORY_INDENT);
                format!("{time}  {}\n{blanks}{what}\n", entry.who)
            }
        });
    }
    text
}
