//! 行政区划 of Zhejiang. Codes change: old records carry old codes, and a form may use only what is in force on its day.

use super::table::rows;
use hege_core::region::RegionLevel;
use hege_core::{Problem, Problems, RegionCode};
use hege_sampling::form::RegionKnown;
use jiff::civil::Date;
use std::collections::BTreeMap;

/// A region code with its name and validity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// GB/T 2260.
    pub code: RegionCode,
    /// Its name.
    pub name: String,
    /// First day in force; none where it was in force before 2013.
    pub valid_from: Option<Date>,
    /// Last day in force; none while it is.
    pub valid_to: Option<Date>,
    /// Where that is known from.
    pub source: String,
}

impl Region {
    /// Whether the code is in force on a day.
    #[must_use]
    pub fn is_in_force(&self, on: Date) -> bool {
        self.valid_from.is_none_or(|from| from <= on) && self.valid_to.is_none_or(|to| on <= to)
    }
}

/// All region codes that are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Regions(BTreeMap<RegionCode, Region>);

impl Regions {
    /// The region of a code, whether in force or not.
    #[must_use]
    pub fn get(&self, code: RegionCode) -> Option<&Region> {
        self.0.get(&code)
    }

    /// What speaks against a code on a day, at a pointer: nothing where it is in force.
    #[must_use]
    pub fn faults(&self, at: &str, (code, on): (RegionCode, Date)) -> Problems {
        let mut problems = Problems::new();
        problems.check(self.known(code, on) == RegionKnown::InForce, || {
            Problem::new(at, "region_unknown", "行政区划代码未知或当日未生效", "not known, or not in force on the day")
        });
        problems
    }

    /// What is known of a code on a day, as a form's check asks.
    #[must_use]
    pub fn known(&self, code: RegionCode, on: Date) -> RegionKnown {
        match self.0.get(&code) {
            None => RegionKnown::Unknown,
            Some(region) if region.is_in_force(on) => RegionKnown::InForce,
            Some(_) => RegionKnown::NotInForce,
        }
    }

    /// Every region in order of code, so that each stands behind the one it lies in.
    pub fn iter(&self) -> impl Iterator<Item = &Region> {
        self.0.values()
    }

    /// Those of a level that are in force on a day.
    pub fn in_force(&self, level: RegionLevel, on: Date) -> impl Iterator<Item = &Region> {
        self.iter().filter(move |region| region.code.level() == level && region.is_in_force(on))
    }
}

impl FromIterator<Region> for Regions {
    fn from_iter<I: IntoIterator<Item = Region>>(regions: I) -> Self {
        Self(regions.into_iter().map(|region| (region.code, region)).collect())
    }
}

pub(super) fn parse(text: &str, problems: &mut Problems) -> Regions {
    let mut regions = BTreeMap::new();
    for row in rows(("regions", "code"), text, problems) {
        let (name, source) = (row.needed("name", problems), row.needed("source", problems));
        let code = row.parse("code", problems);
        let valid_from = row.optional::<Date>("valid_from", problems);
        let valid_to = row.optional::<Date>("valid_to", problems);
        let (Some(code), Some(valid_from), Some(valid_to)) = (code, valid_from, valid_to) else { continue };
        problems.check(valid_from.zip(valid_to).is_none_or(|(from, to)| from <= to), || {
            row.problem("valid_to", ("ends_before_it_begins", "早于生效日", "before its first day"))
        });
        let parent: Option<RegionCode> = RegionCode::parent(code);
        problems.check(parent.is_none_or(|parent| regions.contains_key(&parent)), || {
            row.problem(
                "code",
                ("parent_unknown", "上级区划不在其前", "the region it lies in does not stand before it"),
            )
        });
        regions.insert(code, Region { code, name, valid_from, valid_to, source });
    }
    Regions(regions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn on(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn code(text: &str) -> RegionCode {
        text.parse().unwrap()
    }

    fn shipped() -> &'static Regions {
        &super::super::shipped().unwrap().regions
    }

    #[test]
    fn a_province_eleven_cities_and_ninety_counties_are_in_force() {
        let count = |level, day| shipped().in_force(level, on(day)).count();
        assert_eq!(shipped().iter().count(), 123);
        for (day, counties) in [("2023-06-30", 90), ("2026-01-01", 90), ("2013-06-01", 90 + 11)] {
            assert_eq!(count(RegionLevel::Province, day), 1, "{day}");
            assert_eq!(count(RegionLevel::City, day), 11, "{day}");
            // In 2013 eleven codes were headings (市辖区) and no places.
            assert_eq!(count(RegionLevel::County, day), counties, "{day}");
        }
    }

    #[test]
    fn a_new_code_begins_on_its_day_and_an_abolished_one_ends() {
        let known = |text, day| shipped().known(code(text), on(day));
        assert_eq!(known("330114", "2021-03-10"), RegionKnown::NotInForce);
        assert_eq!(known("330114", "2021-03-11"), RegionKnown::InForce);
        assert_eq!(known("330104", "2021-12-31"), RegionKnown::InForce, "forms carried it until the year's end");
        assert_eq!(known("330104", "2022-01-01"), RegionKnown::NotInForce);
        assert_eq!(
            known("330621", "2013-06-01"),
            RegionKnown::InForce,
            "the plan's own year knows the county of Shaoxing"
        );
        assert_eq!(known("330603", "2013-06-01"), RegionKnown::NotInForce);
        assert_eq!(known("330199", "2025-06-01"), RegionKnown::Unknown);
        assert_eq!(known("310101", "2025-06-01"), RegionKnown::Unknown, "another province's");
    }

    #[test]
    fn a_row_says_everything_that_is_wrong_with_it() {
        let mut problems = Problems::new();
        let text = "code,name,valid_from,valid_to,source\n330000,浙江省,,,x\n330106,,2020-02-30,soon,\n330100,杭州市,2020-01-02,2020-01-01,x\n";
        parse(text, &mut problems);
        let found: Vec<_> = problems.as_slice().iter().map(|p| (p.pointer.as_str(), p.code)).collect();
        assert_eq!(
            found,
            [
                ("/regions/330106/name", "required"),
                ("/regions/330106/source", "required"),
                ("/regions/330106/valid_from", "unreadable"),
                ("/regions/330106/valid_to", "unreadable"),
                ("/regions/330100/valid_to", "ends_before_it_begins"),
            ]
        );
        let mut problems = Problems::new();
        parse("code,name,valid_from,valid_to,source\n330106,西湖区,,,x\n330106,西湖区,,,x,y\n", &mut problems);
        let codes: Vec<_> = problems.as_slice().iter().map(|p| p.code).collect();
        assert_eq!(codes, ["unreadable", "parent_unknown"]);
    }

    proptest! {
        #[test]
        fn every_code_stands_behind_the_region_it_lies_in(index in 0_usize..123) {
            let region = shipped().iter().nth(index).unwrap();
            match region.code.parent() {
                None => prop_assert_eq!(region.code, code("330000")),
                Some(parent) => {
                    prop_assert!(shipped().get(parent).is_some_and(|parent| parent.code < region.code));
                    prop_assert!(parent.contains(region.code));
                }
            }
        }
    }
}
