//! A limit as dated law, and which one holds.

use super::words::{Clock, Confidence, Department, Unit};
use hege_core::{Problem, Problems, Stage};
use jiff::civil::Date;
use std::collections::BTreeSet;

/// How long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// So many, at least one.
    pub amount: u16,
    /// Of these.
    pub unit: Unit,
    /// Whether a last day that is not worked gives way to the next working day, as the law of periods has it for those
    /// counted in days and months. What is kept is kept to the day.
    pub rolls: bool,
}

impl Period {
    /// The same with so many more.
    #[must_use]
    pub const fn longer(self, by: u16) -> Self {
        Self { amount: self.amount.saturating_add(by), ..self }
    }
}

/// A limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its name among the rules: `order15-report`.
    pub code: String,
    /// What it limits.
    pub clock: Clock,
    /// The stages that it is for, at least one.
    pub stages: BTreeSet<Stage>,
    /// The act, as it is called.
    pub regime: String,
    /// Whose act.
    pub department: Department,
    /// The first sampling day for which it holds.
    pub from: Date,
    /// The last one; none while it is in force.
    pub until: Option<Date>,
    /// How long.
    pub period: Period,
    /// By how much it may be extended, in the unit of its period; 0 for not at all.
    pub extension: u16,
    /// Where the act says so.
    pub clause: String,
    /// How sure that is.
    pub confidence: Confidence,
}

impl Rule {
    /// Whether it holds for samples of a stage that were taken on a day.
    #[must_use]
    pub fn holds(&self, stage: Stage, sampled_on: Date) -> bool {
        self.stages.contains(&stage) && self.from <= sampled_on && self.until.is_none_or(|until| sampled_on <= until)
    }

    fn overlaps(&self, other: &Self) -> bool {
        let before = |one: &Self, next: &Self| one.until.is_some_and(|until| until < next.from);
        self.clock == other.clock
            && !self.stages.is_disjoint(&other.stages)
            && !before(self, other)
            && !before(other, self)
    }

    fn problems(&self) -> Problems {
        let at = |field: &str| format!("/deadline-rules/{}/{field}", self.code);
        let mut problems = Problems::new();
        problems.check(self.period.amount > 0, || {
            Problem::new(at("amount"), "out_of_range", "期限须大于零", "a period is longer than nothing")
        });
        problems.check(!self.stages.is_empty(), || Problem::new(at("stages"), "required", "必填", "required"));
        problems.check(self.until.is_none_or(|until| self.from <= until), || {
            Problem::new(at("until"), "out_of_range", "失效日早于生效日", "it ends before it begins")
        });
        // Worklists go by days.
        let by_day = self.period.unit != Unit::Hours || !matches!(self.clock, Clock::Delivery | Clock::Report);
        problems.check(by_day, || {
            Problem::new(at("unit"), "by_day", "此期限须按日计", "this one is counted in days or months")
        });
        problems
    }
}

/// Rules of which at most one holds for a clock, a stage and a sampling day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules(Vec<Rule>);

impl Rules {
    /// Rules that fit together.
    ///
    /// # Errors
    /// Every problem, at `/deadline-rules/{code}/{field}`: a code that stands twice, a period of nothing, a rule that ends
    /// before it begins or is for no stage, two that would hold at once, and a unit that the clock cannot have.
    pub fn new(rules: Vec<Rule>) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        for (index, rule) in rules.iter().enumerate() {
            problems.extend(rule.problems());
            for other in rules.iter().take(index) {
                let at = |field: &str| format!("/deadline-rules/{}/{field}", rule.code);
                problems.check(other.code != rule.code, || {
                    Problem::new(at("code"), "given_twice", "代码重复", "the code stands twice")
                });
                problems.check(!other.overlaps(rule), || {
                    let (zh, en) =
                        (format!("与 {} 同时有效", other.code), format!("in force together with {}", other.code));
                    Problem::new(at("from"), "overlap", zh, en)
                });
            }
        }
        problems.into_result(Self(rules))
    }

    /// Every rule.
    #[must_use]
    pub fn as_slice(&self) -> &[Rule] {
        &self.0
    }

    /// The rule that holds for samples of a stage that were taken on a day; none where the law knows no period.
    #[must_use]
    pub fn find(&self, clock: Clock, stage: Stage, sampled_on: Date) -> Option<&Rule> {
        self.0.iter().find(|rule| rule.clock == clock && rule.holds(stage, sampled_on))
    }
}
