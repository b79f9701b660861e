//! That messages are held back, told to the operations team once: whichever relay finds it
//! first tells it, and the ledger remembers it until somebody would receive them again.

use crate::domain::notice::Notice;
use crate::domain::order::short_hash;
use crate::domain::time::Time;
use crate::edge::channels::{Acknowledgements, Channels, in_words};
use crate::edge::store::meta::Once;
use crate::edge::store::{Store, StoreError};
use crate::process::clock;

/// Tells the operations team, where there are channels to it.
pub(super) struct Teller {
    store: Store,
    channels: Option<Channels>,
    topic_arn: String,
    /// Kept from try to try: a channel that has acknowledged is not told again because of one
    /// that has not.
    acknowledged: Acknowledgements,
}

impl Teller {
    pub(super) fn new(store: Store, channels: Option<Channels>, topic_arn: &str) -> Self {
        Self {
            store,
            channels,
            topic_arn: topic_arn.to_owned(),
            acknowledged: Acknowledgements::default(),
        }
    }

    /// What the ledger remembers it by.
    fn fact(&self) -> String {
        format!("relay_held:{}", short_hash(self.topic_arn.as_bytes()))
    }

    /// Tells that nothing is published, unless that was told before.
    pub(super) async fn held(&mut self, to_do: &str) {
        let channels = self.channels.as_ref();
        // To the topic of the messages nothing may be told.
        let Some(channels) = channels.filter(|channels| channels.problem().is_none()) else {
            return;
        };
        let notice = compose(&self.topic_arn, to_do, clock::now());
        let (fact, acknowledged) = (self.fact(), &mut self.acknowledged);
        let tell = async || channels.send(&notice, acknowledged).await;
        match self.store.once(&fact, tell).await {
            Ok(Once::Now) => {
                let notice_id = notice.attributes.get("NoticeId");
                tracing::info!(notice_id, "told that messages are held back");
            }
            Ok(Once::Before) => {}
            Ok(Once::Failed(failed)) => {
                let why = in_words(&failed);
                return tracing::warn!(why, "not told yet that messages are held back");
            }
            Err(why) => return not_noted(&why),
        }
        self.acknowledged.clear();
    }

    /// If it comes to that again, it is told again.
    pub(super) async fn received(&mut self) {
        self.acknowledged.clear();
        if let Err(why) = self.store.undo(&self.fact()).await {
            not_noted(&why);
        }
    }
}

fn not_noted(why: &StoreError) {
    tracing::warn!(%why, "not noted whether it was told that messages are held back");
}

/// The id is the same for all tries of one day, and another one for what comes later.
fn compose(topic_arn: &str, to_do: &str, now: Time) -> Notice {
    const DAY_MICROS: i64 = 24 * 60 * 60 * 1_000_000;
    let day = now.as_micros().div_euclid(DAY_MICROS);
    let id = short_hash(format!("held/{topic_arn}/{day}").as_bytes());
    let text = format!(
        "What      Nobody would receive what is published to\n          {topic_arn}\n          \
         so the relay keeps the out-of-stock messages: none is lost, and no\n          \
         restock is asked for\n\
         Next      {to_do}\n          \
         They are published by themselves within a minute after that\n\
         Notice id {id} (the same if this is repeated)\n"
    );
    let attributes = [("NoticeKind", "held"), ("NoticeCount", "1")];
    let attributes = attributes.into_iter().chain([("NoticeId", id.as_str())]);
    Notice {
        subject: "[restock] out-of-stock messages are held back: nobody receives them".to_owned(),
        text,
        attributes: attributes
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect(),
    }
}
