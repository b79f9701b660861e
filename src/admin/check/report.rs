//! What was found, said as soon as it is found: a later question may take its time.

use std::fmt::Display;

/// Counts what was said.
#[derive(Debug, Default)]
pub(super) struct Report {
    looked_at: usize,
    wrong: usize,
}

impl Report {
    /// This is as it should be.
    pub(super) fn good(&mut self, what: &str, found: impl Display) {
        self.looked_at += 1;
        println!("ok     {what}: {found}");
    }

    /// This is not, and what to do.
    pub(super) fn bad(&mut self, what: &str, to_do: impl Display) {
        self.looked_at += 1;
        self.wrong += 1;
        println!("WRONG  {what}: {to_do}");
    }

    /// This works, but could be better.
    pub(super) fn weak(&mut self, what: &str, better: impl Display) {
        self.looked_at += 1;
        println!("note   {what}: {better}");
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

    pub(super) const fn looked_at(&self) -> usize {
        self.looked_at
    }

    pub(super) const fn wrong(&self) -> usize {
        self.wrong
    }
}
