//! A criterion as text, read without guessing: rows of the catalogue, of a file, and what a laboratory states.

use crate::criterion::{Basis, Compare, Criterion, Kind, Matter, MicroPlan, Rule};
use hege_core::decimal;
use hege_core::units::{Unit, fold};
use rust_decimal::Decimal;
use std::str::FromStr;

/// The fields of a criterion as text; none is an empty field.
#[derive(Debug, Clone, Copy, Default)]
pub struct Written<'a> {
    /// Code of a [`Kind`].
    pub kind: Option<&'a str>,
    /// The limit, lower bound, required LOD, required text, or a `;`-list of the parts' maxima.
    pub limit: Option<&'a str>,
    /// Upper bound of a range.
    pub limit_high: Option<&'a str>,
    /// Tolerance of a declared value.
    pub tolerance: Option<&'a str>,
    /// Plan: units.
    pub n: Option<&'a str>,
    /// Plan: units allowed above m.
    pub c: Option<&'a str>,
    /// Plan: m.
    pub m: Option<&'a str>,
    /// Plan: M.
    pub upper: Option<&'a str>,
    /// Unit of the limit.
    pub unit: Option<&'a str>,
    /// Code of a [`Matter`]; the sample as it is when none.
    pub matter: Option<&'a str>,
    /// `yes` where a total at or below the limit suffices.
    pub total_suffices: Option<&'a str>,
    /// `full`, the default, or `rounded`.
    pub compare: Option<&'a str>,
}

impl Written<'_> {
    /// The criterion.
    ///
    /// # Errors
    /// The name of the first field that is missing for the kind or cannot be read.
    pub fn criterion(&self, basis: Basis) -> Result<Criterion, &'static str> {
        let compare = match self.compare.map(fold).as_deref() {
            None | Some("full") => Compare::Full,
            Some("rounded") => Compare::Rounded(None),
            Some(_) => return Err("compare"),
        };
        let total_suffices = match self.total_suffices.map(fold).as_deref() {
            None | Some("no") => false,
            Some("yes") => true,
            Some(_) => return Err("total_suffices"),
        };
        Ok(Criterion {
            unit: self.unit.map(|unit| Unit::parse(unit).ok_or("unit")).transpose()?,
            rule: self.rule()?,
            compare,
            matter: self.matter.map_or(Some(Matter::AsIs), word).ok_or("matter")?,
            total_suffices,
            basis,
        })
    }

    fn rule(&self) -> Result<Rule, &'static str> {
        let needed = |text: Option<&str>, field| text.and_then(number).ok_or(field);
        let optional = |text: Option<&str>, field| text.map(|text| number(text).ok_or(field)).transpose();
        let count = |text: Option<&str>, field| text.and_then(|text| fold(text).parse::<u32>().ok()).ok_or(field);
        Ok(match self.kind.and_then(word).ok_or("kind")? {
            Kind::Max => Rule::Max(needed(self.limit, "limit")?),
            Kind::Min => Rule::Min(needed(self.limit, "limit")?),
            Kind::Range => {
                let (low, high) = (needed(self.limit, "limit")?, needed(self.limit_high, "limit_high")?);
                if low > high {
                    return Err("limit_high");
                }
                Rule::Range { low, high }
            }
            Kind::NotDetected => Rule::NotDetected { required_lod: optional(self.limit, "limit")? },
            Kind::NotUsed => Rule::NotUsed { required_lod: optional(self.limit, "limit")? },
            Kind::Micro => plan(MicroPlan {
                n: count(self.n, "n")?,
                c: count(self.c, "c")?,
                m: needed(self.m, "m")?,
                upper: optional(self.upper, "upper")?,
            })?,
            Kind::Declared => Rule::Declared {
                tolerance: needed(self.tolerance, "tolerance")
                    .and_then(|value| if value < Decimal::ZERO { Err("tolerance") } else { Ok(value) })?,
            },
            Kind::RatioSum => Rule::RatioSum { maxima: self.maxima()?, total: Decimal::ONE },
            Kind::Qualitative => Rule::Qualitative { required: self.limit.ok_or("limit")?.to_owned() },
        })
    }

    /// None at all where the parts bring their own.
    fn maxima(&self) -> Result<Vec<Decimal>, &'static str> {
        let maxima = self.limit.map(|limit| parts(limit).map(number).collect::<Option<Vec<_>>>().ok_or("limit"));
        let maxima = maxima.transpose()?.unwrap_or_default();
        if maxima.iter().all(|maximum| *maximum > Decimal::ZERO) { Ok(maxima) } else { Err("limit") }
    }
}

/// A plan that can be failed and passed.
fn plan(plan: MicroPlan) -> Result<Rule, &'static str> {
    if plan.c >= plan.n {
        Err("c")
    } else if plan.m < Decimal::ZERO {
        Err("m")
    } else if plan.upper.is_some_and(|upper| upper < plan.m) {
        Err("upper")
    } else {
        Ok(Rule::Micro(plan))
    }
}

/// A plain number, also in full-width digits. A gap between digits could join two numbers: it is none.
pub(crate) fn number(text: &str) -> Option<Decimal> {
    let text = text.trim();
    let plain = decimal::parse(text).ok();
    plain.or_else(|| if text.contains(char::is_whitespace) { None } else { decimal::parse(&fold(text)).ok() })
}

/// A word of the glossary by its code.
fn word<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok().or_else(|| fold(text).parse().ok())
}

/// The fields of a list; `;` is the one separator that stands in no number.
pub(crate) fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split([';', '；']).map(str::trim)
}

/// A field that was filled in.
pub(crate) fn given(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}
