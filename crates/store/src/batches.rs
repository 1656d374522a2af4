//! 批次: which samples were taken of the same goods of the same seller.

use crate::samples::Sample;
use crate::schema::sample;
use crate::types::{Day, Doc};
use crate::{Conn, Error, on};
use diesel::prelude::*;

/// Most that are looked at: a seller has few forms of one product and one date.
const LIMIT: i64 = 50;

/// Form number and form of the other samples of a seller's product of this date and producer that still stand.
///
/// # Errors
/// Those of the database.
pub fn batch_holders(conn: &mut Conn, row: &Sample, day: Day) -> Result<Vec<(String, Doc)>, Error> {
    let found: Vec<(String, Option<String>, Doc)> = on!(conn, c => {
        let same = sample::table
            .filter(sample::city.eq(row.city).and(sample::sampled_unit.eq(&row.sampled_unit)))
            .filter(sample::product_name.eq(&row.product_name).and(sample::deciding_date.eq(Some(day))))
            .filter(sample::id.ne(row.id).and(sample::status.ne_all(["refused", "voided"])));
        same.order(sample::sampled_at).limit(LIMIT).select((sample::form_no, sample::producer, sample::form)).load(c)
    })?;
    let same = found.into_iter().filter(|(_, producer, _)| *producer == row.producer);
    Ok(same.map(|(form_no, _, form)| (form_no, form)).collect())
}
