//! The plan alert: one for each excursion of a stage below its target (docs/DOMAIN.md 7.6).
//!
//! A *notice* is raised as soon as the year to date lies below the target with at least `min_n` samples: that is the plan's
//! plain word "falls below". It becomes *significant* on evidence: at a month end when the year to date or the trailing three
//! months has p <= 0.005, or at any time when the year to date has p <= 0.001 with n >= 10. It clears when the year to date
//! meets the target at two successive month ends and neither window is significant. Late conclusions enter their own year.
//! A window of fewer than ten samples is never significant, at a month end as at any other time.

use hege_core::{Month, words};
use hege_rates::exact::lower_tail;
use hege_rates::windows::{trailing_three, year_to_date};
use hege_rates::{BasisPoints, Tally};
use std::collections::BTreeMap;

words! {
    /// 预警等级 of a plan alert.
    pub enum Grade {
        Notice = "notice", "提示", "notice";
        Significant = "significant", "显著", "significant";
    }
}

words! {
    /// The window whose figures are the evidence.
    pub enum Window {
        YearToDate = "year_to_date", "年初至今", "year to date";
        TrailingThree = "trailing_three", "近三个月", "trailing three months";
    }
}

/// What the stream is held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// The pass rate.
    pub basis_points: BasisPoints,
    /// Fewest samples for a notice.
    pub min_n: u32,
}

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
    /// A conclusion counted before counts no longer (void, overturned).
    Retracted {
        /// Month of sampling.
        month: Month,
        /// As it was counted.
        conforming: bool,
    },
    /// The clock passed the end of this month.
    MonthEnd(Month),
    /// The plan year is over, and its last conclusions are in.
    YearEnd,
    /// The plan was given another target. It closes what is open, as changed and not as recovered.
    TargetChanged(Option<Target>),
}

/// The figures behind a transition.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    /// Which window.
    pub window: Window,
    /// Its tally.
    pub tally: Tally,
    /// Its exact lower tail against the target.
    pub p_low: f64,
}

/// What becomes of the stream's alert.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Transition {
    /// A new alert.
    Raised(Grade, Evidence),
    /// The open alert is significant now.
    Escalated(Evidence),
    /// The open alert is over: the stage recovered.
    Cleared(Evidence),
    /// The open alert is over with its year, or a year that closed below its target is told of in an alert of its own.
    ClosedWithYear {
        /// Whether the year met its target.
        met: bool,
        /// The year's figures.
        evidence: Evidence,
    },
    /// The open alert is over with its year, of which nothing counts any longer.
    ClosedEmpty,
    /// The open alert is over because the target changed; nothing recovered.
    ClosedTargetChanged,
}

/// The state of one stream: a plan year, a stage, a scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// The plan year.
    pub year: i16,
    /// The target, where there is one.
    pub target: Option<Target>,
    /// Tallies by month of sampling; of the year before, the last two months for the trailing window.
    pub months: BTreeMap<Month, Tally>,
    /// The open alert.
    pub open: Option<Grade>,
    /// Month ends in a row at which the year to date met the target, while an alert was open.
    pub recovered: u8,
    /// The last month end that was seen.
    pub month_ended: Option<Month>,
    /// The year is closed.
    pub closed: bool,
}

/// p at or below which a month end makes an alert significant.
const P_MONTH_END: f64 = 0.005;
/// p at or below which the year to date is significant at any time.
const P_ANY_TIME: f64 = 0.001;
/// Fewest samples for significance at any time.
const N_ANY_TIME: u32 = 10;

impl Stream {
    /// A stream at the beginning of its year.
    #[must_use]
    pub const fn new(year: i16, target: Option<Target>) -> Self {
        Self { year, target, months: BTreeMap::new(), open: None, recovered: 0, month_ended: None, closed: false }
    }

    /// Takes one event and says what became of the alert.
    pub fn step(&mut self, event: Event) -> Option<Transition> {
        match event {
            Event::Concluded { month, conforming } => {
                let tally = self.months.entry(month).or_default();
                *tally = tally.with(conforming);
                self.looked_at_any_time()
            }
            Event::Retracted { month, conforming } => {
                let tally = self.months.entry(month).or_default();
                *tally = tally.without(conforming);
                self.looked_at_any_time()
            }
            Event::MonthEnd(month) => self.month_end(month),
            Event::YearEnd => self.year_end(),
            Event::TargetChanged(target) => self.target_changed(target),
        }
    }

    /// The year to date: every month of the plan year, whatever was concluded last.
    #[must_use]
    pub fn year_to_date(&self) -> Tally {
        year_to_date(&self.months, Month { year: self.year, month: 12 })
    }

    fn evidence(window: Window, tally: Tally, target: Target) -> Evidence {
        Evidence { window, tally, p_low: lower_tail(tally, target.basis_points) }
    }

    fn looked_at_any_time(&mut self) -> Option<Transition> {
        let target = self.target.filter(|_| !self.closed)?;
        let evidence = Self::evidence(Window::YearToDate, self.year_to_date(), target);
        let significant = evidence.tally.n >= N_ANY_TIME && evidence.p_low <= P_ANY_TIME;
        self.raise(evidence, significant, target)
    }

    /// Raises or escalates; an excursion that is significant at once is raised so.
    fn raise(&mut self, evidence: Evidence, significant: bool, target: Target) -> Option<Transition> {
        let below = evidence.tally.n >= target.min_n && evidence.tally.meets(target.basis_points) == Some(false);
        match self.open {
            None if significant => Some(self.opened(Grade::Significant, evidence)),
            None if below => Some(self.opened(Grade::Notice, evidence)),
            Some(Grade::Notice) if significant => {
                self.open = Some(Grade::Significant);
                self.recovered = 0;
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
        let year = Self::evidence(Window::YearToDate, self.year_to_date(), target);
        let three = Self::evidence(Window::TrailingThree, trailing_three(&self.months, month), target);
        let is_significant = |evidence: &Evidence| evidence.tally.n >= N_ANY_TIME && evidence.p_low <= P_MONTH_END;
        let significant = [year, three].into_iter().find(is_significant);
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
        self.recovered = 0;
        Some(Transition::Cleared(year))
    }

    /// A year that closes below its target is told, whatever p is and however few the samples; every open alert closes.
    fn year_end(&mut self) -> Option<Transition> {
        let target = self.target.filter(|_| !self.closed)?;
        self.closed = true;
        let was_open = self.open.take().is_some();
        let evidence = Self::evidence(Window::YearToDate, self.year_to_date(), target);
        match evidence.tally.meets(target.basis_points) {
            None => was_open.then_some(Transition::ClosedEmpty),
            Some(met) => (was_open || !met).then_some(Transition::ClosedWithYear { met, evidence }),
        }
    }

    fn target_changed(&mut self, target: Option<Target>) -> Option<Transition> {
        if self.target == target {
            return None;
        }
        self.target = target;
        self.recovered = 0;
        self.open.take().map(|_| Transition::ClosedTargetChanged)
    }
}

/// Runs a stream from its beginning.
#[must_use]
pub fn replay(mut stream: Stream, events: &[Event]) -> (Stream, Vec<Transition>) {
    let transitions = events.iter().filter_map(|event| stream.step(*event)).collect();
    (stream, transitions)
}
