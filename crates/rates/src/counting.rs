//! 计入: what counts in a stage's rate, and the cells that hold the counts.

use crate::tally::Tally;
use hege_core::words;
use hege_core::{SampleKind, Stage, TaskType};
use std::collections::BTreeSet;

words! {
    /// How a sample stands for counting. Only the two conclusions enter a rate; the others are shown as counts beside it.
    pub enum Standing {
        Pending = "pending", "待结论", "pending";
        Refused = "refused", "拒收", "refused";
        Voided = "voided", "作废", "voided";
        NotJudgeable = "not_judgeable", "未能判定", "not judgeable";
        Conforming = "conforming", "合格", "conforming";
        Nonconforming = "nonconforming", "不合格", "nonconforming";
        Risk = "risk", "风险监测", "risk monitoring";
    }
}

/// Which task types and sample kinds count for a stage: configuration of a plan, printed beside every rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counting {
    /// Task types that count.
    pub task_types: BTreeSet<TaskType>,
    /// Sample kinds that count.
    pub sample_kinds: BTreeSet<SampleKind>,
}

impl Counting {
    /// What counts by the words of the plan of 2013, section 一(一): 例行监测 of primary produce, 监督抽查批次 of
    /// production, 评价抽检 of food in catering; tableware and environment have a rate of their own.
    #[must_use]
    pub fn default_of(stage: Stage) -> Self {
        use SampleKind::{Additive, CateringMade, IndustriallyProcessed, PrimaryProduce};
        let (task_type, kinds): (_, &[SampleKind]) = match stage {
            Stage::Farm => (TaskType::RoutineMonitoring, &[PrimaryProduce]),
            Stage::Production => (TaskType::Supervision, &[IndustriallyProcessed, Additive]),
            Stage::Circulation => {
                (TaskType::Evaluation, &[PrimaryProduce, IndustriallyProcessed, CateringMade, Additive])
            }
            Stage::Catering => (TaskType::Evaluation, &[CateringMade, PrimaryProduce, IndustriallyProcessed]),
        };
        Self { task_types: BTreeSet::from([task_type]), sample_kinds: kinds.iter().copied().collect() }
    }

    /// Whether such a sample counts. Risk monitoring never does, whatever is configured.
    #[must_use]
    pub fn counts(&self, task_type: TaskType, sample_kind: SampleKind) -> bool {
        task_type != TaskType::RiskMonitoring
            && self.task_types.contains(&task_type)
            && self.sample_kinds.contains(&sample_kind)
    }

    /// In Chinese, for the line beside a rate.
    #[must_use]
    pub fn zh(&self) -> String {
        let types: Vec<&str> = self.task_types.iter().map(|word| word.zh()).collect();
        let kinds: Vec<&str> = self.sample_kinds.iter().map(|word| word.zh()).collect();
        format!("计入：{}（{}）", types.join("、"), kinds.join("、"))
    }

    /// In English.
    #[must_use]
    pub fn en(&self) -> String {
        let types: Vec<&str> = self.task_types.iter().map(|word| word.en()).collect();
        let kinds: Vec<&str> = self.sample_kinds.iter().map(|word| word.en()).collect();
        format!("counts: {} ({})", types.join(", "), kinds.join(", "))
    }
}

/// The counters of one cell, or the change of one: each standing has a signed number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cell {
    /// Conforming.
    pub conforming: i64,
    /// Nonconforming.
    pub nonconforming: i64,
    /// Without a conclusion yet.
    pub pending: i64,
    /// Without a conclusion, because an item is not judgeable.
    pub not_judgeable: i64,
    /// Refused at the laboratory's door.
    pub refused: i64,
    /// Voided.
    pub voided: i64,
    /// Risk monitoring.
    pub risk: i64,
}

impl Cell {
    /// The change when a sample goes from one standing to another; none is "not there".
    #[must_use]
    pub fn change(before: Option<Standing>, after: Option<Standing>) -> Self {
        let mut cell = Self::default();
        if let Some(before) = before {
            *cell.counter(before) -= 1;
        }
        if let Some(after) = after {
            *cell.counter(after) += 1;
        }
        cell
    }

    fn counter(&mut self, standing: Standing) -> &mut i64 {
        match standing {
            Standing::Pending => &mut self.pending,
            Standing::Refused => &mut self.refused,
            Standing::Voided => &mut self.voided,
            Standing::NotJudgeable => &mut self.not_judgeable,
            Standing::Conforming => &mut self.conforming,
            Standing::Nonconforming => &mut self.nonconforming,
            Standing::Risk => &mut self.risk,
        }
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            conforming: self.conforming + other.conforming,
            nonconforming: self.nonconforming + other.nonconforming,
            pending: self.pending + other.pending,
            not_judgeable: self.not_judgeable + other.not_judgeable,
            refused: self.refused + other.refused,
            voided: self.voided + other.voided,
            risk: self.risk + other.risk,
        }
    }

    /// So many times the same.
    #[must_use]
    pub const fn times(self, count: i64) -> Self {
        Self {
            conforming: self.conforming * count,
            nonconforming: self.nonconforming * count,
            pending: self.pending * count,
            not_judgeable: self.not_judgeable * count,
            refused: self.refused * count,
            voided: self.voided * count,
            risk: self.risk * count,
        }
    }

    /// What enters a rate; none when a counter is negative, which a sound database never holds.
    #[must_use]
    pub fn tally(self) -> Option<Tally> {
        let k = u32::try_from(self.conforming).ok()?;
        let failures = u32::try_from(self.nonconforming).ok()?;
        Tally::new(k, k.checked_add(failures)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_follows_the_words_of_the_plan() {
        let counts = |stage, task_type, kind| Counting::default_of(stage).counts(task_type, kind);
        assert!(counts(Stage::Farm, TaskType::RoutineMonitoring, SampleKind::PrimaryProduce));
        assert!(!counts(Stage::Farm, TaskType::Supervision, SampleKind::PrimaryProduce));
        assert!(!counts(Stage::Farm, TaskType::RoutineMonitoring, SampleKind::IndustriallyProcessed));
        assert!(counts(Stage::Production, TaskType::Supervision, SampleKind::IndustriallyProcessed));
        assert!(!counts(Stage::Production, TaskType::Evaluation, SampleKind::IndustriallyProcessed));
        assert!(counts(Stage::Circulation, TaskType::Evaluation, SampleKind::PrimaryProduce));
        assert!(counts(Stage::Catering, TaskType::Evaluation, SampleKind::CateringMade));
        assert!(!counts(Stage::Catering, TaskType::Evaluation, SampleKind::FoodRelatedProduct));
    }

    #[test]
    fn risk_monitoring_never_counts() {
        let mut counting = Counting::default_of(Stage::Farm);
        counting.task_types.insert(TaskType::RiskMonitoring);
        assert!(!counting.counts(TaskType::RiskMonitoring, SampleKind::PrimaryProduce));
        assert_eq!(Counting::default_of(Stage::Farm).zh(), "计入：例行监测（食用农产品）");
        assert_eq!(Counting::default_of(Stage::Farm).en(), "counts: routine monitoring (primary produce)");
    }

    #[test]
    fn a_change_there_and_back_is_nothing() {
        let standings: Vec<Option<Standing>> = Standing::ALL.iter().copied().map(Some).chain([None]).collect();
        for before in &standings {
            for after in &standings {
                let there = Cell::change(*before, *after);
                assert_eq!(there.plus(Cell::change(*after, *before)), Cell::default());
                assert_eq!(there == Cell::default(), before == after);
            }
        }
    }

    #[test]
    fn so_many_times_a_cell_is_its_sum() {
        let every = Standing::ALL.iter().fold(Cell::default(), |sum, word| sum.plus(Cell::change(None, Some(*word))));
        assert_eq!(every.times(3), every.plus(every).plus(every));
        assert_eq!(every.times(0), Cell::default());
        assert_eq!(every.times(-1).plus(every), Cell::default());
    }

    #[test]
    fn only_the_two_conclusions_are_tallied() {
        let all =
            Standing::ALL.iter().fold(Cell::default(), |cell, standing| cell.plus(Cell::change(None, Some(*standing))));
        assert_eq!(
            all,
            Cell { conforming: 1, nonconforming: 1, pending: 1, not_judgeable: 1, refused: 1, voided: 1, risk: 1 }
        );
        assert_eq!(all.tally(), Tally::new(1, 2));
        assert_eq!(Cell { conforming: -1, ..all }.tally(), None);
    }
}
