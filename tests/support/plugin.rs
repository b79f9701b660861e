//! The plugin, run to its end as a person would.
#![allow(dead_code, reason = "each test file uses its part of it")]

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, openpt, unlockpt};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// How long a terminal may show nothing new.
const PATIENCE: Duration = Duration::from_secs(30);

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

/// The plugin at a terminal of its own: what is shown there, and a person who types.
pub(crate) struct Terminal {
    child: Child,
    keyboard: File,
    screen: Receiver<String>,
    shown: String,
}

impl Terminal {
    /// Runs it there. At a terminal both of its outputs are one.
    pub(crate) fn run(arguments: &[&str]) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        let master = openpt(flags).expect("there are terminals to be had");
        unlockpt(&master).expect("it is ours");
        let terminal = || ioctl_tiocgptpeer(&master, flags).expect("it is unlocked");
        let child = Command::new(env!("CARGO_BIN_EXE_kubectl-restock"))
            .args(arguments)
            .stdin(terminal())
            .stdout(terminal())
            .stderr(terminal())
            .spawn()
            .expect("the binary was built with this test");
        let keyboard = File::from(master);
        let mut output = keyboard.try_clone().expect("it is open");
        let (sender, screen) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // It ends with an error when nobody has the terminal open any more.
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
                if sender.send(text).is_err() {
                    break;
                }
            }
        });
        Self {
            child,
            keyboard,
            screen,
            shown: String::new(),
        }
    }

    /// Waits until these words are shown, in however many lines, and types this then.
    pub(crate) fn answer(&mut self, question: &str, typed: &str) {
        let joined = |shown: &str| shown.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut words = joined(&self.shown);
        while !words.contains(question) {
            let more = self.screen.recv_timeout(PATIENCE);
            let shown = &self.shown;
            self.shown += &more.unwrap_or_else(|why| panic!("{question:?}, {why}: {shown}"));
            words = joined(&self.shown);
        }
        let typing = self.keyboard.write_all(typed.as_bytes());
        typing.expect("the terminal is open");
    }

    /// As Ctrl-C does.
    pub(crate) fn interrupt(&self) {
        let child = Pid::from_child(&self.child);
        kill_process(child, Signal::INT).expect("it runs");
    }

    /// All that was shown, and how it ended.
    pub(crate) fn ended(mut self) -> Said {
        while let Ok(more) = self.screen.recv_timeout(PATIENCE) {
            self.shown += &more;
        }
        let status = self.child.wait().expect("it ends");
        Said {
            code: status.code().expect("no signal ended it"),
            out: self.shown,
            err: String::new(),
        }
    }
}

/// Runs this to its end.
pub(crate) fn run(command: &mut Command, input: &str, settings: &[(&str, &str)]) -> Said {
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
