//! The two queues: as the release names them, or as the caller does.

use super::stop::Stop;
use crate::edge::aws::{self, AwsError};
use crate::edge::mapping::Mapping;
use crate::edge::sqs::{Queue, QueueAttributes, pairing};
use crate::plugin::failure::Failure;
use crate::plugin::mapping;
use crate::plugin::release::Releases;
use crate::plugin::target::Target;
use std::path::PathBuf;

/// What is looked at, in words.
const DEAD: &str = "the dead-letter queue";

/// Which queues.
#[derive(Debug, clap::Args)]
pub(super) struct Whose {
    /// URL of the dead-letter queue; if not set, that of the release in the namespace
    #[arg(long, value_name = "URL", requires = "queue_url")]
    dlq_url: Option<String>,
    /// URL of the queue that the dead letters come from
    #[arg(long, value_name = "URL", requires = "dlq_url")]
    queue_url: Option<String>,
    /// File that says where a message has its order; if not set, the mapping of the release,
    /// else the common shop's keys
    #[arg(long, value_name = "PATH")]
    mapping: Option<PathBuf>,
}

/// Both queues, and how their messages are read.
pub(super) struct Queues {
    /// Where dead letters are.
    pub(super) dead: Queue,
    /// ARN of it.
    pub(super) dead_arn: String,
    /// Whether it keeps an order, and hides what is behind.
    pub(super) is_fifo: bool,
    /// Letters in it when it was opened, approximately, those included that somebody looked at.
    pub(super) depth: u64,
    /// Where they come from.
    pub(super) queue: Queue,
    /// ARN of it.
    pub(super) queue_arn: String,
    /// How a message becomes an order.
    pub(super) mapping: Mapping,
    /// Whether to end.
    pub(super) stop: Stop,
}

/// What is known of them before they are asked.
struct Named {
    dlq_url: String,
    queue_url: String,
    region: Option<String>,
    mapping: Option<String>,
}

impl Whose {
    /// Finds them, and asks both how they are.
    pub(super) async fn open(&self, target: &Target, stop: &Stop) -> Result<Queues, Failure> {
        let named = match (&self.dlq_url, &self.queue_url) {
            (Some(dlq_url), Some(queue_url)) => Named {
                dlq_url: dlq_url.clone(),
                queue_url: queue_url.clone(),
                region: None,
                mapping: None,
            },
            _ => of_release(target).await?,
        };
        let mapping = self.mapping(named.mapping.as_deref()).await?;
        let region = region_of(&named.dlq_url).map(str::to_owned);
        let config = aws::config_in(region.or(named.region)).await;
        let config = config.map_err(|why| failure("ask AWS", "", &why))?;
        let dead = Queue::new(&config, named.dlq_url);
        let is = ask(&dead, DEAD).await?;
        let queue = Queue::new(&config, named.queue_url);
        let source = ask(&queue, "the queue").await?;
        // Before anything is received: to look at a letter brings it nearer to being moved away.
        fit_together(&is, &source, &dead)?;
        if source.arn == is.arn {
            return Err(Failure::usage(
                "--dlq-url and --queue-url name the same queue",
                "--queue-url is the queue that the dead letters come from, and go back to.",
            ));
        }
        Ok(Queues {
            dead,
            depth: letters_in(&is),
            is_fifo: is.is_fifo(),
            dead_arn: is.arn,
            queue,
            queue_arn: source.arn,
            mapping,
            stop: stop.clone(),
        })
    }

    async fn mapping(&self, of_release: Option<&str>) -> Result<Mapping, Failure> {
        match (&self.mapping, of_release) {
            (Some(path), _) => mapping::of_file(path).await,
            (None, Some(yaml)) => mapping::of_text(yaml),
            (None, None) => Ok(Mapping::common_shop()),
        }
    }
}

/// That to look at the dead letters moves none of them away.
fn fit_together(
    is: &QueueAttributes,
    source: &QueueAttributes,
    dead: &Queue,
) -> Result<(), Failure> {
    let target = is.redrive.as_ref().map(|redrive| &redrive.target_arn);
    if target == Some(&source.arn) {
        return Err(Failure::usage(
            format!("the dead letters of {} go to {}", is.arn, source.arn),
            "The two queues are named the wrong way round: exchange --dlq-url and --queue-url, or \
             dlqUrl and queueUrl of the release.",
        ));
    }
    let Some(why) = pairing::eats(is) else {
        return Ok(());
    };
    Err(Failure::new(
        format!("{DEAD} {} is not looked at: {why}", dead.url()),
        "Its letters are safe while nobody receives them.",
    ))
}

impl Queues {
    /// Letters in the dead-letter queue now, approximately, those included that somebody looks at.
    pub(super) async fn count(&self) -> Result<u64, Failure> {
        let is = ask(&self.dead, DEAD).await?;
        Ok(letters_in(&is))
    }
}

/// How this queue is.
async fn ask(queue: &Queue, what: &str) -> Result<QueueAttributes, Failure> {
    let doing = format!("look at {what} {}", queue.url());
    let answer = queue.attributes().await;
    answer.map_err(|why| failure(&doing, "sqs:GetQueueAttributes", &why))
}

const fn letters_in(dead: &QueueAttributes) -> u64 {
    dead.messages_visible + dead.messages_in_flight
}

/// What the release in this namespace says.
async fn of_release(target: &Target) -> Result<Named, Failure> {
    let place = target.place().await?;
    let releases = Releases::at(&place).await;
    let releases = releases
        .map_err(|failure| failure.or_else("name the queues with --dlq-url and --queue-url"))?;
    let namespace = &releases.namespace;
    let queues = match releases.queues()[..] {
        [one] => one,
        [] => return Err(no_release(namespace)),
        _ => {
            return Err(Failure::usage(
                format!("namespace {namespace} has several releases with a dead-letter queue"),
                "Name the queues of one with --dlq-url and --queue-url.",
            ));
        }
    };
    let mut mappings = releases.mappings().into_iter();
    let mapping = mappings.find(|(said, _)| said.instance() == queues.instance());
    match (queues.entry("dlqUrl"), queues.entry("queueUrl")) {
        (Some(dlq_url), Some(queue_url)) => Ok(Named {
            dlq_url,
            queue_url,
            region: queues.entry("region"),
            mapping: mapping.map(|(_, text)| text),
        }),
        _ => Err(no_release(namespace)),
    }
}

fn no_release(namespace: &str) -> Failure {
    Failure::new(
        format!("no release in namespace {namespace} says what its dead-letter queue is"),
        "Name the namespace of the release with -n, or the queues with --dlq-url and --queue-url. \
         The chart makes a ConfigMap with them where dlq is enabled.",
    )
}

/// The region that the address of a queue names: `https://sqs.REGION.amazonaws.com/…`.
fn region_of(url: &str) -> Option<&str> {
    let host = url.strip_prefix("https://sqs.")?;
    let (region, rest) = host.split_once('.')?;
    rest.starts_with("amazonaws.com").then_some(region)
}

/// What AWS answered to an attempt to do this, which needs these rights.
pub(super) fn failure(doing: &str, rights: &str, why: &AwsError) -> Failure {
    let next = match why {
        AwsError::Denied(text) if is_logged_out(text) => {
            "Log in to AWS: AWS_PROFILE names a profile. For one of IAM Identity Center: `eval \
             \"$(aws configure export-credentials --format env)\"`."
                .to_owned()
        }
        AwsError::Denied(_) => format!(
            "Ask the owner of the AWS account for {rights}: manifests/aws/on-call.json is the \
             policy for whoever is on call."
        ),
        AwsError::Gone(_) => "Is it the right account and region, and the right name? AWS_PROFILE \
             and AWS_REGION choose; --dlq-url and --queue-url name the queues."
            .to_owned(),
        AwsError::Throttled(_) | AwsError::Unavailable(_) => {
            "Nothing is lost. Try again.".to_owned()
        }
        AwsError::Refused(_) => "AWS does not accept it; its words say why.".to_owned(),
    };
    Failure::new(format!("cannot {doing}: {why}"), next)
}

/// Words of AWS about whoever has no credentials, or has them no more.
const LOGGED_OUT: [&str; 5] = [
    "credentials",
    "expiredtoken",
    "invalidclienttokenid",
    "unrecognizedclient",
    "security token",
];

fn is_logged_out(denial: &str) -> bool {
    let denial = denial.to_ascii_lowercase();
    LOGGED_OUT.iter().any(|words| denial.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_queue_names_its_region() {
        let url = "https://sqs.eu-central-1.amazonaws.com/123456789012/dead";
        assert_eq!(region_of(url), Some("eu-central-1"));
        assert_eq!(region_of("http://127.0.0.1:4566/000000000000/dead"), None);
        assert_eq!(region_of("https://sqs.example.com/1/dead"), None);
    }

    #[test]
    fn a_right_that_is_missing_is_named() {
        let denied = AwsError::Denied("denied: AccessDenied".to_owned());
        let failure = failure("receive dead letters", "sqs:ReceiveMessage", &denied);
        let said = failure.in_words();
        assert!(said.contains("cannot receive dead letters"), "{said}");
        assert!(said.contains("sqs:ReceiveMessage"), "{said}");
    }

    #[test]
    fn whoever_is_not_logged_in_any_more_is_told_how_to() {
        for text in [
            "no credentials in the environment",
            "denied: ExpiredToken: the token included in the request is expired",
            "denied: InvalidClientTokenId: The security token included in the request is invalid",
            "denied: UnrecognizedClientException: who is it?",
        ] {
            let denied = AwsError::Denied(text.to_owned());
            let said = failure("receive dead letters", "sqs:ReceiveMessage", &denied).in_words();
            assert!(said.contains("Log in to AWS"), "{said}");
        }
    }
}
