//! What was published, and how often.

use super::letters::Deaths;
use restock_operator::edge::sqs::Queue;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Notices by their ids: how often each came, and its letters.
#[derive(Clone, Default)]
pub(super) struct Told {
    notices: Arc<Mutex<BTreeMap<String, (u32, Deaths)>>>,
}

impl Told {
    /// Reads a mailbox for ever.
    pub(super) async fn read(self, mailbox: Queue) {
        loop {
            let wait = Duration::from_secs(1);
            for one in mailbox.receive(10, wait, None).await.unwrap() {
                self.add(&serde_json::from_str(&one.body).unwrap());
                mailbox.delete_batch(&[&one.receipt]).await.unwrap();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, (u32, Deaths)>> {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, notice: &Value) {
        let id = notice["MessageAttributes"]["NoticeId"]["Value"].as_str();
        let text = notice["Message"].as_str().unwrap();
        let letters: Deaths = text.lines().filter_map(death).collect();
        let count = &notice["MessageAttributes"]["NoticeCount"]["Value"];
        assert_eq!(*count, letters.len().to_string(), "{text}");
        let mut notices = self.lock();
        let known = notices.entry(id.unwrap().to_owned());
        let (times, known) = known.or_insert_with(|| (0, letters.clone()));
        *times += 1;
        assert_eq!(*known, letters, "the same notice says the same");
    }

    /// The letters that were told.
    pub(super) fn letters(&self) -> Deaths {
        let notices = self.lock();
        let letters = notices.values().flat_map(|(_, letters)| letters.clone());
        letters.collect()
    }

    /// How many letters are in all notices, each notice counted once.
    pub(super) fn lines(&self) -> usize {
        self.lock().values().map(|(_, letters)| letters.len()).sum()
    }

    /// How many notices came that had come before.
    pub(super) fn repeats(&self) -> u32 {
        self.lock().values().map(|(times, _)| times - 1).sum()
    }
}

/// The message of a line about a letter, and the number of its death.
fn death(line: &str) -> Option<(String, u32)> {
    let mut words = line.strip_prefix("  ")?.split(' ');
    let message = words.nth(1).filter(|word| *word == "message");
    let id = message.and_then(|_| words.next())?;
    let death = match line.split_once(", again (death ") {
        Some((_, death)) => death.strip_suffix(')')?.parse().ok()?,
        None => 1,
    };
    Some((id.to_owned(), death))
}
