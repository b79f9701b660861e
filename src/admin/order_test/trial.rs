//! The way of the request, step by step.

use super::books::Books;
use super::factory::{self, TestFactory};
use super::message::{self, QUANTITY};
use super::objects::{Objects, Readiness};
use super::story::{Stopped, Story};
use crate::crd::request::RestockRequest;
use crate::crd::words::Phase;
use crate::edge::aws::AwsError;
use crate::edge::callback::call_back;
use crate::edge::mapping::Mapping;
use crate::edge::sqs::Queue;
use kube::ResourceExt as _;
use std::time::Duration;
use tokio::sync::oneshot::error::TryRecvError;

/// The legacy factory calls back after 40 s; this one as soon as its answer is surely read.
const CALLBACK_AFTER: Duration = Duration::from_secs(1);

/// One run.
pub(super) struct Trial {
    /// What all that it makes is called.
    pub(super) name: String,
    /// Whether there is something to clean up: before, it has made nothing that stays.
    pub(super) begun: bool,
    /// Runs whose left-overs were found.
    pub(super) earlier: Vec<String>,
    pub(super) queue: Queue,
    pub(super) mapping: Mapping,
    pub(super) books: Books,
    pub(super) objects: Objects,
    /// Where its own factory is reached.
    pub(super) url: String,
    /// Longest wait for a step.
    pub(super) patience: Duration,
    pub(super) story: Story,
}

impl Trial {
    /// # Errors
    /// The first step that did not come about.
    pub(super) async fn run(&mut self, order: TestFactory) -> Result<(), Stopped> {
        message::is_understood(&self.mapping, &self.name).map_err(|why| {
            let why = format!(
                "it does not read a message of the common shop as it is meant, so none is \
                 sent: {why}. Try the way by a message of your own"
            );
            Stopped::at("mapping", why)
        })?;
        self.books.begin(&self.name).await?;
        self.begun = true;
        self.clear().await?;
        let sku = &self.books.sku;
        self.story
            .good("ledger", format!("{sku} is there, stock 0"));
        self.create_factory().await?;
        self.send().await?;
        let request = self.await_request().await?;
        let callback = self.await_order(order).await?;
        self.call_back(callback).await?;
        self.await_goods(&request).await
    }

    async fn create_factory(&self) -> Result<(), Stopped> {
        let (name, url) = (&self.name, &self.url);
        self.objects.create_factory(name, url).await?;
        let look = async || {
            self.books.still(name).await?;
            match self.objects.readiness(name).await? {
                Readiness::Ready => Ok(Some(())),
                Readiness::NotYet => Ok(None),
                Readiness::Never(why) => {
                    let why =
                        format!("{why} See the conditions of a Factory in docs/operations.md");
                    Err(Stopped::at("factory", why))
                }
            }
        };
        let ready = self.story.wait("factory", self.patience, look).await?;
        let namespace = &self.objects.namespace;
        let seen = "no controller said that it is ready";
        let to_do = format!(
            "does a controller run and lead (its log, /readyz), and is {namespace} its namespace?"
        );
        ready.ok_or_else(|| self.in_vain("factory", seen, &to_do))?;
        let seen = format!("{name} at {url} is ready");
        self.story.good("factory", seen);
        Ok(())
    }

    async fn send(&self) -> Result<(), Stopped> {
        let message = message::message(&self.name);
        let sending = self
            .queue
            .send_apart(&self.name, message.body, &message.attributes);
        let sent = sending.await.map_err(|why| {
            let to_do = match why {
                AwsError::Denied(_) => {
                    "allow sqs:SendMessage on it to this identity (manifests/aws/order-test.json)"
                }
                AwsError::Gone(_) => "create it, or correct RESTOCK_QUEUE_URL",
                _ => "look at network, credentials and region",
            };
            Stopped::at("message", format!("{}: {why}: {to_do}", self.queue.url()))
        })?;
        let url = self.queue.url();
        self.story
            .good("message", format!("sent to {url} as {sent}"));
        Ok(())
    }

    /// Its name.
    async fn await_request(&self) -> Result<String, Stopped> {
        let look = async || {
            self.books.still(&self.name).await?;
            self.objects.request(&self.name).await
        };
        let request = self.story.wait("request", self.patience, look).await?;
        let namespace = &self.objects.namespace;
        let to_do = format!(
            "look at ingest's log, whether it reads this queue into namespace {namespace}, and \
             at the queue's policy. A request that still comes ends as Invalid and is told; \
             nothing is ordered for it"
        );
        let request = request.ok_or_else(|| self.in_vain("request", "none appeared", &to_do))?;
        let name = request.name_any();
        self.story.good("request", format!("{name} is there"));
        Ok(name)
    }

    /// Its callback URL and the order itself.
    async fn await_order(
        &self,
        mut order: TestFactory,
    ) -> Result<(String, serde_json::Value), Stopped> {
        let mut stands = "is gone".to_owned();
        let look = async || {
            match order.try_recv() {
                Ok(order) => return Ok(Some(order)),
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Closed) => return Err(Stopped::at("order", "nobody takes it")),
            }
            self.books.still(&self.name).await?;
            if let Some(request) = self.objects.request(&self.name).await? {
                stands = in_words(&request);
                if is_in(&request, Phase::Failed) {
                    return Err(Stopped::at("order", format!("the request {stands}")));
                }
            }
            Ok(None)
        };
        let order = self.story.wait("order", self.patience, look).await?;
        let seen = format!("none came to {}", self.url);
        let to_do = format!(
            "the request {stands}. Look at the controller's log, and at its way to that URL \
             (Service, NetworkPolicy, DNS)"
        );
        let order = order.ok_or_else(|| self.in_vain("order", &seen, &to_do))?;
        let url = factory::callback_url(&order, &self.books.sku);
        let url = url.map_err(|why| Stopped::at("order", why))?;
        self.story.good("order", format!("came to {}", self.url));
        Ok((url, order))
    }

    async fn call_back(&self, (url, order): (String, serde_json::Value)) -> Result<(), Stopped> {
        tokio::time::sleep(CALLBACK_AFTER).await;
        let base = factory::base(&url).unwrap_or_default();
        let answer = call_back(&url, &order).await;
        let by_receiver = answer.as_ref().is_ok_and(|answer| answer.by_receiver);
        let why = match answer.map(|answer| answer.status) {
            Ok(200) if by_receiver => {
                self.story.good("callback", format!("{base} took it"));
                return Ok(());
            }
            Ok(202) if by_receiver => {
                let seen = "parked it: its ledger does not answer, a receiver books it later";
                self.story.good("callback", format!("{base} {seen}"));
                return Ok(());
            }
            Ok(404) => "answered 404: it leads to no receiver, or to one with other callback \
                        keys than the controller's"
                .to_owned(),
            Ok(503) => {
                "answered 503: its receiver can neither book nor park; see its /readyz".to_owned()
            }
            Ok(status) => format!("answered {status}, and not as a receiver does"),
            Err(why) => format!("did not answer: {why}"),
        };
        let why = format!(
            "{base} {why}. Factories call this URL back: it must lead to the Service of the \
             receiver (RESTOCK_CALLBACK_URL of the controller; Ingress, DNS, certificate), also \
             from here"
        );
        Err(Stopped::at("callback", why))
    }

    async fn await_goods(&self, request: &str) -> Result<(), Stopped> {
        let mut stands = "is gone".to_owned();
        let look = async || {
            self.books.still(&self.name).await?;
            let Some(object) = self.objects.request(&self.name).await? else {
                return Ok(None);
            };
            stands = in_words(&object);
            if is_in(&object, Phase::Failed) {
                return Err(Stopped::at("goods", format!("the request {stands}")));
            }
            // Deleted before the controller has seen to that, they would be told as goods of
            // nobody.
            let goods = self.books.arrived(request).await?;
            let recorded = goods.is_some_and(|goods| goods.recorded);
            let finished = object.status.is_some_and(|status| status.finished);
            Ok((recorded && finished).then_some(()))
        };
        let arrived = self.story.wait("goods", self.patience, look).await?;
        if arrived.is_none() {
            let booked = match self.books.arrived(request).await? {
                Some(_) => "the ledger has them: look at the controller's log",
                None => {
                    "the ledger of this test has none: look at the receiver's log, and whether \
                     it uses the same ledger"
                }
            };
            let to_do = format!("the request {stands}; {booked}");
            return Err(self.in_vain("goods", "none were shown", &to_do));
        }
        self.story.good("goods", format!("{request} {stands}"));
        let stock = self.books.stock().await?;
        // Late goods of an earlier run may have come too.
        if stock < i64::from(QUANTITY) {
            let why = format!("{QUANTITY} arrived, and the stock is {stock}");
            return Err(Stopped::at("stock", why));
        }
        self.story.good("stock", format!("rose from 0 to {stock}"));
        Ok(())
    }

    fn in_vain(&self, step: &'static str, seen: &str, to_do: &str) -> Stopped {
        let waited = self.patience.as_secs();
        Stopped::at(step, format!("{seen} within {waited} s: {to_do}"))
    }
}

fn is_in(request: &RestockRequest, phase: Phase) -> bool {
    let status = request.status.as_ref();
    status.is_some_and(|status| status.phase == phase)
}

/// As in "the request is Failed (Refused): …".
fn in_words(request: &RestockRequest) -> String {
    let status = request.status.clone().unwrap_or_default();
    let reason = status.reason.map_or("", |reason| reason.as_str());
    let message = status.message.unwrap_or_default();
    let more = if message.is_empty() { "" } else { ": " };
    format!("is {} ({reason}){more}{message}", status.phase.as_str())
}
