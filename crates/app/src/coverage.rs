//! 覆盖: how far a plan is, by stage, region, food, campaign or cell, from what stands in the database at this moment; and what is to be
//! expected of it.

use crate::quotas::{city_of, is_kept, plan_of, region_of, wanted, year_of};
use crate::{Call, Error, Store, counties};
use hege_core::date::{CHINA, china_date};
use hege_core::names::folded;
use hege_core::region::RegionLevel;
use hege_core::{PlanId, RegionCode, Stage, words};
use hege_sampling::coverage::{Counted, Figures};
use hege_sampling::forecast::{Forecast, RECENT_DAYS, forecast};
use hege_sampling::life_cycle::Status;
use hege_sampling::task::{OutcomeKind, TaskState};
use hege_store::Conn;
use hege_store::cells::cells_between;
use hege_store::coverage::{Taken, planned, producers, taken, taken_by_place, visits};
use hege_store::quotas::{QuotaRow, quotas_of};
use hege_store::types::{Id, Ts};
use jiff::civil::Date;
use jiff::{Span, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

words! {
    /// What coverage is told apart by.
    pub enum GroupBy {
        Stage = "stage", "环节", "stage";
        City = "city", "设区的市", "city";
        County = "county", "县（市、区）", "county";
        FoodClass = "food_class", "食品分类", "food class";
        TaskType = "task_type", "任务类别", "task type";
        Campaign = "campaign", "专项", "campaign";
        Cell = "cell", "配额", "cell";
    }
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The plan.
    pub plan: PlanId,
    /// Told apart by.
    pub by: GroupBy,
    /// Only cells within a region.
    pub region: Option<RegionCode>,
    /// Only cells of a stage.
    pub stage: Option<Stage>,
}

/// Cells that are told together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// What they have in common: a code, an id, or empty where the cells leave it open.
    pub key: String,
    /// Their figures.
    pub figures: Figures,
    /// Distinct producers that are wanted and that were sampled; none where none are wanted.
    pub producers: Option<(u64, u64)>,
    /// What is to be expected.
    pub forecast: Forecast,
}

/// How far a plan is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// The plan.
    pub plan: PlanId,
    /// Its year.
    pub year: i16,
    /// Today in China.
    pub today: Date,
    /// The groups, by key.
    pub groups: Vec<Group>,
    /// All of them together.
    pub total: Group,
    /// Samples of the year, stage and region that were taken for no task and so cover no cell; none for a single county, which the
    /// counters do not tell apart.
    pub without_task: Option<u64>,
}

/// A cell with what happened under it.
struct Line {
    row: QuotaRow,
    figures: Figures,
    producers_wanted: u64,
    producers: BTreeSet<String>,
}

/// How far a plan is, as far as a person sees.
///
/// # Errors
/// [`Error::NotFound`] when there is no such plan, or the region or stage lies beyond what the person sees.
pub fn coverage(store: &Store, call: &Call, asked: &Asked) -> Result<Coverage, Error> {
    let is_beyond = asked.region.is_some_and(|region| !call.scope.sees_region(region))
        || asked.stage.is_some_and(|stage| !call.scope.sees_stage(stage));
    if is_beyond {
        return Err(Error::NotFound);
    }
    let today = china_date(call.at);
    store.snapshot(|conn| {
        let plan = plan_of(conn, Some(asked.plan))?.ok_or(Error::NotFound)?;
        let year = year_of(&plan)?;
        let lines = lines(conn, (plan.id, today), call, asked)?;
        let mut groups: BTreeMap<String, Vec<&Line>> = BTreeMap::new();
        for line in &lines {
            groups.entry(key(&line.row, asked.by)?).or_default().push(line);
        }
        let grouped = groups.into_iter().map(|(key, lines)| group(key, lines.into_iter(), (year, today)));
        let total = group(String::new(), lines.iter(), (year, today));
        let without_task = without_task(conn, year, call, asked)?;
        Ok(Coverage { plan: asked.plan, year, today, groups: grouped.collect(), total, without_task })
    })
}

fn group<'a>(key: String, lines: impl Iterator<Item = &'a Line>, (year, today): (i16, Date)) -> Group {
    let (mut figures, mut wanted, mut found) = (Figures::default(), 0, BTreeSet::new());
    for line in lines {
        figures += line.figures;
        wanted += line.producers_wanted;
        found.extend(line.producers.iter());
    }
    let found = u64::try_from(found.len()).unwrap_or(u64::MAX);
    Group {
        key,
        figures,
        producers: (wanted > 0).then_some((wanted, found)),
        forecast: forecast(&figures, year, today),
    }
}

/// What a cell is told under.
fn key(row: &QuotaRow, by: GroupBy) -> Result<String, Error> {
    let region = region_of(row.region)?;
    Ok(match by {
        GroupBy::Stage => row.stage.0.code().to_owned(),
        GroupBy::City => city_of(region).to_string(),
        GroupBy::County => region.to_string(),
        GroupBy::FoodClass => row.food_class.clone().unwrap_or_default(),
        GroupBy::TaskType => row.task_type.0.code().to_owned(),
        GroupBy::Campaign => row.campaign.clone().unwrap_or_default(),
        GroupBy::Cell => row.id.0.to_string(),
    })
}

/// The cells that a person sees and asks for. Each stands for what it has not split.
fn lines(conn: &mut Conn, (plan, today): (Id, Date), call: &Call, asked: &Asked) -> Result<Vec<Line>, Error> {
    let rows = quotas_of(conn, Some(plan))?;
    let counted = counted(conn, (plan, today))?;
    let mut split: BTreeMap<Id, (u64, u64)> = BTreeMap::new();
    for row in &rows {
        if let Some(parent) = row.parent_id {
            let of = split.entry(parent).or_default();
            (of.0, of.1) = (of.0 + wanted(row), of.1 + producers_wanted(row));
        }
    }
    let mut found: BTreeMap<Id, BTreeSet<String>> = BTreeMap::new();
    if rows.iter().any(|row| row.producers.is_some()) {
        for producer in producers(conn, plan)? {
            found.entry(producer.quota_id).or_default().insert(folded(&producer.producer));
        }
    }
    let above: BTreeMap<Id, (Option<Id>, bool)> =
        rows.iter().map(|row| (row.id, (row.parent_id, row.producers.is_some()))).collect();
    // Producers count where somebody asked for so many: in the cell, or in one that it is a part of.
    let asks = |id: Id| {
        let mut chain = std::iter::successors(Some(id), |id| above.get(id)?.0);
        chain.any(|id| above.get(&id).is_some_and(|(_, asks)| *asks))
    };
    let (low, high) = asked.region.map_or((i32::MIN, i32::MAX), counties);
    let is_shown = |row: &QuotaRow| {
        let is_seen = region_of(row.region).is_ok_and(|region| call.scope.sees_region(region));
        is_seen
            && call.scope.sees_stage(row.stage.0)
            && (low..=high).contains(&row.region)
            && asked.stage.is_none_or(|stage| stage == row.stage.0)
    };
    let line = |row: QuotaRow| {
        let (samples, of) = split.get(&row.id).copied().unwrap_or_default();
        let figures =
            Figures::of(wanted(&row).saturating_sub(samples), counted.get(&row.id).copied().unwrap_or_default());
        let producers_wanted = producers_wanted(&row).saturating_sub(of);
        let producers = found.remove(&row.id).filter(|_| asks(row.id)).unwrap_or_default();
        Line { producers, producers_wanted, figures, row }
    };
    Ok(rows.into_iter().filter(is_shown).map(line).collect())
}

fn producers_wanted(row: &QuotaRow) -> u64 {
    row.producers.and_then(|producers| u64::try_from(producers).ok()).unwrap_or(0)
}

fn positive(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

/// What happened under each cell's own tasks.
fn counted(conn: &mut Conn, (plan, today): (Id, Date)) -> Result<BTreeMap<Id, Counted>, Error> {
    let mut counted: BTreeMap<Id, Counted> = BTreeMap::new();
    for row in planned(conn, plan)?.into_iter().filter(|row| row.state.0 == TaskState::Open) {
        counted.entry(row.quota_id).or_default().planned += positive(row.samples);
    }
    for row in taken(conn, plan, Ts(recently(today)))? {
        count(counted.entry(row.quota_id).or_default(), &row);
    }
    for row in visits(conn, plan)? {
        let of = counted.entry(row.quota_id).or_default();
        let visits = match row.kind.0 {
            OutcomeKind::Refused => &mut of.refused,
            OutcomeKind::NothingToTake => &mut of.nothing_to_take,
            OutcomeKind::Closed => &mut of.closed,
        };
        *visits += positive(row.n);
    }
    Ok(counted)
}

/// Adds samples of one status.
fn count(counted: &mut Counted, row: &Taken) {
    let n = positive(row.n);
    if !is_kept(&row.status) {
        counted.lost += n;
        return;
    }
    counted.taken += n;
    counted.recent += positive(row.recent);
    if row.state.0 == TaskState::Cancelled {
        counted.planned += n;
    }
    let is_one_of = |of: &[Status]| of.iter().any(|status| status.code() == row.status);
    if !is_one_of(&[Status::Registered, Status::Sealed, Status::HandedOver]) {
        counted.received += n;
    }
    if is_one_of(&[Status::Approved]) {
        counted.concluded += n;
    }
}

/// The first instant of the days by which a forecast goes, today among them.
fn recently(today: Date) -> Timestamp {
    let first = today.checked_sub(Span::new().days(RECENT_DAYS - 1)).unwrap_or(today);
    CHINA.to_timestamp(first.at(0, 0, 0, 0)).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Samples of the year that were taken for no task: those that the counters know of these places, without those that name a task,
/// whatever cell it is of.
fn without_task(conn: &mut Conn, year: i16, call: &Call, asked: &Asked) -> Result<Option<u64>, Error> {
    let region = asked.region.unwrap_or(call.scope.region);
    if region.level() == RegionLevel::County {
        return Ok(None);
    }
    let (low, high) = counties(region);
    let months = (i32::from(year) * 100 + 1, i32::from(year) * 100 + 12);
    let is_asked = |city: i32, stage: Stage| {
        (low / 100..=high / 100).contains(&city)
            && call.scope.sees_stage(stage)
            && asked.stage.is_none_or(|asked| asked == stage)
    };
    let of = cells_between(conn, months.0, months.1)?.into_iter().filter(|cell| is_asked(cell.city, cell.stage.0));
    let known: i64 =
        of.map(|cell| cell.conforming + cell.nonconforming + cell.pending + cell.not_judgeable + cell.risk).sum();
    let named = taken_by_place(conn, months)?;
    let named: i64 = named.into_iter().filter(|row| is_asked(row.city, row.stage.0)).map(|row| row.n).sum();
    Ok(Some(positive(known - named)))
}
