//! A row of `hege judge`: text fields in, a judgement out, whatever the fields hold.

use crate::catalogue::Catalogue;
use crate::criterion::{Basis, Compare, Criterion, Matter, MicroPlan, Origin, Rule};
use crate::judge::{Entry, Judgement, judge};
use crate::verdict::Reason;
use hege_core::decimal;
use hege_core::units::Unit;
use jiff::civil::Date;
use rust_decimal::Decimal;

/// The columns of a row, as text; an empty field is none.
#[derive(Debug, Clone, Copy, Default)]
pub struct Case<'a> {
    /// Food class by name or code.
    pub food: Option<&'a str>,
    /// Analyte by name or code.
    pub analyte: Option<&'a str>,
    /// The deciding date, `2025-02-08`.
    pub date: Option<&'a str>,
    /// As reported.
    pub result: Option<&'a str>,
    /// Unit of the result.
    pub unit: Option<&'a str>,
    /// Kind of criterion.
    pub kind: Option<&'a str>,
    /// The limit, the required LOD, the required text, or a `;`-list of maxima.
    pub limit: Option<&'a str>,
    /// Upper bound of a range.
    pub limit_high: Option<&'a str>,
    /// Unit of the limit; that of the result when none.
    pub limit_unit: Option<&'a str>,
    /// The laboratory's limit of detection.
    pub lod: Option<&'a str>,
    /// Its unit.
    pub lod_unit: Option<&'a str>,
    /// Declared value.
    pub declared: Option<&'a str>,
    /// Tolerance of the declared value.
    pub tolerance: Option<&'a str>,
    /// Plan: units.
    pub n: Option<&'a str>,
    /// Plan: units allowed above m.
    pub c: Option<&'a str>,
    /// Plan: m.
    pub m: Option<&'a str>,
    /// Plan: M.
    pub upper: Option<&'a str>,
    /// `full` or `rounded`.
    pub compare: Option<&'a str>,
}

impl<'a> Case<'a> {
    /// What was entered.
    #[must_use]
    pub fn entry(&self) -> Entry<'a> {
        Entry {
            result: self.result.unwrap_or(""),
            unit: self.unit,
            lod: self.lod,
            lod_unit: self.lod_unit,
            ..Entry::default()
        }
    }

    /// The criterion that the row states itself.
    ///
    /// # Errors
    /// [`Reason::BadCriterion`] when a field that the kind needs is missing or cannot be read, [`Reason::NoCriterion`]
    /// when there is no kind.
    pub fn criterion(&self) -> Result<Criterion, Reason> {
        let unit = match self.limit_unit.or(self.unit) {
            Some(text) => Some(Unit::parse(text).ok_or(Reason::UnknownUnit)?),
            None => None,
        };
        let compare = match self.compare {
            None | Some("full") => Compare::Full,
            Some("rounded") => Compare::Rounded(None),
            Some(_) => return Err(Reason::BadCriterion),
        };
        let basis = Basis {
            standard: "-".to_owned(),
            clause: None,
            valid_from: None,
            valid_to: None,
            origin: Origin::Laboratory,
        };
        Ok(Criterion { rule: self.rule()?, unit, compare, matter: Matter::AsIs, total_suffices: false, basis })
    }

    fn rule(&self) -> Result<Rule, Reason> {
        let number =
            |text: Option<&str>| text.and_then(|text| decimal::parse(text.trim()).ok()).ok_or(Reason::BadCriterion);
        let optional = |text: Option<&str>| text.map(|text| number(Some(text))).transpose();
        let whole =
            |text: Option<&str>| text.and_then(|text| text.trim().parse::<u32>().ok()).ok_or(Reason::BadCriterion);
        Ok(match self.kind.ok_or(Reason::NoCriterion)? {
            "max" => Rule::Max(number(self.limit)?),
            "min" => Rule::Min(number(self.limit)?),
            "range" => ordered(number(self.limit)?, number(self.limit_high)?)?,
            "not_detected" => Rule::NotDetected { required_lod: optional(self.limit)? },
            "not_used" => Rule::NotUsed { required_lod: optional(self.limit)? },
            "micro" => Rule::Micro(MicroPlan {
                n: whole(self.n)?,
                c: whole(self.c)?,
                m: number(self.m)?,
                upper: optional(self.upper)?,
            }),
            "declared" => Rule::Declared { declared: optional(self.declared)?, tolerance: number(self.tolerance)? },
            "ratio_sum" => {
                let maxima = self
                    .limit
                    .ok_or(Reason::BadCriterion)?
                    .split([';', '；'])
                    .map(|part| number(Some(part)))
                    .collect::<Result<_, _>>()?;
                Rule::RatioSum { maxima, total: Decimal::ONE }
            }
            "qualitative" => Rule::Qualitative { required: self.limit.ok_or(Reason::BadCriterion)?.to_owned() },
            _ => return Err(Reason::BadCriterion),
        })
    }
}

fn ordered(low: Decimal, high: Decimal) -> Result<Rule, Reason> {
    if low <= high { Ok(Rule::Range { low, high }) } else { Err(Reason::BadCriterion) }
}

/// Judges a row by the criterion it states itself; a row without a kind asks the catalogue by food, analyte and date.
#[must_use]
pub fn judge_case(case: &Case<'_>, catalogue: Option<&Catalogue>) -> Judgement {
    if let (None, Some(catalogue)) = (case.kind, catalogue) {
        return judge_by_catalogue(case, catalogue).unwrap_or_else(Judgement::refused);
    }
    match case.criterion() {
        Ok(criterion) => judge(&case.entry(), &criterion),
        Err(reason) => Judgement::refused(reason),
    }
}

fn judge_by_catalogue(case: &Case<'_>, catalogue: &Catalogue) -> Result<Judgement, Reason> {
    let (food, analyte) = case.food.zip(case.analyte).ok_or(Reason::NoCriterion)?;
    let on = case.date.and_then(|date| date.trim().parse::<Date>().ok()).ok_or(Reason::BadDate)?;
    let (_, criterion) = catalogue.find(food, analyte, on, None)?.national.ok_or(Reason::NoCriterion)?;
    let mut criterion = criterion.clone();
    if let Rule::Declared { declared, .. } = &mut criterion.rule {
        *declared = case.declared.and_then(|value| decimal::parse(value.trim()).ok());
    }
    Ok(judge(&case.entry(), &criterion))
}
