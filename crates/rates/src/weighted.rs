//! Weighted rates, and many comparisons at once (docs/DOMAIN.md 7.6).

use crate::exact::wilson_of;
use crate::tally::Tally;

/// A rate over strata of unequal sampling.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weighted {
    /// The weighted share.
    pub share: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// How many samples of a plain rate would say as much.
    pub n_effective: f64,
    /// Wilson's 95 % interval with `n_effective`.
    pub interval: (f64, f64),
}

/// The weighted rate of strata `(weight, tally)`; the weights are scaled to 1. Where no stratum has both results nothing varies,
/// and the effective number is what it would be if all strata shared one rate. None when a stratum has fewer than two samples,
/// or the weights are not numbers from 0 on with a positive sum.
#[must_use]
pub fn weighted(strata: &[(f64, Tally)]) -> Option<Weighted> {
    let sum: f64 = strata.iter().map(|(weight, _)| weight).sum();
    let sound = strata.iter().all(|(weight, tally)| tally.n >= 2 && *weight >= 0.0);
    if !(sound && sum > 0.0 && sum.is_finite()) {
        return None;
    }
    let (mut share, mut variance, mut spread) = (0.0, 0.0, 0.0);
    for (weight, tally) in strata {
        let (weight, n) = (weight / sum, f64::from(tally.n));
        let p = f64::from(tally.k) / n;
        share += weight * p;
        variance += weight * weight * p * (1.0 - p) / (n - 1.0);
        spread += weight * weight / (n - 1.0);
    }
    let n_effective = if variance > 0.0 { share * (1.0 - share) / variance } else { 1.0 / spread };
    Some(Weighted { share, standard_error: variance.sqrt(), n_effective, interval: wilson_of(share, n_effective) })
}

/// Benjamini and Hochberg's adjusted p-values, in the order given: those at most q are discoveries at rate q.
#[must_use]
pub fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<(usize, f64)> = p_values.iter().copied().enumerate().collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1));
    let count = u32::try_from(p_values.len()).map_or(f64::INFINITY, f64::from);
    let mut adjusted = p_values.to_vec();
    let mut smallest = 1.0_f64;
    let mut rank = count;
    for (index, p) in order.into_iter().rev() {
        // Divided first, so that rounding makes no value smaller.
        smallest = smallest.min(p * (count / rank));
        rank -= 1.0;
        if let Some(slot) = adjusted.get_mut(index) {
            *slot = smallest;
        }
    }
    adjusted
}
