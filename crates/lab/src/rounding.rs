//! Rounding to an interval by GB/T 8170-2008, 3: four down, six up, five to even; once, from the value as reported.

use rust_decimal::{Decimal, RoundingStrategy};

/// `value` rounded to a multiple of `interval` (`0.1`, `20`, `0.5`, `1000`), ties to the even multiple; the sign is handled
/// on the absolute value. None when `interval` is not positive or the result cannot be kept exactly.
#[must_use]
pub fn round(value: Decimal, interval: Decimal) -> Option<Decimal> {
    if interval <= Decimal::ZERO {
        return None;
    }
    // GB/T 8170-2008, 3.3: intervals of 0.5 and 0.2 units are rounded by multiplying, rounding and dividing: the number
    // of whole intervals is what is rounded. It is found by remainder, because a quotient could be inexact.
    let remainder = value.checked_rem(interval)?;
    let below = value.checked_sub(remainder)?;
    let multiple = below.checked_div(interval)?.round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven);
    let twice = remainder.abs().checked_mul(Decimal::TWO)?;
    let odd = !multiple.checked_rem(Decimal::TWO)?.is_zero();
    let away = twice > interval || (twice == interval && odd);
    let step = if value.is_sign_negative() { -interval } else { interval };
    let mut rounded = if away { below.checked_add(step)? } else { below };
    // A multiple has no more digits than its interval, and shows as many.
    rounded = rounded.normalize();
    rounded.rescale(interval.scale());
    Some(rounded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hege_core::decimal::parse;
    use proptest::prelude::*;

    #[test]
    fn an_interval_that_is_not_positive_rounds_nothing() {
        assert_eq!(round(Decimal::ONE, Decimal::ZERO), None);
        assert_eq!(round(Decimal::ONE, parse("-0.1").unwrap()), None);
    }

    #[test]
    fn the_rounded_value_shows_the_digits_of_its_interval() {
        assert_eq!(round(parse("60.25").unwrap(), parse("0.5").unwrap()).unwrap().to_string(), "60.0");
        assert_eq!(round(parse("-60.75").unwrap(), parse("0.5").unwrap()).unwrap().to_string(), "-61.0");
        assert_eq!(round(parse("1268").unwrap(), parse("100").unwrap()).unwrap().to_string(), "1300");
    }

    proptest! {
        #[test]
        fn rounding_twice_changes_nothing_and_is_never_further_than_half_an_interval(
            mantissa in -1_000_000_000_i64..1_000_000_000, scale in 0_u32..8, interval in 1_i64..1000, digits in 0_u32..5,
        ) {
            let (value, interval) = (Decimal::new(mantissa, scale), Decimal::new(interval, digits));
            let rounded = round(value, interval).unwrap();
            prop_assert_eq!(round(rounded, interval), Some(rounded));
            prop_assert!((rounded - value).abs() * Decimal::TWO <= interval);
            prop_assert!((rounded % interval).is_zero());
            prop_assert_eq!(round(-value, interval), Some(-rounded));
        }
    }
}
