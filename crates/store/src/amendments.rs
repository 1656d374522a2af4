//! 更正: corrections of registered forms, and what of a sample's row they change.

use crate::audit::Audited;
use crate::names::names_put;
use crate::samples::{Sample, key};
use crate::schema::{amendment, sample};
use crate::types::{Day, Doc, Id, Ts, Word};
use crate::{Conn, Error, on};
use diesel::prelude::*;
use hege_core::{SampleId, SampleKind, Sector};
use serde::Serialize;

/// An amendment. Never changed.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = amendment)]
pub struct AmendmentRow {
    /// The shard.
    pub city: i32,
    /// The sample.
    pub sample_id: Id,
    /// 1, 2, ...
    pub seq: i32,
    /// `[{field, old, new}, ...]`; of a personal field `[{field, personal}]` without its values.
    pub changes: Doc,
    /// Why.
    pub reason: String,
    /// Who.
    pub person_id: Id,
    /// When.
    pub at: Ts,
}

impl Audited for AmendmentRow {
    const TABLE: &'static str = "amendment";
    fn key(&self) -> String {
        format!("{:04}-{}/{}", self.city, self.sample_id.0, self.seq)
    }
}

/// What of a sample's row its form decides and an amendment may change.
#[derive(Debug, Clone, PartialEq, AsChangeset)]
#[diesel(table_name = sample, treat_none_as_null = true)]
pub struct SampleForm {
    /// 农、林、渔.
    pub sector: Option<Word<Sector>>,
    /// 样品类型.
    pub sample_kind: Word<SampleKind>,
    /// County of the sampling place.
    pub region: i32,
    /// Code of the food class.
    pub food_class: String,
    /// 样品名称.
    pub product_name: String,
    /// 被抽样单位.
    pub sampled_unit: String,
    /// 标称生产者.
    pub producer: Option<String>,
    /// When it was taken.
    pub sampled_at: Ts,
    /// Its month in China, `yyyymm`.
    pub month: i32,
    /// The date that decides the edition.
    pub deciding_date: Option<Day>,
    /// The form's document.
    pub form: Doc,
    /// Personal data, sealed.
    pub personal: Option<Vec<u8>>,
    /// The task.
    pub task_id: Option<Id>,
}

/// Changes the form of a sample that still has the revision `seen`, and gives it the next one. None when somebody was faster:
/// nothing is changed then.
///
/// # Errors
/// Those of the database.
pub fn sample_amend(conn: &mut Conn, id: SampleId, seen: i64, change: &SampleForm) -> Result<Option<Sample>, Error> {
    let (city, id) = key(id);
    let amended: Option<Sample> = on!(conn, c => diesel::update(sample::table.find((city, id)).filter(sample::revision.eq(seen)))
        .set((change, sample::revision.eq(seen + 1)))
        .returning(Sample::as_returning())
        .get_result(c)
        .optional())?;
    names_put(conn, amended.iter().flat_map(Sample::names))?;
    Ok(amended)
}

/// Puts an amendment.
///
/// # Errors
/// [`Error::Duplicate`] when somebody was faster.
pub fn amendment_insert(conn: &mut Conn, row: &AmendmentRow) -> Result<(), Error> {
    on!(conn, c => diesel::insert_into(amendment::table).values(row).execute(c))?;
    Ok(())
}

/// A sample's amendments from the first.
///
/// # Errors
/// Those of the database.
pub fn amendments_of(conn: &mut Conn, id: SampleId) -> Result<Vec<AmendmentRow>, Error> {
    let (city, id) = key(id);
    Ok(on!(conn, c => amendment::table
        .filter(amendment::city.eq(city).and(amendment::sample_id.eq(id)))
        .order(amendment::seq)
        .select(AmendmentRow::as_select())
        .load(c))?)
}
