//! Early warning: the Bernoulli CUSUM of Page in integers (docs/DOMAIN.md 7.5).
//!
//! `S = max(0, S + m - 1)` on a failure, `max(0, S - 1)` on a pass; a signal when `S >= H`, after which S starts again.

mod history;

pub use history::{Held, Signal, history, tried};

use hege_rates::BasisPoints;

/// A chart's two numbers. A stream restarts when they change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chart {
    /// What a failure weighs against passes.
    pub m: u32,
    /// Where it signals.
    pub h: u32,
}

/// The largest H that is searched: more than any target below 100 % asks for at four thousand million samples a year.
const H_MAX: u32 = 1 << 18;

impl Chart {
    /// The chart of a stream: m aims at a doubling of the allowed failures, H is the smallest with at most one false signal
    /// in five years for a stage exactly on its target. A target of 100 % makes every failure signal. None where such a chart
    /// does not exist: at targets so low that a doubling of failures is no probability or weighs no more than a pass. The
    /// closer a target is to 100 %, the more a chart is a count of failures: with 99.99 % and 10,000 samples a year, two
    /// failures with at most 2,252 passes between them signal.
    #[must_use]
    pub fn for_stream(target: BasisPoints, samples_a_year: u32) -> Option<Self> {
        if target.get() == 10_000 {
            return Some(Self { m: 2, h: 1 });
        }
        let q0 = 1.0 - target.probability();
        // With m = 1 a failure would add nothing, and the chart would never signal.
        let m = weight(q0).filter(|m| *m >= 2)?;
        let wanted = 5.0 * f64::from(samples_a_year);
        // The run length grows with H, so the smallest H is found by doubling and then by halving.
        let keeps = |h: &u32| run_length(Self { m, h: *h }, q0) >= wanted;
        let mut high = (0..).map_while(|power| 1_u32.checked_shl(power)).take_while(|h| *h <= H_MAX).find(keeps)?;
        let mut low = 1;
        while low < high {
            let middle = low.midpoint(high);
            if keeps(&middle) { high = middle } else { low = middle + 1 }
        }
        Some(Self { m, h: high })
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
/// Each E(s) is written as a line in E(s-1), from the top down; E(0) then follows alone.
#[must_use]
pub fn run_length(chart: Chart, q: f64) -> f64 {
    let reach = chart.m.saturating_sub(1);
    if reach == 0 {
        return f64::INFINITY;
    }
    let p = 1.0 - q;
    let mut ahead = Ahead::new(reach);
    for _ in 1..chart.h {
        let far = ahead.together();
        let divisor = p + q * far.gap;
        ahead.add(Line { constant: (1.0 + q * far.constant) / divisor, gap: q * far.gap / divisor });
    }
    let far = ahead.together();
    (1.0 + q * far.constant) / (q * far.gap)
}

/// y = constant + (1 - gap) x. The gap to 1 is kept and not the factor, so that nothing cancels however long the run is.
#[derive(Clone, Copy)]
struct Line {
    constant: f64,
    gap: f64,
}

impl Line {
    const IDENTITY: Self = Self { constant: 0.0, gap: 0.0 };

    /// This line of what the other makes of x.
    fn of(self, inner: Self) -> Self {
        let factor = 1.0 - self.gap;
        Self { constant: self.constant + factor * inner.constant, gap: self.gap + factor * inner.gap }
    }
}

/// The lines of the next `reach` scores above, put into one another as a queue of two stacks does it: each in constant time.
struct Ahead {
    reach: u32,
    size: u32,
    /// Of the upper lines: each with all that are below it here. The last is of all of them.
    upper: Vec<Line>,
    /// The lower lines, from the top down.
    lower: Vec<Line>,
    lower_together: Line,
}

impl Ahead {
    const fn new(reach: u32) -> Self {
        Self { reach, size: 0, upper: Vec::new(), lower: Vec::new(), lower_together: Line::IDENTITY }
    }

    /// E(s + reach) as a line in E(s); zero where that is H or more.
    fn together(&self) -> Line {
        if self.size < self.reach {
            return Line { constant: 0.0, gap: 1.0 };
        }
        self.upper.last().copied().unwrap_or(Line::IDENTITY).of(self.lower_together)
    }

    /// Takes the line of the next score below; that of the highest score goes when there are too many.
    fn add(&mut self, line: Line) {
        self.lower.push(line);
        self.lower_together = self.lower_together.of(line);
        if self.size < self.reach {
            self.size += 1;
            return;
        }
        if self.upper.is_empty() {
            let mut together = Line::IDENTITY;
            for line in self.lower.drain(..).rev() {
                together = line.of(together);
                self.upper.push(together);
            }
            self.lower_together = Line::IDENTITY;
        }
        self.upper.pop();
    }
}
