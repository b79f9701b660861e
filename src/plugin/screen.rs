//! The one way to the terminal. Text of strangers ends up in objects and messages: whatever
//! could steer a terminal, hide or reorder text is left out here, wherever it came from.

use crate::domain::message::{hides, plain_text};
use std::io::{BufRead as _, Read as _, Write as _};

/// Bytes read of what is typed: far more than any phrase that is asked for.
const ANSWER_BYTES_MAX: u64 = 256;

/// Prints the lines of an answer.
pub(super) fn print(text: &str) {
    // A reader that has seen enough, such as `head`, is no failure.
    let _ = std::io::stdout()
        .lock()
        .write_all(harmless(text).as_bytes());
}

/// Prints what programs read, blanks and line breaks as they are. Its writer has made an escape
/// of whatever steers a terminal: what is left of it is no part of the text.
pub(super) fn print_data(text: &str) {
    let text = text.replace(steers, "");
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

/// Whether it does something to a terminal other than stand there, or end a line or a column.
pub(super) fn steers(c: char) -> bool {
    hides(c) && !matches!(c, '\n' | '\t')
}

/// Prints what is not the answer itself: errors, and what they ask for.
pub(super) fn complain(text: &str) {
    let _ = std::io::stderr()
        .lock()
        .write_all(harmless(text).as_bytes());
}

/// Asks, on a line that the answer ends.
pub(super) fn ask(text: &str) {
    let line = harmless(text);
    let _ = std::io::stderr()
        .lock()
        .write_all(format!("{} ", line.trim_end()).as_bytes());
}

/// What is typed, until the end of the line or of what an answer can have.
pub(super) fn answer() -> std::io::Result<String> {
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .take(ANSWER_BYTES_MAX)
        .read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

/// Its lines, each as plain text but for the blanks at its beginning.
fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for line in text.lines() {
        let indent = line.len() - line.trim_start_matches(' ').len();
        shown.push_str(&line[..indent]);
        shown.push_str(&plain_text(line, usize::MAX));
        shown.push('\n');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_steers_a_terminal_gets_through() {
        let hostile = "  red\u{1b}[31m\n\u{9b}2Jwiped\r\u{7}\u{202e}turned\u{200b}\n";
        assert_eq!(harmless(hostile), "  red[31m\n2Jwipedturned\n");
    }
}
