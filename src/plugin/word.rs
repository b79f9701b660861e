//! `resolve`, `retry`, `cancel`: a person's word on requests. It is said in their spec, about
//! the attempt that the person saw, and the controller does or refuses it.

mod answer;
mod confirm;
mod saying;
mod standing;

use super::changes::Changes;
use super::chosen::{self, Chosen};
use super::failure::{Failure, Failures};
use super::output::Output;
use super::requests::Selection;
use super::screen;
use super::target::Target;
use crate::crd::resolution::REASON_CHARACTERS_MAX;
use crate::domain::message::plain_text;
use crate::domain::order::{QUANTITY_MAX, Quantity};
use crate::domain::word::{Resolution, Verb};
use saying::Saying;
use standing::Standing;
use std::time::Duration;

/// Waited for an answer unless told otherwise: the controller looks at finished requests once
/// a minute, and has half a minute for what it then does.
const WAIT_SECONDS: u64 = 90;

/// Longest that anybody may wish to wait: an hour.
const WAIT_SECONDS_MAX: u64 = 3_600;

/// Requests that one word can be about: as many as the operator keeps live.
const REQUESTS_MAX: usize = 10_000;

/// Why, and how.
#[derive(Debug, clap::Args)]
struct Manner {
    /// How you know, or why you want it; kept with the word
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    reason: String,
    /// Wait so many seconds for the controller's answer; 0: do not wait
    #[arg(long, value_name = "SECONDS", default_value_t = WAIT_SECONDS,
        value_parser = clap::value_parser!(u64).range(..=WAIT_SECONDS_MAX))]
    wait: u64,
    /// Let the API server check it, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Print the requests that the word is on, as they were last seen; what became of it is then
    /// said on standard error
    #[arg(short, long, value_enum)]
    output: Option<Output>,
}

/// What is known, and of which requests.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "kubectl restock resolve NAME... placed|not-placed --reason TEXT\n       \
                      kubectl restock resolve -l LABELS placed|not-placed --reason TEXT\n       \
                      kubectl restock resolve NAME arrived --quantity NUMBER --reason TEXT",
    after_help = "Ask the factory first: the controller believes you. Exit codes: 5 the word was \
                  refused, 6 it is said, and was not taken up in time.\n\n\
                  Examples:\n  \
                  kubectl restock resolve rr-a placed --reason 'the factory has it as 4b21'\n  \
                  kubectl restock resolve rr-a rr-b not-placed --reason 'not in its books'\n  \
                  kubectl restock resolve rr-a arrived --quantity 10 --reason 'counted twice'"
)]
pub(super) struct ResolveArgs {
    /// Names of requests, and then what is known. placed: the factory has the order that is in
    /// doubt. not-placed: it has not. arrived: goods came, and no callback did
    #[arg(value_name = "NAME|WORD", required = true)]
    words: Vec<String>,
    #[command(flatten)]
    selection: Selection,
    /// How many pieces came; with arrived
    #[arg(long, value_name = "NUMBER",
        value_parser = clap::value_parser!(u32).range(1..=i64::from(QUANTITY_MAX)))]
    quantity: Option<u32>,
    #[command(flatten)]
    manner: Manner,
}

/// Which requests are ordered once more.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 5 the word was refused, 6 it is said, and was not taken up in \
                  time.\n\n\
                  Examples:\n  \
                  kubectl restock retry rr-a --reason 'its credentials are mended'\n  \
                  kubectl restock retry -l shop=korea --reason 'the factory is up' --dry-run"
)]
pub(super) struct RetryArgs {
    #[command(flatten)]
    chosen: Chosen,
    /// Order also where the factory has an order already, or may have it: then both are
    /// delivered. Without this you are asked; away from a terminal nothing is said then
    #[arg(long)]
    although_the_factory_may_have_it: bool,
    #[command(flatten)]
    manner: Manner,
}

/// Which requests are ordered no more.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The factory takes no order back: where it has one, cancel is refused. Exit codes: \
                  5 the word was refused, 6 it is said, and was not taken up in time.\n\n\
                  Examples:\n  \
                  kubectl restock cancel rr-a --reason 'no need any more'\n  \
                  kubectl restock cancel -l shop=korea --reason recall --dry-run"
)]
pub(super) struct CancelArgs {
    #[command(flatten)]
    chosen: Chosen,
    #[command(flatten)]
    manner: Manner,
}

/// Text that the definition of the object takes.
pub(super) fn reason(text: &str) -> Result<String, String> {
    let reason = plain_text(text, usize::MAX);
    match reason.chars().count() {
        0 => Err("it is blank: who reads it later wants to know".to_owned()),
        1..=REASON_CHARACTERS_MAX => Ok(reason),
        _ => Err(format!(
            "it has more than {REASON_CHARACTERS_MAX} characters"
        )),
    }
}

/// Says what became of an order.
pub(super) async fn resolve(args: ResolveArgs, target: &Target) -> Result<(), Failure> {
    let ResolveArgs {
        mut words,
        selection,
        quantity,
        manner,
    } = args;
    let word = words.pop().unwrap_or_default();
    let verb = known(&word, quantity)?;
    if words.is_empty() != selection.is_given() {
        return Err(Failure::usage(
            "it is not clear which requests this is about",
            "Give names, or a selector (-l, --field-selector), and then what is known.",
        ));
    }
    let names = words.iter().map(|text| {
        let wrong = |why| format!("{text} is no name of a request: {why}");
        chosen::name(text)
            .map_err(|why| Failure::usage(wrong(why), "Give names as status has them."))
    });
    let chosen = Chosen {
        names: names.collect::<Result<_, _>>()?,
        selection,
    };
    if matches!(verb, Verb::Arrived(_)) && !chosen.is_one() {
        return Err(Failure::usage(
            "goods are counted for one request at a time",
            "Say arrived of each, with its --quantity.",
        ));
    }
    speak(verb, &chosen, &manner, target, true).await
}

fn known(word: &str, quantity: Option<u32>) -> Result<Verb, Failure> {
    match (word, quantity) {
        ("placed", None) => Ok(Verb::Placed),
        ("not-placed", None) => Ok(Verb::NotPlaced),
        ("arrived", Some(pieces)) => Quantity::new(pieces)
            .map(Verb::Arrived)
            .map_err(|why| Failure::usage(why.to_string(), "Count the pieces.")),
        ("arrived", None) => Err(Failure::usage(
            "arrived needs to know how many pieces came",
            "Count them, and say it with --quantity.",
        )),
        ("placed" | "not-placed", Some(_)) => Err(Failure::usage(
            format!("{word} says nothing of goods, so it has no --quantity"),
            "Say arrived if goods came.",
        )),
        (other, _) => Err(Failure::usage(
            format!("{other} is nothing that can be known of an order"),
            "The last word is placed, not-placed or arrived: `kubectl restock resolve --help`.",
        )),
    }
}

/// Has requests ordered once more.
pub(super) async fn retry(args: RetryArgs, target: &Target) -> Result<(), Failure> {
    let confirmed = args.although_the_factory_may_have_it;
    speak(Verb::Retry, &args.chosen, &args.manner, target, confirmed).await
}

/// Has requests ordered no more.
pub(super) async fn cancel(args: CancelArgs, target: &Target) -> Result<(), Failure> {
    speak(Verb::Cancel, &args.chosen, &args.manner, target, true).await
}

/// Reads all, asks where it has to be asked, says it, and waits for the answers. All are read
/// first: the word is about what the person has before their eyes when they are asked.
async fn speak(
    verb: Verb,
    chosen: &Chosen,
    manner: &Manner,
    target: &Target,
    confirmed: bool,
) -> Result<(), Failure> {
    let (place, wanted) = chosen.look_up(target).await?;
    if wanted.len() > REQUESTS_MAX {
        return Err(Failure::new(
            format!("{} requests are more than {REQUESTS_MAX}", wanted.len()),
            "Say it of fewer at a time, with -n, -l or --field-selector.",
        ));
    }
    if chosen.selection.is_given() {
        screen::complain(&format!("{} selected\n", wanted.len()));
    }
    let by = place.caller().await?;
    let mut changes = Changes::new(manner.output, manner.dry_run, chosen.is_one());
    let (mut sayings, mut failures) = (Vec::new(), Failures::default());
    for (namespace, name) in &wanted {
        let standing = Standing::read(&place, namespace, name).await;
        let saying = standing.and_then(|standing| {
            let word = Resolution {
                verb,
                attempt: standing.progress.attempt,
                reason: manner.reason.clone(),
                by: by.clone(),
            };
            Saying::of(standing, word, &mut changes)
        });
        match saying {
            Ok(saying) => sayings.extend(saying),
            Err(failure) => failures.add(failure),
        }
    }
    if !confirmed && let Err(why) = confirm::confirm(&sayings, manner.dry_run) {
        failures.add(why);
        return failures.told();
    }
    let mut said = Vec::new();
    for mut saying in sayings {
        match saying.say(&place, &changes).await {
            Ok(()) => said.push(saying),
            Err(failure) => failures.add(failure),
        }
    }
    match manner.wait {
        seconds if seconds > 0 && !manner.dry_run && !said.is_empty() => {
            let time = Duration::from_secs(seconds);
            answer::answers(&place, said, time, &mut changes, &mut failures).await;
        }
        _ => said
            .into_iter()
            .for_each(|saying| changes.add(saying.standing.object)),
    }
    changes.print()?;
    failures.told()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_that_the_definition_takes() {
        assert_eq!(
            reason(" seen\u{1b} in the log\n").unwrap(),
            "seen in the log"
        );
        assert!(reason(" \u{200b}\t").is_err());
        assert!(reason(&"재".repeat(REASON_CHARACTERS_MAX)).is_ok());
        assert!(reason(&"a".repeat(REASON_CHARACTERS_MAX + 1)).is_err());
    }
}
