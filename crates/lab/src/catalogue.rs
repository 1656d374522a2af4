//! 限量库: limits as dated law, found by food class, analyte and deciding date.
//!
//! The most specific food class that has a limit for the analyte decides; of its rows the one in force on the date. What is
//! unverified is refused until an administrator accepts it, and is never passed over for a more general row.

mod names;
mod row;

pub use names::{Analyte, Analytes, FoodClass, FoodTree};
pub use row::Row;

use crate::criterion::{Basis, Criterion, Rule};
use crate::verdict::Reason;
use crate::written::given;
use hege_core::units::fold;
use hege_core::{Problem, Problems};
use jiff::civil::Date;
use names::pointer;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A row as it judges: one limit of one food class, in force for one span of deciding dates.
#[derive(Debug, Clone)]
pub struct Edition {
    /// Code of its food class.
    pub food_class: String,
    /// The standard that a product must declare for it to apply, as written; none for national limits.
    pub declared_standard: Option<String>,
    /// The criterion; its basis names row, standard and validity.
    pub criterion: Arc<Criterion>,
    /// Whether it may judge: verified, or accepted by an administrator.
    pub accepted: bool,
}

impl Edition {
    fn id(&self) -> &str {
        self.criterion.basis.row.as_deref().unwrap_or_default()
    }

    /// Whether it belongs to what a label declares (none: it is national).
    fn serves(&self, label: Option<&str>) -> bool {
        match (&self.declared_standard, label) {
            (None, None) => true,
            (Some(own), Some(label)) => names(label, &plain(own)),
            _ => false,
        }
    }
}

/// A standard as written, without spaces and with one kind of dash.
fn plain(text: &str) -> String {
    fold(text).replace(['—', '–', '―', '‐', '−'], "-")
}

/// Whether a label names a standard, among whatever else it says. A label without the year means the edition in force, as
/// undated references do.
fn names(label: &str, standard: &str) -> bool {
    let is_year = |text: &str| text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    let (number, year) = match standard.rsplit_once('-') {
        Some((number, year)) if is_year(year) => (number, Some(year)),
        _ => (standard, None),
    };
    label.match_indices(number).any(|(start, _)| {
        let (before, from) = label.split_at_checked(start).unwrap_or_default();
        let after = from.strip_prefix(number).unwrap_or_default();
        let inside = |c: char| c.is_ascii_alphanumeric() || c == '/' || c == '.';
        let its_own = !before.ends_with(inside) && !after.starts_with(inside);
        let digits = after.strip_prefix('-').unwrap_or_default();
        let dated = digits.split(|c: char| !c.is_ascii_digit()).next().filter(|digits| !digits.is_empty());
        its_own && (dated.is_none() || dated == year)
    })
}

/// The catalogue: tree, names and limits.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    foods: FoodTree,
    analytes: Analytes,
    /// By class and analyte.
    limits: BTreeMap<String, BTreeMap<String, Vec<Edition>>>,
}

/// What applies to a food, an analyte and a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The national limit.
    pub national: Result<Arc<Criterion>, Reason>,
    /// That of the standard on the label, where the catalogue has rows of that standard for the item.
    pub declared: Option<Result<Arc<Criterion>, Reason>>,
}

impl Catalogue {
    /// Builds a catalogue; beside it stand the warnings.
    ///
    /// A warning at `/limits/{id}/valid_to` tells of a gap: the days until the next edition (`gap`), or all days after a last
    /// edition that ends (`ends`). On such a day nothing is judged.
    ///
    /// # Errors
    /// Every problem of every row, at `/limits/{id}/{field}`: an unknown class, analyte or kind, a bad number or date, an id
    /// that stands twice, and two rows of one class, analyte and declared standard in force on one day.
    pub fn build(foods: FoodTree, analytes: Analytes, rows: &[Row]) -> Result<(Self, Vec<Problem>), Problems> {
        let mut problems = Problems::new();
        let mut ids = BTreeSet::new();
        let mut catalogue = Self { foods, analytes, limits: BTreeMap::new() };
        for row in rows {
            let at = |field: &str| pointer(&["limits", &row.id, field]);
            let fresh = !row.id.is_empty() && ids.insert(row.id.as_str());
            problems.check(fresh, || {
                Problem::new(at("id"), "twice", "编号缺失或重复", "the id is missing or stands twice")
            });
            problems.check(catalogue.foods.class(&row.food_class).is_some(), || unknown(at("food_class")));
            problems.check(catalogue.analytes.get(&row.analyte).is_some(), || unknown(at("analyte")));
            match row.criterion() {
                Ok(criterion) => {
                    let edition = Edition {
                        food_class: row.food_class.clone(),
                        declared_standard: given(Some(&row.declared_standard)).map(str::to_owned),
                        criterion: Arc::new(criterion),
                        accepted: row.verified == "yes",
                    };
                    let of_class = catalogue.limits.entry(row.food_class.clone()).or_default();
                    of_class.entry(row.analyte.clone()).or_default().push(edition);
                }
                Err(field) => problems.push(Problem::new(at(field), "unreadable", "不能识别", "cannot be read")),
            }
        }
        let mut warnings = Vec::new();
        for editions in catalogue.limits.values_mut().flat_map(BTreeMap::values_mut) {
            editions.sort_by_key(|edition| (edition.declared_standard.clone(), edition.criterion.basis.valid_from));
            succession(editions, &mut problems, &mut warnings);
        }
        problems.into_result((catalogue, warnings))
    }

    /// An administrator accepts unverified rows; the number of rows that were found.
    pub fn accept(&mut self, ids: &BTreeSet<&str>) -> usize {
        let all = self.limits.values_mut().flat_map(BTreeMap::values_mut).flatten();
        all.filter(|edition| ids.contains(edition.id())).map(|edition| edition.accepted = true).count()
    }

    /// How many rows there are, and how many of them may judge.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        let all = || self.limits.values().flat_map(BTreeMap::values).flatten();
        (all().count(), all().filter(|edition| edition.accepted).count())
    }

    /// The food classes.
    #[must_use]
    pub const fn foods(&self) -> &FoodTree {
        &self.foods
    }

    /// The analytes.
    #[must_use]
    pub const fn analytes(&self) -> &Analytes {
        &self.analytes
    }

    /// Every edition for a food and an analyte, by code or name: of the food's own class first, then of those above it, by
    /// date, accepted or not. A screen filters by [`crate::Basis::in_force`].
    #[must_use]
    pub fn editions(&self, food: &str, analyte: &str) -> Vec<&Edition> {
        let Some((class, analyte)) = self.foods.resolve(food).zip(self.analytes.resolve(analyte)) else {
            return Vec::new();
        };
        self.foods.path(class).filter_map(|class| self.limits.get(class)?.get(analyte)).flatten().collect()
    }

    /// The criteria for a food and an analyte, by code or name, on a deciding date. `declared` is the standard on the label.
    ///
    /// Refusals: [`Reason::NoCriterion`] when no class on the path has a limit (or a name is not known),
    /// [`Reason::NoEditionInForce`] when the deciding class has some and none on that date, [`Reason::UnverifiedCriterion`].
    #[must_use]
    pub fn find(&self, food: &str, analyte: &str, on: Date, declared: Option<&str>) -> Found {
        let Some((class, analyte)) = self.foods.resolve(food).zip(self.analytes.resolve(analyte)) else {
            return Found { national: Err(Reason::NoCriterion), declared: None };
        };
        let label = given(declared).map(plain);
        let declared = label.map(|label| self.most_specific(class, analyte, (Some(&label), on)));
        Found {
            national: self.most_specific(class, analyte, (None, on)),
            declared: declared.filter(|found| *found != Err(Reason::NoCriterion)),
        }
    }

    fn most_specific(
        &self,
        class: &str,
        analyte: &str,
        (label, on): (Option<&str>, Date),
    ) -> Result<Arc<Criterion>, Reason> {
        let edition = self.deciding(class, analyte, (label, on))?;
        let accepted = edition.accepted.then(|| Arc::clone(&edition.criterion));
        accepted.ok_or(Reason::UnverifiedCriterion)
    }

    /// The row that decides, whether it may or not.
    fn deciding(&self, class: &str, analyte: &str, (label, on): (Option<&str>, Date)) -> Result<&Edition, Reason> {
        let of_class = |class| self.limits.get(class)?.get(analyte);
        for editions in self.foods.path(class).filter_map(of_class) {
            let mut served = editions.iter().filter(|edition| edition.serves(label)).peekable();
            if served.peek().is_some() {
                let mut in_force = served.filter(|edition| edition.criterion.basis.in_force(on));
                return in_force.next().ok_or(Reason::NoEditionInForce);
            }
        }
        Err(Reason::NoCriterion)
    }

    /// The row that would decide and may not, because nobody has verified or accepted it: by what [`Catalogue::find`] was asked,
    /// for the national limit or for that of the declared standard.
    #[must_use]
    pub fn unverified(&self, food: &str, analyte: &str, on: Date, declared: Option<&str>) -> Option<Arc<Criterion>> {
        let (class, analyte) = self.foods.resolve(food).zip(self.analytes.resolve(analyte))?;
        let label = given(declared).map(plain);
        let edition = self.deciding(class, analyte, (label.as_deref(), on)).ok()?;
        (!edition.accepted).then(|| Arc::clone(&edition.criterion))
    }

    /// The catalogue as it would be if these rows had been in force at all times, accepted, and in the place of every other row
    /// of their class, analyte and declared standard: what a new limit would change is asked of it. Of two rows in one place the
    /// last holds.
    ///
    /// # Errors
    /// At `/limits/{id}/{field}`: what is missing or cannot be read.
    pub fn supposing(&self, rows: &[Row]) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let mut supposed = self.clone();
        for row in rows {
            match row.criterion() {
                Ok(criterion) => {
                    let declared_standard = given(Some(&row.declared_standard)).map(str::to_owned);
                    let of_class = supposed.limits.entry(row.food_class.clone()).or_default();
                    let editions = of_class.entry(row.analyte.clone()).or_default();
                    editions.retain(|edition| edition.declared_standard != declared_standard);
                    let basis = Basis { valid_from: None, valid_to: None, ..criterion.basis.clone() };
                    let criterion = Arc::new(Criterion { basis, ..criterion });
                    let food_class = row.food_class.clone();
                    editions.push(Edition { food_class, declared_standard, criterion, accepted: true });
                }
                Err(field) => {
                    let at = pointer(&["limits", &row.id, field]);
                    problems.push(Problem::new(at, "unreadable", "不能识别", "cannot be read"));
                }
            }
        }
        problems.into_result(supposed)
    }

    /// A sum of ratios with the maxima that the catalogue has for its parts on that date.
    ///
    /// # Errors
    /// [`Reason::PartLimit`] when a part has no maximum, or one in another unit than the first; what [`Catalogue::find`] refuses.
    pub fn ratio_sum(&self, sum: &Criterion, (food, on): (&str, Date), parts: &[&str]) -> Result<Criterion, Reason> {
        let Rule::RatioSum { total, .. } = sum.rule else {
            return Err(Reason::BadCriterion);
        };
        let found = |part: &&str| self.find(food, part, on, None).national;
        let limits = parts.iter().map(found).collect::<Result<Vec<_>, _>>()?;
        let unit = limits.first().and_then(|limit| limit.unit);
        let maximum = |limit: &Arc<Criterion>| match limit.rule {
            Rule::Max(maximum) if limit.unit == unit => Ok(maximum),
            _ => Err(Reason::PartLimit),
        };
        let maxima = limits.iter().map(maximum).collect::<Result<_, _>>()?;
        Ok(Criterion { rule: Rule::RatioSum { maxima, total }, unit, ..sum.clone() })
    }
}

fn unknown(pointer: String) -> Problem {
    Problem::new(pointer, "unknown", "未知", "not known")
}

/// Holds each edition against its successor: they do not overlap, and a gap is told.
fn succession(editions: &[Edition], problems: &mut Problems, warnings: &mut Vec<Problem>) {
    for (index, edition) in editions.iter().enumerate() {
        let next = editions.get(index + 1).filter(|next| next.declared_standard == edition.declared_standard);
        let at = |field| pointer(&["limits", edition.id(), field]);
        let Some(last) = edition.criterion.basis.valid_to else {
            problems.check(next.is_none(), || overlap(at("valid_to")));
            continue;
        };
        match next.map(|next| next.criterion.basis.valid_from) {
            None => {
                let (zh, en) = (format!("{last} 之后无版本"), format!("no edition after {last}"));
                warnings.push(Problem::new(at("valid_to"), "ends", zh, en));
            }
            Some(from) if from.is_none_or(|from| from <= last) => problems.push(overlap(at("valid_to"))),
            Some(Some(from)) if last.tomorrow().is_ok_and(|day| day < from) => {
                let (zh, en) =
                    (format!("{last} 至 {from} 之间无版本"), format!("no edition between {last} and {from}"));
                warnings.push(Problem::new(at("valid_to"), "gap", zh, en));
            }
            Some(_) => {}
        }
    }
}

fn overlap(pointer: String) -> Problem {
    Problem::new(pointer, "overlap", "与下一版本有效期重叠", "in force together with the next edition")
}
