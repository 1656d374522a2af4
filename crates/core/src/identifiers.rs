//! Check digits of identifiers on labels and licences. Real ones fail their check now and then: a wrong digit warns, it does not block.

/// What an identifier's own digits say of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Right length, alphabet and check digit.
    Valid,
    /// The check digit does not fit.
    Invalid,
    /// Wrong length or alphabet.
    Malformed,
}

const USCC_ALPHABET: &[u8] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
const USCC_WEIGHTS: [usize; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];

/// 统一社会信用代码, GB 32100-2015: 18 characters, the last one the check.
#[must_use]
pub fn uscc(code: &str) -> Check {
    let values: Option<Vec<usize>> = code.bytes().map(|b| USCC_ALPHABET.iter().position(|c| *c == b)).collect();
    let Some(values) = values.filter(|values| values.len() == 18) else {
        return Check::Malformed;
    };
    let sum: usize = values.iter().zip(USCC_WEIGHTS).map(|(value, weight)| value * weight).sum();
    verdict(values.last() == Some(&((31 - sum % 31) % 31)))
}

/// Food production licence (食品生产许可证编号): `SC` and 14 digits, the last one by MOD 11,10 (GB/T 17710).
#[must_use]
pub fn production_licence(code: &str) -> Check {
    let Some(digits) = code.strip_prefix("SC").and_then(digits).filter(|digits| digits.len() == 14) else {
        return Check::Malformed;
    };
    let product = digits.iter().take(13).fold(10, |product, digit| {
        let sum = (product + digit) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    verdict(digits.last() == Some(&((11 - product) % 10)))
}

/// GTIN-8, -12, -13 or -14 of a barcode (GB 12904).
#[must_use]
pub fn gtin(code: &str) -> Check {
    let Some(digits) = digits(code).filter(|digits| matches!(digits.len(), 8 | 12 | 13 | 14)) else {
        return Check::Malformed;
    };
    let sum: usize =
        digits.iter().rev().skip(1).zip([3, 1].into_iter().cycle()).map(|(digit, weight)| digit * weight).sum();
    verdict(digits.last() == Some(&((10 - sum % 10) % 10)))
}

fn digits(text: &str) -> Option<Vec<usize>> {
    text.bytes().map(|b| b.is_ascii_digit().then(|| usize::from(b - b'0'))).collect()
}

const fn verdict(fits: bool) -> Check {
    if fits { Check::Valid } else { Check::Invalid }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credit_code_is_checked_by_its_last_character() {
        assert_eq!(uscc("91350100M000100Y43"), Check::Valid);
        assert_eq!(uscc("91310110666007217T"), Check::Valid);
        assert_eq!(uscc("91350211M00013FA1N"), Check::Invalid);
        assert_eq!(uscc("91310110666007217"), Check::Malformed);
        assert_eq!(uscc("9131011066600721IT"), Check::Malformed);
        assert_eq!(uscc(""), Check::Malformed);
    }

    #[test]
    fn a_production_licence_is_checked_by_its_last_digit() {
        assert_eq!(production_licence("SC10633019702613"), Check::Valid);
        assert_eq!(production_licence("SC11834020305037"), Check::Valid);
        assert_eq!(production_licence("SC11834020305038"), Check::Invalid);
        assert_eq!(production_licence("QS11834020305037"), Check::Malformed);
        assert_eq!(production_licence("SC1183402030503"), Check::Malformed);
    }

    #[test]
    fn a_barcode_is_checked_by_its_last_digit() {
        for code in ["6921168509256", "6924743915763", "96385074"] {
            assert_eq!(gtin(code), Check::Valid, "{code}");
        }
        assert_eq!(gtin("6921168509255"), Check::Invalid);
        assert_eq!(gtin("692116850925"), Check::Invalid);
        assert_eq!(gtin("69211685092"), Check::Malformed);
        assert_eq!(gtin("692116850925X"), Check::Malformed);
    }
}
