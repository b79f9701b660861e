//! What becomes of the letters of a plan: told as it happens, and with `-o` each letter as data.

use super::choice::Plan;
use crate::plugin::failure::Failure;
use crate::plugin::output::{self, Output};
use crate::plugin::screen;
use crate::process::columns::table;
use serde::Serialize;

/// What was done, or would be.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    #[serde(skip)]
    form: Option<Output>,
    /// Whether nothing was done: nobody said yes.
    dry_run: bool,
    letters: Vec<Line>,
    /// How SQS's own task ended, where all went back by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<Task>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    message: String,
    known_as: String,
    reason: String,
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

#[derive(Debug, Serialize)]
struct Task {
    status: String,
    moved: u64,
}

/// What became of one letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Outcome {
    /// It would be done: nobody has said yes.
    Planned,
    /// It is in its queue again.
    SentBack,
    /// It is in the file, and nowhere else.
    Deleted,
    /// It stays in the dead-letter queue, for a fault of its own.
    Stays,
    /// It was not come to, or somebody else has it.
    NotMet,
    /// SQS's own task moves it, and does not say which it has moved.
    LeftToSqs,
}

impl Outcome {
    const fn word(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::SentBack => "sent back",
            Self::Deleted => "deleted",
            Self::Stays => "stays",
            Self::NotMet => "not met",
            Self::LeftToSqs => "left to SQS",
        }
    }
}

impl Report {
    /// Of a plan that nobody has said yes to.
    pub(super) fn of(plan: &Plan, form: Option<Output>) -> Self {
        let letters = plan.letters.iter().map(|(id, letter)| Line {
            message: id.clone(),
            known_as: letter.known_as.clone(),
            reason: letter.reason.clone(),
            outcome: Outcome::Planned,
            why: None,
        });
        Self {
            form,
            dry_run: true,
            letters: letters.collect(),
            task: None,
        }
    }

    /// Somebody has said yes: what is not noted of a letter has become of it.
    pub(super) fn begin(&mut self, otherwise: Outcome) {
        self.dry_run = false;
        for line in &mut self.letters {
            line.outcome = otherwise;
        }
    }

    /// Notes what became of a letter.
    pub(super) fn note(&mut self, id: &str, outcome: Outcome, why: Option<String>) {
        if let Some(line) = self.letters.iter_mut().find(|line| line.message == id) {
            (line.outcome, line.why) = (outcome, why);
        }
    }

    /// Notes how SQS's own task ended.
    pub(super) fn ended(&mut self, status: &str, moved: u64) {
        self.task = Some(Task {
            status: status.to_owned(),
            moved,
        });
    }

    /// Says something for people. That is the answer, or with `-o` stands beside it.
    pub(super) fn say(&self, text: &str) {
        match self.form {
            None => screen::print(text),
            Some(_) => screen::complain(text),
        }
    }

    /// Prints it, in the form that was asked for.
    pub(super) fn print(&self) -> Result<(), Failure> {
        match self.form {
            None => Ok(()),
            Some(Output::Json) => output::json(self),
            Some(Output::Yaml) => output::yaml(self),
            Some(Output::Wide) => {
                screen::print(&self.table());
                Ok(())
            }
            Some(Output::Name) => {
                let meant =
                    |line: &&Line| !matches!(line.outcome, Outcome::Stays | Outcome::NotMet);
                let meant = self.letters.iter().filter(meant);
                let lines = meant.map(|line| format!("{}\n", line.message));
                screen::print(&lines.collect::<String>());
                Ok(())
            }
        }
    }

    fn table(&self) -> String {
        let rows = self.letters.iter().map(|line| {
            let outcome = line.outcome.word().to_owned();
            let why = line.why.as_ref().unwrap_or(&line.reason);
            let (message, known_as) = (line.message.clone(), line.known_as.clone());
            vec![message, known_as, outcome, why.clone()]
        });
        let heading = ["MESSAGE", "KNOWN AS", "OUTCOME", "REASON"];
        table(&heading, &rows.collect::<Vec<_>>())
    }
}
