//! 合格率: of stages, places, months and kinds of food, against the plan.

mod cities;
mod trend;
mod weights;

pub use cities::{CityRate, Comparison, compare_cities};
pub use trend::{MonthRate, Trend, trend};
pub use weights::{Weighed, Weights, weigh};

use crate::plans::{Target, YearPlan};
use crate::{Error, Scope, counties};
use hege_core::date::china_date;
use hege_core::region::RegionLevel;
use hege_core::{City, Month, RegionCode, SampleKind, Stage, TaskType};
use hege_rates::windows::is_provisional;
use hege_rates::{Assessment, Cell, assess};
use hege_store::cells::cells_between;
use hege_store::tallies::{Cut, Detail, TallyRow, tallies, tallies_as_of};
use hege_store::types::Ts;
use hege_store::{Error as StoreError, Store};
use jiff::Timestamp;
use std::collections::BTreeMap;

hege_core::words! {
    /// What a rate is given for, besides its stage.
    pub enum GroupBy {
        Stage = "stage", "环节", "stage";
        City = "city", "设区市", "city";
        Region = "region", "县（市、区）", "county";
        Month = "month", "月份", "month";
        FoodClass = "food_class", "食品类别", "food class";
        TaskType = "task_type", "任务类别", "task type";
        SampleKind = "sample_kind", "样品类型", "sample kind";
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

/// The months of a plan's year to date, by the clock `at`.
#[must_use]
pub fn year_to_date(plan: &YearPlan, at: Timestamp) -> (Month, Month) {
    let month = |month| Month { year: plan.year, month };
    (month(1), Month::of(china_date(at)).min(month(12)).max(month(1)))
}

/// What a rate is given for, in the order of a list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// The whole stage.
    Stage,
    /// A city.
    City(City),
    /// A county.
    Region(RegionCode),
    /// A month of sampling.
    Month(Month),
    /// A food class, by its code.
    FoodClass(String),
    /// A task type.
    TaskType(TaskType),
    /// A sample kind.
    SampleKind(SampleKind),
}

/// What is counted beside a rate and is in none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outside {
    /// Samples of risk monitoring: they never count.
    pub risk: i64,
    /// Concluded samples whose task type or kind the plan does not count.
    pub not_counted: i64,
}

/// A rate with what was counted and what stands beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Rate {
    /// The stage.
    pub stage: Stage,
    /// What it is given for.
    pub group: Group,
    /// Rate, interval, fact and evidence.
    pub assessment: Assessment,
    /// The counters of what counts by the plan, those outside the rate included.
    pub counters: Cell,
    /// What does not count by the plan.
    pub outside: Outside,
    /// Fewer than 95 % of its samples are final.
    pub provisional: bool,
    /// What counts, in Chinese and English.
    pub counted: (String, String),
    /// The clause that the target rests on.
    pub clause: String,
}

/// The counters of one kind of sample in one place and month.
#[derive(Debug, Clone)]
struct Counted {
    stage: Stage,
    city: i32,
    region: i32,
    month: i32,
    food_class: String,
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
            region: row.region,
            month: row.month,
            food_class: row.food_class,
            task_type: row.task_type.0,
            sample_kind: row.sample_kind.0,
            cell: one.times(row.count),
        }
    }
}

impl Counted {
    fn group(&self, by: GroupBy) -> Result<Group, Error> {
        let corrupt = || Error::from(StoreError::Corrupt("sample"));
        Ok(match by {
            GroupBy::Stage => Group::Stage,
            GroupBy::City => {
                let city = u16::try_from(self.city).ok().and_then(|city| City::new(city).ok());
                Group::City(city.ok_or_else(corrupt)?)
            }
            GroupBy::Region => {
                let code = u32::try_from(self.region).ok().and_then(|code| RegionCode::new(code).ok());
                Group::Region(code.ok_or_else(corrupt)?)
            }
            GroupBy::Month => Group::Month(Month::from_yyyymm(self.month).map_err(|_no_month| corrupt())?),
            GroupBy::FoodClass => Group::FoodClass(self.food_class.clone()),
            GroupBy::TaskType => Group::TaskType(self.task_type),
            GroupBy::SampleKind => Group::SampleKind(self.sample_kind),
        })
    }
}

fn counted(store: &Store, question: &Question) -> Result<Vec<Counted>, Error> {
    let months = (question.months.0.yyyymm(), question.months.1.yyyymm());
    let detail = match question.group_by {
        GroupBy::Region => Detail::Region,
        GroupBy::FoodClass => Detail::FoodClass,
        _ => Detail::None,
    };
    let cut = Cut { months, regions: counties(question.region), detail };
    if let Some(at) = question.as_of {
        let rows = store.read(|conn| Ok::<_, Error>(tallies_as_of(conn, cut, Ts(at))?))?;
        return Ok(rows.into_iter().map(Counted::from).collect());
    }
    // The cells know cities; a county or a food class is counted from its samples.
    if question.region.level() == RegionLevel::County || detail != Detail::None {
        let rows = store.read(|conn| Ok::<_, Error>(tallies(conn, cut)?))?;
        return Ok(rows.into_iter().map(Counted::from).collect());
    }
    let cities = (cut.regions.0 / 100, cut.regions.1 / 100);
    let cells = store.read(|conn| Ok::<_, Error>(cells_between(conn, months.0, months.1)?))?;
    let cells = cells.into_iter().filter(|row| (cities.0..=cities.1).contains(&row.city));
    let counted = cells.map(|row| Counted {
        stage: row.stage.0,
        city: row.city,
        region: 0,
        month: row.month,
        food_class: String::new(),
        task_type: row.task_type.0,
        sample_kind: row.sample_kind.0,
        cell: row.cell(),
    });
    Ok(counted.collect())
}

/// What counts in one group, and what stands beside it.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    counts: Cell,
    outside: Outside,
}

/// The sums of a stage by group. A group is there only where something counts, or could: the stage as a whole always is.
fn sums(counted: &[Counted], target: &Target, by: GroupBy) -> Result<BTreeMap<Group, Sums>, Error> {
    let mut sums: BTreeMap<Group, Sums> = BTreeMap::new();
    if by == GroupBy::Stage {
        sums.insert(Group::Stage, Sums::default());
    }
    let counts = |row: &Counted| target.counting.counts(row.task_type, row.sample_kind);
    let of_stage = || counted.iter().filter(|row| row.stage == target.stage);
    for row in of_stage().filter(|row| counts(row)) {
        let sum = sums.entry(row.group(by)?).or_default();
        sum.counts = sum.counts.plus(row.cell);
    }
    for row in of_stage().filter(|row| !counts(row)) {
        if let Some(sum) = sums.get_mut(&row.group(by)?) {
            sum.outside.risk += row.cell.risk;
            sum.outside.not_counted += row.cell.conforming + row.cell.nonconforming;
        }
    }
    Ok(sums)
}

/// What of a question lies within a person's scope: its counts, and the targets of the stages.
fn answerable<'a>(
    store: &Store,
    scope: &Scope,
    (plan, at): (&'a YearPlan, Timestamp),
    question: &Question,
) -> Result<(Vec<Counted>, Vec<&'a Target>), Error> {
    if !scope.sees_region(question.region) {
        return Err(Error::NotFound);
    }
    let is_asked = |stage: &&Stage| question.stage.is_none_or(|asked| asked == **stage) && scope.sees_stage(**stage);
    let targets = Stage::ALL.iter().filter(is_asked).filter_map(|stage| plan.target(*stage, at)).collect();
    Ok((counted(store, question)?, targets))
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
    let at = question.as_of.unwrap_or(now);
    let (counted, targets) = answerable(store, scope, (plan, at), question)?;
    let mut rates = Vec::new();
    for target in targets {
        for (group, sums) in sums(&counted, target, question.group_by)? {
            rates.push(rate(target, group, (sums, at))?);
        }
    }
    Ok(rates)
}

fn corrupt() -> Error {
    StoreError::Corrupt("rate_cell").into()
}

fn rate(target: &Target, group: Group, (sums, at): (Sums, Timestamp)) -> Result<Rate, Error> {
    let counters = sums.counts;
    let tally = counters.tally().ok_or_else(corrupt)?;
    let waiting = counters.pending.saturating_add(counters.not_judgeable);
    // Of the month that is still running samples are yet to come.
    let is_running = matches!(group, Group::Month(month) if month >= Month::of(china_date(at)));
    Ok(Rate {
        stage: target.stage,
        group,
        assessment: assess(tally, target.basis_points),
        counters,
        outside: sums.outside,
        provisional: is_running || is_provisional(i64::from(tally.n), waiting),
        counted: (target.counting.zh(), target.counting.en()),
        clause: target.clause.clone(),
    })
}
