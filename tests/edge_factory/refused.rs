//! A 3xx or 4xx means that the factory does not want the order; a 429, or a 503 that
//! names a time, that it does not want it yet.

use crate::posting::{
    Row, assert_one_order, check, client, in_doubt, post, refused, response, target, throttled,
};
use crate::raw_server::{RawServer, Step};

/// Two minutes and a second apart.
const DATE: &str = "Date: Sun, 06 Nov 1994 08:49:37 GMT";
const LATER: &str = "Retry-After: Sun, 06 Nov 1994 08:51:38 GMT";

#[tokio::test]
async fn what_is_refused_is_refused_for_good() {
    let codes = [
        300, 301, 302, 303, 304, 305, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 409, 410,
        411, 413, 414, 415, 417, 418, 421, 422, 423, 426, 428, 431, 451, 499,
    ];
    let rows = codes.map(|code| {
        let status = format!("{code} No");
        let answer = response(&status, &[], "{\"id\":\"A-1\"}");
        Row::answer(status, answer, refused(code))
    });
    check(rows.into()).await;
}

#[tokio::test]
async fn a_time_does_not_make_a_refusal_less_final() {
    let rows = [
        ("301 Moved", 301),
        ("400 Bad Request", 400),
        ("404 Not Found", 404),
    ]
    .map(|(status, code)| {
        let answer = response(status, &["Retry-After: 5"], "");
        Row::answer(status, answer, refused(code))
    });
    check(rows.into()).await;
}

#[tokio::test]
async fn a_redirect_is_never_followed() {
    for (status, code) in [
        ("301 Moved", 301),
        ("307 Temporary", 307),
        ("308 Permanent", 308),
    ] {
        let created = response("201 Created", &[], "");
        let other = RawServer::start(vec![Step::Read, Step::Write(created), Step::Hang]).await;
        let location = format!("Location: {}", other.url("http"));
        let answer = response(status, &[&location], "");
        let server = RawServer::start(vec![Step::Read, Step::Write(answer), Step::Hang]).await;
        let client = client(&target(server.url("http")));
        assert_eq!(post(&client).await, refused(code), "{status}");
        assert_one_order(status, &server.finish().await);
        assert_eq!(other.finish().await.connections, 0, "{status}: followed");
    }
}

#[tokio::test]
async fn too_many_requests_mean_later() {
    let rows = [
        ("no time", vec![], 60),
        ("seconds", vec!["Retry-After: 7"], 7),
        ("blanks around", vec!["Retry-After:   7  "], 7),
        ("at once", vec!["Retry-After: 0"], 0),
        ("a date", vec![DATE, LATER], 121),
        (
            "a date that is over",
            vec![DATE, "Retry-After: Sun, 06 Nov 1994 08:00:00 GMT"],
            0,
        ),
        ("a date without a clock", vec![LATER], 60),
        ("not a time", vec!["Retry-After: soon"], 60),
        ("before now", vec!["Retry-After: -7"], 60),
        (
            "more than fits",
            vec!["Retry-After: 99999999999999999999"],
            60,
        ),
    ];
    let rows = rows.map(|(name, headers, seconds)| {
        let answer = response("429 Too Many Requests", &headers, "");
        Row::answer(name, answer, throttled(seconds))
    });
    check(rows.into()).await;
}

#[tokio::test]
async fn an_unavailable_factory_means_later_only_if_it_names_a_time() {
    let rows = [
        ("seconds", vec!["Retry-After: 7"], throttled(7)),
        ("a date", vec![DATE, LATER], throttled(121)),
        ("a date without a clock", vec![LATER], throttled(60)),
        ("no time", vec![], in_doubt()),
        ("not a time", vec!["Retry-After: soon"], in_doubt()),
    ];
    let rows = rows.map(|(name, headers, meaning)| {
        let answer = response("503 Service Unavailable", &headers, "");
        Row::answer(name, answer, meaning)
    });
    check(rows.into()).await;
}
