//! A tally against its target: the fact, the evidence, and what is printed.

use crate::exact::{lower_tail, upper_tail, wilson};
use crate::tally::{BasisPoints, Percent, Tally};
use hege_core::words;

words! {
    /// 状态: how sure the evidence is (docs/DOMAIN.md 7.3).
    pub enum RateState {
        NoData = "no_data", "无数据", "no data";
        NoTarget = "no_target", "无目标", "no target";
        Insufficient = "insufficient", "样本不足", "insufficient samples";
        SignificantlyBelow = "significantly_below", "显著低于目标", "significantly below the target";
        Below = "below", "低于目标(未达显著)", "below the target, not significant";
        Meets = "meets", "达到目标(未达显著)", "meets the target";
        SignificantlyAbove = "significantly_above", "显著高于目标", "significantly above the target";
    }
}

/// Everything a screen, a report or the API shows of one rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Assessment {
    /// What was counted.
    pub tally: Tally,
    /// The target, where the plan has one.
    pub target: Option<BasisPoints>,
    /// As printed; none without samples.
    pub rate: Option<Percent>,
    /// Wilson's 95 % interval; shown, never decided by.
    pub interval: Option<(f64, f64)>,
    /// A fact: none without target or samples.
    pub below_target: Option<bool>,
    /// The evidence.
    pub state: RateState,
    /// The exact lower tail against the target.
    pub p_low: Option<f64>,
}

/// Assesses a tally.
#[must_use]
pub fn assess(tally: Tally, target: Option<BasisPoints>) -> Assessment {
    Assessment {
        tally,
        target,
        rate: tally.percent(target),
        interval: wilson(tally),
        below_target: target.and_then(|target| tally.meets(target)).map(|meets| !meets),
        state: state(tally, target),
        p_low: target.filter(|_| tally.n > 0).map(|target| lower_tail(tally, target)),
    }
}

fn state(tally: Tally, target: Option<BasisPoints>) -> RateState {
    if tally.n == 0 {
        return RateState::NoData;
    }
    let Some(target) = target else {
        return RateState::NoTarget;
    };
    let p_low = lower_tail(tally, target);
    if (tally.n >= 30 && p_low <= 0.01) || (tally.n >= 10 && p_low <= 0.001) {
        RateState::SignificantlyBelow
    } else if tally.n < 30 {
        RateState::Insufficient
    } else if tally.meets(target) == Some(false) {
        RateState::Below
    } else if upper_tail(tally, target) <= 0.025 {
        RateState::SignificantlyAbove
    } else {
        RateState::Meets
    }
}
