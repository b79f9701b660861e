//! What was seen, step by step, said as soon as it is seen.

use crate::process::clock;
use std::fmt::Display;
use std::io::Write as _;
use std::time::Duration;

/// Between two looks at what is waited for.
const LOOK_PAUSE: Duration = Duration::from_secs(1);

/// After so many looks without an answer a line says what is waited for.
const LOOKS_A_LINE: u32 = 10;

/// The step at which the test ends, why, and what to look at.
#[derive(Clone, Debug)]
pub(super) struct Stopped {
    pub(super) step: &'static str,
    pub(super) why: String,
}

impl Stopped {
    pub(super) fn at(step: &'static str, why: impl Display) -> Self {
        let why = why.to_string();
        Self { step, why }
    }
}

/// Writes the lines. An output that is closed stops no test: it has to clean up.
pub(super) struct Story;

impl Story {
    pub(super) fn good(&self, step: &str, seen: impl Display) {
        line("ok    ", step, seen);
    }

    pub(super) fn bad(&self, stopped: &Stopped) {
        line("WRONG ", stopped.step, &stopped.why);
    }

    /// Looks until there is an answer, for that long; none when the time is over.
    ///
    /// # Errors
    /// What a look says that no waiting mends.
    pub(super) async fn wait<T>(
        &self,
        what: &str,
        patience: Duration,
        mut look: impl AsyncFnMut() -> Result<Option<T>, Stopped>,
    ) -> Result<Option<T>, Stopped> {
        let began = clock::since_boot();
        for looks in 1.. {
            if let Some(answer) = look().await? {
                return Ok(Some(answer));
            }
            let waited = clock::since_boot().saturating_sub(began);
            if waited >= patience {
                break;
            }
            if looks % LOOKS_A_LINE == 0 {
                line(
                    "…     ",
                    what,
                    format_args!("waiting, {} s", waited.as_secs()),
                );
            }
            tokio::time::sleep(LOOK_PAUSE).await;
        }
        Ok(None)
    }
}

fn line(mark: &str, step: &str, seen: impl Display) {
    let _ = writeln!(std::io::stdout(), "{mark} {step}: {seen}");
}
