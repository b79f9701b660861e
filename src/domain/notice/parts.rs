//! The parts of a notice's text, of which each is harmless: whatever strangers may have written is
//! made so here.

use super::Subject;
use super::words::{has_object, is_to_be_retried};
use crate::domain::message::plain_text;
use crate::domain::time::Time;

/// Longest name of a Kubernetes object.
const NAME_CHARACTERS_MAX: usize = 253;

/// Longest of all other words: an id, a namespace, a product.
const WORD_CHARACTERS_MAX: usize = 128;

/// What to type next, about this object.
pub(super) fn commands(of: &Subject, name: &str, namespace: &str) -> Vec<String> {
    let describe = format!("kubectl describe rr {name} -n {namespace}");
    let retry = format!("kubectl restock retry {name} -n {namespace} --reason TEXT");
    let commands = [
        has_object(of.kind).then_some(describe),
        is_to_be_retried(of).then_some(retry),
    ];
    commands.into_iter().flatten().collect()
}

/// The cause of a request whose order may never have come to the factory.
pub(super) const IN_DOUBT: &str = "OrderOutcomeUnknown";

/// By what the factory finds the order.
pub(super) fn ordered(of: &Subject) -> Option<String> {
    let at = time(of.ordered_at?);
    Some(match &of.order_id {
        Some(id) => format!("{at}, as {}", word(id)),
        None if of.cause == IN_DOUBT => format!("{at}; nobody knows whether the factory has it"),
        None => at,
    })
}

/// Of an object that is gone, and of which the ledger has nothing, nobody knows where it was.
pub(super) fn object(of: &Subject) -> String {
    match of.namespace.as_str() {
        "" => name(of),
        namespace => format!("{}/{}", word(namespace), name(of)),
    }
}

pub(super) fn factory(of: &Subject) -> String {
    of.factory
        .as_deref()
        .map_or_else(|| "none yet".to_owned(), word)
}

pub(super) fn wanted(of: &Subject) -> String {
    let quantity = of.quantity.map(|quantity| format!(" x {quantity}"));
    format!("{}{}", word(&of.product), quantity.unwrap_or_default())
}

/// To the second, in UTC: nobody compares notices by less.
pub(super) fn time(at: Time) -> String {
    let second = at.as_micros().div_euclid(1_000_000);
    jiff::Timestamp::from_second(second)
        .map(|time| time.to_string())
        .unwrap_or_default()
}

/// A word of ours or of the cluster's. Those are ASCII; what else there may be is left out.
pub(super) fn word(text: &str) -> String {
    printable(text, WORD_CHARACTERS_MAX)
}

pub(super) fn name(of: &Subject) -> String {
    printable(&of.name, NAME_CHARACTERS_MAX)
}

fn printable(text: &str, characters_max: usize) -> String {
    let shown = text.chars().filter(char::is_ascii_graphic);
    shown.take(characters_max).collect()
}

/// One line. Whatever breaks a line becomes a blank: words must not grow together.
pub(super) fn sentence(text: &str, characters_max: usize) -> String {
    let line = text.replace(['\r', '\n', '\t', '\u{2028}', '\u{2029}'], " ");
    plain_text(&line, characters_max)
}
