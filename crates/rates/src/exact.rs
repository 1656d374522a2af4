//! Intervals and exact tests of a binomial share (docs/DOMAIN.md 7.2, 7.3).

use crate::tally::{BasisPoints, Tally};
use statrs::distribution::{Beta, ContinuousCDF};
use statrs::function::beta::beta_reg;

/// The 97.5 % quantile of the standard normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// Wilson's 95 % interval of a share `p` of `n` (which may be an effective number).
#[must_use]
pub fn wilson_of(p: f64, n: f64) -> (f64, f64) {
    let z2 = Z * Z;
    let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    ((centre - half).max(0.0), (centre + half).min(1.0))
}

/// Wilson's 95 % interval. None without samples.
#[must_use]
pub fn wilson(tally: Tally) -> Option<(f64, f64)> {
    if tally.n == 0 {
        return None;
    }
    let n = f64::from(tally.n);
    let (low, high) = wilson_of(f64::from(tally.k) / n, n);
    // The formula gives these bounds up to its last bit only.
    Some((if tally.k == 0 { 0.0 } else { low }, if tally.k == tally.n { 1.0 } else { high }))
}

/// The exact 95 % interval of Clopper and Pearson. None without samples.
#[must_use]
pub fn clopper_pearson(tally: Tally) -> Option<(f64, f64)> {
    if tally.n == 0 {
        return None;
    }
    let (k, failures) = (f64::from(tally.k), f64::from(tally.failures()));
    let quantile = |a: f64, b: f64, p: f64| Beta::new(a, b).ok().map(|beta| beta.inverse_cdf(p));
    let low = if tally.k == 0 { 0.0 } else { quantile(k, failures + 1.0, 0.025)? };
    let high = if tally.failures() == 0 { 1.0 } else { quantile(k + 1.0, failures, 0.975)? };
    Some((low, high))
}

/// P(X <= k) for X binomial with `n` and the target as its share: small when the tally lies below the target by more than chance.
#[must_use]
pub fn lower_tail(tally: Tally, target: BasisPoints) -> f64 {
    if tally.failures() == 0 || target.get() == 0 {
        return 1.0;
    }
    if target.get() == 10_000 {
        return 0.0;
    }
    at_most(tally.k, tally.n, target.probability())
}

/// P(X <= k) for `k` less than `n` and a share that is neither 0 nor 1: I_{1-p}(n-k, k+1).
fn at_most(k: u32, n: u32, share: f64) -> f64 {
    beta_reg(f64::from(n - k), f64::from(k) + 1.0, 1.0 - share)
}

/// The quantile of a binomial: the smallest k with P(X <= k) >= `level`, for `n` samples and a share of 0 to 1.
#[must_use]
pub fn quantile(n: u32, share: f64, level: f64) -> u32 {
    if share <= 0.0 {
        return 0;
    }
    if share >= 1.0 {
        return n;
    }
    // P(X <= n) = 1 reaches every level.
    let (mut low, mut high) = (0, n);
    while low < high {
        let middle = low.midpoint(high);
        if at_most(middle, n, share) >= level { high = middle } else { low = middle + 1 }
    }
    low
}

/// P(X >= k): small when the tally lies above the target by more than chance.
#[must_use]
pub fn upper_tail(tally: Tally, target: BasisPoints) -> f64 {
    let p0 = target.probability();
    if tally.k == 0 || target.get() == 10_000 {
        return 1.0;
    }
    if target.get() == 0 {
        return 0.0;
    }
    beta_reg(f64::from(tally.k), f64::from(tally.failures()) + 1.0, p0)
}
