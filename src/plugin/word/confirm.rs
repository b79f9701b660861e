//! Nothing is ordered a second time unless somebody says so in so many words.

use super::saying::Saying;
use crate::domain::progress::Phase;
use crate::domain::word::may_order_twice;
use crate::plugin::failure::Failure;
use crate::plugin::screen;
use std::io::IsTerminal as _;

/// What is typed by who means it.
const PHRASE: &str = "order again";

/// Requests that are listed by name: what fits on one screen.
const LISTED_MAX: usize = 20;

/// Asks the person at the terminal, if any of these may be ordered twice. A dry run only shows
/// them.
pub(super) fn confirm(sayings: &[Saying], dry_run: bool) -> Result<(), Failure> {
    let twice = |saying: &&Saying| may_order_twice(&saying.standing.progress);
    let twice: Vec<_> = sayings.iter().filter(twice).collect();
    if twice.is_empty() {
        return Ok(());
    }
    screen::complain(&question(&twice));
    if dry_run {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage(
            "nothing was said: nobody is at a terminal to confirm it",
            "Ask the factory first. If it is to be ordered all the same, say so: \
             --although-the-factory-may-have-it.",
        ));
    }
    screen::complain(&format!("Type `{PHRASE}` to go on:\n"));
    // What cannot be read is no confirmation.
    if screen::answer().is_ok_and(|answer| answer == PHRASE) {
        return Ok(());
    }
    Err(Failure::new(
        "nothing was said: it was not confirmed",
        "Ask the factory what became of the orders.",
    ))
}

fn question(twice: &[&Saying]) -> String {
    let mut text = "The factory has an order of these already, or may have it:\n\n".to_owned();
    for saying in twice.iter().take(LISTED_MAX) {
        let (standing, attempt) = (&saying.standing, saying.word.attempt);
        let message = match standing.progress.phase {
            Phase::Placing => "an order is being sent now",
            _ => &standing.progress.message,
        };
        text.push_str(&format!(
            "  {}, attempt {attempt}: {message}\n",
            standing.name
        ));
    }
    if let Some(more) = twice.len().checked_sub(LISTED_MAX).filter(|more| *more > 0) {
        text.push_str(&format!("  ... and {more} more\n"));
    }
    text.push_str(
        "\nOrdered again, both orders are delivered and to be paid for: the factory takes\n\
         none back. Retry them only if it says that it has no such order.\n",
    );
    text
}
