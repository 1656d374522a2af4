//! How often each rule is expected to speak for nothing: printed beside the rule, so that an alert's weight is known.
//!
//! A rule about a target is asked for a stage that lies *exactly on* it, the worst case of a stage that is not below it.

use crate::cities::FALSE_DISCOVERIES;
use crate::cusum::Chart;
use crate::data::EXPECTED_FAILURES;
use crate::plan::{N_SIGNIFICANT, P_ANY_TIME, P_MONTH_END, Target};
use crate::words::Rule;
use hege_rates::exact::lower_tail;
use hege_rates::{BasisPoints, Tally};

/// What a rule is applied to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stream {
    /// The target.
    pub target: Target,
    /// The countable samples of a year.
    pub samples_a_year: u32,
    /// How often a rule that looks at many at once, or at a window, is asked in a year.
    pub looks_a_year: u32,
}

/// The expected false alarms a year of a rule. 0 for rules that state a fact: they may be unwelcome, but not false.
#[must_use]
pub fn a_year(rule: Rule, stream: &Stream) -> f64 {
    match rule {
        Rule::BelowTarget => significant(stream.target.basis_points, stream.samples_a_year),
        Rule::Cusum => cusum(stream.target.basis_points, stream.samples_a_year),
        Rule::CityBelow => cities(stream.looks_a_year),
        Rule::NoFailures => no_failures(stream.looks_a_year),
        Rule::BannedSubstance
        | Rule::Pathogen
        | Rule::RepeatProducer
        | Rule::UrgentReport
        | Rule::Silence
        | Rule::Voids
        | Rule::Pending
        | Rule::Overdue
        | Rule::CalendarMissing
        | Rule::RepeatedValues
        | Rule::EntrySpeed => 0.0,
    }
}

/// Early warning: one in five years or fewer, by the choice of H. 0 where there is no chart.
#[must_use]
pub fn cusum(target: BasisPoints, samples_a_year: u32) -> f64 {
    Chart::for_stream(target, samples_a_year).map_or(0.0, |chart| chart.false_signals_a_year(target, samples_a_year))
}

/// Notices to cities, if all lie on their target: a look has one false notice or more in at most one case of ten.
#[must_use]
pub fn cities(looks_a_year: u32) -> f64 {
    FALSE_DISCOVERIES * f64::from(looks_a_year)
}

/// No failure where five are expected, of a laboratory like the others: at most exp(-5) a look, as (1-q)^n <= exp(-qn).
#[must_use]
pub fn no_failures(looks_a_year: u32) -> f64 {
    (-f64::from(EXPECTED_FAILURES)).exp() * f64::from(looks_a_year)
}

/// Notices that the year to date lies below the target: the share of years with one. It is a fact and no test, so a stage on
/// its target has one in most years.
#[must_use]
pub fn notice(target: Target, samples_a_year: u32) -> f64 {
    let allowed = u64::from(10_000 - target.basis_points.get());
    // Below the target means failures * 10000 > allowed * n.
    let most = |n: u32| (n >= target.min_n).then(|| (allowed * u64::from(n)) / 10_000);
    crossing(target.basis_points, samples_a_year, most)
}

/// Significant plan alerts, at most: those of the year to date exactly, and what the trailing three months can add at eleven
/// month ends (at the end of March both windows are the same).
#[must_use]
pub fn significant(target: BasisPoints, samples_a_year: u32) -> f64 {
    let month_ends: Vec<u32> = (1..=12).map(|month| share_of_year(samples_a_year, month)).collect();
    let (mut any_time, mut at_month_end) = (Bound::new(target, P_ANY_TIME), Bound::new(target, P_MONTH_END));
    let most = |n: u32| {
        let bound = if month_ends.contains(&n) { &mut at_month_end } else { &mut any_time };
        bound.most(n)
    };
    let year_to_date = crossing(target, samples_a_year, most);
    let three_months = share_of_year(samples_a_year, 3);
    let most = Bound::new(target, P_MONTH_END).most(three_months);
    let once = most.and_then(|most| tail(target, three_months, most + 1)).unwrap_or_default();
    year_to_date + 11.0 * once
}

/// The samples of a year's first months, when they come evenly.
fn share_of_year(samples_a_year: u32, months: u32) -> u32 {
    u32::try_from(u64::from(samples_a_year) * u64::from(months) / 12).unwrap_or(u32::MAX)
}

/// The probability of so many failures or more. None when there are not so many samples.
fn tail(target: BasisPoints, n: u32, failures: u64) -> Option<f64> {
    let k = n.checked_sub(u32::try_from(failures).ok()?)?;
    Tally::new(k, n).map(|tally| lower_tail(tally, target))
}

/// The most failures among n samples that are not significant. Asked for growing n, it only grows.
struct Bound {
    target: BasisPoints,
    p: f64,
    most: u64,
}

impl Bound {
    const fn new(target: BasisPoints, p: f64) -> Self {
        Self { target, p, most: 0 }
    }

    fn most(&mut self, n: u32) -> Option<u64> {
        if n < N_SIGNIFICANT {
            return None;
        }
        while tail(self.target, n, self.most + 1).is_some_and(|p| p > self.p) {
            self.most += 1;
        }
        Some(self.most)
    }
}

/// Probabilities that are no longer followed.
const NEGLIGIBLE: f64 = 1e-15;

/// The probability that a stage on its target has, after some sample of the year, more failures than `most` of the samples so
/// far: the probabilities of all numbers of failures, sample by sample, without those that crossed.
fn crossing(target: BasisPoints, samples: u32, mut most: impl FnMut(u32) -> Option<u64>) -> f64 {
    let q = 1.0 - target.probability();
    // `alive` holds the probabilities of `first`, first + 1, ... failures.
    let (mut first, mut alive, mut crossed) = (0_u64, std::collections::VecDeque::from([1.0_f64]), 0.0);
    for n in 1..=samples {
        let mut below = 0.0;
        for probability in &mut alive {
            let fails = *probability * q;
            *probability += below - fails;
            below = fails;
        }
        alive.push_back(below);
        if let Some(most) = most(n) {
            while first + u64::try_from(alive.len()).unwrap_or(u64::MAX) > most + 1 {
                let Some(gone) = alive.pop_back() else { break };
                crossed += gone;
            }
        }
        while alive.back().is_some_and(|probability| *probability < NEGLIGIBLE) {
            alive.pop_back();
        }
        while alive.front().is_some_and(|probability| *probability < NEGLIGIBLE) {
            alive.pop_front();
            first += 1;
        }
    }
    crossed
}
