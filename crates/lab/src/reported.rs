//! What a laboratory reported, read without guessing. Digits are kept as typed; what has two readings has none.

use hege_core::decimal;
use hege_core::units::{Unit, fold};
use rust_decimal::Decimal;

/// 检验结果: never a bare number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measured {
    /// A value.
    Number(Decimal),
    /// `<x`: below a stated value, which may be a limit of detection.
    Below(Decimal),
    /// Below the limit of quantification, which stands elsewhere.
    BelowLoq,
    /// 未检出: below the limit of detection, which may stand elsewhere or in brackets.
    NotDetected(Option<Decimal>),
    /// 检出, without a value.
    Detected,
    /// `>x`.
    Above(Decimal),
}

/// A measured value with the unit glued to it, if there was one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reported {
    /// The value.
    pub measured: Measured,
    /// The unit that stood behind the value.
    pub unit: Option<Unit>,
}

/// Why a text is no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// Nothing there.
    Empty,
    /// A comma that may separate thousands, decimals or two values: `1,234`.
    Comma,
    /// A slash that may be a lost decimal point: `1/58`.
    Slash,
    /// A power of ten without its exponent mark: `5.3×103`.
    LostExponent,
    /// A unit that is not known.
    Unit,
    /// More digits than can be kept.
    Digits,
    /// Something else than a value.
    Text,
}

/// Reads one value: `0.013`, `<0.002`, `＜10`, `未检出(<0.5)`, `ND`, `检出`, `1.77×10³`, `1.04x10^3`, `10⁵`, `307μg/kg`.
///
/// # Errors
/// [`Unreadable`] for anything with two readings, and for what is no value.
pub fn read(text: &str) -> Result<Reported, Unreadable> {
    // The form that most instruments and people type takes no detour.
    if let Ok(value) = decimal::parse(text.trim()) {
        return Ok(Reported { measured: Measured::Number(value), unit: None });
    }
    // Folding takes spaces away, which would join two numbers.
    if beside(text, char::is_whitespace) {
        return Err(Unreadable::Text);
    }
    read_folded(&fold(&raise(text)))
}

/// True when a run of such characters stands right between two digits.
fn beside(text: &str, between: impl Fn(char) -> bool) -> bool {
    let mut after_digit = false;
    let mut inside = false;
    for c in text.chars() {
        let digit = c.is_ascii_digit() || ('０'..='９').contains(&c);
        if digit && inside {
            return true;
        }
        inside = between(c) && (after_digit || inside);
        after_digit = digit;
    }
    false
}

fn read_folded(text: &str) -> Result<Reported, Unreadable> {
    if text.is_empty() {
        return Err(Unreadable::Empty);
    }
    if let Some(measured) = word(text) {
        return Ok(Reported { measured, unit: None });
    }
    for prefix in ["未检出", "nd"] {
        let inner = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix("(<")?.strip_suffix(')'));
        if let Some(inner) = inner {
            let (lod, unit) = quantity(inner)?;
            return Ok(Reported { measured: Measured::NotDetected(Some(lod)), unit });
        }
    }
    let (wrap, rest): (fn(Decimal) -> Measured, &str) = match text.strip_prefix('<') {
        Some(rest) => (Measured::Below, rest),
        None => text.strip_prefix('>').map_or((Measured::Number, text), |rest| (Measured::Above, rest)),
    };
    let (value, unit) = quantity(rest)?;
    Ok(Reported { measured: wrap(value), unit })
}

fn word(text: &str) -> Option<Measured> {
    match text {
        "未检出" | "nd" | "n.d." | "n.d" | "阴性" | "<lod" => Some(Measured::NotDetected(None)),
        "检出" | "阳性" => Some(Measured::Detected),
        "<loq" => Some(Measured::BelowLoq),
        _ => None,
    }
}

/// Superscript digits to `^3`, before folding would make `10³` into `103`.
fn raise(text: &str) -> String {
    let mut raised = String::with_capacity(text.len());
    let mut inside = false;
    for c in text.chars() {
        let plain = match c {
            '⁰' => Some('0'),
            '¹' => Some('1'),
            '²' => Some('2'),
            '³' => Some('3'),
            '⁴'..='⁹' => char::from_digit(u32::from(c).saturating_sub(u32::from('⁰')), 10),
            '⁻' => Some('-'),
            _ => None,
        };
        // cm² is a unit, not a power of ten.
        let area = !inside && raised.ends_with('m');
        match plain {
            Some(digit) if area => raised.push(digit),
            Some(digit) => {
                if !inside {
                    raised.push('^');
                }
                raised.push(digit);
            }
            None => raised.push(c),
        }
        inside = plain.is_some() && !area;
    }
    raised
}

/// A number and the unit glued to it.
fn quantity(text: &str) -> Result<(Decimal, Option<Unit>), Unreadable> {
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '+' | '-' | ',' | '×' | 'x' | '*' | '^')))
        .unwrap_or(text.len());
    let (head, tail) = text.split_at_checked(end).ok_or(Unreadable::Text)?;
    // 1.2e3 as instruments write it: the letter belongs to the number when digits follow.
    if let Some(exponent) = tail.strip_prefix('e') {
        let value = decimal::parse(head).map_err(unreadable)?;
        let power = exponent.parse::<i32>().map_err(|_not_a_power| Unreadable::Text)?;
        return Ok((decimal::shift(value, power).ok_or(Unreadable::Digits)?, None));
    }
    if head.is_empty() {
        return Err(Unreadable::Text);
    }
    if head.contains(',') {
        return Err(Unreadable::Comma);
    }
    if tail.starts_with('/') && tail.chars().nth(1).is_some_and(|c| c.is_ascii_digit()) && Unit::parse(tail).is_none() {
        return Err(Unreadable::Slash);
    }
    let unit = match tail {
        "" => None,
        other => Some(Unit::parse(other).ok_or(Unreadable::Unit)?),
    };
    Ok((number(head)?, unit))
}

/// A plain number, or a power of ten with its exponent marked.
fn number(text: &str) -> Result<Decimal, Unreadable> {
    let (base, power) = match text.split_once(['×', 'x', '*']) {
        Some((base, power)) => (base, power),
        None if text.starts_with("10^") => ("1", text),
        None => return decimal::parse(text).map_err(unreadable),
    };
    let exponent = power.strip_prefix("10^").ok_or(if power.starts_with("10") {
        Unreadable::LostExponent
    } else {
        Unreadable::Text
    })?;
    let exponent = exponent.parse::<i32>().map_err(|_not_a_power| Unreadable::Text)?;
    let base = decimal::parse(base).map_err(unreadable)?;
    decimal::shift(base, exponent).ok_or(Unreadable::Digits)
}

const fn unreadable(error: decimal::BadDecimal) -> Unreadable {
    match error {
        decimal::BadDecimal::Form => Unreadable::Text,
        decimal::BadDecimal::Digits => Unreadable::Digits,
    }
}

/// Reads the counts of a microbiological plan, separated by `;` `；` `、`, by a comma that cannot belong to a number, or, where
/// there is none of these, by spaces. A comma right between two digits may separate thousands or decimals (`1,234,5`), whatever
/// the number of counts.
///
/// # Errors
/// [`Unreadable::Comma`], or that of the first part that is no count.
pub fn read_counts(text: &str) -> Result<Vec<Reported>, Unreadable> {
    if beside(text, |c| matches!(c, ',' | '，' | '٫' | '٬')) {
        return Err(Unreadable::Comma);
    }
    let mark = |c: char| matches!(c, ',' | '，' | ';' | '；' | '、');
    let marked = text.contains(mark);
    let parts = text.split(|c: char| if marked { mark(c) } else { c.is_whitespace() });
    let counts = parts.filter(|part| !part.trim().is_empty()).map(read).collect::<Result<Vec<_>, _>>()?;
    if counts.is_empty() { Err(Unreadable::Empty) } else { Ok(counts) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number(text: &str) -> String {
        match read(text) {
            Ok(Reported { measured: Measured::Number(value), .. }) => value.to_string(),
            other => panic!("{text}: {other:?}"),
        }
    }

    fn dec(text: &str) -> Decimal {
        decimal::parse(text).unwrap()
    }

    #[test]
    fn a_number_keeps_the_digits_it_was_typed_with() {
        for (text, value) in [
            ("0.013", "0.013"),
            ("0.50", "0.50"),
            (" 12 ", "12"),
            ("１．５０", "1.50"),
            ("1.77×10³", "1770"),
            ("1.04x10^3", "1040"),
            ("10⁵", "100000"),
            ("1.3×10⁵", "130000"),
            ("2.5×10⁻³", "0.0025"),
            ("7×10⁰", "7"),
            ("1.5×10¹", "15"),
            ("3×10²", "300"),
            ("1.2E3", "1200"),
            ("1.2e-2", "0.012"),
            ("-0.5", "-0.5"),
            ("3*10^2", "300"),
        ] {
            assert_eq!(number(text), value, "{text}");
        }
    }

    #[test]
    fn a_censored_result_says_what_it_is_below_or_above() {
        for text in ["<0.002", "＜0.002", "< 0.002"] {
            assert_eq!(read(text).unwrap().measured, Measured::Below(dec("0.002")), "{text}");
        }
        assert_eq!(read(">300").unwrap().measured, Measured::Above(dec("300")));
        for text in ["未检出", "ND", "n.d.", "N.D", "ＮＤ", "阴性", "<LOD"] {
            assert_eq!(read(text).unwrap().measured, Measured::NotDetected(None), "{text}");
        }
        assert_eq!(read("未检出(<0.5)").unwrap().measured, Measured::NotDetected(Some(dec("0.5"))));
        assert_eq!(
            read("ND（＜0.5μg/kg）").unwrap(),
            Reported { measured: Measured::NotDetected(Some(dec("0.5"))), unit: Unit::parse("ug/kg") }
        );
        assert_eq!(read("检出").unwrap().measured, Measured::Detected);
        assert_eq!(read("阳性").unwrap().measured, Measured::Detected);
        assert_eq!(read("<LOQ").unwrap().measured, Measured::BelowLoq);
    }

    #[test]
    fn a_unit_glued_to_its_value_is_read() {
        for text in ["307μg/kg", "307\u{b5}g/kg", "307 ug/kg"] {
            assert_eq!(
                read(text).unwrap(),
                Reported { measured: Measured::Number(dec("307")), unit: Unit::parse("ug/kg") },
                "{text}"
            );
        }
        assert_eq!(
            read("1.5×10³CFU/g").unwrap(),
            Reported { measured: Measured::Number(dec("1500")), unit: Unit::parse("CFU/g") }
        );
        assert_eq!(read("0.011mg/100cm²").unwrap().unit, Unit::parse("mg/100cm2"));
        assert_eq!(read("0/25g").unwrap().unit, Unit::parse("/25g"));
        assert_eq!(read("3 furlongs"), Err(Unreadable::Unit));
    }

    #[test]
    fn what_has_two_readings_has_none() {
        for (text, why) in [
            ("", Unreadable::Empty),
            ("  ", Unreadable::Empty),
            ("1,234", Unreadable::Comma),
            ("1，234", Unreadable::Comma),
            ("1/58", Unreadable::Slash),
            ("1/8μg/kg", Unreadable::Slash),
            ("4/49×100μg/kg", Unreadable::Slash),
            ("82/8(恩诺沙星未检出<5；环丙沙星82/8)", Unreadable::Slash),
            ("5.3×103", Unreadable::LostExponent),
            ("5.3×100", Unreadable::LostExponent),
            ("5.3×20", Unreadable::Text),
            ("Jan-82", Unreadable::Text),
            ("不合格", Unreadable::Text),
            ("合格", Unreadable::Text),
            ("--", Unreadable::Text),
            ("1-2", Unreadable::Text),
            ("≤0.5", Unreadable::Text),
            ("<", Unreadable::Text),
            ("1.2.3", Unreadable::Text),
            ("10^", Unreadable::Text),
            ("1e", Unreadable::Text),
            ("1e99", Unreadable::Digits),
            ("0.00000000000000000000000000001", Unreadable::Digits),
            ("检出率", Unreadable::Text),
            ("未检出(0.5)", Unreadable::Text),
            ("1 234", Unreadable::Text),
            ("１\u{3000}２", Unreadable::Text),
        ] {
            assert_eq!(read(text), Err(why), "{text}");
        }
    }

    fn measured(text: &str) -> Vec<Measured> {
        read_counts(text).unwrap().into_iter().map(|reported| reported.measured).collect()
    }

    #[test]
    fn counts_are_read_whatever_separates_them() {
        let expected = vec![Measured::Below(dec("10")), Measured::Number(dec("15")), Measured::Number(dec("390"))];
        for text in ["<10, 15, 390", "＜10， 15；390", "<10;15;390", "<10、15、390", "<10 15  390"] {
            assert_eq!(measured(text), expected, "{text}");
        }
        assert_eq!(measured("7.5×10⁴,3.9×10³"), vec![Measured::Number(dec("75000")), Measured::Number(dec("3900"))]);
        assert_eq!(measured("<10,<10"), vec![Measured::Below(dec("10")); 2]);
        assert_eq!(
            measured("7.5 × 10⁴; 3.9 × 10³;"),
            vec![Measured::Number(dec("75000")), Measured::Number(dec("3900"))]
        );
        assert_eq!(read_counts("1 234;5"), Err(Unreadable::Text), "a space beside marks joins or separates nothing");
        assert_eq!(read_counts(" , "), Err(Unreadable::Empty));
        assert_eq!(read_counts("1,x,3"), Err(Unreadable::Text));
    }

    #[test]
    fn a_comma_that_may_belong_to_a_number_separates_nothing() {
        for text in ["1,234,5", "1，234，5", "1,2,3", "７,５×10⁴", "7,5×10⁴", "40000,34000"] {
            assert_eq!(read_counts(text), Err(Unreadable::Comma), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,40}") {
            let _outcome = read(&text);
            let _outcome = read_counts(&text);
        }

        #[test]
        fn every_plain_number_is_read_as_itself(mantissa in 0_i64..1_000_000_000_000, scale in 0_u32..12) {
            let value = Decimal::new(mantissa, scale);
            prop_assert_eq!(number(&value.to_string()), value.to_string());
        }
    }
}
