//! Results as they were judged: read again when a limit is to change.

use crate::schema::{item, sample};
use crate::types::{Day, Doc, Id, Word};
use crate::{Conn, Error, on};
use diesel::prelude::*;
use hege_core::Stage;
use hege_rates::Standing;

/// A judged item with what of its sample decides its criteria.
#[derive(Debug, Clone, PartialEq, Queryable)]
pub struct Judged {
    /// The shard.
    pub city: i32,
    /// The sample.
    pub id: Id,
    /// 抽样单编号.
    pub form_no: String,
    /// Code of the food class.
    pub food_class: String,
    /// The date that decides the edition.
    pub deciding_date: Option<Day>,
    /// The form.
    pub form: Doc,
    /// Code of the analyte.
    pub analyte: String,
    /// `supervised` or `risk`.
    pub purpose: String,
    /// As reported.
    pub reported: Option<String>,
    /// Its unit as stated.
    pub unit: Option<String>,
    /// The limit of detection.
    pub lod: Option<String>,
    /// The rest of what was typed.
    pub entry: Option<Doc>,
    /// 单项判定.
    pub verdict: Option<String>,
    /// Code of the reason.
    pub reason: Option<String>,
}

/// Which results are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgedFilter {
    /// Months of sampling, both included.
    pub months: (i32, i32),
    /// Counties, both included.
    pub regions: (i32, i32),
    /// Stages; empty for every one.
    pub stages: Vec<Stage>,
    /// Codes of the analytes.
    pub analytes: Vec<String>,
    /// The last result of the page before: shard, sample, analyte.
    pub after: Option<(i32, Id, String)>,
}

/// A page of the results that were judged by the catalogue, those of refused and voided samples left out, in the order of shard,
/// sample and analyte.
///
/// # Errors
/// Those of the database.
pub fn judged_items(conn: &mut Conn, filter: &JudgedFilter, limit: i64) -> Result<Vec<Judged>, Error> {
    let (low, high) = filter.regions;
    let stages: &[Stage] = if filter.stages.is_empty() { Stage::ALL } else { &filter.stages };
    let stages: Vec<Word<Stage>> = stages.iter().copied().map(Word).collect();
    let out = [Word(Standing::Refused), Word(Standing::Voided)];
    Ok(on!(conn, c => {
        let mut query = sample::table
            .inner_join(item::table.on(item::city.eq(sample::city).and(item::sample_id.eq(sample::id))))
            .filter(sample::month.between(filter.months.0, filter.months.1))
            .filter(sample::city.between(low / 100, high / 100).and(sample::region.between(low, high)))
            .filter(sample::stage.eq_any(stages).and(sample::standing.ne_all(out)))
            .filter(item::analyte.eq_any(filter.analytes.clone()))
            .filter(item::verdict.is_not_null().and(item::stated.is_null()))
            .into_boxed();
        if let Some((city, id, analyte)) = &filter.after {
            let same = sample::id.gt(*id).or(sample::id.eq(*id).and(item::analyte.gt(analyte.clone())));
            query = query.filter(sample::city.gt(*city).or(sample::city.eq(*city).and(same)));
        }
        query
            .order((sample::city, sample::id, item::analyte))
            .limit(limit)
            .select((
                sample::city, sample::id, sample::form_no, sample::food_class, sample::deciding_date, sample::form,
                item::analyte, item::purpose, item::reported, item::unit, item::lod, item::entry, item::verdict, item::reason,
            ))
            .load(c)
    })?)
}
