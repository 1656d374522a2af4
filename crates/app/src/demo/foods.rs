//! What may be taken where: `foods.csv`, one row for a food class in a stage.

use super::dice::Dice;
use crate::reference::Row;
use hege_core::{Problems, SampleKind, Sector, Stage};

/// A row of the menu.
#[derive(Debug, Clone)]
pub(super) struct Food {
    pub(super) stage: Stage,
    pub(super) sector: Option<Sector>,
    pub(super) class: String,
    pub(super) kind: SampleKind,
    pub(super) is_packed: bool,
    pub(super) physical_form: String,
    pub(super) storage: String,
    pub(super) unit: String,
    pub(super) qty: u32,
    pub(super) spec: String,
    pub(super) shelf_life: String,
    /// The oldest it is when it is taken, in days.
    pub(super) age: u32,
    pub(super) price: u32,
    months: (i8, i8),
    weight: u32,
    /// Kind of place, and what such a place calls itself.
    pub(super) places: Vec<(String, String)>,
    pub(super) names: Vec<String>,
}

pub(super) fn parse(text: &str, problems: &mut Problems) -> Vec<Food> {
    let rows = crate::reference::rows(("foods", "id"), text, problems);
    rows.iter().filter_map(|row| food(row, problems)).collect()
}

fn food(row: &Row, problems: &mut Problems) -> Option<Food> {
    let (stage, sector, kind) =
        (row.parse("stage", problems), row.optional("sector", problems), row.parse("sample_kind", problems));
    let [qty, age, price, weight] = ["sample_qty", "age", "price", "weight"].map(|column| row.parse(column, problems));
    let [class, physical_form, storage, unit] =
        ["food_class", "physical_form", "storage", "qty_unit"].map(|column| row.needed(column, problems));
    let months = row.text("months").split_once('-').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    let places = row.text("places").split('|').map(|place| place.split_once(':'));
    let places: Option<Vec<_>> = places.map(|place| place.map(|(a, b)| (a.to_owned(), b.to_owned()))).collect();
    for (column, is_read) in [("months", months.is_some()), ("places", places.is_some())] {
        problems.check(is_read, || row.problem(column, ("unreadable", "不能识别", "cannot be read")));
    }
    Some(Food {
        stage: stage?,
        sector: sector?,
        class,
        kind: kind?,
        is_packed: row.text("packaging") == "prepackaged",
        physical_form,
        storage,
        unit,
        qty: qty?,
        spec: row.text("spec").to_owned(),
        shelf_life: row.text("shelf_life").to_owned(),
        age: age?,
        price: price?,
        months: months?,
        weight: weight?,
        places: places?,
        names: row.needed("names", problems).split('|').map(str::to_owned).collect(),
    })
}

/// One that is in season, by weight. Tableware is a programme of its own.
pub(super) fn choose<'a>(
    foods: &'a [Food],
    (stage, tableware): (Stage, bool),
    month: i8,
    dice: &mut Dice,
) -> Option<&'a Food> {
    dice.weighted(foods, |food| {
        let fits = food.stage == stage && (food.kind == SampleKind::FoodRelatedProduct) == tableware;
        if fits && (food.months.0..=food.months.1).contains(&month) { food.weight } else { 0 }
    })
}
