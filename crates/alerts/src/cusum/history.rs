//! The early warning of a stage, run again from the conclusions in force.

use super::Chart;
use crate::conclusions::{Counted, in_order};
use hege_core::date::china_date;
use hege_rates::{BasisPoints, Tally};
use jiff::Timestamp;

/// What a stream is held to from an instant on, across plan years.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// From when.
    pub valid_from: Timestamp,
    /// The target; without one there is no early warning.
    pub target: Option<BasisPoints>,
    /// The countable samples that the plan expects of the stream in a year.
    pub samples_a_year: u32,
}

/// The chart signalled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signal {
    /// The conclusion that brought it.
    pub at: Timestamp,
    /// The score that it reached; the chart went on from 0.
    pub score: u32,
    /// The chart.
    pub chart: Chart,
    /// The target that the chart was made for.
    pub target: BasisPoints,
    /// Since when that target is held.
    pub target_since: Timestamp,
    /// When another target took its place; none while it is held.
    pub target_until: Option<Timestamp>,
    /// The failure with which the score left 0.
    pub run_since: Timestamp,
    /// The samples from that failure to the signal.
    pub run: Tally,
}

impl Signal {
    /// 自 2025-03-02 起 18 批中 4 批不合格，累积和 55 ≥ 47，目标 96 %
    #[must_use]
    pub fn zh(&self) -> String {
        let Self { score, chart, target, run, .. } = self;
        let (since, n, failures) = (china_date(self.run_since), run.n, run.failures());
        format!("自 {since} 起 {n} 批中 {failures} 批不合格，累积和 {score} ≥ {}，目标 {target} %", chart.h)
    }

    /// 4 of 18 samples failed since 2025-03-02, cumulative sum 55 >= 47, target 96 %
    #[must_use]
    pub fn en(&self) -> String {
        let Self { score, chart, target, run, .. } = self;
        let (since, n, failures) = (china_date(self.run_since), run.n, run.failures());
        format!(
            "{failures} of {n} samples failed since {since}, cumulative sum {score} >= {}, target {target} %",
            chart.h
        )
    }
}

/// Every signal up to and including `now`, in order.
///
/// The stream carries over the year's end. It begins again from 0 when m or H changes or the target does; conclusions of the
/// same instant come after that. Without a target, or with one for which [`Chart::for_stream`] has no chart, nothing signals.
#[must_use]
pub fn history(held: &[Held], conclusions: &[Counted], now: Timestamp) -> Vec<Signal> {
    let mut held: Vec<Held> = held.iter().copied().filter(|held| held.valid_from <= now).collect();
    held.sort_by_key(|held| held.valid_from);
    let conclusions = in_order(conclusions);
    let mut conclusions = conclusions.iter().filter(|counted| counted.at <= now).peekable();
    let mut run = Run::default();
    for held in held {
        while let Some(counted) = conclusions.next_if(|counted| counted.at < held.valid_from) {
            run.concluded(counted);
        }
        run.hold(&held);
    }
    for counted in conclusions {
        run.concluded(counted);
    }
    run.signals
}

/// Every signal of a chart that is tried on these conclusions, from score 0.
#[must_use]
pub fn tried(chart: Chart, target: BasisPoints, conclusions: &[Counted]) -> Vec<Signal> {
    let mut run = Run { chart: Some(chart), target: Some(target), ..Run::default() };
    in_order(conclusions).iter().for_each(|counted| run.concluded(counted));
    run.signals
}

#[derive(Default)]
struct Run {
    target: Option<BasisPoints>,
    target_since: Timestamp,
    chart: Option<Chart>,
    score: u32,
    run_since: Timestamp,
    run: Tally,
    signals: Vec<Signal>,
}

impl Run {
    fn hold(&mut self, held: &Held) {
        let chart = held.target.and_then(|target| Chart::for_stream(target, held.samples_a_year));
        if held.target != self.target {
            let ended = self.signals.iter_mut().rev().take_while(|signal| signal.target_until.is_none());
            ended.for_each(|signal| signal.target_until = Some(held.valid_from));
            (self.target, self.target_since) = (held.target, held.valid_from);
            self.score = 0;
        }
        if chart != self.chart {
            self.chart = chart;
            self.score = 0;
        }
    }

    fn concluded(&mut self, counted: &Counted) {
        let (Some(chart), Some(target)) = (self.chart, self.target) else { return };
        if self.score == 0 {
            (self.run_since, self.run) = (counted.at, Tally::default());
        }
        self.run = self.run.with(counted.conforming);
        let step = chart.step(self.score, counted.conforming);
        self.score = step.score;
        if step.signal {
            self.signals.push(Signal {
                at: counted.at,
                score: step.reached,
                chart,
                target,
                target_since: self.target_since,
                target_until: None,
                run_since: self.run_since,
                run: self.run,
            });
        }
    }
}
