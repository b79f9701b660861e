//! How far something is: a bar on a terminal, a line for every tenth elsewhere. All on
//! standard error: standard output belongs to the answer.

use crate::plugin::screen;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal as _, stderr};

/// Lines for the whole way, where there is no terminal.
const LINES: u64 = 10;

/// One way from nothing to all.
pub(super) struct Progress {
    what: &'static str,
    total: u64,
    bar: Option<ProgressBar>,
    line_due: u64,
}

impl Progress {
    /// Begins; `what` is said of those that are done, such as "sent back".
    pub(super) fn begin(what: &'static str, total: u64) -> Self {
        let template = "{msg} [{bar:40}] {pos}/{len} {elapsed}";
        let bar = stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template(template).expect("the template is valid");
            ProgressBar::new(total).with_style(style).with_message(what)
        });
        Self {
            what,
            total,
            bar,
            line_due: 1,
        }
    }

    /// So many are done.
    pub(super) fn at(&mut self, done: u64) {
        match &self.bar {
            Some(bar) => bar.set_position(done),
            None if done >= self.line_due => {
                screen::complain(&format!("{done} of {} {}\n", self.total, self.what));
                self.line_due = done + self.total.div_ceil(LINES).max(1);
            }
            None => {}
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.abandon();
        }
    }
}
