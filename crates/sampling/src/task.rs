//! 任务: what of a cell an inspecting organisation takes for a laboratory, from when until when; and 未抽到: visits that yield no
//! sample, which stand beside the samples and fulfil nothing.

use crate::form::Form;
use crate::quota::{Amount, Cell, IsWithin, exceeds, is_place, outside};
use hege_core::date::china_date;
use hege_core::{OrganisationId, Problem, Problems, RegionCode, words};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

words! {
    /// Whether a task goes on.
    pub enum TaskState {
        Open = "open", "在办", "open";
        Cancelled = "cancelled", "已撤销", "cancelled";
    }
}

words! {
    /// Why a visit yields no sample (餐饮服务食品安全监督抽检工作规范 2010: 抽样未果证明).
    pub enum OutcomeKind {
        Refused = "refused", "企业拒检", "the unit refuses";
        NothingToTake = "nothing_to_take", "未抽到样品", "nothing there to take";
        Closed = "closed", "关闭或停业", "closed or out of business";
    }
}

/// What a task is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// A city or county of the cell.
    pub region: RegionCode,
    /// The cell's food class or one below it; none for the cell's.
    pub food_class: Option<String>,
    /// How much of the cell.
    pub amount: Amount,
    /// The first day.
    pub starts_on: Date,
    /// The last day.
    pub ends_on: Date,
}

impl Assignment {
    /// What speaks against it, out of a cell of a year's plan that has `free` samples left to give.
    #[must_use]
    pub fn faults(&self, cell: &Cell, (free, year): (u64, i16), is_within: IsWithin<'_>) -> Problems {
        let mut problems = self.amount.faults("");
        problems.check(cell.region.contains(self.region), || outside("/region".to_owned()));
        problems.check(is_place(self.region), || {
            let (zh, en) = ("任务须落实到市或县", "a task is carried out in a city or a county");
            Problem::new("/region", "not_split", zh, en)
        });
        let food = self.food_class.as_deref().or(cell.food_class.as_deref());
        problems.check(cell.covers_food(food, is_within), || {
            let (zh, en) = ("不在配额的食品分类之内", "not within the food class of the cell");
            Problem::new("/food_class", "outside_cell", zh, en)
        });
        let wanted = u64::from(self.amount.samples);
        problems.check(wanted <= free, || exceeds("/samples", (wanted, free)));
        problems.extend(period_faults((self.starts_on, self.ends_on), year));
        problems
    }
}

/// What speaks against a period: it lies in the plan's year, for its samples are to fulfil that plan.
#[must_use]
pub fn period_faults((starts_on, ends_on): (Date, Date), year: i16) -> Problems {
    let mut problems = Problems::new();
    problems.check(starts_on <= ends_on, || {
        Problem::new("/ends_on", "ends_before_it_begins", "早于开始日期", "before the first day")
    });
    for (at, day) in [("/starts_on", starts_on), ("/ends_on", ends_on)] {
        problems.check(day.year() == year, || {
            let (zh, en) = (format!("须在计划年度 {year} 之内"), format!("must lie in {year}, the year of the plan"));
            Problem::new(at, "outside_plan_year", zh, en)
        });
    }
    problems
}

/// A task as a sample finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Whether it goes on.
    pub state: TaskState,
    /// What it is to take.
    pub cell: Cell,
    /// Who takes it.
    pub inspecting: OrganisationId,
    /// How many.
    pub samples: u32,
    /// From the first to the last day.
    pub period: (Date, Date),
}

/// A sample that names a task.
#[derive(Debug, Clone, Copy)]
pub struct Taking<'a> {
    /// Its form.
    pub form: &'a Form,
    /// Who took it.
    pub organisation: OrganisationId,
    /// Analytes that are ordered.
    pub items: &'a BTreeSet<String>,
}

impl Task {
    /// What speaks against a sample as one of this task: `/task` where the task is the matter, else the field that differs.
    #[must_use]
    pub fn objections(&self, taking: &Taking<'_>, is_within: IsWithin<'_>) -> Problems {
        let (form, cell) = (taking.form, &self.cell);
        let mut problems = Problems::new();
        problems.check(self.state == TaskState::Open, || {
            Problem::new("/task", "task_cancelled", "任务已撤销", "the task was cancelled")
        });
        problems.check(self.inspecting == taking.organisation, || {
            let (zh, en) = ("任务下达给另一抽样单位", "the task is another organisation's");
            Problem::new("/task", "task_of_others", zh, en)
        });
        let differs = |at: &str, (zh, en): (String, String)| Problem::new(at, "task_differs", zh, en);
        let named = |zh: &str, en: &str| (format!("任务规定{zh}"), format!("the task says {en}"));
        problems.check(form.stage == cell.stage, || differs("/stage", named(cell.stage.zh(), cell.stage.en())));
        problems.check(form.task_type == cell.task_type, || {
            differs("/task_type", named(cell.task_type.zh(), cell.task_type.en()))
        });
        problems.check(cell.region.contains(form.region), || {
            let region = cell.region.to_string();
            differs("/region", named(&region, &region))
        });
        problems.check(cell.covers_food(Some(&form.food_class), is_within), || {
            let class = cell.food_class.clone().unwrap_or_default();
            differs("/food_class", named(&class, &class))
        });
        let missing: Vec<&str> = cell.panel.difference(taking.items).map(String::as_str).collect();
        problems.check(missing.is_empty(), || {
            let list = missing.join("、");
            let (zh, en) =
                (format!("缺少任务规定的项目：{list}"), format!("the task also orders: {}", missing.join(", ")));
            Problem::new("/items", "panel_incomplete", zh, en)
        });
        problems
    }

    /// What is doubtful about it and keeps nothing out: the sample is taken, and a number cannot undo that.
    #[must_use]
    pub fn doubts(&self, form: &Form, taken_before: u64) -> Problems {
        let mut problems = Problems::new();
        let day = china_date(form.sampled_at);
        problems.check((self.period.0..=self.period.1).contains(&day), || {
            let (zh, en) = ("抽样日期不在任务期限之内", "not taken within the days of the task");
            Problem::new("/task", "outside_task_days", zh, en)
        });
        problems.check(taken_before < u64::from(self.samples), || {
            Problem::new("/task", "task_full", "任务批次已满", "the task has all its samples already")
        });
        problems
    }
}

/// A visit that yielded no sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Why.
    pub kind: OutcomeKind,
    /// When.
    pub at: Timestamp,
    /// The county.
    pub region: RegionCode,
    /// Where.
    pub place: String,
    /// Whom.
    pub unit: String,
    /// What shows it: what was said, who stood by, a photograph's number.
    pub evidence: String,
}

/// How far ahead a device's clock may be, as for samples.
const SKEW: SignedDuration = SignedDuration::from_hours(24);

impl Outcome {
    /// What speaks against it as one of a task.
    #[must_use]
    pub fn faults(&self, task: &Task, now: Timestamp) -> Problems {
        let mut problems = Problems::new();
        problems.check(self.at.duration_since(now) <= SKEW, || {
            Problem::new("/at", "in_future", "时间在将来", "in the future")
        });
        problems.check(china_date(self.at) >= task.period.0, || {
            Problem::new("/at", "before_task", "早于任务开始日期", "before the task's first day")
        });
        problems
            .check(task.cell.region.contains(self.region) && is_place(self.region), || outside("/region".to_owned()));
        problems
    }
}
