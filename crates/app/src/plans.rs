//! 计划、目标: what each stage of a year is held to, and what counts.

use crate::record::audit_own;
use crate::{Error, Mark};
use hege_core::{PlanId, Problem, Problems, SampleKind, Stage, TaskType};
use hege_rates::{BasisPoints, Counting};
use hege_store::audit::Audited;
use hege_store::plans::{
    Plan, TargetRow, plan_insert, plan_make_current, plan_retitle, plans_list, target_insert, targets_of,
};
use hege_store::types::{Doc, Id, Ts, Word};
use hege_store::{Conn, Error as StoreError, Store};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::str::FromStr;

/// A stage's target in a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The stage.
    pub stage: Stage,
    /// 1, 2, ...
    pub version: i32,
    /// The pass rate; none where the plan names no number.
    pub basis_points: Option<BasisPoints>,
    /// Fewest samples for a notice.
    pub min_n: u32,
    /// Countable samples that the year is planned to have.
    pub planned_n: u32,
    /// What counts.
    pub counting: Counting,
    /// The clause of the plan, with its words.
    pub clause: String,
    /// From when it is held.
    pub valid_from: Timestamp,
}

/// A year's plan with every version of its targets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YearPlan {
    /// Its id.
    pub id: PlanId,
    /// Its year.
    pub year: i16,
    /// 名称.
    pub title: String,
    /// Whether it is a demonstration.
    pub demo: bool,
    /// Whether it is the current one.
    pub current: bool,
    /// Grows with each change of title or currency.
    pub revision: i64,
    /// By stage and version.
    pub targets: Vec<Target>,
}

impl YearPlan {
    /// The target of a stage at an instant: the last version held from then or before; the first one before any was held.
    #[must_use]
    pub fn target(&self, stage: Stage, at: Timestamp) -> Option<&Target> {
        let of_stage = || self.targets.iter().filter(move |target| target.stage == stage);
        of_stage().rfind(|target| target.valid_from <= at).or_else(|| of_stage().next())
    }
}

fn corrupt<E>(_cause: E) -> Error {
    StoreError::Corrupt("target").into()
}

fn codes<T: FromStr + Ord>(counting: &Value, field: &str) -> Result<BTreeSet<T>, Error> {
    let list = counting.get(field).and_then(Value::as_array).ok_or(()).map_err(corrupt)?;
    list.iter().map(|code| code.as_str().ok_or(()).map_err(corrupt)?.parse().map_err(corrupt)).collect()
}

/// What counts, as stored.
#[must_use]
pub fn counting_document(counting: &Counting) -> Value {
    let types: Vec<&str> = counting.task_types.iter().map(|word| word.code()).collect();
    let kinds: Vec<&str> = counting.sample_kinds.iter().map(|word| word.code()).collect();
    json!({"task_types": types, "sample_kinds": kinds})
}

impl Target {
    fn of(row: TargetRow) -> Result<Self, Error> {
        let basis_points = row.basis_points.map(|bp| u16::try_from(bp).ok().and_then(BasisPoints::new).ok_or(()));
        Ok(Self {
            stage: row.stage.0,
            version: row.version,
            basis_points: basis_points.transpose().map_err(corrupt)?,
            min_n: u32::try_from(row.min_n).map_err(corrupt)?,
            planned_n: u32::try_from(row.planned_n).map_err(corrupt)?,
            counting: Counting {
                task_types: codes::<TaskType>(&row.counting.0, "task_types")?,
                sample_kinds: codes::<SampleKind>(&row.counting.0, "sample_kinds")?,
            },
            clause: row.clause,
            valid_from: row.valid_from.0,
        })
    }

    fn row(&self, plan: PlanId) -> TargetRow {
        let number = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
        TargetRow {
            plan_id: Id(plan.0),
            stage: Word(self.stage),
            version: self.version,
            basis_points: self.basis_points.map(|bp| i32::from(bp.get())),
            min_n: number(self.min_n),
            planned_n: number(self.planned_n),
            counting: Doc(counting_document(&self.counting)),
            clause: self.clause.clone(),
            valid_from: Ts(self.valid_from),
        }
    }
}

fn read(conn: &mut Conn, plan: Plan) -> Result<YearPlan, Error> {
    let targets = targets_of(conn, plan.id)?.into_iter().map(Target::of).collect::<Result<_, _>>()?;
    Ok(YearPlan {
        id: PlanId(plan.id.0),
        year: i16::try_from(plan.year).map_err(corrupt)?,
        title: plan.title,
        demo: plan.demo,
        current: plan.current,
        revision: plan.revision,
        targets,
    })
}

/// Every plan, the newest year first.
///
/// # Errors
/// Those of the store.
pub fn list(store: &Store) -> Result<Vec<YearPlan>, Error> {
    store.read(|conn| plans_list(conn)?.into_iter().map(|plan| read(conn, plan)).collect())
}

/// A plan by its id, or the current one.
///
/// # Errors
/// [`Error::NotFound`].
pub fn fetch(store: &Store, id: Option<PlanId>) -> Result<YearPlan, Error> {
    store.read(|conn| {
        let is_meant = |plan: &Plan| id.map_or(plan.current, |id| plan.id.0 == id.0);
        let plan = plans_list(conn)?.into_iter().find(is_meant).ok_or(Error::NotFound)?;
        read(conn, plan)
    })
}

/// Puts a plan with its targets; a current one takes that place from the one that had it.
///
/// # Errors
/// [`StoreError::Duplicate`] when its id is taken.
pub fn put(store: &Store, plan: &YearPlan, mark: Mark) -> Result<(), Error> {
    let row = Plan {
        id: Id(plan.id.0),
        year: i32::from(plan.year),
        title: plan.title.clone(),
        demo: plan.demo,
        current: false,
        revision: 1,
    };
    store.write(|conn| {
        plan_insert(conn, &row)?;
        let mut touched = Vec::new();
        for target in &plan.targets {
            let target = target.row(plan.id);
            target_insert(conn, &target)?;
            touched.push(target.touched()?);
        }
        if plan.current {
            plan_make_current(conn, row.id)?;
        }
        audit_own(conn, &mark, ("plan_put", touched, json!({"plan": plan.id.to_string()})))
    })
}

/// What speaks against a target, at `{at}/...`.
fn objections(target: &Target, at: &str) -> Problems {
    let mut problems = Problems::new();
    problems.check((1..=100_000).contains(&target.min_n), || {
        Problem::new(format!("{at}/min_n"), "out_of_range", "须为 1 至 100000", "1 to 100000")
    });
    let required = |field: &str| Problem::new(format!("{at}/{field}"), "required", "必填", "required");
    problems.check(!target.counting.task_types.is_empty(), || required("task_types"));
    problems.check(target.counting.task_types.iter().all(|word| word.is_stated()), || {
        let (zh, en) = ("未注明任务类别的样品不计入", "what nobody stated counts nowhere");
        Problem::new(format!("{at}/task_types"), "task_type_unstated", zh, en)
    });
    problems.check(!target.counting.sample_kinds.is_empty(), || required("sample_kinds"));
    problems.check(!target.clause.trim().is_empty(), || required("clause"));
    problems
}

/// What speaks against a new plan: every stage is named once, with or without a number.
fn check(plan: &YearPlan) -> Problems {
    let mut problems = Problems::new();
    problems.check((1..=100).contains(&plan.title.chars().count()), || {
        Problem::new("/title", "bad_text", "须为 1 至 100 字", "1 to 100 characters")
    });
    for (index, target) in plan.targets.iter().enumerate() {
        problems.extend(objections(target, &format!("/targets/{index}")));
        let before = plan.targets.iter().take(index);
        problems.check(before.clone().all(|other| other.stage != target.stage), || {
            Problem::new(format!("/targets/{index}/stage"), "given_twice", "环节重复", "the stage stands twice")
        });
    }
    for stage in Stage::ALL {
        problems.check(plan.targets.iter().any(|target| target.stage == *stage), || {
            let (zh, en) = (format!("缺少{}环节", stage.zh()), format!("the {} stage is missing", stage.en()));
            Problem::new("/targets", "stage_missing", zh, en)
        });
    }
    problems
}

/// Puts a new plan of a year, with the first version of its targets, held from the year's beginning.
///
/// # Errors
/// [`Error::Invalid`] with every problem; a year that has a plan already is one of them.
pub fn add(store: &Store, plan: &YearPlan, mark: Mark) -> Result<YearPlan, Error> {
    let mut problems = check(plan);
    let is_taken = list(store)?.iter().any(|other| other.year == plan.year && !other.demo);
    problems.check(!is_taken, || Problem::new("/year", "year_taken", "该年已有计划", "there is a plan of this year"));
    problems.into_result(()).map_err(Error::Invalid)?;
    put(store, plan, mark)?;
    fetch(store, Some(plan.id))
}

/// Gives a plan another title, or the place of the current one. `seen` is the revision that was seen.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Conflict`], [`Error::Invalid`].
pub fn change(
    store: &Store,
    id: PlanId,
    (seen, title, current): (i64, &str, bool),
    mark: Mark,
) -> Result<YearPlan, Error> {
    let is_title = (1..=100).contains(&title.trim().chars().count());
    store.write(|conn| {
        let old = plans_list(conn)?.into_iter().find(|plan| plan.id.0 == id.0).ok_or(Error::NotFound)?;
        let mut problems = Problems::new();
        problems.check(is_title, || Problem::new("/title", "bad_text", "须为 1 至 100 字", "1 to 100 characters"));
        problems.check(current || !old.current, || {
            let (zh, en) = ("须将另一计划设为当前计划", "another plan has to take the place of the current one");
            Problem::new("/current", "no_current_plan", zh, en)
        });
        problems.into_result(()).map_err(Error::Invalid)?;
        let new = plan_retitle(conn, old.id, (seen, title.trim()))?.ok_or(Error::Conflict)?;
        if current && !old.current {
            plan_make_current(conn, new.id)?;
        }
        let before = json!({"plan": id.to_string(), "before": {"title": old.title, "current": old.current}});
        audit_own(conn, &mark, ("plan_changed", Vec::new(), before))?;
        let new = plans_list(conn)?.into_iter().find(|plan| plan.id.0 == id.0).ok_or(Error::NotFound)?;
        read(conn, new)
    })
}

/// Holds a stage to another target from `mark.at` on. The versions before stay: earlier as-of dates keep them.
///
/// # Errors
/// [`Error::Invalid`]; [`Error::Conflict`] when `seen` is not the last version; [`Error::NotFound`].
pub fn change_target(store: &Store, plan: PlanId, (seen, new): (i32, &Target), mark: Mark) -> Result<Target, Error> {
    objections(new, "").into_result(()).map_err(Error::Invalid)?;
    store.write(|conn| {
        let last = targets_of(conn, Id(plan.0))?.into_iter().rfind(|row| row.stage.0 == new.stage);
        let last = last.ok_or(Error::NotFound)?;
        if last.version != seen {
            return Err(Error::Conflict);
        }
        let target = Target { version: seen + 1, valid_from: mark.at, ..new.clone() };
        let row = target.row(plan);
        target_insert(conn, &row)?;
        let before = json!({"before": {"version": seen, "basis_points": last.basis_points, "min_n": last.min_n}});
        audit_own(conn, &mark, ("target_changed", vec![row.touched()?], before))?;
        Ok(target)
    })
}
