//! Units of results and limits, and exact conversion between those of one dimension. A conversion that needs knowledge
//! of the substance (mmol/kg of peroxide to g/100g, volume to mass) is refused.

use crate::decimal::shift;
use rust_decimal::Decimal;
use std::fmt;
use unicode_normalization::UnicodeNormalization;

/// A unit that is known. Two units convert only when they measure the same thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unit {
    symbol: &'static str,
    dimension: Dimension,
    /// The unit is 10^power of the dimension's smallest.
    power: i32,
}

/// What a unit measures. Those without a second unit are their own dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Dimension {
    MassPerMass,
    MassPerVolume,
    Own(&'static str),
}

/// Why a value was not converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The units measure different things.
    #[error("the units do not convert exactly")]
    Dimension,
    /// The converted value has more digits than can be kept.
    #[error("the converted value cannot be kept exactly")]
    Digits,
}

/// (spelling after folding, printed symbol, dimension, power of ten over the dimension's smallest).
const UNITS: &[(&str, &str, Dimension, i32)] = &[
    ("ug/kg", "μg/kg", Dimension::MassPerMass, 0),
    ("ng/g", "ng/g", Dimension::MassPerMass, 0),
    ("mg/kg", "mg/kg", Dimension::MassPerMass, 3),
    ("ug/g", "μg/g", Dimension::MassPerMass, 3),
    ("ug/100g", "μg/100g", Dimension::MassPerMass, 1),
    ("mg/100g", "mg/100g", Dimension::MassPerMass, 4),
    ("g/kg", "g/kg", Dimension::MassPerMass, 6),
    ("mg/g", "mg/g", Dimension::MassPerMass, 6),
    ("g/100g", "g/100g", Dimension::MassPerMass, 7),
    ("ug/l", "μg/L", Dimension::MassPerVolume, 0),
    ("mg/l", "mg/L", Dimension::MassPerVolume, 3),
    ("ug/ml", "μg/mL", Dimension::MassPerVolume, 3),
    ("mg/100ml", "mg/100mL", Dimension::MassPerVolume, 4),
    ("g/l", "g/L", Dimension::MassPerVolume, 6),
    ("mg/ml", "mg/mL", Dimension::MassPerVolume, 6),
    ("g/100ml", "g/100mL", Dimension::MassPerVolume, 7),
    ("%", "%", Dimension::Own("%"), 0),
    ("%vol", "%vol", Dimension::Own("%vol"), 0),
    ("mmol/kg", "mmol/kg", Dimension::Own("mmol/kg"), 0),
    ("cfu/g", "CFU/g", Dimension::Own("CFU/g"), 0),
    ("cfu/ml", "CFU/mL", Dimension::Own("CFU/mL"), 0),
    ("cfu/250ml", "CFU/250mL", Dimension::Own("CFU/250mL"), 0),
    ("mpn/g", "MPN/g", Dimension::Own("MPN/g"), 0),
    ("mpn/100g", "MPN/100g", Dimension::Own("MPN/100g"), 0),
    ("mpn/100ml", "MPN/100mL", Dimension::Own("MPN/100mL"), 0),
    ("/25g", "/25g", Dimension::Own("/25g"), 0),
    ("/50cm2", "/50cm²", Dimension::Own("/50cm2"), 0),
    ("mg/100cm2", "mg/100cm²", Dimension::Own("mg/100cm2"), 0),
    ("degt", "°T", Dimension::Own("degT"), 0),
    ("°t", "°T", Dimension::Own("degT"), 0),
];

/// Full-width digits and letters, both micro signs and superscripts to one spelling; no spaces; lower case.
/// Text that is folded already costs no allocation of its own characters.
#[must_use]
pub fn fold(text: &str) -> String {
    let plain = |c: char| match c {
        'μ' => 'u',
        other => other,
    };
    let kept = |c: &char| !c.is_whitespace() && *c != '\u{200b}' && *c != '\u{feff}';
    text.nfkc().filter(kept).flat_map(char::to_lowercase).map(plain).collect()
}

impl Unit {
    /// The unit of what a person typed: `μg/kg`, `ＭＧ／ＫＧ`, `ug / kg`. None when it is not known.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let known = |spelling: &str| UNITS.iter().find(|unit| unit.0 == spelling).map(Self::from_row);
        known(text).or_else(|| known(&fold(text)))
    }

    /// True for a portion that is searched whole, as in `/25g`: a finding in it has no amount.
    #[must_use]
    pub fn is_portion(self) -> bool {
        self.symbol.starts_with('/')
    }

    const fn from_row(row: &(&'static str, &'static str, Dimension, i32)) -> Self {
        Self { symbol: row.1, dimension: row.2, power: row.3 }
    }

    /// A value of this unit in another one, exactly.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn convert(self, value: Decimal, to: Self) -> Result<Decimal, Refusal> {
        if self.dimension != to.dimension {
            return Err(Refusal::Dimension);
        }
        shift(value, self.power - to.power).ok_or(Refusal::Digits)
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.symbol)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decimal;
    use proptest::prelude::*;

    fn unit(text: &str) -> Unit {
        Unit::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    fn converted(value: &str, from: &str, to: &str) -> Result<String, Refusal> {
        unit(from).convert(decimal::parse(value).unwrap(), unit(to)).map(|d| d.to_string())
    }

    #[test]
    fn every_spelling_of_a_unit_is_the_same_unit() {
        for text in ["ug/kg", "μg/kg", "\u{b5}g/kg", "µg / kg", "ＵＧ／ＫＧ", "UG/KG"] {
            assert_eq!(unit(text), unit("ug/kg"), "{text}");
        }
        assert_eq!(unit("/50cm²"), unit("/50cm2"));
        assert_eq!(unit("degT"), unit("°T"));
        assert_eq!(unit("ug/kg").to_string(), "μg/kg");
        assert!(unit("/25g").is_portion() && !unit("CFU/g").is_portion());
        assert_eq!(Unit::parse("mg/furlong"), None);
        assert_eq!(Unit::parse(""), None);
    }

    #[test]
    fn units_of_one_dimension_convert_exactly() {
        assert_eq!(converted("250", "ug/kg", "mg/kg").as_deref(), Ok("0.250"));
        assert_eq!(converted("0.02", "mg/kg", "ug/kg").as_deref(), Ok("20"));
        assert_eq!(converted("0.25", "g/100g", "mg/kg").as_deref(), Ok("2500"));
        assert_eq!(converted("3.5", "g/100mL", "g/L").as_deref(), Ok("35"));
        assert_eq!(converted("15", "mg/100g", "mg/kg").as_deref(), Ok("150"));
        assert_eq!(converted("3", "mg/g", "g/kg").as_deref(), Ok("3"));
    }

    #[test]
    fn what_needs_knowledge_of_the_substance_is_refused() {
        for (from, to) in
            [("mmol/kg", "g/100g"), ("mg/kg", "mg/L"), ("CFU/g", "CFU/mL"), ("%", "g/100g"), ("%vol", "%")]
        {
            assert_eq!(converted("1", from, to), Err(Refusal::Dimension), "{from} {to}");
        }
        assert_eq!(converted("79228162514264337593543950335", "g/kg", "ug/kg"), Err(Refusal::Digits));
    }

    proptest! {
        #[test]
        fn there_and_back_is_the_same_value(mantissa in -1_000_000_000_i64..1_000_000_000, scale in 0_u32..10, a in 0..UNITS.len(), b in 0..UNITS.len()) {
            let (a, b) = (Unit::from_row(&UNITS[a]), Unit::from_row(&UNITS[b]));
            let value = Decimal::new(mantissa, scale);
            if let Ok(there) = a.convert(value, b) {
                prop_assert_eq!(b.convert(there, a), Ok(value));
            } else {
                prop_assert_ne!(a.dimension, b.dimension);
            }
        }
    }
}
