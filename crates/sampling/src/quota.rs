//! 配额: how much of what a plan wants taken where. A cell is split from the province down to its cities and counties, and into
//! narrower foods or longer panels; its parts together never want more than the cell gives.

use hege_core::region::RegionLevel;
use hege_core::{Problem, Problems, RegionCode, Stage, TaskType};
use std::collections::BTreeSet;

/// Whether the first food class is the second or lies below it.
pub type IsWithin<'a> = &'a dyn Fn(&str, &str) -> bool;

/// What is to be taken, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// 环节.
    pub stage: Stage,
    /// 任务类别.
    pub task_type: TaskType,
    /// Code of the plan's campaign.
    pub campaign: Option<String>,
    /// The region whose subtree it covers.
    pub region: RegionCode,
    /// The food class with all below it; none for every food.
    pub food_class: Option<String>,
    /// Analytes that are ordered of every sample; empty where the plan leaves that open.
    pub panel: BTreeSet<String>,
}

/// How much of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    /// Samples (批次).
    pub samples: u32,
    /// Of how many distinct producers at least; none where the plan leaves that open.
    pub producers: Option<u32>,
}

/// The most that one cell may want: what every form number of a year could count ten times over.
pub const SAMPLES_MAX: u32 = 10_000_000;

/// What a part of a cell says of itself; the rest it has from the cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// A region of the cell's.
    pub region: RegionCode,
    /// The cell's food class or one below it; none for the cell's.
    pub food_class: Option<String>,
    /// Analytes besides those of the cell.
    pub panel: BTreeSet<String>,
    /// How much.
    pub amount: Amount,
}

impl Cell {
    /// The cell that a part makes of this one.
    #[must_use]
    pub fn part(&self, part: &Part) -> Self {
        Self {
            region: part.region,
            food_class: part.food_class.clone().or_else(|| self.food_class.clone()),
            panel: self.panel.union(&part.panel).cloned().collect(),
            ..self.clone()
        }
    }

    /// Whether a food class falls into the cell.
    #[must_use]
    pub fn covers_food(&self, food: Option<&str>, is_within: IsWithin<'_>) -> bool {
        match (&self.food_class, food) {
            (None, _) => true,
            (Some(class), Some(food)) => is_within(food, class),
            (Some(_), None) => false,
        }
    }
}

impl Amount {
    /// What speaks against it, at `{at}/samples` and `{at}/producers`.
    #[must_use]
    pub fn faults(&self, at: &str) -> Problems {
        let mut problems = Problems::new();
        problems.check((1..=SAMPLES_MAX).contains(&self.samples), || {
            Problem::new(format!("{at}/samples"), "out_of_range", "须为 1 至 10000000", "1 to 10,000,000")
        });
        // A sample has one producer.
        problems.check(self.producers.is_none_or(|producers| (1..=self.samples).contains(&producers)), || {
            let (zh, en) = ("须为 1 至批次数", "1 to the number of samples");
            Problem::new(format!("{at}/producers"), "out_of_range", zh, en)
        });
        problems
    }
}

/// What speaks against splitting a cell that still has `free` samples to give into parts, beside those that it has: each at
/// `/parts/{index}`, and at `/parts` what they are together.
#[must_use]
pub fn split(cell: &Cell, (free, before): (u64, &[Cell]), parts: &[Part], is_within: IsWithin<'_>) -> Problems {
    let mut problems = Problems::new();
    let mut seen: BTreeSet<Cell> = before.iter().cloned().collect();
    for (index, part) in parts.iter().enumerate() {
        let at = format!("/parts/{index}");
        let made = cell.part(part);
        problems.check(cell.region.contains(part.region), || outside(format!("{at}/region")));
        problems.check(cell.covers_food(made.food_class.as_deref(), is_within), || {
            let (zh, en) = ("不在上级配额的食品分类之内", "not within the food class of the cell");
            Problem::new(format!("{at}/food_class"), "outside_cell", zh, en)
        });
        problems.check(made != *cell, || {
            let (zh, en) = ("与上级配额相同", "the same as the cell it is a part of");
            Problem::new(at.clone(), "same_cell", zh, en)
        });
        problems.extend(part.amount.faults(&at));
        problems.check(seen.insert(made), || {
            Problem::new(at.clone(), "given_twice", "该配额已存在", "there is such a part already")
        });
    }
    let wanted: u64 = parts.iter().map(|part| u64::from(part.amount.samples)).sum();
    problems.check(!parts.is_empty(), || Problem::new("/parts", "required", "至少一项", "at least one"));
    problems.check(wanted <= free, || exceeds("/parts", (wanted, free)));
    problems
}

/// What speaks against giving a cell another amount: its parts and tasks hold `given` of it, and the cell above has `free` left
/// beside it (none for a cell of the plan itself).
#[must_use]
pub fn change(amount: Amount, (given, free): (u64, Option<u64>)) -> Problems {
    let mut problems = amount.faults("");
    let wanted = u64::from(amount.samples);
    problems.check(wanted >= given, || {
        let (zh, en) = (format!("已分解或下达 {given} 批次"), format!("{given} are split or given to tasks"));
        Problem::new("/samples", "below_given", zh, en)
    });
    if let Some(free) = free {
        problems.check(wanted <= free, || exceeds("/samples", (wanted, free)));
    }
    problems
}

pub(crate) fn outside(at: String) -> Problem {
    Problem::new(at, "outside_cell", "不在上级配额的区域之内", "not within the region of the cell")
}

pub(crate) fn exceeds(at: &str, (wanted, free): (u64, u64)) -> Problem {
    let (zh, en) = (format!("共 {wanted} 批次，尚余 {free} 批次"), format!("{wanted} are wanted and {free} are left"));
    Problem::new(at, "exceeds_cell", zh, en)
}

/// Whether samples can be taken in a region as it stands: tasks are carried out in a city or a county, under whose shard their
/// samples lie.
#[must_use]
pub fn is_place(region: RegionCode) -> bool {
    region.level() != RegionLevel::Province
}
