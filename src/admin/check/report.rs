//! What was found, said as soon as it is found: a later question may take its time.

use serde::Serialize;
use std::fmt::Display;

/// What was looked at, and how it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    verdict: Verdict,
    what: String,
    /// What was found, or what to do.
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    /// It works, but could be better.
    Note,
    Wrong,
}

impl Verdict {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Wrong => "WRONG",
        }
    }
}

/// Keeps what was said.
#[derive(Debug, Default)]
pub(super) struct Report {
    prints: bool,
    findings: Vec<Finding>,
}

impl Report {
    /// One that also prints it, a line for each.
    pub(super) fn printing() -> Self {
        Self {
            prints: true,
            ..Self::default()
        }
    }

    /// This is as it should be.
    pub(super) fn good(&mut self, what: &str, found: impl Display) {
        self.say(Verdict::Ok, what, found);
    }

    /// This is not, and what to do.
    pub(super) fn bad(&mut self, what: &str, to_do: impl Display) {
        self.say(Verdict::Wrong, what, to_do);
    }

    /// This works, but could be better.
    pub(super) fn weak(&mut self, what: &str, better: impl Display) {
        self.say(Verdict::Note, what, better);
    }

    /// A line for each problem, or one that says that there is none.
    pub(super) fn all(&mut self, what: &str, problems: Vec<String>, good: impl Display) {
        if problems.is_empty() {
            return self.good(what, good);
        }
        problems
            .into_iter()
            .for_each(|problem| self.bad(what, problem));
    }

    fn say(&mut self, verdict: Verdict, what: &str, text: impl Display) {
        let text = text.to_string();
        if self.prints {
            println!("{:5}  {what}: {text}", verdict.word());
        }
        self.findings.push(Finding {
            verdict,
            what: what.to_owned(),
            text,
        });
    }

    pub(super) fn looked_at(&self) -> usize {
        self.findings.len()
    }

    pub(super) fn wrong(&self) -> usize {
        self.count(Verdict::Wrong)
    }

    #[cfg(test)]
    pub(super) fn noted(&self) -> usize {
        self.count(Verdict::Note)
    }

    fn count(&self, verdict: Verdict) -> usize {
        let findings = self.findings.iter();
        findings.filter(|one| one.verdict == verdict).count()
    }

    /// All that was said.
    pub(super) fn findings(&self) -> &[Finding] {
        &self.findings
    }
}
