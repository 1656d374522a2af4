//! What a cell of a plan may name: regions, food classes and analytes that are known.

use crate::reference::Regions;
use hege_core::{Problem, Problems, RegionCode};
use hege_lab::Catalogue;
use hege_sampling::form::RegionKnown;
use hege_sampling::quota::{Cell, IsWithin};
use jiff::civil::date;

/// What is known when something is planned.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// Regions with their validity.
    pub regions: &'a Regions,
    /// Foods and analytes.
    pub catalogue: &'a Catalogue,
    /// Whether the first food class is the second or lies below it.
    pub is_within: IsWithin<'a>,
}

/// Whether the first food class of a catalogue is the second or lies below it.
#[must_use]
pub fn is_within(catalogue: &Catalogue, food: &str, class: &str) -> bool {
    catalogue.foods().path(food).any(|above| above == class)
}

impl Known<'_> {
    /// What of a cell is not known, at `{at}/region`, `{at}/food_class` and `{at}/panel/{index}`. A region is to be in force at
    /// the plan year's beginning or end: codes change within a year, and a plan may be written before or after.
    #[must_use]
    pub fn faults(&self, at: &str, (cell, year): (&Cell, Option<i16>)) -> Problems {
        let mut problems = Problems::new();
        let is_known = |region: RegionCode| {
            let is_in_force = |on| self.regions.known(region, on) == RegionKnown::InForce;
            year.is_none_or(|year| is_in_force(date(year, 1, 1)) || is_in_force(date(year, 12, 31)))
        };
        problems.check(is_known(cell.region), || {
            let (zh, en) = ("行政区划代码未知或该年度已失效", "not known, or not in force in the year");
            Problem::new(format!("{at}/region"), "region_unknown", zh, en)
        });
        let is_class = |class: &String| self.catalogue.foods().class(class).is_some();
        problems.check(cell.food_class.as_ref().is_none_or(is_class), || {
            Problem::new(format!("{at}/food_class"), "food_class_unknown", "食品分类未知", "the class is not known")
        });
        for (index, analyte) in cell.panel.iter().enumerate() {
            problems.check(self.catalogue.analytes().get(analyte).is_some(), || {
                let pointer = format!("{at}/panel/{index}");
                Problem::new(pointer, "analyte_unknown", "检验项目未知", "the analyte is not known")
            });
        }
        problems
    }
}
