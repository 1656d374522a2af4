//! The plan alert: one for each excursion of a stage below its target (docs/DOMAIN.md 7.6).
//!
//! A *notice* is raised as soon as the year to date lies below the target with at least `min_n` samples: that is the plan's
//! plain word "falls below". It becomes *significant* on evidence: at a month end when the year to date or the trailing three
//! months has p <= 0.005, or at any time when the year to date has p <= 0.001 with n >= 10. It clears when the year to date
//! meets the target at two successive month ends and neither window is significant. Late conclusions enter their own year.
//! A window of fewer than ten samples is never significant, at a month end as at any other time.

mod history;

pub use history::{Excursion, PlanYear, Step, TargetVersion, closing_of, history};

use crate::evidence::{Evidence, Window};
use crate::words::Ending;
use hege_core::{Month, words};
use hege_rates::windows::trailing_three;
use hege_rates::{BasisPoints, Tally};
use std::collections::BTreeMap;

words! {
    /// 预警等级 of a plan alert.
    pub enum Grade {
        Notice = "notice", "提示", "notice";
        Significant = "significant", "显著", "significant";
    }
}

/// What the stream is held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// The pass rate.
    pub basis_points: BasisPoints,
    /// Fewest samples for a notice, by default [`MIN_N`].
    pub min_n: u32,
}

/// Fewest samples for a notice where the plan gives no other number: that of a state that is more than "insufficient".
pub const MIN_N: u32 = 30;

/// What happens to a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A sample of this month of sampling got a conclusion that counts.
    Concluded {
        /// Month of sampling.
        month: Month,
        /// Its conclusion.
        conforming: bool,
    },
    /// The clock passed the end of this month.
    MonthEnd(Month),
    /// The plan year is over, and its last conclusions are in.
    YearEnd,
    /// The plan was given another target. It closes what is open, as changed and not as recovered.
    TargetChanged(Option<Target>),
}

/// What becomes of the stream's alert.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Transition {
    /// A new alert.
    Raised(Grade, Evidence),
    /// The open alert is significant now.
    Escalated(Evidence),
    /// The open alert is over. A year that closes below its target with nothing open is told of in an alert of its own, which
    /// begins and ends here.
    Ended(Ending, Evidence),
}

/// The state of one stream: a plan year, a stage, a scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    year: i16,
    target: Option<Target>,
    /// By month of sampling, for the trailing window: of the year before, November and December.
    months: BTreeMap<Month, Tally>,
    /// The year to date: every month of the plan year, whatever was concluded last.
    year_to_date: Tally,
    open: Option<Grade>,
    /// Month ends in a row at which the year to date met the target, while an alert was open.
    recovered: u8,
    month_ended: Option<Month>,
    closed: bool,
}

/// p at or below which a month end makes an alert significant.
pub const P_MONTH_END: f64 = 0.005;
/// p at or below which the year to date is significant at any time.
pub const P_ANY_TIME: f64 = 0.001;
/// Fewest samples for significance.
pub const N_SIGNIFICANT: u32 = 10;

impl Stream {
    /// A stream at the beginning of its year.
    #[must_use]
    pub const fn new(year: i16, target: Option<Target>) -> Self {
        Self {
            year,
            target,
            months: BTreeMap::new(),
            year_to_date: Tally { n: 0, k: 0 },
            open: None,
            recovered: 0,
            month_ended: None,
            closed: false,
        }
    }

    /// The year to date.
    #[must_use]
    pub const fn year_to_date(&self) -> Tally {
        self.year_to_date
    }

    /// The grade of the open alert.
    #[must_use]
    pub const fn open(&self) -> Option<Grade> {
        self.open
    }

    /// Takes one event and says what became of the alert.
    pub fn step(&mut self, event: Event) -> Option<Transition> {
        match event {
            Event::Concluded { month, conforming } => self.concluded(month, conforming),
            Event::MonthEnd(month) => self.month_end(month),
            Event::YearEnd => self.year_end(),
            Event::TargetChanged(target) => self.target_changed(target),
        }
    }

    /// The year to date against the target, as it stands: what a changed target asks for, before another sample comes.
    pub fn look(&mut self) -> Option<Transition> {
        let target = self.target.filter(|_| !self.closed)?;
        // A share on its target is never significant, and significance is the last step of an excursion: no tail is needed.
        if self.open == Some(Grade::Significant) || self.year_to_date.meets(target.basis_points) != Some(false) {
            return None;
        }
        let evidence = Evidence::of(Window::YearToDate, self.year_to_date, target.basis_points);
        self.raise(evidence, is_significant(&evidence, P_ANY_TIME), target)
    }

    fn concluded(&mut self, month: Month, conforming: bool) -> Option<Transition> {
        let tally = self.months.entry(month).or_default();
        *tally = tally.with(conforming);
        if month.year != self.year {
            return None;
        }
        self.year_to_date = self.year_to_date.with(conforming);
        // With a notice open, only significance is new. A pass raises p, so it brings significance only as the last sample
        // that was wanting.
        if conforming && self.open.is_some() && self.year_to_date.n > N_SIGNIFICANT {
            return None;
        }
        self.look()
    }

    /// Raises or escalates; an excursion that is significant at once is raised so.
    fn raise(&mut self, evidence: Evidence, significant: bool, target: Target) -> Option<Transition> {
        let below = evidence.tally.n >= target.min_n && evidence.tally.meets(target.basis_points) == Some(false);
        match self.open {
            None if significant => Some(self.opened(Grade::Significant, evidence)),
            None if below => Some(self.opened(Grade::Notice, evidence)),
            Some(Grade::Notice) if significant => {
                self.open = Some(Grade::Significant);
                Some(Transition::Escalated(evidence))
            }
            _ => None,
        }
    }

    fn opened(&mut self, grade: Grade, evidence: Evidence) -> Transition {
        self.open = Some(grade);
        self.recovered = 0;
        Transition::Raised(grade, evidence)
    }

    fn month_end(&mut self, month: Month) -> Option<Transition> {
        let target = self.target.filter(|_| !self.closed)?;
        if month.year != self.year || self.month_ended.is_some_and(|ended| ended >= month) {
            return None;
        }
        // Only month ends in a row are a recovery.
        if self.month_ended.is_some_and(|ended| ended.next() != month) {
            self.recovered = 0;
        }
        self.month_ended = Some(month);
        let year = Evidence::of(Window::YearToDate, self.year_to_date, target.basis_points);
        let three = Evidence::of(Window::TrailingThree, trailing_three(&self.months, month), target.basis_points);
        let significant = [year, three].into_iter().find(|evidence| is_significant(evidence, P_MONTH_END));
        if let Some(evidence) = significant {
            self.recovered = 0;
            return self.raise(evidence, true, target);
        }
        if self.open.is_none() {
            return self.raise(year, false, target);
        }
        if year.tally.meets(target.basis_points) != Some(true) {
            self.recovered = 0;
            return None;
        }
        self.recovered += 1;
        if self.recovered < 2 {
            return None;
        }
        self.open = None;
        Some(Transition::Ended(Ending::Recovered, year))
    }

    /// A year that closes below its target is told, whatever p is and however few the samples; every open alert closes.
    fn year_end(&mut self) -> Option<Transition> {
        let target = self.target.filter(|_| !self.closed)?;
        self.closed = true;
        let was_open = self.open.take().is_some();
        let met = self.year_to_date.meets(target.basis_points)?;
        let ending = if met { Ending::YearMet } else { Ending::YearUnmet };
        let evidence = || Evidence::of(Window::YearToDate, self.year_to_date, target.basis_points);
        (was_open || !met).then(|| Transition::Ended(ending, evidence()))
    }

    fn target_changed(&mut self, target: Option<Target>) -> Option<Transition> {
        if self.target == target {
            return None;
        }
        let before = std::mem::replace(&mut self.target, target);
        self.recovered = 0;
        self.open.take()?;
        let evidence = Evidence::of(Window::YearToDate, self.year_to_date, before?.basis_points);
        Some(Transition::Ended(Ending::TargetChanged, evidence))
    }
}

fn is_significant(evidence: &Evidence, bound: f64) -> bool {
    evidence.tally.n >= N_SIGNIFICANT && evidence.p_low <= bound
}
