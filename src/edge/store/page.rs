//! Lists that people read newest first, a page at a time.

use super::call::Statement;
use crate::domain::order::RequestId;
use crate::domain::time::Time;

/// A row of such a list; a page begins behind it. Rows that come or go between two pages move no
/// other row into or out of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The row's time.
    pub at: Time,
    /// Its request; none is before all others.
    pub request_id: Option<RequestId>,
    /// What tells it from other rows of the same request, in ASCII.
    pub rest: String,
}

impl Mark {
    /// A page begins with what is older than this.
    pub const fn older_than(at: Time) -> Self {
        Self {
            at,
            request_id: None,
            rest: String::new(),
        }
    }

    /// Binds what [`newest_first`] asks for.
    pub(super) fn bind<'q>(&'q self, statement: Statement<'q>) -> Statement<'q> {
        let request_id = self.request_id.as_ref().map_or("", RequestId::as_str);
        statement
            .bind(self.at.as_micros())
            .bind(self.at.as_micros())
            .bind(request_id)
            .bind(request_id)
            .bind(&self.rest)
    }
}

/// The end of a statement: rows behind a [`Mark`], newest first. Its last parameter is how many.
/// The first condition alone is one that an index can serve.
macro_rules! newest_first {
    ($at:literal, $rest:literal) => {
        concat!(
            $at,
            " <= ? AND (",
            $at,
            " < ? OR request_id < ? OR (request_id = ? AND ",
            $rest,
            " < ?)) ORDER BY ",
            $at,
            " DESC, request_id DESC, ",
            $rest,
            " DESC LIMIT ?"
        )
    };
}
pub(super) use newest_first;
