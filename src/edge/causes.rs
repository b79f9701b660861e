//! The words of errors that come from libraries and servers, made fit for one line.

use std::error::Error;

/// Most characters of them: a server, or an admission webhook, may say anything.
const CHARACTERS_MAX: usize = 400;

/// The error and its causes, on one line. A cause that the error before it repeats is said
/// once, as libraries often do at each level.
pub(super) fn in_words(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let said = inner.to_string();
        if !text.ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = inner.source();
    }
    cut(&text)
}

/// One line, no longer than needed. Servers quote what they were sent: control characters
/// are dropped, so that a hostile body cannot forge a log line.
pub(super) fn cut(text: &str) -> String {
    let printable = text.chars().filter(|c| !c.is_control());
    printable.take(CHARACTERS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer: inner\nline")]
    struct Outer(#[source] Inner);

    #[derive(Debug, thiserror::Error)]
    #[error("inner\nline")]
    struct Inner(#[source] std::io::Error);

    #[test]
    fn a_cause_is_said_once_and_on_one_line() {
        let error = Outer(Inner(std::io::Error::other("cause")));
        assert_eq!(in_words(&error), "outer: innerline: cause");
        assert_eq!(cut(&"x".repeat(5_000)).len(), CHARACTERS_MAX);
    }
}
