//! What is left to show at the end.

use std::fmt::Write as _;

use anyhow::Result;

use super::expect::Expectation;
use super::look::Look;
use super::story::{FACTORY, OPENING_STOCK, Story};
use crate::command;
use crate::setup;
use crate::state::{RunDirectory, State};

/// What kubectl itself prints.
pub(super) fn objects(run: &RunDirectory, state: &State) -> Result<String> {
    let mut kubectl = setup::kubectl(run, state);
    let table = command::output(kubectl.args(["get", "restockrequests"]))?;
    Ok(format!("$ kubectl get restockrequests\n{table}"))
}

/// Stock of each product, before and after.
pub(super) fn stock(story: &Story, now: &Look) -> String {
    let mut text = format!("{:<16} {:>6} {:>6}\n", "STOCK OF", "BEFORE", "AFTER");
    for scene in &story.scenes {
        let after = now.stock.get(&scene.sku).map(ToString::to_string);
        let after = after.unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:<16} {OPENING_STOCK:>6} {after:>6}", scene.sku);
    }
    text
}

/// The operations team's mail.
pub(super) fn mail(now: &Look) -> String {
    let mut text = String::from("THE OPERATIONS TEAM WAS TOLD\n");
    for mail in &now.mail {
        let _ = writeln!(text, "{}", printable(&mail.subject));
        for line in mail.text.lines() {
            let _ = writeln!(text, "{}", printable(&format!("    {line}")).trim_end());
        }
    }
    text
}

/// Not cut, for the end of a sentence may be what matters; no terminal codes.
fn printable(line: &str) -> String {
    line.chars().filter(|letter| !letter.is_control()).collect()
}

/// Each expectation and whether it held.
pub(super) fn verdict(expectations: &[Expectation]) -> String {
    let mut text = String::from("EXPECTED\n");
    for one in expectations {
        let _ = match &one.problem {
            None => writeln!(text, "  ✓ {}", one.text),
            Some(problem) => writeln!(text, "  ✗ {}\n      {problem}", one.text),
        };
    }
    text
}

/// What a person can try next.
pub(super) fn next_steps(now: &Look) -> String {
    let failed = now.requests.iter().find(|one| one.phase == "Failed");
    let name = failed.map_or("NAME", |one| one.name.as_str());
    format!(
        "All parts and roles stay up. Try next:\n  \
         eval \"$(cargo xtask env)\"\n  \
         kubectl get rr -o wide\n  \
         kubectl describe rr {name}\n  \
         kubectl get rr --field-selector status.phase=Failed\n  \
         kubectl get factories\n  \
         kubectl describe factory {FACTORY}\n  \
         kubectl apply -f manifests/samples/restockrequest.yaml\n  \
         target/debug/restock-operator products list\n  \
         curl \"$SHOP_URL/v1/products\"\n  \
         cargo xtask down\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_expectation_says_what_was_found() {
        let one = |problem: Option<&str>| Expectation {
            text: "the queue is empty".to_owned(),
            problem: problem.map(str::to_owned),
        };
        let text = verdict(&[one(None), one(Some("3 messages"))]);
        let lines = [
            "  ✓ the queue is empty",
            "  ✗ the queue is empty",
            "      3 messages",
        ];
        assert_eq!(text.lines().skip(1).collect::<Vec<_>>(), lines);
    }
}
