//! Decimal text that keeps its digits: `0.50` is not `0.5` on a report.

use rust_decimal::Decimal;

/// Why text is no decimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadDecimal {
    /// Not digits with at most one point and one sign.
    #[error("not a plain decimal number")]
    Form,
    /// More digits than are kept exactly (28 in all).
    #[error("more digits than can be kept exactly")]
    Digits,
}

/// Reads `12`, `-0.50`, `+3.0`: ASCII digits, one point with digits on both sides, an optional sign. Nothing is rounded.
///
/// # Errors
/// [`BadDecimal`]; in particular for `1e3`, `.5`, `5.`, `1,234` and for what would not fit exactly.
pub fn parse(text: &str) -> Result<Decimal, BadDecimal> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return Err(BadDecimal::Form);
    }
    Decimal::from_str_exact(text).map_err(|_too_long| BadDecimal::Digits)
}

/// `value * 10^power`, exactly.
#[must_use]
pub fn shift(value: Decimal, power: i32) -> Option<Decimal> {
    let scale = i32::try_from(value.scale()).ok()?.checked_sub(power)?;
    if scale >= 0 {
        return Decimal::try_from_i128_with_scale(value.mantissa(), scale.unsigned_abs()).ok();
    }
    let factor = 10_i128.checked_pow(scale.unsigned_abs())?;
    Decimal::try_from_i128_with_scale(value.mantissa().checked_mul(factor)?, 0).ok()
}

/// The size of the last digit as printed: `0.01` for `97.00`, `1` for `3`.
#[must_use]
pub fn last_digit(value: Decimal) -> Decimal {
    Decimal::new(1, value.scale())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_kept_as_written() {
        for text in ["0.50", "12", "-0.0365", "0.3000001", "79228162514264337593543950335"] {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
        assert_eq!(parse("+3.0").unwrap().to_string(), "3.0");
    }

    #[test]
    fn anything_but_a_plain_number_is_refused() {
        for text in ["", "-", ".5", "5.", "1e3", "1,234", "1_000", "１", " 1", "1.2.3", "--1", "NaN", "0x1"] {
            assert_eq!(parse(text), Err(BadDecimal::Form), "{text}");
        }
        assert_eq!(parse("0.00000000000000000000000000001"), Err(BadDecimal::Digits));
        assert_eq!(parse("99999999999999999999999999999"), Err(BadDecimal::Digits));
    }

    #[test]
    fn the_last_digit_is_the_one_that_is_printed_last() {
        for (value, digit) in [("97.00", "0.01"), ("3", "1"), ("-0.5", "0.1")] {
            assert_eq!(last_digit(parse(value).unwrap()).to_string(), digit, "{value}");
        }
    }

    #[test]
    fn a_shift_is_exact_or_refused() {
        let shifted = |text: &str, power| shift(parse(text).unwrap(), power).map(|d| d.to_string());
        assert_eq!(shifted("0.50", 3).as_deref(), Some("500"));
        assert_eq!(shifted("0.5012", 3).as_deref(), Some("501.2"));
        assert_eq!(shifted("250", -3).as_deref(), Some("0.250"));
        assert_eq!(shifted("0.50", 0).as_deref(), Some("0.50"));
        assert_eq!(shifted("79228162514264337593543950335", 1), None);
        assert_eq!(shifted("0.0000000000000000000000000001", -1), None);
    }
}
