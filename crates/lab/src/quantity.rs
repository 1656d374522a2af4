//! A value in the criterion's unit, and the interval in which the true one lies.

use crate::judge::Entry;
use crate::reported::{Measured, Unreadable, read};
use crate::steps::Step;
use crate::verdict::Reason;
use crate::written::{given, number};
use hege_core::units::{Refusal, Unit};
use rust_decimal::Decimal;

/// A single value with the laboratory's limits of detection and quantification, all in the criterion's unit.
pub(crate) struct Quantity {
    pub(crate) measured: Measured,
    pub(crate) lod: Option<Decimal>,
    pub(crate) loq: Option<Decimal>,
}

impl Quantity {
    pub(crate) fn read(entry: &Entry<'_>, target: Option<Unit>, steps: &mut Vec<Step>) -> Result<Self, Reason> {
        let reported = read(entry.result).map_err(unreadable)?;
        let unit = one_unit(reported.unit, stated_unit(entry)?)?;
        steps.push(Step::Reported(reported.measured));
        let (lod, loq) = detection(entry, unit, target)?;
        let mut convert = |value| into_unit(value, unit, target, steps);
        let measured = match reported.measured {
            Measured::Number(value) => Measured::Number(convert(value)?),
            Measured::Below(value) => Measured::Below(convert(value)?),
            Measured::Above(value) => Measured::Above(convert(value)?),
            Measured::NotDetected(Some(value)) => Measured::NotDetected(Some(convert(value)?)),
            other => other,
        };
        match measured {
            // Amounts are not negative; a bare number may be (a freezing point).
            Measured::Number(value) if value < Decimal::ZERO && target.is_some() => return Err(Reason::NotAValue),
            Measured::Below(value) if value <= Decimal::ZERO => return Err(Reason::NotAValue),
            Measured::NotDetected(Some(lod)) if lod <= Decimal::ZERO => return Err(Reason::LodUnreadable),
            _ => {}
        }
        let quantity = Self { measured, lod, loq };
        let lod = quantity.own_lod();
        if lod.zip(loq).is_some_and(|(lod, loq)| lod > loq) {
            return Err(Reason::LodAboveLoq);
        }
        if lod.is_some() || loq.is_some() {
            steps.push(Step::Detection { lod, loq, unit: target });
        }
        Ok(quantity)
    }

    /// The limit of detection that the result itself states, or else the laboratory's.
    pub(crate) fn own_lod(&self) -> Option<Decimal> {
        match self.measured {
            Measured::NotDetected(Some(own)) => Some(own),
            _ => self.lod,
        }
    }

    /// Between which bounds the true value lies.
    pub(crate) fn interval(&self) -> Result<Interval, Reason> {
        let zero = Decimal::ZERO;
        Ok(match self.measured {
            Measured::Number(value) if self.lod.is_some_and(|lod| value < lod) => return Err(Reason::BelowOwnLod),
            Measured::Number(value) => Interval { low: value, low_open: false, high: Some(value), high_open: false },
            Measured::Below(value) => Interval { low: zero, low_open: false, high: Some(value), high_open: true },
            Measured::NotDetected(_) => {
                let lod = self.own_lod().ok_or(Reason::LodMissing)?;
                Interval { low: zero, low_open: false, high: Some(lod), high_open: false }
            }
            Measured::BelowLoq => {
                let loq = self.loq.ok_or(Reason::Trace)?;
                Interval { low: zero, low_open: false, high: Some(loq), high_open: true }
            }
            Measured::Detected => Interval { low: zero, low_open: true, high: None, high_open: true },
            Measured::Above(value) => Interval { low: value, low_open: true, high: None, high_open: true },
        })
    }
}

/// An interval of values; without `high` it has no upper end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Interval {
    pub(crate) low: Decimal,
    pub(crate) low_open: bool,
    pub(crate) high: Option<Decimal>,
    pub(crate) high_open: bool,
}

impl Interval {
    pub(crate) fn all_at_most(&self, limit: Decimal) -> bool {
        self.high.is_some_and(|high| high <= limit)
    }
    pub(crate) fn all_above(&self, limit: Decimal) -> bool {
        self.low > limit || (self.low == limit && self.low_open)
    }
    pub(crate) fn all_at_least(&self, limit: Decimal) -> bool {
        self.low >= limit
    }
    pub(crate) fn all_below(&self, limit: Decimal) -> bool {
        self.high.is_some_and(|high| high < limit || (high == limit && self.high_open))
    }
}

/// The laboratory's limits of detection and quantification in the criterion's unit; their own unit is that of the result
/// unless it is stated.
pub(crate) fn detection(
    entry: &Entry<'_>,
    unit: Option<Unit>,
    target: Option<Unit>,
) -> Result<(Option<Decimal>, Option<Decimal>), Reason> {
    let own = detection_unit(entry)?.or(unit);
    let read = |text: Option<&str>, why| match given(text) {
        None => Ok(None),
        Some(text) => into_unit(positive(text).ok_or(why)?, own, target, &mut Vec::new()).map(Some),
    };
    Ok((read(entry.lod, Reason::LodUnreadable)?, read(entry.loq, Reason::LoqUnreadable)?))
}

/// The unit stated for the limits of detection and quantification.
pub(crate) fn detection_unit(entry: &Entry<'_>) -> Result<Option<Unit>, Reason> {
    given(entry.lod_unit).map(|unit| Unit::parse(unit).ok_or(Reason::LodUnreadable)).transpose()
}

/// The unit stated beside the result.
pub(crate) fn stated_unit(entry: &Entry<'_>) -> Result<Option<Unit>, Reason> {
    given(entry.unit).map(|unit| Unit::parse(unit).ok_or(Reason::UnknownUnit)).transpose()
}

/// The unit glued to a value and the one stated beside it must not contradict each other.
pub(crate) fn one_unit(glued: Option<Unit>, stated: Option<Unit>) -> Result<Option<Unit>, Reason> {
    match (glued, stated) {
        (Some(glued), Some(stated)) if glued != stated => Err(Reason::UnitsConflict),
        (glued, stated) => Ok(glued.or(stated)),
    }
}

/// A limit of detection or quantification as typed.
pub(crate) fn positive(text: &str) -> Option<Decimal> {
    number(text).filter(|value| *value > Decimal::ZERO)
}

pub(crate) fn into_unit(
    value: Decimal,
    from: Option<Unit>,
    to: Option<Unit>,
    steps: &mut Vec<Step>,
) -> Result<Decimal, Reason> {
    match (from, to) {
        (None, None) => Ok(value),
        (None, Some(_)) => Err(Reason::UnitMissing),
        (Some(_), None) => Err(Reason::UnitMismatch),
        (Some(from), Some(to)) if from == to => Ok(value),
        (Some(from), Some(to)) => {
            let converted = from.convert(value, to).map_err(|refusal| match refusal {
                Refusal::Dimension => Reason::UnitMismatch,
                Refusal::Digits => Reason::TooManyDigits,
            })?;
            steps.push(Step::Converted { from: (value, from), to: (converted, to) });
            Ok(converted)
        }
    }
}

pub(crate) const fn unreadable(why: Unreadable) -> Reason {
    match why {
        Unreadable::Empty => Reason::Empty,
        Unreadable::Comma => Reason::AmbiguousComma,
        Unreadable::Slash => Reason::AmbiguousSlash,
        Unreadable::LostExponent => Reason::LostExponent,
        Unreadable::Unit => Reason::UnknownUnit,
        Unreadable::Digits => Reason::TooManyDigits,
        Unreadable::Text => Reason::NotAValue,
    }
}

/// An exact product; `rust_decimal` rounds one of more than 28 digits, and only exact products may decide.
pub(crate) fn product(a: Decimal, b: Decimal) -> Result<Decimal, Reason> {
    a.checked_mul(b).filter(|product| is_exact(a, b, *product)).ok_or(Reason::TooManyDigits)
}

/// An exact sum.
pub(crate) fn sum(a: Decimal, b: Decimal) -> Result<Decimal, Reason> {
    let kept = |sum: &Decimal| sum.scale() == a.scale().max(b.scale());
    a.checked_add(b).filter(kept).ok_or(Reason::TooManyDigits)
}

fn is_exact(a: Decimal, b: Decimal, product: Decimal) -> bool {
    let lost = (a.scale() + b.scale()).saturating_sub(product.scale());
    let exact = a.mantissa().checked_mul(b.mantissa());
    let kept = 10_i128.checked_pow(lost).and_then(|power| product.mantissa().checked_mul(power));
    exact.is_some() && exact == kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use hege_core::decimal::parse;

    #[test]
    fn a_sum_is_exact_or_refused() {
        let of = |a: &str, b: &str| sum(parse(a).unwrap(), parse(b).unwrap()).map(|value| value.to_string());
        assert_eq!(of("0.50", "-0.5").as_deref(), Ok("0.00"));
        assert_eq!(of("7922816251426433759354395033.5", "0.04"), Err(Reason::TooManyDigits));
        assert_eq!(of("79228162514264337593543950335", "1"), Err(Reason::TooManyDigits));
    }

    #[test]
    fn a_product_is_exact_or_refused() {
        let of = |a: &str, b: &str| product(parse(a).unwrap(), parse(b).unwrap()).map(|value| value.to_string());
        assert_eq!(of("0.50", "100").as_deref(), Ok("50.00"));
        assert_eq!(of("0", "0.0000000000000000000000000001").map(|value| value.starts_with('0')), Ok(true));
        assert_eq!(of("0.0000000000000000000000000001", "0.1"), Err(Reason::TooManyDigits), "28 digits and one more");
        assert_eq!(of("79228162514264337593543950335", "2"), Err(Reason::TooManyDigits));
        assert_eq!(of("1.00000000000001", "1.00000000000001").as_deref(), Ok("1.0000000000000200000000000001"));
        assert_eq!(of("1.000000000000001", "1.000000000000001"), Err(Reason::TooManyDigits), "rounded away");
        assert_eq!(of("1.5000000000000000000000000000", "0.20").as_deref(), Ok("0.3000000000000000000000000000"));
    }
}
