//! 合格率: of stages, cities and months, against the plan.

use crate::plans::{Target, YearPlan};
use crate::{Error, Scope, counties};
use hege_core::date::china_date;
use hege_core::region::RegionLevel;
use hege_core::{City, Month, RegionCode, SampleKind, Stage, TaskType};
use hege_rates::windows::is_provisional;
use hege_rates::{Assessment, Cell, assess};
use hege_store::cells::cells_between;
use hege_store::tallies::{Cut, TallyRow, tallies, tallies_as_of};
use hege_store::types::Ts;
use hege_store::{Error as StoreError, Store};
use jiff::Timestamp;
use std::collections::BTreeMap;

hege_core::words! {
    /// What a rate is given for, besides its stage.
    pub enum GroupBy {
        Stage = "stage", "环节", "stage";
        City = "city", "设区市", "city";
        Month = "month", "月份", "month";
    }
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// One stage; none for every one that the person sees.
    pub stage: Option<Stage>,
    /// A region's subtree.
    pub region: RegionCode,
    /// Months of sampling, both included.
    pub months: (Month, Month),
    /// By the record as it stood then; none for now.
    pub as_of: Option<Timestamp>,
    /// Besides the stage.
    pub group_by: GroupBy,
}

/// A rate with what was counted and what stands beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Rate {
    /// The stage.
    pub stage: Stage,
    /// The city, when grouped by it.
    pub city: Option<City>,
    /// The month, when grouped by it.
    pub month: Option<Month>,
    /// Rate, interval, fact and evidence.
    pub assessment: Assessment,
    /// The counters of what counts by the plan, those outside the rate included.
    pub counters: Cell,
    /// Fewer than 95 % of its samples are final.
    pub provisional: bool,
    /// What counts, in Chinese and English.
    pub counted: (String, String),
    /// The clause that the target rests on.
    pub clause: String,
}

/// The counters of one kind of sample in one place and month.
struct Counted {
    stage: Stage,
    city: i32,
    month: i32,
    task_type: TaskType,
    sample_kind: SampleKind,
    cell: Cell,
}

impl From<TallyRow> for Counted {
    fn from(row: TallyRow) -> Self {
        let one = Cell::change(None, Some(row.standing.0));
        Self {
            stage: row.stage.0,
            city: row.city,
            month: row.month,
            task_type: row.task_type.0,
            sample_kind: row.sample_kind.0,
            cell: one.times(row.count),
        }
    }
}

fn counted(store: &Store, question: &Question) -> Result<Vec<Counted>, Error> {
    let months = (question.months.0.yyyymm(), question.months.1.yyyymm());
    let cut = Cut { months, regions: counties(question.region) };
    if let Some(at) = question.as_of {
        let rows = store.read(|conn| Ok::<_, Error>(tallies_as_of(conn, cut, Ts(at))?))?;
        return Ok(rows.into_iter().map(Counted::from).collect());
    }
    // The cells know cities; a county is counted from its samples.
    if question.region.level() == RegionLevel::County {
        let rows = store.read(|conn| Ok::<_, Error>(tallies(conn, cut)?))?;
        return Ok(rows.into_iter().map(Counted::from).collect());
    }
    let cities = (cut.regions.0 / 100, cut.regions.1 / 100);
    let cells = store.read(|conn| Ok::<_, Error>(cells_between(conn, months.0, months.1)?))?;
    let cells = cells.into_iter().filter(|row| (cities.0..=cities.1).contains(&row.city));
    let counted = cells.map(|row| Counted {
        stage: row.stage.0,
        city: row.city,
        month: row.month,
        task_type: row.task_type.0,
        sample_kind: row.sample_kind.0,
        cell: row.cell(),
    });
    Ok(counted.collect())
}

/// The rates that answer a question, by stage and group. Of what lies outside the person's scope nothing is told.
///
/// # Errors
/// [`Error::NotFound`] for a region outside the scope.
pub fn rates(
    store: &Store,
    scope: &Scope,
    (plan, now): (&YearPlan, Timestamp),
    question: &Question,
) -> Result<Vec<Rate>, Error> {
    if !scope.sees_region(question.region) {
        return Err(Error::NotFound);
    }
    let counted = counted(store, question)?;
    let at = question.as_of.unwrap_or(now);
    let mut rates = Vec::new();
    for stage in Stage::ALL.iter().filter(|stage| question.stage.is_none_or(|asked| asked == **stage)) {
        if !scope.sees_stage(*stage) {
            continue;
        }
        let Some(target) = plan.target(*stage, at) else { continue };
        let counts =
            counted.iter().filter(|row| row.stage == *stage && target.counting.counts(row.task_type, row.sample_kind));
        let mut groups: BTreeMap<(i32, i32), Cell> = BTreeMap::new();
        if question.group_by == GroupBy::Stage {
            groups.insert((0, 0), Cell::default());
        }
        for row in counts {
            let key = match question.group_by {
                GroupBy::Stage => (0, 0),
                GroupBy::City => (row.city, 0),
                GroupBy::Month => (0, row.month),
            };
            let cell = groups.entry(key).or_default();
            *cell = cell.plus(row.cell);
        }
        for (key, cell) in groups {
            rates.push(rate(target, key, (cell, at))?);
        }
    }
    Ok(rates)
}

fn rate(target: &Target, (city, month): (i32, i32), (counters, at): (Cell, Timestamp)) -> Result<Rate, Error> {
    let corrupt = || StoreError::Corrupt("rate_cell");
    let tally = counters.tally().ok_or_else(corrupt)?;
    let waiting = counters.pending.saturating_add(counters.not_judgeable);
    let month = Month::from_yyyymm(month).ok();
    // Of the month that is still running samples are yet to come.
    let is_running = month.is_some_and(|month| month >= Month::of(china_date(at)));
    Ok(Rate {
        stage: target.stage,
        city: u16::try_from(city).ok().filter(|city| *city > 0).and_then(|city| City::new(city).ok()),
        month,
        assessment: assess(tally, target.basis_points),
        counters,
        provisional: is_running || is_provisional(i64::from(tally.n), waiting),
        counted: (target.counting.zh(), target.counting.en()),
        clause: target.clause.clone(),
    })
}
