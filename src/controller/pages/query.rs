//! What the pages have in common in their queries and their answers.

use crate::domain::order::{ID_CHARACTERS_MAX, RequestId};
use crate::domain::time::Time;
use crate::edge::store::page::Mark;
use crate::process::read_server::Refusal;
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

/// Rows of a page at most, and if no number is asked for.
const ROWS_MAX: u32 = 100;

/// The query, or why it is none: one that is misspelt must not show everything.
pub(super) fn read<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, Refusal> {
    match query {
        Ok(Query(query)) => Ok(query),
        Err(why) => Err(wrong(why.body_text())),
    }
}

pub(super) fn wrong(why: impl Into<String>) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, why)
}

pub(super) fn rows(limit: Option<u32>) -> Result<u32, Refusal> {
    match limit.unwrap_or(ROWS_MAX) {
        rows @ 1..=ROWS_MAX => Ok(rows),
        other => Err(wrong(format!(
            "limit must be 1 to {ROWS_MAX}, found {other}"
        ))),
    }
}

/// Where the page begins: behind the last row of the one before, or with the newest that is
/// older than `until`.
pub(super) fn begin(after: Option<&str>, until: Option<Timestamp>) -> Result<Mark, Refusal> {
    let newest = until.map_or(i64::MAX, Timestamp::as_microsecond);
    let from_newest = Mark::older_than(Time::from_micros(newest));
    after.map_or(Ok(from_newest), |text| {
        mark(text).ok_or_else(|| wrong("after must be the next of the page before"))
    })
}

fn mark(text: &str) -> Option<Mark> {
    let (at, row) = text.split_once('/')?;
    let (request_id, rest) = row.split_once('/')?;
    let fits = rest.is_ascii() && rest.len() <= ID_CHARACTERS_MAX;
    fits.then_some(Mark {
        at: Time::from_micros(at.parse().ok()?),
        request_id: Some(RequestId::parse(request_id).ok()?),
        rest: rest.to_owned(),
    })
}

/// Cuts off the one row that was read beyond the page, to know whether there is any; then where
/// the next page begins, for [`begin`].
pub(super) fn cut<T>(found: &mut Vec<T>, rows: u32, mark: impl Fn(&T) -> Mark) -> Option<String> {
    let rows = rows as usize;
    if found.len() <= rows {
        return None;
    }
    found.truncate(rows);
    let last = mark(found.last()?);
    let (at, request_id) = (last.at.as_micros(), last.request_id?);
    Some(format!("{at}/{request_id}/{}", last.rest))
}

/// A time of the ledger, as JSON has times; as a number if it is none of a calendar's.
pub(super) fn written(time: Time) -> Value {
    let micros = time.as_micros();
    Timestamp::from_microsecond(micros).map_or_else(|_| json!(micros), |time| json!(time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_begins_behind_the_last_row_of_this_one() {
        let last = Mark {
            at: Time::from_micros(7),
            request_id: Some(RequestId::parse("r:1").unwrap()),
            rest: "m/2 x".to_owned(),
        };
        let mut found = vec![1, 2, 3];
        assert_eq!(cut(&mut found, 3, |_| last.clone()), None);
        let text = cut(&mut found, 2, |_| last.clone()).unwrap();
        assert_eq!(found, [1, 2]);
        assert_eq!(begin(Some(&text), None).unwrap(), last);
        let long = format!("1/r/{}", "x".repeat(ID_CHARACTERS_MAX + 1));
        for hostile in ["", "7", "7/r", "x/r/m", "7/r r/m", "7/r/글", &long] {
            assert!(begin(Some(hostile), None).is_err(), "{hostile}");
        }
    }

    #[test]
    fn a_page_has_a_bounded_number_of_rows() {
        assert_eq!(rows(None).unwrap(), ROWS_MAX);
        assert_eq!(rows(Some(1)).unwrap(), 1);
        assert!(rows(Some(0)).is_err() && rows(Some(ROWS_MAX + 1)).is_err());
    }
}
