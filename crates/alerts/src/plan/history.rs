//! The whole of a plan year, run again from the conclusions in force.

use super::{Event, Grade, Stream, Target, Transition};
use crate::conclusions::{Counted, in_order};
use crate::evidence::Evidence;
use crate::words::Ending;
use hege_core::Month;
use hege_core::date::CHINA;
use jiff::Timestamp;
use jiff::civil::Date;

/// The month at whose first instant a plan year closes: March of the year after, when late results are in. A sample of the
/// end of December has its report after 20 working days and a re-inspection after some more (docs/DOMAIN.md 1.1).
const CLOSING_MONTH: i8 = 3;

/// A plan year of one stage and scope, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanYear {
    /// The year.
    pub year: i16,
    /// The targets that the year was given, in any order. Before the first of them there is none.
    pub targets: Vec<TargetVersion>,
}

/// A target from an instant on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TargetVersion {
    /// From when.
    pub valid_from: Timestamp,
    /// Which version. Another version with the same target is no change.
    pub version: i32,
    /// The target; none where the plan gives no number.
    pub target: Option<Target>,
}

/// A later step of an excursion.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// When.
    pub at: Timestamp,
    /// The figures.
    pub evidence: Evidence,
}

/// An excursion below the target from its opening to its end: what one plan alert tells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Excursion {
    /// The instant of the conclusion, month end or change of target that opened it.
    pub opened_at: Timestamp,
    /// The version of the target that it lies below.
    pub version: i32,
    /// As it was raised.
    pub grade: Grade,
    /// The figures at the opening.
    pub evidence: Evidence,
    /// When a notice became significant.
    pub escalated: Option<Step>,
    /// When and how it ended; none while it is open.
    pub ended: Option<(Ending, Step)>,
}

impl Excursion {
    /// The grade that it reached.
    #[must_use]
    pub const fn reached(&self) -> Grade {
        if self.escalated.is_some() { Grade::Significant } else { self.grade }
    }

    /// The figures of its last step.
    #[must_use]
    pub fn latest(&self) -> Evidence {
        self.ended.map(|(_, step)| step).or(self.escalated).map_or(self.evidence, |step| step.evidence)
    }
}

/// The instant at which a plan year closes. None for a year beyond the calendar.
#[must_use]
pub fn closing_of(year: i16) -> Option<Timestamp> {
    first_instant(year.checked_add(1)?, CLOSING_MONTH)
}

/// Every excursion of a plan year up to and including `now`, in the order of opening. The last may be open.
///
/// `conclusions` are those in force of the plan year and of the November and December before it, which count only in the
/// trailing window. At the same instant a month ends under the target that held in it, then a new target holds, then the
/// conclusions come. A new target is looked at at once: the alert of the old one closes, and a stage that lies below the new
/// one has an alert of its own. What is concluded after the year closed changes no alert of it.
#[must_use]
pub fn history(year: &PlanYear, conclusions: &[Counted], now: Timestamp) -> Vec<Excursion> {
    let conclusions = in_order(conclusions);
    let mut conclusions = conclusions.iter().filter(|counted| counted.at <= now).peekable();
    let mut run = Run { stream: Stream::new(year.year, None), version: 0, excursions: Vec::new() };
    for (at, tick) in ticks(year, now) {
        while let Some(counted) = conclusions.next_if(|counted| counted.at < at) {
            run.concluded(counted);
        }
        run.tick(at, tick);
    }
    for counted in conclusions {
        run.concluded(counted);
    }
    run.excursions
}

/// What the clock does.
enum Tick {
    Stream(Event),
    Target(TargetVersion),
}

/// Month ends, the year's end and targets up to `now`, in order.
fn ticks(year: &PlanYear, now: Timestamp) -> Vec<(Timestamp, Tick)> {
    let months = (1..=12).filter_map(|month| Month::new(year.year, month).ok());
    let ends = months.filter_map(|month| {
        let next = month.next();
        Some((first_instant(next.year, next.month)?, Tick::Stream(Event::MonthEnd(month))))
    });
    let mut ticks: Vec<(Timestamp, Tick)> = ends.collect();
    ticks.extend(closing_of(year.year).map(|at| (at, Tick::Stream(Event::YearEnd))));
    let mut targets = year.targets.clone();
    targets.sort_by_key(|target| target.version);
    ticks.extend(targets.into_iter().map(|target| (target.valid_from, Tick::Target(target))));
    ticks.retain(|(at, _)| *at <= now);
    // Stable: at the same instant the order is the one above.
    ticks.sort_by_key(|(at, _)| *at);
    ticks
}

fn first_instant(year: i16, month: i8) -> Option<Timestamp> {
    let midnight = Date::new(year, month, 1).ok()?.at(0, 0, 0, 0);
    CHINA.to_timestamp(midnight).ok()
}

struct Run {
    stream: Stream,
    version: i32,
    excursions: Vec<Excursion>,
}

impl Run {
    fn concluded(&mut self, counted: &Counted) {
        let event = Event::Concluded { month: counted.month, conforming: counted.conforming };
        let transition = self.stream.step(event);
        self.told(counted.at, transition);
    }

    fn tick(&mut self, at: Timestamp, tick: Tick) {
        let target = match tick {
            Tick::Stream(event) => {
                let transition = self.stream.step(event);
                return self.told(at, transition);
            }
            Tick::Target(target) => target,
        };
        let transition = self.stream.step(Event::TargetChanged(target.target));
        self.told(at, transition);
        self.version = target.version;
        let transition = self.stream.look();
        self.told(at, transition);
    }

    fn told(&mut self, at: Timestamp, transition: Option<Transition>) {
        let open = self.excursions.last_mut().filter(|excursion| excursion.ended.is_none());
        match (transition, open) {
            (Some(Transition::Raised(grade, evidence)), _) => self.opened(at, grade, evidence, None),
            (Some(Transition::Escalated(evidence)), Some(open)) => open.escalated = Some(Step { at, evidence }),
            (Some(Transition::Ended(ending, evidence)), Some(open)) => {
                open.ended = Some((ending, Step { at, evidence }))
            }
            // The year closed below its target with nothing open.
            (Some(Transition::Ended(ending, evidence)), None) => {
                self.opened(at, Grade::Notice, evidence, Some((ending, Step { at, evidence })));
            }
            (Some(Transition::Escalated(_)), None) | (None, _) => {}
        }
    }

    fn opened(&mut self, opened_at: Timestamp, grade: Grade, evidence: Evidence, ended: Option<(Ending, Step)>) {
        let excursion = Excursion { opened_at, version: self.version, grade, evidence, escalated: None, ended };
        self.excursions.push(excursion);
    }
}
