//! `check`: whether an installation is healthy, by what each of its roles finds itself.

mod finding;
mod missing;
mod print;
mod workload;

use super::failure::Failure;
use super::output::{self, Output};
use super::roles::{self, Role};
use super::screen;
use super::target::{Place, Target};
use crate::process::read_server::CHECK_WITHIN;
use finding::{Answer, Finding};
use futures::future::join_all;
use std::time::Duration;
use workload::Workload;

/// How long a role is waited for: it may have to end the check of another caller before.
const ANSWER_WITHIN: Duration = CHECK_WITHIN.saturating_add(Duration::from_secs(10));

/// How to show it.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Asks each role of the operator: -n names the namespace that it is installed in. \
                  The exit code is 7 where something needs a person.\n\n\
                  Examples:\n  \
                  kubectl restock check -n restock\n  \
                  kubectl restock check -A -o wide"
)]
pub(super) struct Args {
    /// How to print it; wide: also what is as it should be; name: the Services of those roles
    /// that need a person
    #[arg(short, long, value_enum)]
    output: Option<Output>,
}

/// Asks all roles of the place.
pub(super) async fn run(args: Args, target: &Target) -> Result<(), Failure> {
    let place = target.place().await?;
    let roles = roles::all(&place).await?;
    let workloads = workload::all(&place).await;
    let asking = roles
        .iter()
        .map(|role| ask(role, &roles, &place, &workloads));
    let mut answers: Vec<Answer> = join_all(asking).await;
    answers.extend(missing::roles(&roles, &workloads));
    answers.sort_by(|one, other| one.part.cmp(&other.part));
    match args.output {
        None => screen::print(&print::lines(&answers, false)),
        Some(Output::Wide) => screen::print(&print::lines(&answers, true)),
        Some(Output::Json) => output::json(&answers)?,
        Some(Output::Yaml) => output::yaml(&answers)?,
        Some(Output::Name) => {
            let wrong = answers.iter().filter(|answer| answer.wrong() > 0);
            let services = wrong.filter_map(|answer| answer.service.as_ref());
            let names = services.map(|service| format!("service/{service}\n"));
            screen::print(&names.collect::<String>());
        }
    }
    let wrong: usize = answers.iter().map(Answer::wrong).sum();
    let all: usize = answers.iter().map(|answer| answer.findings.len()).sum();
    if wrong == 0 {
        return Ok(());
    }
    Err(Failure::unhealthy(
        format!("{wrong} of {all} things need a person"),
        "What is wrong says what to do.",
    ))
}

/// All of one role: what its pods are like, and what it finds, or why it could not be asked.
async fn ask(
    role: &Role,
    roles: &[Role],
    place: &Place,
    workloads: &Result<Vec<Workload>, Failure>,
) -> Answer {
    let mut findings = workload::findings(&role.part, workloads);
    if findings.is_empty() {
        findings.push(workload::none());
    }
    findings.extend(missing::publisher(&role.part, roles));
    let page = role.get(&place.client, "v1/check", &[], ANSWER_WITHIN);
    let mut version = None;
    match page.await {
        Ok(page) => {
            version = page["version"].as_str().map(str::to_owned);
            findings.extend(version.as_deref().and_then(finding::of_version));
            findings.extend(finding::of_page(&page));
        }
        Err(failure) => findings.push(Finding::wrong("read port", failure.in_words())),
    }
    Answer {
        part: role.part.clone(),
        service: Some(role.service.clone()),
        version,
        findings,
    }
}
