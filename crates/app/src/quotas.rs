//! 配额: cells of a plan are put, split into parts, and changed. Whoever gives something out of a cell raises its revision, so that
//! two who give at once cannot give the same twice.

use crate::known::Known;
use crate::once::{Key, once};
use crate::record::audit_own;
use crate::{Call, Error, PROVINCE, Store, counties, stored};
use hege_core::region::RegionLevel;
use hege_core::{PlanId, Problem, Problems, QuotaId, RegionCode, Stage, TaskType};
use hege_sampling::indicator::IndicatorKind;
use hege_sampling::life_cycle::Status;
use hege_sampling::quota::{self, Amount, Cell, Part};
use hege_sampling::task::TaskState;
use hege_store::audit::Audited;
use hege_store::coverage::{planned, taken};
use hege_store::indicators::{IndicatorRow, indicators_of};
use hege_store::plans::{Plan, plans_list};
pub use hege_store::quotas::QuotaRow;
use hege_store::quotas::{quota_fetch, quota_parts, quota_update, quotas_insert, quotas_of};
use hege_store::tasks::{task_samples, tasks_of};
use hege_store::types::{Doc, Id, Ts, Word};
use hege_store::{Conn, Error as StoreError};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// A cell with what of it was given out.
#[derive(Debug, Clone, PartialEq)]
pub struct Quota {
    /// Its row.
    pub row: QuotaRow,
    /// Samples that its parts want.
    pub split: u64,
    /// Samples that its own tasks are to take.
    pub planned: u64,
}

impl Quota {
    /// Samples that are neither split nor given to a task.
    #[must_use]
    pub fn free(&self) -> u64 {
        wanted(&self.row).saturating_sub(self.split + self.planned)
    }
}

/// A cell of the plan itself that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct New {
    /// The plan; the current one when none is named.
    pub plan: Option<PlanId>,
    /// What of.
    pub cell: Cell,
    /// How much.
    pub amount: Amount,
    /// For people.
    pub note: Option<String>,
}

pub(crate) fn wanted(row: &QuotaRow) -> u64 {
    u64::try_from(row.samples).unwrap_or(0)
}

fn number(n: u32) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

/// A region as stored.
pub(crate) fn region_of(code: i32) -> Result<RegionCode, Error> {
    let region = u32::try_from(code).ok().and_then(|code| RegionCode::new(code).ok());
    region.ok_or_else(|| StoreError::Corrupt("region").into())
}

/// A panel as stored.
pub(crate) fn panel_of(panel: &Value) -> Result<BTreeSet<String>, Error> {
    let codes = panel.as_array().map(|codes| codes.iter().filter_map(Value::as_str).map(str::to_owned).collect());
    codes.ok_or_else(|| StoreError::Corrupt("panel").into())
}

/// What a stored cell is of.
pub(crate) fn cell_of(row: &QuotaRow) -> Result<Cell, Error> {
    Ok(Cell {
        stage: row.stage.0,
        task_type: row.task_type.0,
        campaign: row.campaign.clone(),
        region: region_of(row.region)?,
        food_class: row.food_class.clone(),
        panel: panel_of(&row.panel.0)?,
    })
}

/// What a cell is of in one text.
fn cell_text(cell: &Cell) -> String {
    let or_any = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let panel: Vec<&str> = cell.panel.iter().map(String::as_str).collect();
    let (stage, task_type) = (cell.stage.code(), cell.task_type.code());
    let (campaign, food) = (or_any(&cell.campaign), or_any(&cell.food_class));
    format!("{stage}/{task_type}/{campaign}/{}/{food}/{}", cell.region, panel.join("+"))
}

fn row(plan: Id, (id, parent): (Uuid, Option<Id>), cell: &Cell, (amount, note): (Amount, Option<String>)) -> QuotaRow {
    QuotaRow {
        id: Id(id),
        plan_id: plan,
        parent_id: parent,
        cell: cell_text(cell),
        stage: Word(cell.stage),
        task_type: Word(cell.task_type),
        campaign: cell.campaign.clone(),
        region: i32::try_from(cell.region.get()).unwrap_or(i32::MAX),
        food_class: cell.food_class.clone(),
        panel: Doc(json!(cell.panel)),
        samples: number(amount.samples),
        producers: amount.producers.map(number),
        note,
        revision: 1,
    }
}

/// Whether a person sees a cell.
pub(crate) fn is_seen(row: &QuotaRow, call: &Call) -> bool {
    call.scope.sees_stage(row.stage.0) && region_of(row.region).is_ok_and(|region| call.scope.sees_region(region))
}

/// A cell that a person sees.
pub(crate) fn seen(conn: &mut Conn, call: &Call, id: QuotaId) -> Result<QuotaRow, Error> {
    quota_fetch(conn, Id(id.0))?.filter(|row| is_seen(row, call)).ok_or(Error::NotFound)
}

/// Samples that count for a task: those that are neither refused nor voided.
pub(crate) fn is_kept(status: &str) -> bool {
    status != Status::Refused.code() && status != Status::Voided.code()
}

/// What the own tasks of a cell hold of it: an open one what it is to take, a cancelled one what it took.
fn held_by_tasks(conn: &mut Conn, id: Id) -> Result<u64, Error> {
    let mut held = 0;
    for task in tasks_of(conn, id)? {
        held += match task.state.0 {
            TaskState::Open => u64::try_from(task.samples).unwrap_or(0),
            TaskState::Cancelled => {
                let samples = task_samples(conn, crate::tasks::id_of(&task)?)?;
                samples.iter().filter(|(status, _)| is_kept(status)).map(|(_, n)| u64::try_from(*n).unwrap_or(0)).sum()
            }
        };
    }
    Ok(held)
}

/// A cell with what of it was given out, and its parts.
pub(crate) fn with_parts(conn: &mut Conn, row: QuotaRow) -> Result<(Quota, Vec<QuotaRow>), Error> {
    let parts = quota_parts(conn, row.id)?;
    let (split, planned) = (parts.iter().map(wanted).sum(), held_by_tasks(conn, row.id)?);
    Ok((Quota { row, split, planned }, parts))
}

/// Raises the revision of a cell out of which something was given, if it is still the one that was seen.
pub(crate) fn given_out(conn: &mut Conn, row: &QuotaRow) -> Result<QuotaRow, Error> {
    let raised = QuotaRow { revision: row.revision + 1, ..row.clone() };
    if quota_update(conn, row.revision, &raised)? { Ok(raised) } else { Err(Error::Conflict) }
}

/// The plan of an id, or the current one.
pub(crate) fn plan_of(conn: &mut Conn, id: Option<PlanId>) -> Result<Option<Plan>, Error> {
    let is_meant = |plan: &Plan| id.map_or(plan.current, |id| plan.id.0 == id.0);
    Ok(plans_list(conn)?.into_iter().find(is_meant))
}

/// The year of a plan.
pub(crate) fn year_of(plan: &Plan) -> Result<i16, Error> {
    i16::try_from(plan.year).map_err(|_no_year| StoreError::Corrupt("plan").into())
}

/// Puts a cell of the plan itself. `answer` is what is told of it, now and whenever the same is asked again.
///
/// # Errors
/// [`Error::Invalid`] with every problem; [`Error::Idempotency`].
pub fn add(
    store: &Store,
    call: &Call,
    (new, key): (&New, &Key),
    known: &Known<'_>,
    answer: &dyn Fn(&Quota) -> Result<Value, Error>,
) -> Result<Value, Error> {
    once(store, call, (stored(PROVINCE.city()), key), answer, |conn| {
        let plan = plan_of(conn, new.plan)?;
        let mut problems = new.amount.faults("");
        let year = plan.as_ref().map(year_of).transpose()?;
        problems.check(plan.is_some(), || Problem::new("/plan", "plan_unknown", "计划不存在", "there is no such plan"));
        problems.check(new.cell.task_type.is_stated(), || {
            Problem::new("/task_type", "unknown_word", "不是规定的代码", "not one of the codes")
        });
        problems.extend(known.faults("", (&new.cell, year)));
        if let Some(outside) = call.scope.objection(new.cell.stage, new.cell.region) {
            problems.push(outside);
        } else if let Some(plan) = &plan {
            problems.extend(of_campaign(conn, (plan.id, &new.cell), known.is_within)?);
            let text = cell_text(&new.cell);
            let is_there = quotas_of(conn, Some(plan.id))?.iter().any(|row| row.cell == text);
            problems.check(!is_there, || {
                Problem::new("", "given_twice", "该配额已存在", "the plan has such a cell already")
            });
        }
        let Some(plan) = plan.filter(|_| problems.is_empty()) else { return Err(Error::Invalid(problems)) };
        let row = row(plan.id, (key.id, None), &new.cell, (new.amount, new.note.clone()));
        quotas_insert(conn, std::slice::from_ref(&row))?;
        audit_own(conn, &call.mark(), ("quota_put", vec![row.touched()?], json!({"plan": plan.id.0.to_string()})))?;
        Ok(Quota { row, split: 0, planned: 0 })
    })
}

/// What speaks against a cell as one of the campaign that it names: its plan has it, it takes samples, and stage and foods
/// are its own.
fn of_campaign(conn: &mut Conn, (plan, cell): (Id, &Cell), is_within: quota::IsWithin<'_>) -> Result<Problems, Error> {
    let mut problems = Problems::new();
    problems.check((cell.task_type == TaskType::Campaign) == cell.campaign.is_some(), || {
        let (zh, en) = (
            "任务类别为专项抽检时须注明专项，其他不填",
            "a campaign is named for the task type campaign and for no other",
        );
        Problem::new("/campaign", "campaign_out_of_place", zh, en)
    });
    let Some(code) = &cell.campaign else { return Ok(problems) };
    let is_it = |row: &IndicatorRow| row.code == *code && row.kind.0 == IndicatorKind::Sampling;
    let Some(campaign) = indicators_of(conn, Some(plan))?.into_iter().find(is_it) else {
        let (zh, en) = ("计划中无此专项抽检", "the plan has no such campaign with samples");
        problems.push(Problem::new("/campaign", "campaign_unknown", zh, en));
        return Ok(problems);
    };
    problems.check(campaign.stage.is_none_or(|stage| stage.0 == cell.stage), || {
        Problem::new("/stage", "campaign_differs", "与专项的环节不符", "not the campaign's stage")
    });
    let foods = panel_of(&campaign.food_classes.0)?;
    let is_its = |food: &String| foods.iter().any(|class| is_within(food, class));
    problems.check(foods.is_empty() || cell.food_class.as_ref().is_some_and(is_its), || {
        Problem::new(
            "/food_class",
            "campaign_differs",
            "不在专项的食品分类之内",
            "not within the foods of the campaign",
        )
    });
    Ok(problems)
}

/// Splits a cell; `seen` is the revision that was seen. `new_id` gives each part its id. The cell as it is then, and its parts.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Conflict`], [`Error::Invalid`] with every problem.
pub fn split(
    store: &Store,
    call: &Call,
    (id, seen_revision): (QuotaId, i64),
    (parts, ids): (&[Part], &[Uuid]),
    known: &Known<'_>,
) -> Result<(Quota, Vec<Quota>), Error> {
    store.write(|conn| {
        let row = seen(conn, call, id)?;
        if row.revision != seen_revision {
            return Err(Error::Conflict);
        }
        let (whole, before) = with_parts(conn, row)?;
        let cell = cell_of(&whole.row)?;
        let cells = before.iter().map(cell_of).collect::<Result<Vec<_>, _>>()?;
        let plan = plan_of(conn, Some(PlanId(whole.row.plan_id.0)))?.ok_or(StoreError::Corrupt("quota"))?;
        let mut problems = quota::split(&cell, (whole.free(), &cells), parts, known.is_within);
        let year = Some(year_of(&plan)?);
        for (index, part) in parts.iter().enumerate() {
            problems.extend(known.faults(&format!("/parts/{index}"), (&cell.part(part), year)));
        }
        problems.extend(elsewhere(conn, (&whole.row, &cells), (&cell, parts))?);
        problems.into_result(()).map_err(Error::Invalid)?;
        let made: Vec<QuotaRow> = parts
            .iter()
            .zip(ids)
            .map(|(part, id)| {
                self::row(whole.row.plan_id, (*id, Some(whole.row.id)), &cell.part(part), (part.amount, None))
            })
            .collect();
        quotas_insert(conn, &made)?;
        let raised = given_out(conn, &whole.row)?;
        let mut touched = vec![raised.touched()?];
        for row in &made {
            touched.push(row.touched()?);
        }
        audit_own(conn, &call.mark(), ("quota_split", touched, json!({"quota": id.to_string()})))?;
        let whole = with_parts(conn, raised)?.0;
        Ok((whole, made.into_iter().map(|row| Quota { row, split: 0, planned: 0 }).collect()))
    })
}

/// Parts that the plan has already, under another cell.
fn elsewhere(
    conn: &mut Conn,
    (whole, own): (&QuotaRow, &[Cell]),
    (cell, parts): (&Cell, &[Part]),
) -> Result<Problems, Error> {
    let there: BTreeSet<String> = quotas_of(conn, Some(whole.plan_id))?.into_iter().map(|row| row.cell).collect();
    let mut problems = Problems::new();
    for (index, part) in parts.iter().enumerate() {
        let made = cell.part(part);
        // Those of the cell itself are told by the rule of splitting.
        let is_elsewhere = made != *cell && !own.contains(&made) && there.contains(&cell_text(&made));
        problems.check(!is_elsewhere, || {
            let (zh, en) = ("该配额已在计划的另一项之下", "the plan has such a part under another cell");
            Problem::new(format!("/parts/{index}"), "given_twice", zh, en)
        });
    }
    Ok(problems)
}

/// Gives a cell another amount and note.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Conflict`]; [`Error::Invalid`] when its parts and tasks hold more, or the cell above has less.
pub fn change(
    store: &Store,
    call: &Call,
    (id, seen_revision): (QuotaId, i64),
    (amount, note): (Amount, Option<&str>),
) -> Result<Quota, Error> {
    store.write(|conn| {
        let before = seen(conn, call, id)?;
        if before.revision != seen_revision {
            return Err(Error::Conflict);
        }
        let (quota, _) = with_parts(conn, before.clone())?;
        let above = match before.parent_id {
            Some(parent) => quota_fetch(conn, parent)?.map(|row| with_parts(conn, row)).transpose()?,
            None => None,
        };
        let free = above.as_ref().map(|(above, _)| above.free() + wanted(&before));
        quota::change(amount, (quota.split + quota.planned, free)).into_result(()).map_err(Error::Invalid)?;
        let changed = QuotaRow {
            samples: number(amount.samples),
            producers: amount.producers.map(number),
            note: note.map(str::to_owned),
            ..before.clone()
        };
        let now = QuotaRow { revision: before.revision + 1, ..changed };
        if !quota_update(conn, before.revision, &now)? {
            return Err(Error::Conflict);
        }
        let mut touched = vec![now.touched()?];
        if let Some((above, _)) = above {
            touched.push(given_out(conn, &above.row)?.touched()?);
        }
        let was =
            json!({"quota": id.to_string(), "before": {"samples": before.samples, "producers": before.producers}});
        audit_own(conn, &call.mark(), ("quota_changed", touched, was))?;
        Ok(Quota { row: now, ..quota })
    })
}

/// Which cells are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// The plan; the current one when none is named.
    pub plan: Option<PlanId>,
    /// Only the parts of a cell.
    pub parent: Option<QuotaId>,
    /// Only those within a region.
    pub region: Option<RegionCode>,
    /// Only those of a stage.
    pub stage: Option<Stage>,
}

/// The cells of a plan that a person sees, each with what of it was given out.
///
/// # Errors
/// [`Error::NotFound`] when there is no such plan.
pub fn list(store: &Store, call: &Call, asked: &Asked) -> Result<Vec<Quota>, Error> {
    store.snapshot(|conn| {
        let plan = plan_of(conn, asked.plan)?.ok_or(Error::NotFound)?;
        let rows = quotas_of(conn, Some(plan.id))?;
        let planned = planned_of(conn, plan.id)?;
        let mut split: BTreeMap<Id, u64> = BTreeMap::new();
        for row in &rows {
            if let Some(parent) = row.parent_id {
                *split.entry(parent).or_default() += wanted(row);
            }
        }
        let (low, high) = asked.region.map_or((i32::MIN, i32::MAX), counties);
        let is_asked = |row: &QuotaRow| {
            asked.parent.is_none_or(|parent| row.parent_id == Some(Id(parent.0)))
                && (low..=high).contains(&row.region)
                && asked.stage.is_none_or(|stage| stage == row.stage.0)
        };
        let of = |map: &BTreeMap<Id, u64>, row: &QuotaRow| map.get(&row.id).copied().unwrap_or(0);
        let shown = rows.into_iter().filter(|row| is_seen(row, call) && is_asked(row));
        Ok(shown.map(|row| Quota { split: of(&split, &row), planned: of(&planned, &row), row }).collect())
    })
}

/// What the tasks of a plan hold of each cell.
fn planned_of(conn: &mut Conn, plan: Id) -> Result<BTreeMap<Id, u64>, Error> {
    let mut held: BTreeMap<Id, u64> = BTreeMap::new();
    for row in planned(conn, plan)?.into_iter().filter(|row| row.state.0 == TaskState::Open) {
        *held.entry(row.quota_id).or_default() += u64::try_from(row.samples).unwrap_or(0);
    }
    let cancelled = taken(conn, plan, Ts(Timestamp::MAX))?;
    for row in cancelled.into_iter().filter(|row| row.state.0 == TaskState::Cancelled && is_kept(&row.status)) {
        *held.entry(row.quota_id).or_default() += u64::try_from(row.n).unwrap_or(0);
    }
    Ok(held)
}

/// The city of a region that has one.
pub(crate) fn city_of(region: RegionCode) -> RegionCode {
    if region.level() == RegionLevel::County { region.city().region() } else { region }
}
