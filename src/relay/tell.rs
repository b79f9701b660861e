//! That messages are received by nobody, or not by all that subscribe, told to the operations team
//! once: whichever relay finds it first tells it, and the ledger remembers it until it is over.

use crate::domain::notice::Notice;
use crate::domain::order::short_hash;
use crate::domain::time::Time;
use crate::edge::channels::{Acknowledgements, Channels, in_words};
use crate::edge::store::meta::Once;
use crate::edge::store::{Store, StoreError};
use crate::process::clock;
use std::collections::BTreeMap;

/// What may be wrong with who receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trouble {
    /// Nobody does, and so nothing is published.
    Held,
    /// Somebody does, and a queue that subscribes does not.
    ShutOut,
}

/// Tells the operations team, where there are channels to it.
pub(super) struct Teller {
    store: Store,
    channels: Option<Channels>,
    topic_arn: String,
    /// Kept from try to try: a channel that has acknowledged is not told again because of one
    /// that has not.
    acknowledged: BTreeMap<Trouble, Acknowledgements>,
}

impl Teller {
    pub(super) fn new(store: Store, channels: Option<Channels>, topic_arn: &str) -> Self {
        Self {
            store,
            channels,
            topic_arn: topic_arn.to_owned(),
            acknowledged: BTreeMap::new(),
        }
    }

    /// What the ledger remembers it by.
    fn fact(&self, trouble: Trouble) -> String {
        let topic = short_hash(self.topic_arn.as_bytes());
        format!("relay_{}:{topic}", trouble.word())
    }

    /// Tells it, unless that was done before.
    pub(super) async fn tell(&mut self, trouble: Trouble, to_do: &str) {
        let channels = self.channels.as_ref();
        // To the topic of the messages nothing may be told.
        let Some(channels) = channels.filter(|channels| channels.problem().is_none()) else {
            return;
        };
        let notice = compose(trouble, &self.topic_arn, to_do, clock::now());
        let fact = self.fact(trouble);
        let acknowledged = self.acknowledged.entry(trouble).or_default();
        let tell = async || channels.send(&notice, acknowledged).await;
        match self.store.once(&fact, tell).await {
            Ok(Once::Now) => {
                let notice_id = notice.attributes.get("NoticeId");
                tracing::info!(notice_id, "told who does not receive what is published");
            }
            Ok(Once::Before) => {}
            Ok(Once::Failed(failed)) => {
                let why = in_words(&failed);
                return tracing::warn!(why, "not told yet who does not receive");
            }
            Err(why) => return not_noted(&why),
        }
        self.acknowledged.remove(&trouble);
    }

    /// If it comes to that again, it is told again.
    pub(super) async fn over(&mut self, trouble: Trouble) {
        self.acknowledged.remove(&trouble);
        if let Err(why) = self.store.undo(&self.fact(trouble)).await {
            not_noted(&why);
        }
    }
}

fn not_noted(why: &StoreError) {
    tracing::warn!(%why, "not noted whether it was told who does not receive");
}

impl Trouble {
    const fn word(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::ShutOut => "shut_out",
        }
    }

    const fn subject(self) -> &'static str {
        match self {
            Self::Held => "[restock] out-of-stock messages are held back: nobody receives them",
            Self::ShutOut => "[restock] a queue receives no out-of-stock messages",
        }
    }

    /// Each line begins where the first one does.
    fn what(self, topic_arn: &str) -> [String; 4] {
        let line = str::to_owned;
        match self {
            Self::Held => [
                line("Nobody would receive what is published to"),
                line(topic_arn),
                line("so the relay keeps the out-of-stock messages: none is lost, and no"),
                line("restock is asked for"),
            ],
            Self::ShutOut => [
                line("A queue subscribes and receives nothing of what is published to"),
                line(topic_arn),
                line("Another one receives it, so it is published: if restocks are asked for"),
                line("from this one, what it misses is lost to it"),
            ],
        }
    }

    const fn then(self) -> &'static str {
        match self {
            Self::Held => "They are published by themselves within a minute after that",
            Self::ShutOut => "Or end its subscription, if it is no longer needed",
        }
    }
}

/// The id is the same for all tries of one day, and another one for what comes later.
fn compose(trouble: Trouble, topic_arn: &str, to_do: &str, now: Time) -> Notice {
    const DAY_MICROS: i64 = 24 * 60 * 60 * 1_000_000;
    const BELOW: &str = "\n          ";
    let kind = trouble.word().replace('_', "-");
    let day = now.as_micros().div_euclid(DAY_MICROS);
    let id = short_hash(format!("{kind}/{topic_arn}/{day}").as_bytes());
    let (what, then) = (trouble.what(topic_arn).join(BELOW), trouble.then());
    let text = format!(
        "What      {what}\nNext      {to_do}{BELOW}{then}\n\
         Notice id {id} (the same if this is repeated)\n"
    );
    let attributes = [("NoticeKind", kind.as_str()), ("NoticeCount", "1")];
    let attributes = attributes.into_iter().chain([("NoticeId", id.as_str())]);
    Notice {
        subject: trouble.subject().to_owned(),
        text,
        attributes: attributes
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect(),
    }
}
