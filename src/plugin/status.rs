//! `status`: what became of the requests.

mod events;
mod print;
mod row;
mod said;
mod story;
mod summary;

use super::chosen;
use super::failure::Failure;
use super::output::{self, Output, print_names};
use super::requests::{self, Selection};
use super::screen;
use super::target::Target;
use super::view::View;
use crate::process::clock;
use row::Row;
use story::Story;
use summary::Summary;

/// Which requests, and how to show them.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "NEED, the most first: failed (ended without goods), delayed, overdue (no callback \
                  came), in doubt (nobody knows whether it was ordered), suspended. The others \
                  are under way; -o wide also lists what is done.\n\n\
                  Examples:\n  \
                  kubectl restock status -A\n  \
                  kubectl restock status rr-z4gx53vi6fnhfgzvclvq -n shop\n  \
                  kubectl restock status --field-selector spec.productId=CP-502101"
)]
pub(super) struct Args {
    /// Name of one request, for its story; without it a summary of all
    #[arg(value_parser = chosen::name, conflicts_with_all = ["selector", "field_selector"])]
    name: Option<String>,
    #[command(flatten)]
    selection: Selection,
    /// How to print it
    #[arg(short, long, value_enum)]
    output: Option<Output>,
}

/// Shows one, or all.
pub(super) async fn run(args: Args, target: &Target) -> Result<(), Failure> {
    match &args.name {
        Some(name) => one(name, args.output, target).await,
        None => all(&args, target).await,
    }
}

/// These requests with all columns, as the summary has them, in their own order.
pub(super) fn table(views: impl Iterator<Item = View>) -> String {
    let now = clock::now();
    let rows: Vec<Row> = views.map(|view| Row::of(&view, now)).collect();
    print::wide_rows(&rows.iter().collect::<Vec<_>>())
}

async fn all(args: &Args, target: &Target) -> Result<(), Failure> {
    let place = target.place().await?;
    let now = clock::now();
    let rows = requests::all(&place, &args.selection, |view| Row::of(&view, now)).await?;
    let summary = Summary::of(rows, &place, &args.selection, now);
    match args.output {
        None => screen::print(&print::summary(&summary, false)),
        Some(Output::Wide) => screen::print(&print::summary(&summary, true)),
        Some(Output::Json) => output::json(&summary)?,
        Some(Output::Yaml) => output::yaml(&summary)?,
        Some(Output::Name) => {
            print_names(summary.requests.iter().map(|row| row.name.as_str()));
        }
    }
    Ok(())
}

async fn one(name: &str, form: Option<Output>, target: &Target) -> Result<(), Failure> {
    let (place, namespace) = target.namespace_of_names().await?;
    let view = requests::one(&place, &namespace, name).await?;
    let events = events::of(&place, &namespace, &view).await;
    let story = Story::of(&view, events, clock::now());
    match form {
        None | Some(Output::Wide) => screen::print(&print::story(&story)),
        Some(Output::Json) => output::json(&story)?,
        Some(Output::Yaml) => output::yaml(&story)?,
        Some(Output::Name) => print_names(std::iter::once(name)),
    }
    Ok(())
}
