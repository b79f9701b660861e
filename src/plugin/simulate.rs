//! `simulate`: what a message would become, by the same code as ingest and controller.
//! Nothing is written anywhere.

mod ask;
mod input;
mod outcome;
mod print;

use super::failure::Failure;
use super::mapping;
use super::output::{self, Output, print_names};
use super::screen;
use super::target::{Place, Target};
use crate::edge::mapping::Mapping;
use crate::process::clock;
use crate::process::columns::wrapped;
use outcome::Outcome;
use std::path::PathBuf;

/// Columns before what a note says.
const NOTE_INDENT: usize = 7;

/// Which message, and how to read it.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The exit code is 4 where a message would be refused.\n\n\
                  Examples:\n  \
                  kubectl restock simulate -f letter.json\n  \
                  kubectl restock simulate -f letter.json --mapping korea.yaml --offline -o yaml"
)]
pub(super) struct Args {
    /// File with the message, or - for the standard input: an SNS notification, what `aws
    /// sqs receive-message` prints, or a plain body
    #[arg(short, long, value_name = "PATH")]
    file: PathBuf,
    /// File that says where a message has its order; if not set, the mapping of the release in the
    /// namespace, else the common shop's keys
    #[arg(long, value_name = "PATH")]
    mapping: Option<PathBuf>,
    /// ARN of the queue it is sent to; part of the identity of a message that came through
    /// no topic
    #[arg(long, value_name = "ARN")]
    queue_arn: Option<String>,
    /// Do not ask the cluster for the mapping, which Factory would get the order, and whether the
    /// request is there already
    #[arg(long)]
    offline: bool,
    /// How to print it
    #[arg(short, long, value_enum)]
    output: Option<Output>,
}

/// Says it, for each message of the file.
pub(super) async fn run(args: Args, target: &Target) -> Result<(), Failure> {
    let messages = input::read(&args.file)?;
    let place = match args.offline {
        true => None,
        false => Some(target.place().await),
    };
    let mapping = mapping(&args, place.as_ref()).await?;
    let now = clock::now();
    let mut outcomes: Vec<Outcome> = messages
        .iter()
        .map(|message| Outcome::of(message, args.queue_arn.as_deref(), &mapping, now))
        .collect();
    // What can be said without the cluster is said, whatever becomes of asking it.
    let asked = match place {
        None => Ok(()),
        Some(place) => ask::cluster(place, &mut outcomes).await,
    };
    match args.output {
        None | Some(Output::Wide) => screen::print(&print::outcomes(&outcomes)?),
        Some(Output::Json) => output::json(&outcomes)?,
        Some(Output::Yaml) => output::yaml(&outcomes)?,
        Some(Output::Name) => {
            let names: Vec<String> = outcomes.iter().filter_map(Outcome::name).collect();
            print_names(names.iter().map(String::as_str));
        }
    }
    asked?;
    let refused = outcomes
        .iter()
        .filter(|outcome| outcome.refusal.is_some())
        .count();
    let what = match outcomes.len() {
        _ if refused == 0 => return Ok(()),
        1 => "the message would become no request".to_owned(),
        all => format!("{refused} of {all} messages would become no request"),
    };
    Err(Failure::refused(
        what,
        "Such a message goes to the dead-letter queue. Mend its sender or the mapping \
             (docs/mapping.md), and try again here.",
    ))
}

/// That of the file, of the release, or the common shop's; says which, where nobody named one.
async fn mapping(args: &Args, place: Option<&Result<Place, Failure>>) -> Result<Mapping, Failure> {
    match (&args.mapping, place) {
        (Some(path), _) => mapping::of_file(path).await,
        (None, None) => Ok(Mapping::common_shop()),
        (None, Some(place)) => {
            let (mapping, whose) = mapping::of_release(place).await?;
            let said = format!("read by {whose}");
            screen::complain(&format!("note:  {}\n", wrapped(&said, NOTE_INDENT)));
            Ok(mapping)
        }
    }
}
