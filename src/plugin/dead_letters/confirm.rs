//! A person's yes, before anything is done.

use crate::plugin::failure::Failure;
use crate::plugin::screen;
use crate::process::columns::wrapped;
use std::io::{IsTerminal as _, stderr, stdin};

/// How it is said.
#[derive(Debug, clap::Args)]
pub(super) struct Consent {
    /// Do it without asking; away from a terminal nothing is done without this
    #[arg(short, long)]
    yes: bool,
    /// Only say what would be done
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
}

impl Consent {
    /// Whether to go on with this, such as "send 3 dead letters back". Where nobody can be
    /// asked, only if it was said on the command line.
    pub(super) async fn confirmed(&self, what: &str) -> Result<bool, Failure> {
        if self.yes {
            return Ok(true);
        }
        if self.dry_run || !(stdin().is_terminal() && stderr().is_terminal()) {
            let said = format!("dry run: would {what}. With --yes it is done.");
            screen::complain(&format!("{}\n", wrapped(&said, 0)));
            return Ok(false);
        }
        screen::ask(&wrapped(&format!("About to {what}. Go on? [y/N]"), 0));
        // Apart, so that Ctrl-C is heard meanwhile.
        let answer = tokio::task::spawn_blocking(screen::answer).await;
        let answer = answer.map_err(std::io::Error::other).flatten();
        let answer = answer.map_err(|why| {
            let next = "With --yes nobody is asked.";
            Failure::new(format!("the answer cannot be read: {why}"), next)
        })?;
        match answer.to_lowercase().as_str() {
            "y" | "yes" => Ok(true),
            _ => Err(Failure::new(
                "nothing was done: it was not confirmed",
                "Say y to go on. With --yes nobody is asked.",
            )),
        }
    }
}
