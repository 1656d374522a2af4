//! Early warning: the Bernoulli CUSUM of Page in integers (docs/DOMAIN.md 7.5).
//!
//! `S = max(0, S + m - 1)` on a failure, `max(0, S - 1)` on a pass; a signal when `S >= H`, after which S starts again.

mod history;

pub use history::{Held, Signal, history};

use hege_rates::BasisPoints;

/// A chart's two numbers. A stream restarts when they change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chart {
    /// What a failure weighs against passes.
    pub m: u32,
    /// Where it signals.
    pub h: u32,
}

/// The largest H that is searched: enough for a million samples a year up to a target of 99 %.
const H_MAX: u32 = 4_000;

impl Chart {
    /// The chart of a stream: m aims at a doubling of the allowed failures, H is the smallest with at most one false signal
    /// in five years for a stage exactly on its target. A target of 100 % makes every failure signal. None where such a chart
    /// does not exist: at targets so low that a doubling of failures is no probability or weighs no more than a pass, and at
    /// targets so close to 100 % that no H up to the bound keeps the promise.
    #[must_use]
    pub fn for_stream(target: BasisPoints, samples_a_year: u32) -> Option<Self> {
        if target.get() == 10_000 {
            return Some(Self { m: 2, h: 1 });
        }
        let q0 = 1.0 - target.probability();
        // With m = 1 a failure would add nothing, and the chart would never signal.
        let m = weight(q0).filter(|m| *m >= 2)?;
        let wanted = 5.0 * f64::from(samples_a_year);
        // The run length grows with H, so the smallest H is found by halving.
        let keeps = |h| run_length(Self { m, h }, q0) >= wanted;
        if !keeps(H_MAX) {
            return None;
        }
        let (mut low, mut high) = (1, H_MAX);
        while low < high {
            let middle = low.midpoint(high);
            if keeps(middle) { high = middle } else { low = middle + 1 }
        }
        Some(Self { m, h: low })
    }

    /// One sample.
    #[must_use]
    pub fn step(self, score: u32, conforming: bool) -> Step {
        let raised = if conforming { score.saturating_sub(1) } else { score.saturating_add(self.m.saturating_sub(1)) };
        let signal = raised >= self.h;
        Step { reached: raised, score: if signal { 0 } else { raised }, signal }
    }

    /// Expected false signals a year of a stage exactly on its target.
    #[must_use]
    pub fn false_signals_a_year(self, target: BasisPoints, samples_a_year: u32) -> f64 {
        f64::from(samples_a_year) / run_length(self, 1.0 - target.probability())
    }
}

/// What a sample did to a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The score that the sample reached.
    pub reached: u32,
    /// The score to go on with: 0 after a signal.
    pub score: u32,
    /// Whether it signalled.
    pub signal: bool,
}

/// m = round(r2 / r1) for a doubling of `q0`.
fn weight(q0: f64) -> Option<u32> {
    let q1 = 2.0 * q0;
    if !(q0 > 0.0 && q1 < 1.0) {
        return None;
    }
    let r1 = -((1.0 - q1) / (1.0 - q0)).ln();
    let r2 = (q1 * (1.0 - q0) / (q0 * (1.0 - q1))).ln();
    let ratio = (r2 / r1).round();
    (1..=100_000).find(|m| f64::from(*m) >= ratio)
}

/// The mean number of samples until a signal from S = 0, when each fails with probability `q`; the exact solution of the
/// linear equations over S = 0 .. H-1.
///
/// With E(s) the mean from s: E(0) = 1 + p E(0) + q E(m-1), E(s) = 1 + p E(s-1) + q E(s+m-1), and E(s) = 0 from H on.
/// Each E(s) is written as a(s) + b(s) E(s-1), from the top down; E(0) then follows alone. The last division loses
/// digits where the mean run is beyond 1e15 samples, far from any threshold that is searched.
#[must_use]
pub fn run_length(chart: Chart, q: f64) -> f64 {
    let p = 1.0 - q;
    let reach = chart.m.saturating_sub(1);
    let index = |score: u32| usize::try_from(score).unwrap_or(usize::MAX);
    if reach == 0 {
        return f64::INFINITY;
    }
    let mut lines = vec![(0.0, 0.0); index(chart.h)];
    for score in (1..chart.h).rev() {
        // E(score + reach) = A + B E(score), by putting the lines above it into one another.
        let (mut constant, mut factor) = (0.0, 1.0);
        let target = score.saturating_add(reach);
        if target >= chart.h {
            factor = 0.0;
        } else {
            for step in (score + 1..=target).rev() {
                let (a, b) = lines.get(index(step)).copied().unwrap_or_default();
                constant += factor * a;
                factor *= b;
            }
        }
        let divisor = 1.0 - q * factor;
        if let Some(line) = lines.get_mut(index(score)) {
            *line = ((1.0 + q * constant) / divisor, p / divisor);
        }
    }
    let (mut constant, mut factor) = (0.0, 1.0);
    if reach >= chart.h {
        factor = 0.0;
    } else {
        for step in (1..=reach).rev() {
            let (a, b) = lines.get(index(step)).copied().unwrap_or_default();
            constant += factor * a;
            factor *= b;
        }
    }
    // E(0) = 1 + p E(0) + q (constant + factor E(0)); 1 - p - q factor = q (1 - factor).
    (1.0 + q * constant) / (q * (1.0 - factor))
}
