//! A row of results as text fields, a judgement out, whatever the fields hold: what `hege judge` reads and a laboratory enters.

use crate::catalogue::{Catalogue, Found};
use crate::criterion::{Basis, Criterion, Origin, Rule};
use crate::judge::{Entry, Judgement, judge, stricter};
use crate::steps::Step;
use crate::verdict::Reason;
use crate::written::{Written, given, parts};
use hege_core::date::read_date;
use jiff::civil::Date;
use std::sync::Arc;

/// A struct of texts that knows its columns.
macro_rules! columns {
    ($($(#[$doc:meta])+ $field:ident = $column:literal,)+) => {
        /// The columns of a row, as text; an empty field is none.
        #[derive(Debug, Clone, Copy, Default)]
        pub struct Case<'a> { $($(#[$doc])+ pub $field: Option<&'a str>,)+ }

        impl<'a> Case<'a> {
            /// The names of its columns.
            pub const COLUMNS: &'static [&'static str] = &[$($column),+];

            /// The case whose columns `next` gives, in the order of [`Case::COLUMNS`].
            pub fn read(mut next: impl FnMut() -> Option<&'a str>) -> Self {
                Self { $($field: given(next())),+ }
            }
        }
    };
}

columns! {
    /// Food class by name or code.
    food = "food",
    /// Analyte by name or code.
    analyte = "analyte",
    /// The deciding date, `2025-02-08`.
    date = "date",
    /// The standard on the label.
    declared_standard = "declared_standard",
    /// As reported; several counts or parts by `;`.
    result = "result",
    /// Unit of the result.
    unit = "unit",
    /// Kind of criterion.
    kind = "kind",
    /// The limit, the required LOD, the required text, or a `;`-list of maxima.
    limit = "limit",
    /// Upper bound of a range.
    limit_high = "limit_high",
    /// Unit of the limit; that of the result when none.
    limit_unit = "limit_unit",
    /// The laboratory's limit of detection.
    lod = "lod",
    /// Its limit of quantification.
    loq = "loq",
    /// Unit of both; that of the result when none.
    lod_unit = "lod_unit",
    /// Declared value.
    declared = "declared",
    /// Tolerance of the declared value.
    tolerance = "tolerance",
    /// Plan: units.
    n = "n",
    /// Plan: units allowed above m.
    c = "c",
    /// Plan: m.
    m = "m",
    /// Plan: M.
    upper = "M",
    /// `full` or `rounded`.
    compare = "compare",
    /// What the limit refers to: `as_is`, `dry` or `fresh`.
    matter = "matter",
    /// Percent of water in the sample.
    moisture = "moisture",
    /// Percent of water in the fresh food.
    fresh_moisture = "fresh_moisture",
    /// Percent of mass lost in drying.
    dehydration = "dehydration",
    /// The total, where the limit is of a species.
    total = "total",
    /// `yes` where a total at or below the limit suffices.
    total_suffices = "total_suffices",
    /// Analytes of a sum of ratios by `;`, where the catalogue has their maxima.
    parts = "parts",
    /// The standard that a stated criterion rests on.
    standard = "standard",
    /// Its clause.
    clause = "clause",
}

impl<'a> Case<'a> {
    /// What was entered.
    #[must_use]
    pub fn entry(&self) -> Entry<'a> {
        Entry {
            result: self.result.unwrap_or(""),
            unit: self.unit,
            lod: self.lod,
            loq: self.loq,
            lod_unit: self.lod_unit,
            moisture: self.moisture,
            fresh_moisture: self.fresh_moisture,
            dehydration: self.dehydration,
            total: self.total,
            declared: self.declared,
        }
    }

    /// The criterion that the row states itself.
    ///
    /// # Errors
    /// The column that the kind needs and that is missing or cannot be read.
    pub fn criterion(&self) -> Result<Criterion, &'static str> {
        let text = |text: Option<&str>| given(text).map(str::to_owned);
        let basis = Basis {
            row: None,
            standard: text(self.standard).unwrap_or_else(|| "-".to_owned()),
            clause: text(self.clause),
            valid_from: None,
            valid_to: None,
            origin: Origin::Laboratory,
        };
        let written = Written {
            kind: given(self.kind),
            limit: given(self.limit),
            limit_high: given(self.limit_high),
            tolerance: given(self.tolerance),
            n: given(self.n),
            c: given(self.c),
            m: given(self.m),
            upper: given(self.upper),
            unit: given(self.limit_unit).or_else(|| given(self.unit)),
            matter: given(self.matter),
            total_suffices: given(self.total_suffices),
            compare: given(self.compare),
        };
        let criterion = written.criterion(basis).map_err(|field| match field {
            "upper" => "M",
            "unit" => "limit_unit",
            other => other,
        })?;
        // A sum that is stated brings its maxima; only those of the catalogue leave them to the parts.
        let empty = matches!(&criterion.rule, Rule::RatioSum { maxima, .. } if maxima.is_empty());
        if empty { Err("limit") } else { Ok(criterion) }
    }
}

/// Judges a row by the criterion it states itself; a row without a kind asks the catalogue by food, analyte and date, and is
/// held against the national limit and that of the standard it declares.
#[must_use]
pub fn judge_case(case: &Case<'_>, catalogue: Option<&Catalogue>) -> Judgement {
    if given(case.kind).is_none() {
        return match catalogue {
            Some(catalogue) => judge_by_catalogue(case, catalogue).unwrap_or_else(Judgement::refused),
            None => Judgement::refused(Reason::NoCriterion),
        };
    }
    match case.criterion() {
        Ok(criterion) => judge(&case.entry(), &Arc::new(criterion)),
        Err(field) => {
            let reason = if field == "limit_unit" { Reason::UnknownUnit } else { Reason::BadCriterion };
            Judgement { steps: vec![Step::Field(field)], ..Judgement::refused(reason) }
        }
    }
}

fn judge_by_catalogue(case: &Case<'_>, catalogue: &Catalogue) -> Result<Judgement, Reason> {
    let (food, analyte) = given(case.food).zip(given(case.analyte)).ok_or(Reason::NoCriterion)?;
    if let Some(unknown) = not_known((food, analyte), catalogue) {
        return Ok(unknown);
    }
    let on = given(case.date).and_then(read_date).ok_or(Reason::BadDate)?;
    let against = |criterion: Result<Arc<Criterion>, Reason>, declared: Option<&str>| match criterion
        .and_then(|criterion| own_maxima(case, criterion, (catalogue, food, on)))
    {
        Ok(criterion) => judge(&case.entry(), &criterion),
        Err(reason @ Reason::UnverifiedCriterion) => {
            let row = catalogue.unverified(food, analyte, on, declared);
            Judgement { steps: row.map(Step::Unverified).into_iter().collect(), ..Judgement::refused(reason) }
        }
        Err(reason) => Judgement::refused(reason),
    };
    let label = case.declared_standard;
    Ok(match catalogue.find(food, analyte, on, label) {
        Found { national, declared: None } => against(national, None),
        Found { national: Err(Reason::NoCriterion), declared: Some(declared) } => against(declared, label),
        Found { national, declared: Some(declared) } => stricter(against(national, None), against(declared, label)),
    })
}

/// Known names that are told beside one that is not.
const NEAR_MAX: usize = 3;

/// What is said of a food or an analyte that is not known; the food comes first, and both are named.
fn not_known((food, analyte): (&str, &str), catalogue: &Catalogue) -> Option<Judgement> {
    let (foods, analytes) = (catalogue.foods(), catalogue.analytes());
    let step = |name: &str, near| Step::NotKnown { name: name.to_owned(), near };
    let food = foods.resolve(food).is_none().then(|| step(food, foods.near(food, NEAR_MAX)));
    let analyte = analytes.resolve(analyte).is_none().then(|| step(analyte, analytes.near(analyte, NEAR_MAX)));
    let reason = if food.is_some() { Reason::UnknownFood } else { Reason::UnknownAnalyte };
    let steps: Vec<Step> = food.into_iter().chain(analyte).collect();
    (!steps.is_empty()).then(|| Judgement { steps, ..Judgement::refused(reason) })
}

/// A sum of ratios of the catalogue has no maxima of its own: they are those of the parts.
fn own_maxima(
    case: &Case<'_>,
    criterion: Arc<Criterion>,
    (catalogue, food, on): (&Catalogue, &str, Date),
) -> Result<Arc<Criterion>, Reason> {
    match &criterion.rule {
        Rule::RatioSum { maxima, .. } if maxima.is_empty() => {
            let names: Vec<&str> = given(case.parts).map(|names| parts(names).collect()).ok_or(Reason::PartsMissing)?;
            catalogue.ratio_sum(&criterion, (food, on), &names).map(Arc::new)
        }
        _ => Ok(criterion),
    }
}
