//! The story as it is being told: what is waited for, and what was seen.

use std::io::{IsTerminal, Stdout};
use std::time::{Duration, Instant};

use anyhow::Result;

use super::expect::{self, Crash, Evidence, Expectation, Told};
use super::look::Look;
use super::outside::Outside;
use super::screen::Screen;
use super::story::Story;
use super::table;
use crate::roles;
use crate::state::{RunDirectory, State};

/// Between two looks. Each starts two programs: more often would slow down what is watched.
const TICK: Duration = Duration::from_millis(700);

/// The parts, the story, and how it stands.
pub(super) struct Stage<'a> {
    pub(super) run: &'a RunDirectory,
    pub(super) state: &'a State,
    pub(super) outside: &'a Outside,
    pub(super) story: &'a Story,
    screen: Screen<Stdout>,
    before: Look,
    pub(super) now: Look,
    /// What SQS calls the malformed message, once it is sent.
    pub(super) malformed_id: String,
    pub(super) crash: Crash,
    /// What the buyers were told, the first time and the second.
    pub(super) told: [Told; 2],
    /// The role that is dead on purpose.
    pub(super) killed: Option<&'static str>,
}

impl<'a> Stage<'a> {
    /// Looks at how all is before the first message.
    pub(super) fn open(
        run: &'a RunDirectory,
        state: &'a State,
        outside: &'a Outside,
        story: &'a Story,
    ) -> Result<Self> {
        let before = Look::take(run, state, outside, story)?;
        let stdout = std::io::stdout();
        let in_place = stdout.is_terminal();
        Ok(Self {
            run,
            state,
            outside,
            story,
            screen: Screen::new(stdout, in_place),
            now: before.clone(),
            before,
            malformed_id: String::new(),
            crash: Crash::default(),
            told: Default::default(),
            killed: None,
        })
    }

    pub(super) fn say(&mut self, text: &str) -> Result<()> {
        Ok(self.screen.say(text)?)
    }

    /// Looks again. A role that has ended by itself ends the story: all that follows
    /// would only be waiting.
    pub(super) fn look(&mut self) -> Result<()> {
        roles::check(self.run, self.killed)?;
        let mut mail = std::mem::take(&mut self.now.mail);
        self.now = Look::take(self.run, self.state, self.outside, self.story)?;
        mail.extend(self.outside.mail()?);
        self.now.mail = mail;
        Ok(())
    }

    /// Waits, showing the table, and says whether it came true in time. If it did not,
    /// the story goes on: the expectations at the end say what that has led to.
    pub(super) fn wait(
        &mut self,
        what: &str,
        limit: Duration,
        until: impl Fn(&Look) -> bool,
    ) -> Result<bool> {
        self.wait_named(limit, |stage| (!until(&stage.now)).then(|| what.to_owned()))
    }

    /// Waits until every expectation holds.
    pub(super) fn wait_for_all(&mut self, limit: Duration) -> Result<()> {
        self.wait_named(limit, |stage| {
            let open = stage.expectations().into_iter();
            let first = open
                .filter(|one| one.problem.is_some())
                .map(|one| one.text)
                .next();
            first.map(|text| format!("this to be true: {text}"))
        })?;
        Ok(())
    }

    /// Waits while `missing` names something.
    fn wait_named(
        &mut self,
        limit: Duration,
        missing: impl Fn(&Self) -> Option<String>,
    ) -> Result<bool> {
        let begun = Instant::now();
        loop {
            self.look()?;
            let missing = missing(self);
            let seconds = begun.elapsed().as_secs();
            let waiting = missing.as_ref().map(|what| format!("waiting for {what}"));
            let table = table::lines(self.story, &self.before, &self.now);
            self.screen
                .show(table, &waiting.unwrap_or_default(), seconds)?;
            let Some(what) = missing else {
                return Ok(true);
            };
            if begun.elapsed() > limit {
                self.say(&format!("After {seconds} s, no longer waiting for {what}."))?;
                return Ok(false);
            }
            std::thread::sleep(TICK);
        }
    }

    pub(super) fn expectations(&self) -> Vec<Expectation> {
        let evidence = Evidence {
            story: self.story,
            before: &self.before,
            malformed_id: &self.malformed_id,
            crash: self.crash,
            told: self.told,
        };
        expect::expectations(&evidence, &self.now)
    }

    pub(super) fn close(&mut self) -> Result<()> {
        Ok(self.screen.close()?)
    }
}
