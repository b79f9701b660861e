//! What a person sees while something takes long.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Without a terminal, a line each so often shows that work goes on.
const LINE_INTERVAL: Duration = Duration::from_secs(15);
const SPINNER_INTERVAL: Duration = Duration::from_millis(120);

/// One step of work: a spinner on a terminal, plain lines elsewhere. All on
/// standard error, because standard output belongs to the command's result.
pub(crate) struct Step {
    text: String,
    spinner: Option<ProgressBar>,
    started: Instant,
    line_due: Instant,
}

impl Step {
    /// Begins a step.
    pub(crate) fn begin(text: &str) -> Self {
        let spinner = std::io::stderr().is_terminal().then(|| spinner(text));
        if spinner.is_none() {
            eprintln!("{text} ...");
        }
        let started = Instant::now();
        let line_due = started + LINE_INTERVAL;
        Self {
            text: text.to_owned(),
            spinner,
            started,
            line_due,
        }
    }

    /// Shows what the step is at; call it about once a second.
    pub(crate) fn at(&mut self, detail: &str) {
        if let Some(spinner) = &self.spinner {
            spinner.set_message(detail.to_owned());
        } else if Instant::now() >= self.line_due {
            self.line_due = Instant::now() + LINE_INTERVAL;
            eprintln!("{} ... {} s {detail}", self.text, self.seconds());
        }
    }

    /// Ends a step that went well.
    pub(crate) fn done(self) {
        let line = format!("{} (done in {} s)", self.text, self.seconds());
        if let Some(spinner) = &self.spinner {
            spinner.finish_and_clear();
        }
        eprintln!("{line}");
    }

    fn seconds(&self) -> u64 {
        self.started.elapsed().as_secs()
    }
}

fn spinner(text: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {prefix} [{elapsed}] {wide_msg:.dim}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_spinner());
    let spinner = ProgressBar::new_spinner().with_style(style);
    spinner.set_prefix(text.to_owned());
    spinner.enable_steady_tick(SPINNER_INTERVAL);
    spinner
}
