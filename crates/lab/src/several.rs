//! Criteria over several values of one item: the counts of a plan, the parts of a sum.

use crate::criterion::MicroPlan;
use crate::judge::{Decision, Entry};
use crate::quantity::{
    Interval, Quantity, detection, detection_unit, into_unit, one_unit, positive, product, stated_unit, sum, unreadable,
};
use crate::reported::{Measured, read, read_counts};
use crate::steps::Step;
use crate::verdict::{ItemVerdict, Reason};
use crate::written::{given, parts};
use hege_core::units::Unit;
use rust_decimal::Decimal;

pub(crate) fn micro(entry: &Entry<'_>, (plan, unit): (&MicroPlan, Option<Unit>), steps: &mut Vec<Step>) -> Decision {
    if plan.c >= plan.n || plan.m < Decimal::ZERO || plan.upper.is_some_and(|upper| upper < plan.m) {
        return Err(Reason::BadCriterion);
    }
    let counts = read_counts(entry.result).map_err(unreadable)?;
    if u32::try_from(counts.len()) != Ok(plan.n) {
        return Err(Reason::CountNumber);
    }
    let stated = stated_unit(entry)?;
    let (lod, loq) = detection(entry, unit, unit)?;
    let mut above_m = (0_u32, 0_u32);
    let mut above_upper = (0_u32, 0_u32);
    for count in counts {
        // Counts convert to nothing else: the unit must be the criterion's own.
        into_unit(Decimal::ZERO, one_unit(count.unit, stated)?, unit, steps)?;
        let interval = Quantity { measured: count.measured, lod, loq }.interval_of_count()?;
        tally(&mut above_m, &interval, plan.m);
        // A two-class plan has no upper bound: c units may lie above m, however high.
        if let Some(upper) = plan.upper {
            tally(&mut above_upper, &interval, upper);
        }
    }
    steps.push(Step::Counted { plan: *plan, marginal: above_m, unacceptable: above_upper });
    if above_upper.0 > 0 || above_m.0 > plan.c {
        Ok((ItemVerdict::Nonconforming, Reason::BeyondLimit))
    } else if above_upper.1 == 0 && above_m.1 <= plan.c {
        Ok((ItemVerdict::Conforming, Reason::WithinLimit))
    } else {
        Err(Reason::Undecided)
    }
}

impl Quantity {
    /// A count that was not detected is 0 in the portion taken, unless a limit of detection is stated.
    fn interval_of_count(&self) -> Result<Interval, Reason> {
        match self.measured {
            Measured::NotDetected(None) if self.lod.is_none() => {
                Ok(Interval { low: Decimal::ZERO, low_open: false, high: Some(Decimal::ZERO), high_open: false })
            }
            Measured::Number(value) | Measured::Below(value) | Measured::NotDetected(Some(value))
                if value < Decimal::ZERO =>
            {
                Err(Reason::NotAValue)
            }
            _ => self.interval(),
        }
    }
}

/// Counts a unit as surely or possibly above a bound.
fn tally(above: &mut (u32, u32), interval: &Interval, bound: Decimal) {
    above.0 += u32::from(interval.all_above(bound));
    above.1 += u32::from(!interval.all_at_most(bound));
}

pub(crate) fn ratio_sum(
    entry: &Entry<'_>,
    (maxima, total, unit): (&[Decimal], Decimal, Option<Unit>),
    steps: &mut Vec<Step>,
) -> Decision {
    let stated = stated_unit(entry)?;
    let lod_unit = detection_unit(entry)?.or(stated);
    let results: Vec<&str> = parts(entry.result).collect();
    if results.len() != maxima.len() {
        return Err(Reason::PartNumber);
    }
    let lods: Vec<&str> = given(entry.lod).map(|lod| parts(lod).collect()).unwrap_or_default();
    let (mut numerator, mut denominator) = (Decimal::ZERO, Decimal::ONE);
    for (index, (part, maximum)) in results.iter().zip(maxima).enumerate() {
        if *maximum <= Decimal::ZERO {
            return Err(Reason::BadCriterion);
        }
        // One limit of detection may stand for all.
        let lod = lods.get(index).or_else(|| lods.first().filter(|_| lods.len() == 1)).filter(|lod| !lod.is_empty());
        let lod = lod.map(|lod| positive(lod).ok_or(Reason::LodUnreadable)).transpose()?;
        let lod = lod.map(|lod| into_unit(lod, lod_unit, unit, &mut Vec::new())).transpose()?;
        let value = part_value(part, (*maximum, unit), (lod, stated))?;
        // n/d + v/m = (n*m + v*d) / (d*m): exact, where a quotient would have to be rounded.
        numerator = sum(product(numerator, *maximum)?, product(value, denominator)?)?;
        denominator = product(denominator, *maximum)?;
    }
    let allowed = product(total, denominator)?;
    steps.push(Step::Summed { numerator, denominator, total });
    if numerator <= allowed {
        Ok((ItemVerdict::Conforming, Reason::WithinLimit))
    } else {
        Ok((ItemVerdict::Nonconforming, Reason::BeyondLimit))
    }
}

/// A part in the maxima's unit. One that was not detected counts 0, but only when its limit of detection is no larger than its
/// own maximum; `<x` is not detected only where x is at most the limit of detection.
fn part_value(
    part: &str,
    (maximum, unit): (Decimal, Option<Unit>),
    (lod, stated): (Option<Decimal>, Option<Unit>),
) -> Result<Decimal, Reason> {
    let reported = read(part).map_err(|_why| Reason::BadPart)?;
    let from = one_unit(reported.unit, stated)?;
    let convert = |value| into_unit(value, from, unit, &mut Vec::new());
    let bound = match reported.measured {
        Measured::Number(value) if value >= Decimal::ZERO => {
            let value = convert(value)?;
            return if lod.is_some_and(|lod| value < lod && !value.is_zero()) {
                Err(Reason::BelowOwnLod)
            } else {
                Ok(value)
            };
        }
        Measured::Below(value) => {
            let value = convert(value)?;
            lod.filter(|lod| value <= *lod).ok_or(Reason::Undecided)?
        }
        Measured::NotDetected(Some(own)) => convert(own)?,
        Measured::NotDetected(None) => lod.ok_or(Reason::LodMissing)?,
        Measured::BelowLoq => return Err(Reason::Trace),
        _ => return Err(Reason::BadPart),
    };
    if bound <= maximum { Ok(Decimal::ZERO) } else { Err(Reason::LodAboveLimit) }
}
