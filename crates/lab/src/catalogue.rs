//! 限量库: limits as dated law, found by food class, analyte and deciding date.
//!
//! The most specific food class that has a limit for the analyte decides; of its rows the one in force on the date. What is
//! unverified is refused until an administrator accepts it, and is never passed over for a more general row.

use crate::criterion::{Basis, Compare, Criterion, Matter, MicroPlan, Origin, Rule};
use crate::verdict::Reason;
use hege_core::units::{Unit, fold};
use hege_core::{Problem, Problems, decimal};
use jiff::civil::Date;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

/// A row of the catalogue as text; an empty field is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// Its id: `L018`, with a letter where a row of merged editions was split.
    pub id: String,
    /// Code of the food class.
    pub food_class: String,
    /// Code of the analyte.
    pub analyte: String,
    /// The standard that a product must declare for the row to apply; empty for national limits.
    pub declared_standard: String,
    /// Kind of criterion.
    pub kind: String,
    /// The limit, lower bound, required LOD, or required text.
    pub limit: String,
    /// Upper bound of a range.
    pub limit_high: String,
    /// Tolerance of a declared value.
    pub tolerance: String,
    /// Units of a plan.
    pub n: String,
    /// Of them, allowed above m.
    pub c: String,
    /// m of a plan.
    pub m: String,
    /// M of a plan.
    pub upper: String,
    /// Unit of the limit.
    pub unit: String,
    /// `dry` or `as_is`.
    pub matter: String,
    /// `yes` where a total at or below the limit suffices.
    pub total_suffices: String,
    /// The standard with its edition.
    pub standard: String,
    /// First date in force.
    pub valid_from: String,
    /// Last date in force; empty while it is.
    pub valid_to: String,
    /// `yes` when it was read in the standard or printed in published results.
    pub verified: String,
}

/// Food classes by code with their parents, and the names that lead to them.
#[derive(Debug, Clone, Default)]
pub struct FoodTree {
    parents: BTreeMap<String, Option<String>>,
    names: BTreeMap<String, String>,
}

impl FoodTree {
    /// Adds a class with its name; its parent comes before it.
    pub fn class(&mut self, code: &str, parent: &str, name: &str) {
        let parent = (!parent.is_empty()).then(|| parent.to_owned());
        self.parents.insert(code.to_owned(), parent);
        self.names.insert(fold(name), code.to_owned());
    }

    /// Adds another name of a class.
    pub fn synonym(&mut self, name: &str, code: &str) {
        self.names.insert(fold(name), code.to_owned());
    }

    /// The class of a code or a name.
    #[must_use]
    pub fn resolve(&self, text: &str) -> Option<&str> {
        let code = self.parents.get_key_value(text).map(|(code, _)| code);
        code.or_else(|| self.names.get(&fold(text))).map(String::as_str)
    }

    /// The class and those above it, most specific first.
    pub fn path<'a>(&'a self, code: &'a str) -> impl Iterator<Item = &'a str> {
        std::iter::successors(Some(code), |code| self.parents.get(*code)?.as_deref())
    }
}

#[derive(Debug, Clone)]
struct Limit {
    id: String,
    declared_standard: String,
    criterion: Criterion,
    accepted: bool,
}

/// The catalogue: tree, names and limits.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    foods: FoodTree,
    analytes: BTreeMap<String, String>,
    limits: BTreeMap<(String, String), Vec<Limit>>,
}

/// The criteria that apply: the national one, and the one of the standard that the product declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found<'a> {
    /// Row and criterion.
    pub national: Option<(&'a str, &'a Criterion)>,
    /// Row and criterion.
    pub declared: Option<(&'a str, &'a Criterion)>,
}

impl Catalogue {
    /// Builds a catalogue from its texts. `analytes` maps each name and code to its code.
    ///
    /// # Errors
    /// Every problem of every row, at `/id/field`: an unknown class, analyte or kind, a bad number or date, and two rows of one
    /// class, analyte and declared standard in force on one day.
    pub fn build(foods: FoodTree, analytes: &[(String, String)], rows: &[Row]) -> Result<Self, Problems> {
        let analytes: BTreeMap<String, String> =
            analytes.iter().map(|(name, code)| (fold(name), code.clone())).collect();
        let codes: BTreeSet<&String> = analytes.values().collect();
        let mut problems = Problems::new();
        let mut limits: BTreeMap<(String, String), Vec<Limit>> = BTreeMap::new();
        for row in rows {
            let at = |field: &str| format!("/{}/{field}", row.id);
            problems.check(foods.parents.contains_key(&row.food_class), || unknown(at("food_class")));
            problems.check(codes.contains(&row.analyte), || unknown(at("analyte")));
            match row.criterion() {
                Ok(criterion) => {
                    let limit = Limit {
                        id: row.id.clone(),
                        declared_standard: row.declared_standard.clone(),
                        criterion,
                        accepted: row.verified == "yes",
                    };
                    let entry = limits.entry((row.food_class.clone(), row.analyte.clone())).or_default();
                    problems.check(!entry.iter().any(|other| overlap(other, &limit)), || {
                        Problem::new(
                            at("valid_from"),
                            "overlap",
                            "与另一行有效期重叠",
                            "in force together with another row",
                        )
                    });
                    entry.push(limit);
                }
                Err(field) => problems.push(Problem::new(at(field), "unreadable", "不能识别", "cannot be read")),
            }
        }
        problems.into_result(Self { foods, analytes, limits })
    }

    /// An administrator accepts unverified rows; the number of rows that were found.
    pub fn accept(&mut self, ids: &BTreeSet<&str>) -> usize {
        let named = self.limits.values_mut().flatten().filter(|limit| ids.contains(limit.id.as_str()));
        named.map(|limit| limit.accepted = true).count()
    }

    /// How many rows there are, and how many of them may judge.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        let all = || self.limits.values().flatten();
        (all().count(), all().filter(|limit| limit.accepted).count())
    }

    /// The criteria for a food and an analyte, by code or name, on a deciding date. `declared` is the standard on the label.
    ///
    /// # Errors
    /// [`Reason::NoCriterion`] when no class on the path has a limit (or a name is not known), [`Reason::NoEditionInForce`] when
    /// the deciding class has some and none on that date, [`Reason::UnverifiedCriterion`].
    pub fn find(&self, food: &str, analyte: &str, on: Date, declared: Option<&str>) -> Result<Found<'_>, Reason> {
        let class = self.foods.resolve(food).ok_or(Reason::NoCriterion)?;
        let analyte = self.analytes.get(&fold(analyte)).ok_or(Reason::NoCriterion)?;
        let national = self.most_specific(class, analyte, "", on);
        let stricter = declared.map(|standard| self.most_specific(class, analyte, standard, on));
        match (national, stricter) {
            (national, None | Some(Err(Reason::NoCriterion))) => {
                Ok(Found { national: Some(national?), declared: None })
            }
            (Err(Reason::NoCriterion), Some(declared)) => Ok(Found { national: None, declared: Some(declared?) }),
            (national, Some(declared)) => Ok(Found { national: Some(national?), declared: Some(declared?) }),
        }
    }

    fn most_specific(
        &self,
        class: &str,
        analyte: &str,
        standard: &str,
        on: Date,
    ) -> Result<(&str, &Criterion), Reason> {
        for class in self.foods.path(class) {
            let key = (class.to_owned(), analyte.to_owned());
            let rows = self
                .limits
                .get(&key)
                .into_iter()
                .flatten()
                .filter(|limit| fold(&limit.declared_standard) == fold(standard));
            let rows: Vec<&Limit> = rows.collect();
            if rows.is_empty() {
                continue;
            }
            let in_force =
                rows.into_iter().find(|limit| in_force(&limit.criterion.basis, on)).ok_or(Reason::NoEditionInForce)?;
            return if in_force.accepted {
                Ok((&in_force.id, &in_force.criterion))
            } else {
                Err(Reason::UnverifiedCriterion)
            };
        }
        Err(Reason::NoCriterion)
    }
}

fn unknown(pointer: String) -> Problem {
    Problem::new(pointer, "unknown", "未知", "not known")
}

fn in_force(basis: &Basis, on: Date) -> bool {
    basis.valid_from.is_none_or(|from| from <= on) && basis.valid_to.is_none_or(|to| on <= to)
}

fn overlap(a: &Limit, b: &Limit) -> bool {
    let (a_basis, b_basis) = (&a.criterion.basis, &b.criterion.basis);
    let starts_in = |inner: &Basis, outer: &Basis| in_force(outer, inner.valid_from.unwrap_or(Date::MIN));
    a.declared_standard == b.declared_standard && (starts_in(a_basis, b_basis) || starts_in(b_basis, a_basis))
}

impl Row {
    /// The criterion, or the field that cannot be read.
    fn criterion(&self) -> Result<Criterion, &'static str> {
        let date =
            |text: &str, field| (!text.is_empty()).then(|| text.parse::<Date>()).transpose().map_err(|_bad_date| field);
        let valid_from = date(&self.valid_from, "valid_from")?;
        let valid_to = date(&self.valid_to, "valid_to")?;
        if valid_from.zip(valid_to).is_some_and(|(from, to)| to < from) {
            return Err("valid_to");
        }
        let origin = if self.declared_standard.is_empty() { Origin::Catalogue } else { Origin::Declared };
        let unit = (!self.unit.is_empty()).then(|| Unit::parse(&self.unit).ok_or("unit")).transpose()?;
        Ok(Criterion {
            rule: self.rule()?,
            unit,
            compare: Compare::Full,
            matter: if self.matter == "dry" { Matter::Dry } else { Matter::AsIs },
            total_suffices: self.total_suffices == "yes",
            basis: Basis { standard: self.standard.clone(), clause: None, valid_from, valid_to, origin },
        })
    }

    fn rule(&self) -> Result<Rule, &'static str> {
        let number = |text: &str, field| decimal::parse(text).map_err(|_bad_number| field);
        let optional = |text: &str, field| (!text.is_empty()).then(|| number(text, field)).transpose();
        let whole = |text: &str, field| text.parse::<u32>().map_err(|_bad_number| field);
        Ok(match self.kind.as_str() {
            "max" => Rule::Max(number(&self.limit, "limit")?),
            "min" => Rule::Min(number(&self.limit, "limit")?),
            "range" => {
                let (low, high) = (number(&self.limit, "limit")?, number(&self.limit_high, "limit_high")?);
                if low > high {
                    return Err("limit_high");
                }
                Rule::Range { low, high }
            }
            "not_detected" => Rule::NotDetected { required_lod: optional(&self.limit, "limit")? },
            "not_used" => Rule::NotUsed { required_lod: optional(&self.limit, "limit")? },
            "micro" => Rule::Micro(MicroPlan {
                n: whole(&self.n, "n")?,
                c: whole(&self.c, "c")?,
                m: number(&self.m, "m")?,
                upper: optional(&self.upper, "upper")?,
            }),
            "declared" => Rule::Declared { declared: None, tolerance: number(&self.tolerance, "tolerance")? },
            // The maxima are those of the parts; they come with the parts.
            "ratio_sum" => Rule::RatioSum { maxima: Vec::new(), total: Decimal::ONE },
            "qualitative" if !self.limit.is_empty() => Rule::Qualitative { required: self.limit.clone() },
            "qualitative" => return Err("limit"),
            _ => return Err("kind"),
        })
    }
}
