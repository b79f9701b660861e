//! From columns to types. What does not parse is a ledger that a person must mend.

use super::StoreError;
use crate::domain::order::{Quantity, WordError};
use crate::domain::time::Time;
use sqlx::Row;
use sqlx::mysql::{MySql, MySqlRow};
use std::fmt::Display;

/// The ledger's clock in SQL, in microseconds since 1970. `TIMESTAMPDIFF` gives a whole
/// number whatever the session's time zone, which `UNIX_TIMESTAMP` does not.
macro_rules! ledger_now {
    () => {
        "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))"
    };
}
pub(super) use ledger_now;

fn unusable(column: &str, why: impl Display) -> StoreError {
    StoreError::Unusable(format!("column {column}: {why}"))
}

/// A column as the driver decodes it.
pub(super) fn get<'r, T>(row: &'r MySqlRow, column: &str) -> Result<T, StoreError>
where
    T: sqlx::Decode<'r, MySql> + sqlx::Type<MySql>,
{
    row.try_get(column)
        .map_err(|error| StoreError::Broken(format!("column {column}: {error}")))
}

/// A column that holds one of the domain's words.
pub(super) fn word<T>(row: &MySqlRow, column: &str) -> Result<T, StoreError>
where
    T: TryFrom<String, Error = WordError>,
{
    T::try_from(get(row, column)?).map_err(|error| unusable(column, error))
}

/// A column that holds a number from 0 on.
pub(super) fn number(row: &MySqlRow, column: &str) -> Result<u32, StoreError> {
    let number: i64 = get(row, column)?;
    u32::try_from(number).map_err(|error| unusable(column, error))
}

/// A column that holds a quantity.
pub(super) fn quantity(row: &MySqlRow, column: &str) -> Result<Quantity, StoreError> {
    Quantity::new(number(row, column)?).map_err(|error| unusable(column, error))
}

/// A column that holds a quantity or nothing.
pub(super) fn optional_quantity(
    row: &MySqlRow,
    column: &str,
) -> Result<Option<Quantity>, StoreError> {
    let is_there = get::<Option<i64>>(row, column)?.is_some();
    is_there.then(|| quantity(row, column)).transpose()
}

/// A column that holds one of the domain's words or nothing.
pub(super) fn optional_word<T>(row: &MySqlRow, column: &str) -> Result<Option<T>, StoreError>
where
    T: TryFrom<String, Error = WordError>,
{
    let is_there = get::<Option<&str>>(row, column)?.is_some();
    is_there.then(|| word(row, column)).transpose()
}

/// A column that holds a time.
pub(super) fn time(row: &MySqlRow, column: &str) -> Result<Time, StoreError> {
    get(row, column).map(Time::from_micros)
}

/// A column that holds a time or nothing.
pub(super) fn optional_time(row: &MySqlRow, column: &str) -> Result<Option<Time>, StoreError> {
    Ok(get::<Option<i64>>(row, column)?.map(Time::from_micros))
}
