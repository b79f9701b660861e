//! The laws of a request's life, asked of what happened: of every version of the objects, of the
//! factory's book, of the ledger, and of the mailbox of the operations team.

use crate::raced::Voice;
use crate::support::shop::Shop;
use futures::StreamExt as _;
use kube::ResourceExt as _;
use kube::runtime::watcher::{self, Event, watcher};
use restock_operator::crd::request::{RestockRequest, to_progress, to_request};
use restock_operator::domain::arrival::{Claims, KeyRing};
use restock_operator::domain::notice::{due, id_of};
use restock_operator::domain::order::RequestId;
use restock_operator::domain::progress::{Phase, Progress, Reason};
use restock_operator::domain::word::{Handled, Resolution, Verb};
use restock_operator::edge::store::attempts::LedgerReading;
use restock_operator::process::clock;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// The keys of the shop's roles.
const KEY: &str = "k1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// Notices of surplus follow the goods within seconds; more often than this nobody looks.
const TOLD_WITHIN: Duration = Duration::from_secs(20);

/// Attempts of a Factory that sets nothing.
const ATTEMPTS_MAX: u32 = 1;

/// Sees every version of every request.
pub(crate) struct Witness {
    seen: Arc<Mutex<Vec<RestockRequest>>>,
    watching: JoinHandle<()>,
}

impl Witness {
    pub(crate) fn watch(shop: &Shop) -> Self {
        let seen = Arc::<Mutex<Vec<RestockRequest>>>::default();
        let events = watcher(shop.requests(), watcher::Config::default());
        let notes = Arc::clone(&seen);
        let watching = tokio::spawn(events.for_each(move |event| {
            if let Ok(Event::Apply(object) | Event::InitApply(object)) = event {
                notes.lock().unwrap().push(object);
            }
            std::future::ready(())
        }));
        Self { seen, watching }
    }
}

/// What happened to one request.
struct Life {
    name: String,
    id: RequestId,
    versions: Vec<(Option<Resolution>, Progress)>,
    ledger: LedgerReading,
}

impl Life {
    fn end(&self) -> &Progress {
        &self.versions.last().unwrap().1
    }

    /// The words that were said, and those that were answered, each as often as it appeared anew.
    fn words(&self) -> (Vec<Resolution>, Vec<Handled>) {
        let (mut said, mut handled): (Vec<Resolution>, Vec<Handled>) = Default::default();
        for (word, progress) in &self.versions {
            said.extend(word.clone().filter(|word| said.last() != Some(word)));
            let answer = progress.handled_resolution.clone();
            handled.extend(answer.filter(|one| handled.last() != Some(one)));
        }
        (said, handled)
    }

    /// How many further orders people have asked for.
    fn asked_again(&self) -> usize {
        let done = self
            .words()
            .1
            .into_iter()
            .filter(|one| one.refusal.is_none());
        done.filter(|one| matches!(one.word.verb, Verb::NotPlaced | Verb::Retry))
            .count()
    }

    /// The ids of its ends that people are to be told of; those that stood to the end of the
    /// telling alone, or all.
    fn endings(&self, told: bool) -> impl Iterator<Item = String> {
        let ended = self
            .versions
            .iter()
            .filter(move |(_, one)| one.finished || !told);
        let ids = ended.filter_map(|(_, one)| Some(id_of(&self.id, due(one)?, one)));
        ids.collect::<BTreeSet<_>>().into_iter()
    }
}

/// All that is known at the end.
pub(crate) struct Laws<'a> {
    shop: &'a Shop,
    voices: Vec<Voice>,
    lives: Vec<Life>,
    /// What the factory's book has, by the callback URLs.
    orders: Vec<Claims>,
}

impl<'a> Laws<'a> {
    pub(crate) async fn gather(shop: &'a Shop, witness: Witness, voices: Vec<Voice>) -> Self {
        // The watch may be a moment behind what was read.
        tokio::time::sleep(Duration::from_secs(1)).await;
        witness.watching.abort();
        let seen = std::mem::take(&mut *witness.seen.lock().unwrap());
        let mut objects: BTreeMap<String, Vec<RestockRequest>> = BTreeMap::new();
        for object in seen {
            objects.entry(object.name_any()).or_default().push(object);
        }
        let mut lives = Vec::new();
        for (name, objects) in objects {
            let id = to_request(&objects[0]).unwrap().id;
            let version = |object| {
                (
                    to_request(object).unwrap().resolution,
                    to_progress(object).unwrap(),
                )
            };
            lives.push(Life {
                ledger: shop.ledger.view(&id).await.unwrap(),
                versions: objects.iter().map(version).collect(),
                name,
                id,
            });
        }
        let orders = shop.orders().await.iter().map(claims).collect();
        Self {
            shop,
            voices,
            lives,
            orders,
        }
    }

    /// After so many kills of a controller.
    pub(crate) async fn hold(&self, kills: usize) {
        // A race that one side alone has run proves nothing.
        let heard = |code| self.voices.iter().any(|voice| voice.said.code == code);
        assert!(heard(0) && heard(5));
        for life in &self.lives {
            self.each_order_had_its_reason(life);
            each_end_is_true(life);
            self.each_word_was_answered_once(life);
        }
        self.stock_rose_once_for_each_arrival().await;
        self.each_end_was_told_under_one_id(kills).await;
    }

    /// S2 and S3.
    fn each_order_had_its_reason(&self, life: &Life) {
        let orders: Vec<_> = self
            .orders
            .iter()
            .filter(|one| one.request_id == life.id)
            .collect();
        let attempts: BTreeSet<u32> = orders.iter().map(|one| one.attempt).collect();
        assert_eq!(
            attempts.len(),
            orders.len(),
            "{}: one POST an attempt",
            life.name
        );
        for order in &orders {
            let mut rows = life.ledger.rows.iter();
            let row = rows.find(|row| row.attempt == order.attempt);
            let nonce = row.map(|row| &row.nonce);
            assert_eq!(
                nonce,
                Some(&order.nonce),
                "{}: who announced it sent it",
                life.name
            );
        }
        let again = life.asked_again();
        assert!(
            orders.len() <= 1 + again,
            "{}: {} orders, {again} asked for",
            life.name,
            orders.len()
        );
        let counted = life.ledger.rows.iter().filter(|row| row.outcome.counts());
        let bound = ATTEMPTS_MAX + life.end().retries;
        assert!(
            counted.count() <= bound as usize,
            "{}: over {bound}",
            life.name
        );
    }

    /// Each word on the object has one answer, the same that its speaker heard.
    fn each_word_was_answered_once(&self, life: &Life) {
        let (said, handled) = life.words();
        for voice in self.voices.iter().filter(|voice| voice.name == life.name) {
            let times = said
                .iter()
                .filter(|word| word.reason == voice.reason)
                .count();
            let mut answers = handled.iter().filter(|one| one.word.reason == voice.reason);
            let (answer, further) = (answers.next(), answers.next());
            assert!(
                times <= 1 && further.is_none(),
                "{}: {said:?} {handled:?}",
                life.name
            );
            let heard = (voice.said.code, answer.map(|one| one.refusal.is_none()));
            let is_right = match heard {
                (0, Some(true)) | (5, Some(false)) => times == 1,
                // It was not said: the rules were against it, or another word was faster.
                (1 | 5, None) => times == 0,
                // It was answered, and the next one's answer stands there since.
                (5, Some(true)) => voice.said.err.contains("was taken back, or another word"),
                // Said in the moment of the end: refused within a minute from then, when nobody
                // waits any more.
                (6, _) => times == 1,
                _ => false,
            };
            assert!(
                is_right,
                "{}: {heard:?} {times}: {:?} {handled:?}",
                life.name, voice.said
            );
        }
    }

    /// S4, S5 and S7.
    async fn stock_rose_once_for_each_arrival(&self) {
        let mut rose = 0;
        for life in &self.lives {
            let ordered = self.orders.iter().filter(|one| one.request_id == life.id);
            let ordered: BTreeSet<u32> = ordered.map(|one| one.attempt).collect();
            let arrived: Vec<u32> = life.ledger.arrivals.iter().map(|one| one.attempt).collect();
            let distinct: BTreeSet<u32> = arrived.iter().copied().collect();
            assert_eq!(arrived.len(), distinct.len(), "{}", life.name);
            assert_eq!(
                distinct, ordered,
                "{}: each order was called back",
                life.name
            );
            rose += life
                .ledger
                .arrivals
                .iter()
                .map(|one| i64::from(one.quantity.get()))
                .sum::<i64>();
        }
        assert_eq!(self.shop.stock().await, 10 + rose);
    }

    /// S6, and the counts of notices.
    async fn each_end_was_told_under_one_id(&self, kills: usize) {
        let surplus = self
            .lives
            .iter()
            .map(|one| one.ledger.arrivals.len().saturating_sub(1));
        let mailbox = Mailbox::read(self.shop, surplus.sum()).await;
        let ends = |told| {
            self.lives
                .iter()
                .flat_map(move |life| life.endings(told))
                .collect()
        };
        let (told, all): (BTreeSet<String>, BTreeSet<String>) = (ends(true), ends(false));
        let heard: BTreeSet<String> = mailbox.ids(&["failed", "resolved"]);
        assert!(
            told.is_subset(&heard),
            "not heard of: {:?}",
            told.difference(&heard)
        );
        assert!(
            heard.is_subset(&all),
            "no ends: {:?}",
            heard.difference(&all)
        );
        assert_eq!(
            mailbox.ids(&["failed", "resolved", "surplus"]),
            mailbox.all()
        );
        for (id, (_, times)) in &mailbox.0 {
            assert!(*times <= 1 + kills, "{id}: told {times} times");
        }
    }
}

/// S6: an end is what the ledger says.
fn each_end_is_true(life: &Life) {
    let end = life.end();
    let arrived = !life.ledger.arrivals.is_empty();
    let is_true = match (end.phase, end.reason) {
        (Phase::Succeeded, _) => arrived,
        (Phase::Failed, Reason::Cancelled) => !arrived && life.ledger.rows.is_empty(),
        // The controller died with it in its hands, and the factory never had it.
        (Phase::Failed, Reason::OrderOutcomeUnknown) => !arrived,
        _ => false,
    };
    assert!(
        is_true && end.finished,
        "{}: {end:?}, arrived: {arrived}",
        life.name
    );
}

fn claims(order: &Value) -> Claims {
    let url = order["body"]["CallbackUrl"].as_str().unwrap();
    let path = reqwest::Url::parse(url).unwrap().path().to_owned();
    let ring = KeyRing::parse(KEY).unwrap();
    ring.verify_path(&path, clock::now()).unwrap()
}

/// Each notice id, its kind, and how often it came.
struct Mailbox(BTreeMap<String, (String, usize)>);

impl Mailbox {
    /// Reads until it is empty, and has so many notices of surplus.
    async fn read(shop: &Shop, surplus: usize) -> Self {
        let mut mailbox = Self(BTreeMap::new());
        let until = Instant::now() + TOLD_WITHIN;
        loop {
            let wait = Duration::from_secs(2);
            let messages = shop.mailbox.receive(10, wait, None).await.unwrap();
            for message in &messages {
                mailbox.note(&serde_json::from_str(&message.body).unwrap());
                shop.mailbox
                    .delete_batch(&[&message.receipt])
                    .await
                    .unwrap();
            }
            if messages.is_empty() && mailbox.ids(&["surplus"]).len() == surplus {
                return mailbox;
            }
            assert!(
                Instant::now() < until,
                "{surplus} of surplus, not {:?}",
                mailbox.0
            );
        }
    }

    fn note(&mut self, envelope: &Value) {
        let kind = envelope["MessageAttributes"]["NoticeKind"]["Value"]
            .as_str()
            .unwrap();
        for id in ids(envelope["Message"].as_str().unwrap()) {
            let noted = self.0.entry(id.to_owned()).or_insert((kind.to_owned(), 0));
            assert_eq!(noted.0, kind, "an id is of one kind");
            noted.1 += 1;
        }
    }

    fn ids(&self, kinds: &[&str]) -> BTreeSet<String> {
        let of_kinds = self
            .0
            .iter()
            .filter(|(_, (kind, _))| kinds.contains(&kind.as_str()));
        of_kinds.map(|(id, _)| id.clone()).collect()
    }

    fn all(&self) -> BTreeSet<String> {
        self.0.keys().cloned().collect()
    }
}

/// The ids of a notice: of one, or the first words of the paragraphs about many.
fn ids(text: &str) -> Vec<&str> {
    match text.split_once("\nNotice id, ") {
        Some((_, list)) => {
            let lines = list
                .lines()
                .skip(1)
                .filter(|line| !line.is_empty() && !line.starts_with(' '));
            lines.filter_map(|line| line.split(' ').next()).collect()
        }
        None => {
            let mut lines = text
                .lines()
                .filter_map(|line| line.strip_prefix("Notice id "));
            lines
                .next()
                .and_then(|rest| rest.split(' ').next())
                .into_iter()
                .collect()
        }
    }
}
