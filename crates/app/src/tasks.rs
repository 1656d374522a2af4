//! 任务: given out of a cell, changed, cancelled; visits without a sample; and whether a sample that names one is of it.

use crate::known::Known;
use crate::once::{Key, once};
use crate::quotas::{cell_of, city_of, given_out, is_kept, panel_of, plan_of, region_of, seen, with_parts, year_of};
use crate::record::{audit_at, audit_own};
use crate::reference::Regions;
use crate::samples::{Sample, oversees};
use crate::{Call, Error, PROVINCE, Store, counties, quotas, stored};
use hege_core::date::china_date;
use hege_core::{City, LabId, OrganisationId, PlanId, Problem, Problems, QuotaId, RegionCode, Role, Stage, TaskId};
use hege_sampling::form::Form;
use hege_sampling::quota::{Amount, Cell, IsWithin, Part};
use hege_sampling::task::{Assignment, Outcome, Taking, Task, TaskState, period_faults};
use hege_store::audit::Audited;
use hege_store::people::{Organisation, organisation_fetch};
pub use hege_store::tasks::{OutcomeRow, TaskRow};
use hege_store::tasks::{
    TaskFilter, outcome_insert, outcomes_of, task_fetch, task_insert, task_list, task_samples, task_update,
};
use hege_store::types::{Day, Doc, Id, Ts, Word};
use hege_store::{Conn, Error as StoreError};
use jiff::civil::Date;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

/// What may change of a task, and is said when it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// As people call it.
    pub title: String,
    /// How much.
    pub amount: Amount,
    /// Who takes it.
    pub inspecting: OrganisationId,
    /// Who tests it.
    pub lab: LabId,
    /// From the first to the last day.
    pub period: (Date, Date),
    /// For people.
    pub note: Option<String>,
}

/// A task that is to be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct New {
    /// Out of this cell.
    pub quota: QuotaId,
    /// The revision of the cell that was seen.
    pub seen: i64,
    /// A city or county of the cell's; the cell's when none is named.
    pub region: Option<RegionCode>,
    /// The cell's food class or one below it.
    pub food_class: Option<String>,
    /// Analytes besides those of the cell.
    pub panel: BTreeSet<String>,
    /// Its terms.
    pub terms: Terms,
}

/// How far a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Samples taken, without those that were lost.
    pub taken: u64,
    /// Refused by the laboratory or voided.
    pub lost: u64,
    /// Visits without a sample.
    pub without_sample: u64,
}

/// A task with how far it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    /// Its row.
    pub row: TaskRow,
    /// How far it is.
    pub progress: Progress,
    /// Its visits without a sample; empty in a list.
    pub outcomes: Vec<OutcomeRow>,
}

/// The id of a stored task.
pub(crate) fn id_of(row: &TaskRow) -> Result<TaskId, Error> {
    let city = u16::try_from(row.city).ok().and_then(|city| City::new(city).ok());
    Ok(TaskId { city: city.ok_or(StoreError::Corrupt("task"))?, uuid: row.id.0 })
}

/// A stored task as the rules see it.
fn task_of(row: &TaskRow) -> Result<Task, Error> {
    let cell = Cell {
        stage: row.stage.0,
        task_type: row.task_type.0,
        campaign: row.campaign.clone(),
        region: region_of(row.region)?,
        food_class: row.food_class.clone(),
        panel: panel_of(&row.panel.0)?,
    };
    Ok(Task {
        state: row.state.0,
        cell,
        inspecting: OrganisationId(row.inspecting_org_id.0),
        samples: u32::try_from(row.samples).unwrap_or(0),
        period: (row.starts_on.0, row.ends_on.0),
    })
}

/// Whether a person gives tasks in the region of one: commission and administrators.
fn is_overseen(row: &TaskRow, call: &Call) -> bool {
    let is_theirs = region_of(row.region).is_ok_and(|region| call.scope.sees_region(region));
    is_theirs && call.scope.sees_stage(row.stage.0) && call.actor.roles.iter().any(oversees)
}

/// Whether a person sees a task: who takes, who tests, and who oversees the region.
fn is_seen(row: &TaskRow, call: &Call) -> bool {
    let (own, roles) = (Id(call.organisation.0), &call.actor.roles);
    let takes = roles.contains(&Role::Inspector) && row.inspecting_org_id == own;
    let tests = roles.iter().any(|role| role.is_laboratory()) && row.lab_id == own;
    call.scope.sees_stage(row.stage.0) && (takes || tests || is_overseen(row, call))
}

fn progress(conn: &mut Conn, id: TaskId) -> Result<Progress, Error> {
    let mut progress = Progress::default();
    for (status, n) in task_samples(conn, id)? {
        let n = u64::try_from(n).unwrap_or(0);
        *(if is_kept(&status) { &mut progress.taken } else { &mut progress.lost }) += n;
    }
    Ok(progress)
}

fn given(conn: &mut Conn, row: TaskRow) -> Result<Given, Error> {
    let id = id_of(&row)?;
    let outcomes = outcomes_of(conn, id)?;
    let visits = u64::try_from(outcomes.len()).unwrap_or(u64::MAX);
    Ok(Given { progress: Progress { without_sample: visits, ..progress(conn, id)? }, outcomes, row })
}

/// What speaks against the organisations of a task.
fn organisations(conn: &mut Conn, terms: &Terms) -> Result<Problems, Error> {
    let mut problems = Problems::new();
    let mut check = |at: &str, id: Id, kind: &str, words: (&str, &str)| {
        let is_one = |found: Organisation| found.active && found.kind == kind;
        let is_there = organisation_fetch(conn, id)?.is_some_and(is_one);
        problems.check(is_there, || Problem::new(at, "organisation_unknown", words.0, words.1));
        Ok::<_, Error>(())
    };
    let taker = ("不是在用的抽样单位", "not an inspecting organisation that takes part");
    check("/inspecting_org_id", Id(terms.inspecting.0), "inspecting", taker)?;
    let lab = ("不是在用的检验机构", "not a laboratory that takes part");
    check("/lab_id", Id(terms.lab.0), "laboratory", lab)?;
    Ok(problems)
}

const TITLE_MAX: usize = 100;

fn title_faults(title: &str) -> Problems {
    let mut problems = Problems::new();
    problems.check((1..=TITLE_MAX).contains(&title.chars().count()), || {
        Problem::new("/title", "bad_text", "须为 1 至 100 字", "1 to 100 characters")
    });
    problems
}

/// Gives a task out of a cell. `answer` is what is told of it, now and whenever the same is asked again.
///
/// # Errors
/// [`Error::Invalid`] with every problem, a cell that the person does not see among them; [`Error::Conflict`],
/// [`Error::Idempotency`].
pub fn add(
    store: &Store,
    call: &Call,
    (new, key): (&New, &Key),
    known: &Known<'_>,
    answer: &dyn Fn(&Given) -> Result<Value, Error>,
) -> Result<Value, Error> {
    once(store, call, (stored(PROVINCE.city()), key), answer, |conn| {
        let hidden = || {
            let (zh, en) = ("配额不存在或不在您的权限范围内", "there is no such cell, or it is outside your scope");
            Error::Invalid(Problem::new("/quota_id", "outside_scope", zh, en).into())
        };
        let quota = match seen(conn, call, new.quota) {
            Err(Error::NotFound) => return Err(hidden()),
            quota => quota?,
        };
        if quota.revision != new.seen {
            return Err(Error::Conflict);
        }
        let (quota, _) = with_parts(conn, quota)?;
        let cell = cell_of(&quota.row)?;
        let plan = plan_of(conn, Some(PlanId(quota.row.plan_id.0)))?.ok_or(StoreError::Corrupt("quota"))?;
        let (terms, region) = (&new.terms, new.region.unwrap_or(cell.region));
        let part = Part { region, food_class: new.food_class.clone(), panel: new.panel.clone(), amount: terms.amount };
        let made = cell.part(&part);
        let assignment = Assignment {
            region,
            food_class: new.food_class.clone(),
            amount: terms.amount,
            starts_on: terms.period.0,
            ends_on: terms.period.1,
        };
        let year = year_of(&plan)?;
        let mut problems = assignment.faults(&cell, (quota.free(), year), known.is_within);
        problems.extend(known.faults("", (&made, Some(year))));
        problems.extend(organisations(conn, terms)?);
        problems.extend(title_faults(&terms.title));
        problems.into_result(()).map_err(Error::Invalid)?;
        let row = row((key.id, new.quota, plan.id), &made, (terms, call));
        task_insert(conn, &row)?;
        let raised = given_out(conn, &quota.row)?;
        written(conn, call, (&row, "task_given", json!({"quota": new.quota.to_string()})))?;
        audit_own(
            conn,
            &call.mark(),
            ("quota_given", vec![raised.touched()?], json!({"task": id_of(&row)?.to_string()})),
        )?;
        Ok(Given { row, progress: Progress::default(), outcomes: Vec::new() })
    })
}

fn row((id, quota, plan): (Uuid, QuotaId, Id), cell: &Cell, (terms, call): (&Terms, &Call)) -> TaskRow {
    let number = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
    TaskRow {
        city: stored(city_of(cell.region).city()),
        id: Id(id),
        quota_id: Id(quota.0),
        plan_id: plan,
        title: terms.title.clone(),
        stage: Word(cell.stage),
        task_type: Word(cell.task_type),
        campaign: cell.campaign.clone(),
        region: i32::try_from(cell.region.get()).unwrap_or(i32::MAX),
        food_class: cell.food_class.clone(),
        panel: Doc(json!(cell.panel)),
        samples: number(terms.amount.samples),
        producers: terms.amount.producers.map(number),
        inspecting_org_id: Id(terms.inspecting.0),
        lab_id: Id(terms.lab.0),
        starts_on: Day(terms.period.0),
        ends_on: Day(terms.period.1),
        state: Word(TaskState::Open),
        note: terms.note.clone(),
        cancelled_why: None,
        created_by: Id(call.user().0),
        created_at: Ts(call.at),
        revision: 1,
    }
}

/// Appends the audit row of a task that was written.
fn written(conn: &mut Conn, call: &Call, (row, action, detail): (&TaskRow, &str, Value)) -> Result<(), Error> {
    audit_at(conn, row.city, &call.mark(), (action, vec![row.touched()?], detail))
}

/// A task that a person oversees, at the revision that was seen.
fn overseen(conn: &mut Conn, call: &Call, (id, revision): (TaskId, i64)) -> Result<TaskRow, Error> {
    let row = task_fetch(conn, id)?.filter(|row| is_overseen(row, call)).ok_or(Error::NotFound)?;
    if row.revision == revision { Ok(row) } else { Err(Error::Conflict) }
}

fn open(row: &TaskRow) -> Result<(), Error> {
    let (zh, en) = ("任务已撤销", "the task was cancelled");
    let cancelled = || Error::Invalid(Problem::new("", "task_cancelled", zh, en).into());
    (row.state.0 == TaskState::Open).then_some(()).ok_or_else(cancelled)
}

/// Gives a task other terms. What it is of does not change: another cell is another task.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Conflict`], [`Error::Invalid`] with every problem.
pub fn change(store: &Store, call: &Call, place: (TaskId, i64), terms: &Terms) -> Result<Given, Error> {
    store.write(|conn| {
        let before = overseen(conn, call, place)?;
        open(&before)?;
        let quota = hege_store::quotas::quota_fetch(conn, before.quota_id)?.ok_or(StoreError::Corrupt("task"))?;
        let (quota, _) = with_parts(conn, quota)?;
        let plan = plan_of(conn, Some(PlanId(before.plan_id.0)))?.ok_or(StoreError::Corrupt("task"))?;
        let (held, wanted) = (u64::try_from(before.samples).unwrap_or(0), u64::from(terms.amount.samples));
        let mut problems = terms.amount.faults("");
        let free = quota.free() + held;
        problems.check(wanted <= free, || {
            let (zh, en) = (format!("配额尚余 {free} 批次"), format!("the cell has {free} left"));
            Problem::new("/samples", "exceeds_cell", zh, en)
        });
        problems.check(wanted <= held || quotas::is_seen(&quota.row, call), || {
            let (zh, en) =
                ("配额不在您的权限范围内，不得增加", "the cell is outside your scope: no more can be taken of it");
            Problem::new("/samples", "outside_scope", zh, en)
        });
        let taken = progress(conn, place.0)?.taken;
        problems.check(wanted >= taken, || {
            let (zh, en) = (format!("已抽样 {taken} 批次"), format!("{taken} are taken already"));
            Problem::new("/samples", "below_given", zh, en)
        });
        problems.extend(period_faults(terms.period, year_of(&plan)?));
        problems.extend(organisations(conn, terms)?);
        problems.extend(title_faults(&terms.title));
        problems.into_result(()).map_err(Error::Invalid)?;
        let fresh =
            row((before.id.0, QuotaId(before.quota_id.0), before.plan_id), &task_of(&before)?.cell, (terms, call));
        let now = TaskRow {
            created_by: before.created_by,
            created_at: before.created_at,
            revision: before.revision + 1,
            ..fresh
        };
        let was = json!({"samples": before.samples, "inspecting_org_id": before.inspecting_org_id,
            "lab_id": before.lab_id, "starts_on": before.starts_on, "ends_on": before.ends_on});
        settle(conn, call, (&before, &now), ("task_changed", json!({"before": was})))?;
        if now.samples != before.samples {
            let raised = given_out(conn, &quota.row)?;
            let detail = json!({"task": place.0.to_string()});
            audit_own(conn, &call.mark(), ("quota_given", vec![raised.touched()?], detail))?;
        }
        given(conn, now)
    })
}

/// Writes a task over the one that was found.
fn settle(
    conn: &mut Conn,
    call: &Call,
    (before, now): (&TaskRow, &TaskRow),
    (action, detail): (&str, Value),
) -> Result<(), Error> {
    if !task_update(conn, before.revision, now)? {
        return Err(Error::Conflict);
    }
    written(conn, call, (now, action, detail))
}

/// Cancels a task. What it has not taken goes back to its cell; its samples stay.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Conflict`]; [`Error::Invalid`] without a reason and when it is cancelled already.
pub fn cancel(store: &Store, call: &Call, place: (TaskId, i64), reason: &str) -> Result<Given, Error> {
    store.write(|conn| {
        let before = overseen(conn, call, place)?;
        open(&before)?;
        let now = TaskRow {
            state: Word(TaskState::Cancelled),
            cancelled_why: Some(reason.to_owned()),
            revision: before.revision + 1,
            ..before.clone()
        };
        settle(conn, call, (&before, &now), ("task_cancelled", json!({"reason": reason})))?;
        let quota = hege_store::quotas::quota_fetch(conn, before.quota_id)?.ok_or(StoreError::Corrupt("task"))?;
        let raised = given_out(conn, &quota)?;
        let detail = json!({"task": place.0.to_string()});
        audit_own(conn, &call.mark(), ("quota_given", vec![raised.touched()?], detail))?;
        given(conn, now)
    })
}

/// Records a visit that yielded no sample. `answer` is what is told of the task, now and whenever the same is asked again.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Invalid`] with every problem; [`Error::Idempotency`].
pub fn outcome_add(
    (store, regions): (&Store, &Regions),
    call: &Call,
    (id, outcome): (TaskId, &Outcome),
    key: &Key,
    answer: &dyn Fn(&Given) -> Result<Value, Error>,
) -> Result<Value, Error> {
    once(store, call, (stored(id.city), key), answer, |conn| {
        let is_own = |row: &TaskRow| is_seen(row, call) && row.inspecting_org_id.0 == call.organisation.0;
        let row = task_fetch(conn, id)?.filter(is_own).ok_or(Error::NotFound)?;
        let task = task_of(&row)?;
        // Whoever was there while the task went on may tell of it afterwards.
        let mut problems = outcome.faults(&task, call.at);
        problems.extend(regions.faults("/region", (outcome.region, china_date(outcome.at))));
        problems.into_result(()).map_err(Error::Invalid)?;
        let visit = OutcomeRow {
            city: row.city,
            task_id: row.id,
            id: Id(key.id),
            kind: Word(outcome.kind),
            at: Ts(outcome.at),
            region: i32::try_from(outcome.region.get()).unwrap_or(i32::MAX),
            place: outcome.place.clone(),
            unit: outcome.unit.clone(),
            evidence: outcome.evidence.clone(),
            person_id: Id(call.user().0),
            recorded_at: Ts(call.at),
        };
        outcome_insert(conn, &visit)?;
        let detail = json!({"task": id.to_string(), "kind": outcome.kind.code()});
        audit_at(conn, row.city, &call.mark(), ("task_outcome", vec![visit.touched()?], detail))?;
        given(conn, row)
    })
}

/// A task that a person sees, with its visits.
///
/// # Errors
/// [`Error::NotFound`].
pub fn fetch(store: &Store, call: &Call, id: TaskId) -> Result<Given, Error> {
    store.read(|conn| {
        let row = task_fetch(conn, id)?.filter(|row| is_seen(row, call)).ok_or(Error::NotFound)?;
        given(conn, row)
    })
}

/// Which tasks are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// One plan.
    pub plan: Option<PlanId>,
    /// One cell.
    pub quota: Option<QuotaId>,
    /// A region's subtree.
    pub region: Option<RegionCode>,
    /// One stage.
    pub stage: Option<Stage>,
    /// One state.
    pub state: Option<TaskState>,
    /// The last task of the page before.
    pub after: Option<Uuid>,
}

/// A page of the tasks that a person sees, the newest first, and whether another follows.
///
/// # Errors
/// Those of the store.
pub fn list(store: &Store, call: &Call, asked: &Asked, limit: u8) -> Result<(Vec<Given>, Option<Uuid>), Error> {
    if asked.stage.is_some_and(|stage| !call.scope.sees_stage(stage)) {
        return Ok((Vec::new(), None));
    }
    let (own, roles) = (Some(Id(call.organisation.0)), &call.actor.roles);
    let oversees = roles.iter().any(oversees);
    let takes = own.filter(|_| !oversees && roles.contains(&Role::Inspector));
    let tests = own.filter(|_| !oversees && roles.iter().any(|role| role.is_laboratory()));
    let filter = TaskFilter {
        of: (takes, tests),
        regions: oversees.then(|| counties(call.scope.region)),
        within: asked.region.map(counties),
        stages: asked.stage.map_or_else(|| call.scope.stages.iter().copied().collect(), |stage| vec![stage]),
        plan: asked.plan.map(|plan| Id(plan.0)),
        quota: asked.quota.map(|quota| Id(quota.0)),
        state: asked.state,
        after: asked.after.map(Id),
    };
    store.read(|conn| {
        let mut rows = task_list(conn, &filter, i64::from(limit) + 1)?;
        let is_more = rows.len() > usize::from(limit);
        rows.truncate(usize::from(limit));
        let next = rows.last().filter(|_| is_more).map(|row| row.id.0);
        let mut tasks = Vec::with_capacity(rows.len());
        for row in rows {
            tasks.push(Given { outcomes: Vec::new(), ..given(conn, row)? });
        }
        Ok((tasks, next))
    })
}

/// What speaks against a form, and what is doubtful about it, as one of the task that it names.
///
/// # Errors
/// Those of the store.
pub fn fit(
    store: &Store,
    call: &Call,
    taken: (&Form, &BTreeSet<String>),
    is_within: IsWithin<'_>,
) -> Result<(Problems, Problems), Error> {
    store.read(|conn| fit_in(conn, call, taken, is_within))
}

/// The same within a transaction.
pub(crate) fn fit_in(
    conn: &mut Conn,
    call: &Call,
    (form, items): (&Form, &BTreeSet<String>),
    is_within: IsWithin<'_>,
) -> Result<(Problems, Problems), Error> {
    let Some(id) = form.task else { return Ok(Default::default()) };
    let Some(row) = task_fetch(conn, id)?.filter(|row| is_seen(row, call)) else {
        let (zh, en) = ("任务不存在或未下达给本机构", "there is no such task, or it is another organisation's");
        return Ok((Problem::new("/task", "task_unknown", zh, en).into(), Problems::new()));
    };
    let task = task_of(&row)?;
    let objections = task.objections(&Taking { form, organisation: call.organisation, items }, is_within);
    let doubts = task.doubts(form, progress(conn, id)?.taken);
    Ok((objections, doubts))
}

/// Whether a sample of a task is sealed for the laboratory that the task names.
///
/// # Errors
/// [`Error::Invalid`] when it is another.
pub(crate) fn right_lab(conn: &mut Conn, sample: &Sample, lab: LabId) -> Result<(), Error> {
    let Some(task) = sample.task_id else { return Ok(()) };
    let city = u16::try_from(sample.city).ok().and_then(|city| City::new(city).ok());
    let city = city.ok_or(StoreError::Corrupt("sample"))?;
    let row = task_fetch(conn, TaskId { city, uuid: task.0 })?.ok_or(StoreError::Corrupt("sample"))?;
    let (zh, en) = ("任务指定了另一检验机构", "the task names another laboratory");
    let other = || Error::Invalid(Problem::new("/lab_id", "task_differs", zh, en).into());
    (row.lab_id.0 == lab.0).then_some(()).ok_or_else(other)
}
