//! `dlq show`: one letter, and why it died.

use super::choice::{is, missing};
use super::of_aws;
use super::queues::{Queues, Whose};
use super::redact::Redaction;
use super::scan::{self, Found, Verdict};
use super::stop::Stop;
use crate::domain::message::Envelope;
use crate::plugin::failure::Failure;
use crate::plugin::output::{self, Output};
use crate::plugin::screen;
use crate::plugin::target::Target;
use crate::plugin::view::{span, written};
use crate::process::clock;
use crate::process::columns::wrapped;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// Columns before what is said.
const INDENT: usize = 10;

/// Which letter.
#[derive(Debug, clap::Args)]
#[command(after_help = of_aws(
    "  kubectl restock dlq show 7fc83baf-8cf7-4ded-a631-cd819746e40b -n restock\n  \
     kubectl restock dlq show exsciyt7jj6poyumsbtx --unredacted"
))]
pub(super) struct Args {
    /// Its id: the message's, or the request's, of which there may be several
    #[arg(value_name = "ID")]
    id: String,
    /// Show all of it, what may be personal too
    #[arg(long)]
    unredacted: bool,
    #[command(flatten)]
    queues: Whose,
    /// How to print it; name: the message ids
    #[arg(short, long, value_enum)]
    output: Option<Output>,
}

/// A letter, as it is shown.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    message: String,
    known_as: String,
    /// The name of the request that it becomes, or became, where it reads as an order.
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<String>,
    reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_at: Option<String>,
    #[serde(skip)]
    age: Option<String>,
    receives: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    queue_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sns_message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<String>,
    attributes: BTreeMap<String, String>,
    body: Value,
    redacted: bool,
}

/// Shows it.
pub(super) async fn run(args: Args, target: &Target, stop: &Stop) -> Result<(), Failure> {
    let queues = args.queues.open(target, stop).await?;
    let shown = find(&args, &queues).await?;
    match args.output {
        None | Some(Output::Wide) => {
            let texts: Vec<_> = shown.iter().map(Shown::text).collect();
            screen::print(&texts.join("\n"));
            Ok(())
        }
        Some(Output::Json) => output::json(&shown),
        Some(Output::Yaml) => output::yaml(&shown),
        Some(Output::Name) => {
            let names = shown.iter().map(|one| format!("{}\n", one.message));
            screen::print(&names.collect::<String>());
            Ok(())
        }
    }
}

/// Looks for it.
async fn find(args: &Args, queues: &Queues) -> Result<Vec<Shown>, Failure> {
    let mut shown = Vec::new();
    let is_found = |shown: &Vec<Shown>| !shown.is_empty();
    let looked = scan::look(queues, &mut shown, is_found, async |shown, found| {
        if is(&found, &args.id) {
            shown.push(Shown::of(&found, queues, args.unredacted));
        }
        if found.id() == args.id {
            return ControlFlow::Break(Ok(()));
        }
        ControlFlow::Continue(Verdict::Keep)
    });
    let looked = looked.await?;
    match shown.is_empty() {
        true => Err(missing(looked, queues)),
        false => Ok(shown),
    }
}

impl Shown {
    fn of(found: &Found, queues: &Queues, unredacted: bool) -> Self {
        let message = &found.whole.message;
        let redaction = Redaction::by(&queues.mapping, unredacted);
        let opened = Envelope::open(
            &message.body,
            &message.attributes,
            message.trace_header.as_deref(),
        );
        // What cannot be opened is shown as it came.
        let (body, attributes, envelope) = match opened {
            Ok(envelope) => (
                envelope.body.clone(),
                envelope.attributes.clone(),
                Some(envelope),
            ),
            Err(_) => (
                message.body.clone().into(),
                message.attributes.clone(),
                None,
            ),
        };
        let named = attributes.iter().enumerate();
        let named = named.map(|(place, (name, text))| redaction.attribute(place, name, text));
        let binary = found
            .whole
            .binary()
            .enumerate()
            .map(|(place, (name, bytes))| {
                let name = redaction.attribute_name(attributes.len() + place, name);
                (name, format!("(binary, {bytes} bytes)"))
            });
        Self {
            message: message.message_id.clone(),
            known_as: found.death.known_as.clone(),
            request: found.death.request.clone(),
            reason: redaction.reason(&found.death),
            sent_at: message.sent_at.map(written),
            age: message.sent_at.map(|at| span(clock::now().since(at))),
            receives: message.receive_count,
            queue_arn: message.dead_letter_source_arn.clone(),
            topic_arn: envelope.as_ref().and_then(|one| one.topic_arn.clone()),
            sns_message: envelope.as_ref().and_then(|one| one.sns_message_id.clone()),
            trace: envelope.and_then(|one| one.trace_parent),
            attributes: named.chain(binary).collect(),
            body: redaction.body(&body),
            redacted: !unredacted,
        }
    }

    fn text(&self) -> String {
        let mut text = line("message", &self.message);
        text.push_str(&line("known as", &self.known_as));
        text.extend(self.request.iter().map(|name| line("request", name)));
        text.push_str(&line("reason", &self.reason));
        if let (Some(at), Some(age)) = (&self.sent_at, &self.age) {
            text.push_str(&line("sent", &format!("{at}, {age} ago")));
        }
        text.push_str(&line(
            "looks",
            &format!("{}, this one included", self.receives),
        ));
        for (what, said) in [
            ("queue", &self.queue_arn),
            ("topic", &self.topic_arn),
            ("SNS id", &self.sns_message),
            ("trace", &self.trace),
        ] {
            text.extend(said.iter().map(|said| line(what, said)));
        }
        for (key, value) in &self.attributes {
            text.push_str(&line("attribute", &format!("{key}: {value}")));
        }
        text.push_str(&line("body", ""));
        text.push_str(&indented(&match &self.body {
            Value::String(text) => text.clone(),
            body => format!("{body:#}"),
        }));
        if self.redacted {
            let note = "What may be personal is left out: --unredacted shows it.";
            text.push_str(&line("note", note));
        }
        text
    }
}

fn line(what: &str, said: &str) -> String {
    let line = format!("{what:INDENT$}{}", wrapped(said, INDENT));
    format!("{}\n", line.trim_end())
}

fn indented(text: &str) -> String {
    let blanks = " ".repeat(INDENT);
    text.lines()
        .map(|line| format!("{blanks}{line}\n"))
        .collect()
}
