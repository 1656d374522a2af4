//! 基础数据 as it ships with the program: regions, calendars, plans, organisations (`data/*.csv`, described in
//! `data/README.md`).
//!
//! It is parsed once and as a whole: when a row has a problem there is no reference data at all, and every problem of every
//! row is named, at `/table/row/field`.

mod calendar;
mod organisations;
mod plans;
mod regions;
mod table;

pub use calendar::{CalendarDay, DayKind, check as check_calendar};
pub use organisations::{Organisation, OrganisationKind, Part};
pub use plans::{Plan, Target};
pub use regions::{Region, Regions};
pub(crate) use table::{Row, rows};

use hege_core::Problems;
use hege_core::calendar::Calendar;
use std::sync::LazyLock;

/// Everything that ships.
#[derive(Debug, Clone)]
pub struct Reference {
    /// Every region code of Zhejiang since 2013, with its validity.
    pub regions: Regions,
    /// The days of the shipped years that differ from Monday to Friday, in order.
    pub days: Vec<CalendarDay>,
    /// The same as a calendar.
    pub calendar: Calendar,
    /// The plans with their targets: that of 2013, and the demonstration's.
    pub plans: Vec<Plan>,
    /// Departments of 2013, and the demonstration's organisations.
    pub organisations: Vec<Organisation>,
}

/// The reference data, parsed at the first call.
///
/// # Errors
/// Every problem of every row; a test holds that there is none.
pub fn shipped() -> Result<&'static Reference, &'static Problems> {
    static SHIPPED: LazyLock<Result<Reference, Problems>> = LazyLock::new(|| {
        let mut problems = Problems::new();
        let regions = regions::parse(include_str!("../../data/regions.csv"), &mut problems);
        let (days, calendar) = calendar::parse(include_str!("../../data/calendar.csv"), &mut problems);
        let targets =
            [(2013, include_str!("../../data/plan-2013.csv")), (2025, include_str!("../../data/plan-2025-demo.csv"))];
        let plans = plans::parse(include_str!("../../data/plans.csv"), &targets, &mut problems);
        let mut organisations = Vec::new();
        for (text, demo) in [
            (include_str!("../../data/organisations-2013.csv"), false),
            (include_str!("../../data/organisations-demo.csv"), true),
        ] {
            organisations.extend(organisations::parse(text, (demo, &regions), &mut problems));
        }
        problems.into_result(Reference { regions, days, calendar, plans, organisations })
    });
    SHIPPED.as_ref()
}
