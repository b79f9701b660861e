//! Dead letters of all kinds, and how some of them die again.

use super::told::Told;
use crate::PATIENCE;
use crate::stock_queue::{Attributes, StockQueue, attributes};
use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::MessageAttributeValue;
use futures::{StreamExt as _, stream};
use restock_operator::edge::aws;
use restock_operator::edge::sqs::Whole;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::timeout;

/// Sent at a time.
const AT_A_TIME: usize = 20;

/// How long those are hidden that are looked at for a redrive.
const HOLD: Duration = Duration::from_secs(10);

/// The body of those that are equal, come at any time and are never redriven.
const TWIN: &str = "the donuts are gone!";

/// Which message has which death.
pub(super) type Deaths = BTreeMap<String, u32>;

/// A tenth of them is of each kind. What only SQS names is known by its content.
fn letter(number: usize) -> (String, Attributes) {
    let none = Attributes::new();
    let named = attributes(&[("EventId", &format!("event-{number}"))]);
    let order = |rest: &str| format!(r#"{{"MessageAttributeProductId": "CP-1"{rest}}}"#);
    match number % 10 {
        0 => (format!("junk {number}"), named),
        1 => (order(""), named),
        2 => ("equal, and none of them has an id".to_owned(), none),
        3 => (order(r#", "MessageAttributeProductCnt": -1"#), named),
        4 => {
            let count = format!(r#", "MessageAttributeProductCnt": "{number} or so""#);
            (order(&count), none)
        }
        5 => {
            let steers = "\u{9b}2J\u{202e}\r\n  x message owned sent\u{2028}Bcc: x@example.com";
            (format!("{steers} {number}"), none)
        }
        6 => {
            let bytes = (0..512).map(|at| 0x80 + (number * 31 + at * at) as u32 % 0x80);
            (bytes.filter_map(char::from_u32).collect(), none)
        }
        7 => (format!("[{}{number}]", "0,".repeat(4_096)), named),
        8 => (
            format!("junk {number}"),
            attributes(&[("EventId", &format!("no id {number}"))]),
        ),
        _ => (TWIN.to_owned(), none),
    }
}

/// Buries so many of them.
pub(super) async fn bury(queues: &StockQueue, letters: usize) -> Deaths {
    bury_each(queues, (0..letters).map(letter)).await
}

/// Buries so many that are equal to others which lie there.
pub(super) async fn bury_twins(queues: &StockQueue, letters: usize) -> Deaths {
    let twin = || (TWIN.to_owned(), Attributes::new());
    bury_each(queues, (0..letters).map(|_| twin())).await
}

async fn bury_each(
    queues: &StockQueue,
    letters: impl Iterator<Item = (String, Attributes)>,
) -> Deaths {
    let client = aws_sdk_sqs::Client::new(&aws::config().await.unwrap());
    let burying = letters.map(|(body, attributes)| {
        let raw = MessageAttributeValue::builder()
            .data_type("Binary")
            .binary_value(Blob::new([0, 0x1b, 0xff]));
        let send = client.send_message().queue_url(queues.dead.url());
        let mut send = send.message_attributes("raw", raw.build().unwrap());
        for (name, value) in attributes {
            let value = MessageAttributeValue::builder()
                .data_type("String")
                .string_value(value);
            send = send.message_attributes(name, value.build().unwrap());
        }
        let send = send.message_body(body).send();
        async move { (send.await.unwrap().message_id.unwrap(), 1) }
    });
    stream::iter(burying).buffered(AT_A_TIME).collect().await
}

/// Sends so many of these letters back, of those that were told, as `kubectl restock dlq redrive` does: a copy, which
/// keeps the id that only SQS gave it, and then away with the original. They die again; the
/// answer has the copies.
pub(super) async fn redrive(
    queues: &StockQueue,
    told: &Told,
    letters: &Deaths,
    count: usize,
) -> Deaths {
    let mut sent = BTreeMap::new();
    let mut held = Vec::new();
    let sending = async {
        while sent.len() < count {
            let wait = Duration::from_secs(1);
            let met = queues.dead.receive_whole(10, wait, HOLD).await.unwrap();
            let told = told.letters();
            for whole in met {
                let id = &whole.message.message_id;
                if sent.len() < count
                    && letters.contains_key(id)
                    && told.contains_key(id)
                    && is_to_return(&whole)
                {
                    sent.insert(send_back(queues, &whole).await, letters[id] + 1);
                } else {
                    held.push(whole.message.receipt);
                }
            }
        }
    };
    timeout(2 * PATIENCE, sending).await.expect("they are met");
    for batch in held.chunks(10) {
        let batch: Vec<&str> = batch.iter().map(String::as_str).collect();
        let given = queues.dead.change_visibility_batch(&batch, Duration::ZERO);
        given.await.unwrap();
    }
    let new_ids = let_die(queues).await;
    assert_eq!(new_ids.len(), count);
    let deaths = sent.into_iter();
    deaths
        .map(|(event, death)| (new_ids[&event].clone(), death))
        .collect()
}

/// Not what is known by its content when it comes back: nobody is told of it again for minutes,
/// while an equal one may be hidden.
fn is_to_return(whole: &Whole) -> bool {
    let message = &whole.message;
    match message.attributes.get("EventId") {
        Some(event) => !event.contains(' ') && !message.body.starts_with('['),
        None => message.body != TWIN,
    }
}

/// Answers the event id that it has from now on.
async fn send_back(queues: &StockQueue, whole: &Whole) -> String {
    let message = &whole.message;
    let event = message.attributes.get("EventId");
    let keeps = event
        .is_none()
        .then_some(("EventId", message.message_id.as_str()));
    queues.queue.send_copy(whole, keeps).await.unwrap();
    let failed = queues.dead.delete_batch(&[&message.receipt]).await.unwrap();
    assert_eq!(failed, []);
    event.unwrap_or(&message.message_id).clone()
}

/// Receives what is in the queue until its redrive policy has taken it; the new message ids, by
/// event id.
async fn let_die(queues: &StockQueue) -> BTreeMap<String, String> {
    let mut ids = BTreeMap::new();
    let dying = async {
        while queues.depth().await > 0 {
            let wait = Duration::from_millis(0);
            let met = queues.queue.receive(10, wait, Some(wait)).await.unwrap();
            for one in met {
                ids.insert(one.attributes["EventId"].clone(), one.message_id);
            }
        }
    };
    timeout(PATIENCE, dying).await.expect("they die");
    ids
}

/// The ids of all that lie there, once nobody hides any.
pub(super) async fn lying(queues: &StockQueue) -> Vec<String> {
    let mut ids = Vec::new();
    let counting = async {
        while queues.dead.attributes().await.unwrap().messages_in_flight > 0 {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        let wait = Duration::from_secs(1);
        loop {
            let met = queues.dead.receive(10, wait, Some(2 * PATIENCE)).await;
            let met = met.unwrap();
            if met.is_empty() {
                return;
            }
            ids.extend(met.into_iter().map(|one| one.message_id));
        }
    };
    timeout(2 * PATIENCE, counting).await.expect("it ends");
    ids.sort_unstable();
    ids
}
