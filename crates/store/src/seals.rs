//! 封条: which number sealed which sample.

use crate::schema::seal;
use crate::types::Id;
use crate::{Conn, Error, on};
use diesel::prelude::*;

/// A seal on a sample.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = seal)]
pub struct SealRow {
    /// The shard.
    pub city: i32,
    /// The sample.
    pub sample_id: Id,
    /// As it is printed on the seal.
    pub number: String,
}

/// Puts the seals of a sample; one that is named twice is one.
///
/// # Errors
/// Those of the database.
pub fn seals_put(conn: &mut Conn, rows: &[SealRow]) -> Result<(), Error> {
    // Row by row: SQLite knows no "on conflict" for many at once in Diesel.
    for row in rows {
        on!(conn, c => diesel::insert_into(seal::table).values(row).on_conflict_do_nothing().execute(c))?;
    }
    Ok(())
}

/// Which of these numbers are on another sample than this one.
///
/// # Errors
/// Those of the database.
pub fn seals_used(conn: &mut Conn, (city, sample): (i32, Id), numbers: &[String]) -> Result<Vec<String>, Error> {
    Ok(on!(conn, c => seal::table
        .filter(seal::number.eq_any(numbers.to_vec()))
        .filter(seal::city.ne(city).or(seal::sample_id.ne(sample)))
        .select(seal::number)
        .distinct()
        .order(seal::number)
        .load(c))?)
}
