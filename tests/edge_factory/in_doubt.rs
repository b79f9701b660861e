//! Whatever else may happen once the order may have left: nobody knows, and it is never
//! sent again.

use crate::posting::{Row, check, in_doubt, response};
use crate::raw_server::Step;
use std::time::Duration;

/// A script after the order was read: these bytes, then this.
fn after(bytes: &[u8], end: Option<Step>) -> Vec<Step> {
    let mut steps = vec![Step::Write(bytes.to_vec())];
    steps.extend(end);
    steps
}

#[tokio::test]
async fn errors_of_the_factory_say_nothing_about_the_order() {
    let statuses = [
        "408 Request Timeout",
        "425 Too Early",
        "500 Internal Server Error",
        "501 Not Implemented",
        "502 Bad Gateway",
        "504 Gateway Timeout",
        "507 Insufficient Storage",
        "599 Odd",
        "999 Odder",
    ];
    let mut rows = Vec::new();
    for status in statuses {
        rows.push(Row::answer(
            status,
            response(status, &[], "{\"id\":\"A-1\"}"),
            in_doubt(),
        ));
        // Only a 429 and a 503 may ask for another try.
        let later = response(status, &["Retry-After: 5"], "");
        rows.push(Row::answer(status, later, in_doubt()));
    }
    let upgrade = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
    rows.push(Row::answer("101", upgrade.to_vec(), in_doubt()));
    check(rows).await;
}

#[tokio::test]
async fn an_end_before_the_answer_is_no_answer() {
    let rows = vec![
        Row::new("reset", vec![Step::Reset], in_doubt()),
        Row::new("closed", vec![], in_doubt()),
        Row::new(
            "status line cut, closed",
            after(b"HTTP/1.1 20", None),
            in_doubt(),
        ),
        Row::new(
            "status line cut, reset",
            after(b"HTTP/1.1 20", Some(Step::Reset)),
            in_doubt(),
        ),
        Row::new(
            "headers cut",
            after(b"HTTP/1.1 201 Created\r\nContent-Le", None),
            in_doubt(),
        ),
        Row::new(
            "closed after an interim answer",
            after(b"HTTP/1.1 100 Continue\r\n\r\n", None),
            in_doubt(),
        ),
    ];
    check(rows).await;
}

#[tokio::test]
async fn an_answer_in_another_language_is_no_answer() {
    let answers: [(&str, &[u8]); 7] = [
        ("garbage", b"\x00\xff\xfe garbage\r\n\r\n"),
        ("no status code", b"HTTP/1.1 OK\r\n\r\n"),
        ("a code of four digits", b"HTTP/1.1 2010 Created\r\n\r\n"),
        ("HTTP/2", b"HTTP/2 201\r\n\r\n"),
        ("another protocol", b"220 mail.example ESMTP\r\n"),
        (
            "a status line only of HTML",
            b"<html>201 Created</html>\r\n\r\n",
        ),
        (
            "a header without a name",
            b"HTTP/1.1 201 Created\r\n: x\r\n\r\n",
        ),
    ];
    let rows = answers.map(|(name, bytes)| Row::answer(name, bytes.to_vec(), in_doubt()));
    check(rows.into()).await;
}

#[tokio::test]
async fn silence_is_no_answer() {
    let drip: Vec<Step> = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"
        .iter()
        .flat_map(|byte| [Step::Write(vec![*byte]), Step::Wait(Duration::from_secs(1))])
        .collect();
    let cut = after(b"HTTP/1.1 201 Created\r\n", Some(Step::Hang));
    let rows = vec![
        Row::new("nothing", vec![Step::Hang], in_doubt()).ends_by_time(),
        Row::new("half of the headers", cut, in_doubt()).ends_by_time(),
        // Each byte is in time, the whole is not.
        Row::new("one byte a second", drip, in_doubt()).ends_by_time(),
    ];
    check(rows).await;
}
