//! Any 2xx means that the factory has the order, whatever follows the status line.

use crate::posting::{Row, check, placed, response};
use crate::raw_server::Step;
use std::time::Duration;

/// What the legacy factory answers, misspelling included.
const BODY: &str = r#"{"data":{"id":"3f0c5b1e-77","reqestor":"shop","data":{"a":"b"}}}"#;

const ID: Option<&str> = Some("3f0c5b1e-77");

fn cut(body: &str) -> Vec<u8> {
    let mut whole = response("201 Created", &[], body);
    whole.truncate(whole.len() - body.len() / 2);
    whole
}

#[tokio::test]
async fn every_2xx_is_an_order() {
    let mut rows: Vec<Row> = [
        "200 OK",
        "201 Created",
        "202 Accepted",
        "206 Partial",
        "299 ",
    ]
    .map(|status| Row::answer(status, response(status, &[], BODY), placed(ID)))
    .into();
    let bodiless = b"HTTP/1.1 204 No Content\r\n\r\n".to_vec();
    rows.push(Row::answer("204", bodiless, placed(None)));
    check(rows).await;
}

#[tokio::test]
async fn no_body_can_undo_an_order() {
    let huge = format!("{{\"id\":\"A-1\",\"more\":\"{}\"}}", "x".repeat(1 << 20));
    let refusal = r#"{"error":"refused","status":400}"#;
    let chunked = b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nnot a chunk";
    let rows = vec![
        Row::new(
            "cut, then closed",
            vec![Step::Write(cut(BODY))],
            placed(None),
        ),
        Row::new(
            "cut, then reset",
            vec![Step::Write(cut(BODY)), Step::Reset],
            placed(None),
        ),
        Row::answer("huge", response("201 Created", &[], &huge), placed(None)),
        Row::answer(
            "garbage",
            response("201 Created", &[], "\u{0}<]"),
            placed(None),
        ),
        Row::answer("a refusal", response("200 OK", &[], refusal), placed(None)),
        Row::answer("empty", response("201 Created", &[], ""), placed(None)),
        Row::answer("garbled chunks", chunked.to_vec(), placed(None)),
        Row::answer("never finished", cut(BODY), placed(None)).ends_by_time(),
        drips(),
    ];
    check(rows).await;
}

/// Each byte in time, the whole never: progress must not stretch the time-out.
fn drips() -> Row {
    let head = b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n".to_vec();
    let drip = || {
        [
            Step::Write(b" ".to_vec()),
            Step::Wait(Duration::from_millis(200)),
        ]
    };
    let drips = std::iter::repeat_with(drip).take(100).flatten();
    let script = std::iter::once(Step::Write(head)).chain(drips).collect();
    Row::new("a body in drips", script, placed(None)).ends_by_time()
}

#[tokio::test]
async fn a_step_before_the_answer_is_no_answer() {
    let created = || Step::Write(response("201 Created", &[], BODY));
    let rows = ["100 Continue", "102 Processing", "103 Early Hints"].map(|interim| {
        let interim_line = format!("HTTP/1.1 {interim}\r\n\r\n").into_bytes();
        let script = vec![
            Step::Write(interim_line),
            Step::Wait(Duration::from_millis(50)),
            created(),
            Step::Hang,
        ];
        Row::new(interim, script, placed(ID))
    });
    check(rows.into()).await;
}

#[tokio::test]
async fn the_id_of_the_order_is_read_where_it_is_one() {
    let padded = format!("{{\"id\":\"A-1\",\"more\":\"{}\"}}", "x".repeat(60 << 10));
    let longest = format!("{{\"id\":\"{}\"}}", "9".repeat(64));
    let bodies = [
        (r#"{"data":{"id":"A-1"}}"#, Some("A-1")),
        (r#"{"id":"A-1"}"#, Some("A-1")),
        (r#"{"id":"other","data":{"id":"A-1"}}"#, Some("A-1")),
        (padded.as_str(), Some("A-1")),
        (longest.as_str(), Some(&longest[7..71])),
    ];
    let rows = bodies.map(|(body, id)| {
        let name: String = body.chars().take(60).collect();
        Row::answer(name, response("201 Created", &[], body), placed(id))
    });
    check(rows.into()).await;
}

#[tokio::test]
async fn a_hostile_id_is_none() {
    let long = format!("{{\"id\":\"{}\"}}", "9".repeat(65));
    let deep = "[".repeat(10_000);
    let bodies = [
        r#"{"data":{"id":"1; DROP TABLE product"}}"#,
        r#"{"id":"<b>1</b>"}"#,
        r#"{"id":"1\n2"}"#,
        r#"{"id":"\u202e1"}"#,
        r#"{"id":"도넛"}"#,
        r#"{"id":""}"#,
        r#"{"id":{"id":"1"}}"#,
        r#"{"id":null}"#,
        r#"["1"]"#,
        long.as_str(),
        deep.as_str(),
    ];
    let rows = bodies.map(|body| {
        let name: String = body.chars().take(60).collect();
        Row::answer(name, response("201 Created", &[], body), placed(None))
    });
    check(rows.into()).await;
}
