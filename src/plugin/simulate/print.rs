//! Outcomes as people read them.

use super::outcome::Outcome;
use crate::plugin::failure::Failure;
use crate::plugin::output::yaml_text;
use crate::process::columns::wrapped;

/// Columns before what is said.
const INDENT: usize = 9;

/// All of them, one below the other.
pub(super) fn outcomes(outcomes: &[Outcome]) -> Result<String, Failure> {
    let all: Result<Vec<_>, _> = outcomes.iter().map(outcome).collect();
    Ok(all?.join("\n"))
}

fn outcome(outcome: &Outcome) -> Result<String, Failure> {
    let mut text = line("message", &outcome.message);
    match (&outcome.refusal, &outcome.request) {
        (Some(why), _) => {
            text.push_str(&line("refused", why));
            text.push_str(&line("known as", &outcome.known_as));
            return Ok(text);
        }
        (None, None) => return Ok(text),
        (None, Some(request)) => {
            text.push_str(&line("becomes", &outcome.name().unwrap_or_default()));
            text.push_str(&indented(&yaml_text(request)?));
        }
    }
    text.push_str(&match outcome.exists {
        None => String::new(),
        Some(false) => line("cluster", "has no such request yet: it would be created"),
        Some(true) => line(
            "cluster",
            "has it already: the message would count as a repeat",
        ),
    });
    if let Some(order) = &outcome.order {
        let to = format!("POST {} (Factory {})", order.url, order.factory);
        text.push_str(&line("order", &to));
        // A JSON value with an indent, as `{:#}` writes it: the factory gets JSON.
        text.push_str(&indented(&format!("{:#}", order.body)));
    }
    for note in &outcome.notes {
        text.push_str(&line("note", note));
    }
    Ok(text)
}

fn line(what: &str, said: &str) -> String {
    format!("{what:INDENT$}{}\n", wrapped(said, INDENT))
}

fn indented(text: &str) -> String {
    let blanks = " ".repeat(INDENT);
    text.lines()
        .map(|line| format!("{blanks}{line}\n"))
        .collect()
}
