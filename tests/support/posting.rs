//! Orders sent to a scripted server, and what came of them.

use crate::raw_server::{RawServer, Seen, Step};
use futures::future::join_all;
use restock_operator::domain::progress::Answer;
use restock_operator::edge::factory::{AllowList, FactoryClient, Target};
use restock_operator::process::install_tls;
use serde_json::json;
use std::time::{Duration, Instant};

/// A time-out for what ends by itself: only a mistake waits for it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A time-out for what only a time-out ends.
pub(crate) const SHORT: Duration = Duration::from_millis(800);

/// How much longer than its time-out a call may take on a busy machine.
const SLACK: Duration = Duration::from_secs(4);

/// More of a reason than anybody reads.
const WORDS_MAX: usize = 200;

/// Where the order goes, with nothing special about it.
pub(crate) fn target(url: String) -> Target {
    Target {
        url,
        connect_timeout: PATIENCE,
        total_timeout: PATIENCE,
        headers: None,
        allow_insecure: true,
    }
}

pub(crate) fn allow(entries: &[&str]) -> AllowList {
    let entries: Vec<_> = entries.iter().map(|entry| (*entry).to_owned()).collect();
    AllowList::parse(&entries).unwrap()
}

/// A client that may go to this host.
pub(crate) fn client(target: &Target) -> FactoryClient {
    install_tls();
    FactoryClient::new(target, &allow(&["127.0.0.1"])).unwrap()
}

/// One order; its answer without its words, which no program may go by.
pub(crate) async fn post(client: &FactoryClient) -> Answer {
    let order = json!({ "MessageAttributeProductId": "DONUT-1" });
    bare(client.post(&order, None).await)
}

pub(crate) fn bare(answer: Answer) -> Answer {
    let (answer, why) = match answer {
        Answer::NotSent(why) => (Answer::NotSent(String::new()), why),
        Answer::InDoubt(why) => (Answer::InDoubt(String::new()), why),
        other => return other,
    };
    let plain = !why.is_empty() && !why.contains(char::is_control);
    assert!(plain && why.chars().count() <= WORDS_MAX, "{why:?}");
    answer
}

pub(crate) const fn not_sent() -> Answer {
    Answer::NotSent(String::new())
}

pub(crate) const fn in_doubt() -> Answer {
    Answer::InDoubt(String::new())
}

pub(crate) fn placed(order_id: Option<&str>) -> Answer {
    let order_id = order_id.map(str::to_owned);
    Answer::Placed { order_id }
}

pub(crate) const fn refused(status: u16) -> Answer {
    let status = Some(status);
    Answer::Refused { status }
}

pub(crate) const fn throttled(seconds: u64) -> Answer {
    let retry_after = Duration::from_secs(seconds);
    Answer::Throttled { retry_after }
}

/// A status line with these header lines, and a body of the right length.
pub(crate) fn response(status: &str, headers: &[&str], body: &str) -> Vec<u8> {
    let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n{body}").into_bytes()
}

/// One thing that a factory may do with an order, and what it means.
pub(crate) struct Row {
    name: String,
    script: Vec<Step>,
    total_timeout: Duration,
    meaning: Answer,
}

impl Row {
    /// Reads the order, then does this.
    pub(crate) fn new(name: impl Into<String>, then: Vec<Step>, meaning: Answer) -> Self {
        Self {
            name: name.into(),
            script: [vec![Step::Read], then].concat(),
            total_timeout: PATIENCE,
            meaning,
        }
    }

    /// Reads the order, answers, and waits for another one, which must not come.
    pub(crate) fn answer(name: impl Into<String>, answer: Vec<u8>, meaning: Answer) -> Self {
        Self::new(name, vec![Step::Write(answer), Step::Hang], meaning)
    }

    /// Only the time-out ends it.
    pub(crate) fn ends_by_time(self) -> Self {
        Self {
            total_timeout: SHORT,
            ..self
        }
    }

    async fn prepare(self) -> (Self, RawServer, FactoryClient) {
        let server = RawServer::start(self.script.clone()).await;
        let client = client(&Target {
            total_timeout: self.total_timeout,
            ..target(server.url("http"))
        });
        (self, server, client)
    }

    async fn check(self, server: RawServer, client: FactoryClient) {
        let name = self.name;
        let begun = Instant::now();
        let answer = post(&client).await;
        let took = begun.elapsed();
        assert_eq!(answer, self.meaning, "{name}");
        let in_time = took < self.total_timeout + SLACK;
        let by_itself = self.total_timeout == SHORT || took < PATIENCE;
        assert!(in_time && by_itself, "{name}: {took:?}");
        assert_one_order(&name, &server.finish().await);
    }
}

/// Each row at once, each with a server of its own: whatever the factory does, it must
/// have seen exactly one connection and one order.
pub(crate) async fn check(rows: Vec<Row>) {
    assert!(!rows.is_empty());
    // All clients first: to build one takes long, and no time-out may run meanwhile.
    let ready = join_all(rows.into_iter().map(Row::prepare)).await;
    let checks = ready.into_iter();
    join_all(checks.map(|(row, server, client)| row.check(server, client))).await;
}

pub(crate) fn assert_one_order(name: &str, seen: &Seen) {
    let counts = (seen.connections, seen.requests.len());
    assert_eq!(counts, (1, 1), "{name}: connections and orders");
    let request = &seen.requests[0];
    assert!(
        request.starts_with("POST /api/manufactures HTTP/1.1\r\n"),
        "{name}: {request}"
    );
    assert!(request.ends_with("{\"MessageAttributeProductId\":\"DONUT-1\"}"));
}
