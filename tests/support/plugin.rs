//! The plugin, run to its end as a person would.
#![allow(dead_code, reason = "each test file uses its part of it")]

use std::io::Write as _;
use std::process::{Command, Stdio};

/// What it said, and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// Fails unless it ended like this, with these words on standard error.
    pub(crate) fn expect(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{self:?}");
        // Broken over lines where they do not fit into one.
        let said = self.err.split_whitespace().collect::<Vec<_>>().join(" ");
        for words in words {
            assert!(said.contains(words), "{words:?} is not in {said:?}");
        }
    }
}

/// Runs it with this on its standard input, and these settings.
pub(crate) fn plugin(arguments: &[&str], input: &str, settings: &[(&str, &str)]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-restock"));
    run(command.args(arguments), input, settings)
}

/// Runs it at a terminal, into which this is typed: there both of its outputs are one.
pub(crate) fn plugin_at_terminal(arguments: &[&str], typed: &str) -> Said {
    let program = env!("CARGO_BIN_EXE_kubectl-restock");
    let quoted = arguments.iter().map(|word| format!(" '{word}'"));
    let line = format!("{program}{}", quoted.collect::<String>());
    // script(1) runs it at a terminal of its own, and ends as it ends.
    run(
        Command::new("script").args(["-qec", &line, "/dev/null"]),
        typed,
        &[],
    )
}

fn run(command: &mut Command, input: &str, settings: &[(&str, &str)]) -> Said {
    let mut child = command
        .envs(settings.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary was built with this test");
    let mut stdin = child.stdin.take().expect("it was asked for");
    // One that does not read its input ends before it has all of it.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    Said {
        code: output.status.code().expect("no signal ended it"),
        out: String::from_utf8(output.stdout).expect("it speaks UTF-8"),
        err: String::from_utf8(output.stderr).expect("it speaks UTF-8"),
    }
}

/// Whether a terminal shows this text as it stands: nothing steers it, hides or reorders.
pub(crate) fn is_harmless(text: &str) -> bool {
    let hides = |c: char| {
        (c.is_control() && c != '\n')
            || ('\u{200b}'..='\u{200f}').contains(&c)
            || ('\u{202a}'..='\u{202e}').contains(&c)
    };
    !text.contains(hides)
}
