//! Column types that are one Rust type and one SQL type on both databases.
//!
//! | SQL type | PostgreSQL | SQLite |
//! |--|--|--|
//! | [`sql::Id`] | uuid | BLOB of 16 bytes |
//! | [`sql::Ts`] | timestamptz | INTEGER, microseconds since 1970 UTC |
//! | [`sql::Day`] | date | TEXT, `2025-09-01` |
//! | [`sql::Doc`] | jsonb | TEXT |

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::Pg;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types as st;
use diesel::sqlite::Sqlite;
use serde::{Serialize, Serializer};
use std::fmt::{self, Debug, Display};
use std::io::Write;
use std::str::FromStr;

/// The SQL side of the types.
pub mod sql {
    use diesel::query_builder::QueryId;
    use diesel::sql_types::SqlType;

    /// An id.
    #[derive(SqlType, QueryId, Clone, Copy, Debug)]
    #[diesel(postgres_type(oid = 2950, array_oid = 2951), sqlite_type(name = "Binary"))]
    pub struct Id;
    /// An instant.
    #[derive(SqlType, QueryId, Clone, Copy, Debug)]
    #[diesel(postgres_type(oid = 1184, array_oid = 1185), sqlite_type(name = "Long"))]
    pub struct Ts;
    /// A calendar day.
    #[derive(SqlType, QueryId, Clone, Copy, Debug)]
    #[diesel(postgres_type(oid = 1082, array_oid = 1182), sqlite_type(name = "Text"))]
    pub struct Day;
    /// A JSON document.
    #[derive(SqlType, QueryId, Clone, Copy, Debug)]
    #[diesel(postgres_type(oid = 3802, array_oid = 3807), sqlite_type(name = "Text"))]
    pub struct Doc;
}

/// A UUID column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql::Id)]
pub struct Id(pub uuid::Uuid);

/// An instant column, to the microsecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql::Ts)]
pub struct Ts(pub jiff::Timestamp);

/// A day column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql::Day)]
pub struct Day(pub jiff::civil::Date);

/// A JSON column. It prints itself as the text that is stored.
#[derive(Clone, PartialEq, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql::Doc)]
pub struct Doc(pub serde_json::Value);

/// A word of the glossary in a text column, by its code, which is also how it prints itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = st::Text)]
pub struct Word<T>(pub T);

impl Debug for Doc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Doc").field(&self.0.to_string()).finish()
    }
}

impl<T: Display> Debug for Word<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Word").field(&self.0.to_string()).finish()
    }
}

impl<T: Display + Debug> ToSql<st::Text, Pg> for Word<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        write!(out, "{}", self.0)?;
        Ok(IsNull::No)
    }
}
impl<T: Display + Debug> ToSql<st::Text, Sqlite> for Word<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.to_string());
        Ok(IsNull::No)
    }
}
impl<DB, T> FromSql<st::Text, DB> for Word<T>
where
    DB: Backend,
    String: FromSql<st::Text, DB>,
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(<String as FromSql<st::Text, DB>>::from_sql(value)?.parse()?))
    }
}

impl<T: Display> Serialize for Word<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}
impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}
impl Serialize for Ts {
    /// To the microsecond, as it is stored: a row has one hash before it is written and after it is read.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let stored = jiff::Timestamp::from_microsecond(self.0.as_microsecond()).map_err(serde::ser::Error::custom)?;
        serializer.collect_str(&stored)
    }
}
impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}
impl Serialize for Doc {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl ToSql<sql::Id, Pg> for Id {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        <uuid::Uuid as ToSql<st::Uuid, Pg>>::to_sql(&self.0, out)
    }
}
impl ToSql<sql::Id, Sqlite> for Id {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.as_bytes().as_slice());
        Ok(IsNull::No)
    }
}
impl FromSql<sql::Id, Pg> for Id {
    fn from_sql(value: <Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        <uuid::Uuid as FromSql<st::Uuid, Pg>>::from_sql(value).map(Self)
    }
}
impl FromSql<sql::Id, Sqlite> for Id {
    fn from_sql(mut value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(uuid::Uuid::from_slice(value.read_blob())?))
    }
}

/// PostgreSQL counts microseconds from 2000-01-01.
const PG_EPOCH_MICROSECONDS: i64 = 946_684_800_000_000;

impl ToSql<sql::Ts, Pg> for Ts {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let microseconds = self.0.as_microsecond() - PG_EPOCH_MICROSECONDS;
        ToSql::<st::BigInt, Pg>::to_sql(&microseconds, &mut out.reborrow())
    }
}
impl ToSql<sql::Ts, Sqlite> for Ts {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.as_microsecond());
        Ok(IsNull::No)
    }
}
impl FromSql<sql::Ts, Pg> for Ts {
    fn from_sql(value: <Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let microseconds = <i64 as FromSql<st::BigInt, Pg>>::from_sql(value)?;
        Ok(Self(jiff::Timestamp::from_microsecond(microseconds + PG_EPOCH_MICROSECONDS)?))
    }
}
impl FromSql<sql::Ts, Sqlite> for Ts {
    fn from_sql(mut value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(jiff::Timestamp::from_microsecond(value.read_long())?))
    }
}

/// PostgreSQL counts days from 2000-01-01.
const PG_EPOCH_DAY: jiff::civil::Date = jiff::civil::date(2000, 1, 1);

impl ToSql<sql::Day, Pg> for Day {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let days = PG_EPOCH_DAY.until(self.0)?.get_days();
        ToSql::<st::Integer, Pg>::to_sql(&days, &mut out.reborrow())
    }
}
impl ToSql<sql::Day, Sqlite> for Day {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.to_string());
        Ok(IsNull::No)
    }
}
impl FromSql<sql::Day, Pg> for Day {
    fn from_sql(value: <Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let days = <i32 as FromSql<st::Integer, Pg>>::from_sql(value)?;
        Ok(Self(PG_EPOCH_DAY.checked_add(jiff::Span::new().try_days(days)?)?))
    }
}
impl FromSql<sql::Day, Sqlite> for Day {
    fn from_sql(mut value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(value.read_text().parse()?))
    }
}

impl ToSql<sql::Doc, Pg> for Doc {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        <serde_json::Value as ToSql<st::Jsonb, Pg>>::to_sql(&self.0, out)
    }
}
impl ToSql<sql::Doc, Sqlite> for Doc {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(serde_json::to_string(&self.0)?);
        Ok(IsNull::No)
    }
}
impl FromSql<sql::Doc, Pg> for Doc {
    fn from_sql(value: <Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        <serde_json::Value as FromSql<st::Jsonb, Pg>>::from_sql(value).map(Self)
    }
}
impl FromSql<sql::Doc, Sqlite> for Doc {
    fn from_sql(mut value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(serde_json::from_str(value.read_text())?))
    }
}
