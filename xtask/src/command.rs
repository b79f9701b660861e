//! Runs other programs and tells well what went wrong with them.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::progress::Step;

/// The last lines of a failed program's output: enough to hold the reason.
const TAIL_LINES: usize = 40;
/// Lines read and not yet shown; a full queue only slows the program down.
const LINES_QUEUED_MAX: usize = 256;
const TICK: Duration = Duration::from_millis(500);

/// Runs a long program as one step, showing its last line as the detail.
pub(crate) fn run(text: &str, command: &mut Command) -> Result<()> {
    let mut step = Step::begin(text);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", program(command)))?;
    let (sender, lines) = sync_channel(LINES_QUEUED_MAX);
    let outputs: [Option<Box<dyn Read + Send>>; 2] = [
        child.stdout.take().map(|output| Box::new(output) as _),
        child.stderr.take().map(|output| Box::new(output) as _),
    ];
    for output in outputs.into_iter().flatten() {
        let sender = sender.clone();
        std::thread::spawn(move || forward(output, &sender));
    }
    // The loop below ends when the last sender is gone: ours must not be it.
    drop(sender);
    let tail = show(&mut step, &lines);
    let status = child.wait()?;
    if !status.success() {
        let tail = Vec::from(tail).join("\n");
        bail!("{text}: {} ended with {status}:\n{tail}", program(command));
    }
    step.done();
    Ok(())
}

fn forward(output: impl Read, sender: &SyncSender<String>) {
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        if sender.send(line).is_err() {
            return;
        }
    }
}

fn show(step: &mut Step, lines: &Receiver<String>) -> VecDeque<String> {
    let mut tail = VecDeque::new();
    loop {
        match lines.recv_timeout(TICK) {
            Ok(line) => {
                if tail.len() == TAIL_LINES {
                    tail.pop_front();
                }
                tail.push_back(line);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return tail,
        }
        step.at(tail.back().map_or("", |line| line.trim()));
    }
}

/// Runs a short program and answers its standard output; an error carries its
/// standard error. The caller's arguments bound its time.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    output_of(command, "")
}

/// As `output`, with something on standard input, which must fit into a pipe
/// (64 KiB): nothing is read from the program before all of it is written.
pub(crate) fn output_of(command: &mut Command, input: &str) -> Result<String> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", program(command)))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that does not read its input says why by its own ending.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        let error = String::from_utf8_lossy(&output.stderr);
        bail!(
            "{} ended with {}: {}",
            program(command),
            output.status,
            error.trim()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The program and its first arguments; never its environment, which holds passwords.
fn program(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.take(5).map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}

/// The cargo that runs this command.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // Some build scripts watch the variables that cargo sets for a running
    // program; passed on, they would be built anew each time.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(&name);
        }
    }
    cargo
}
