//! 演示: a province to look at, made up from a seed. [`samples`] says what happened, and only [`fill`] touches a database.
//!
//! Invariants
//! - The same seed and the same reference data give the same samples, on every machine.
//! - Every value is held against a limit that ships, is verified and was in force on the deciding date.
//! - Whatever names somebody says 演示, and codes carry a county that does not exist.

mod days;
mod dice;
pub mod fill;
mod foods;
mod form;
mod life;
mod people;
mod places;
mod story;
mod values;

pub use life::{DemoAct, DemoStep};
pub use people::{DemoPerson, people};

use crate::reference::{OrganisationKind, Reference, Region, Row};
use crate::results::Value;
use days::WorkingDays;
use dice::Dice;
use foods::Food;
use hege_core::region::RegionLevel;
use hege_core::{City, LabId, OrganisationId, Problem, Problems, RegionCode, SampleId, SampleKind, Stage, TaskType};
use hege_lab::{Catalogue, Criterion, Reason, Rule};
use hege_sampling::form::Fields;
use hege_sampling::form_no::{FormNo, Prefix};
use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan};
use life::{Fate, Life};
use places::Unit;
use std::collections::BTreeMap;
use std::sync::Arc;
use story::{CITIES, Owed, STREAMS};

/// The seed of the demonstration that ships.
pub const SEED: u64 = 2025;

/// The demonstration's now, the clock of its worker and board: 2025-12-05, ten o'clock in China.
pub const NOW: Timestamp = Timestamp::constant(1_764_900_000, 0);

/// The last day of sampling.
const LAST_DAY: Date = date(2025, 12, 5);
/// The last minute of sampling on it: what is taken then is registered by [`NOW`] and not yet sealed.
const LAST_MINUTE: u32 = 9 * 60 + 47;
/// Form numbers begin here, so that numbers leased later do not meet them.
const FIRST_SERIAL: u32 = 900_001;

/// A made-up sample with everything that happened to it until [`NOW`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoSample {
    /// Its id; its time is that of sampling.
    pub id: SampleId,
    /// The form, by field.
    pub form: Fields,
    /// Analytes ordered, each with whether it is for risk monitoring only.
    pub ordered: Vec<(String, bool)>,
    /// In order of time; the first registers it.
    pub steps: Vec<DemoStep>,
    /// What its results come to, where a conclusion follows from them: whether it conforms.
    pub conforms: Option<bool>,
}

/// When and why a sample is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Slot {
    day: Date,
    minute: u32,
    stream: usize,
    city: City,
}

/// What the samples are made of.
struct World<'a> {
    catalogue: &'a Catalogue,
    foods: Vec<Food>,
    /// By food class, the analytes that have a limit on some day.
    analytes: BTreeMap<String, Vec<String>>,
    days: WorkingDays,
    counties: BTreeMap<City, Vec<&'a Region>>,
    inspecting: BTreeMap<City, OrganisationId>,
    labs: Vec<LabId>,
    department: OrganisationId,
}

/// The samples of the demonstration in order of sampling.
///
/// # Errors
/// Every problem of the reference data that they are made of; a test holds that there is none.
pub fn samples<'a>(
    reference: &'a Reference,
    catalogue: &'a Catalogue,
    seed: u64,
) -> Result<impl Iterator<Item = DemoSample> + use<'a>, Problems> {
    let world = World::new(reference, catalogue)?;
    let mut dice = Dice::new(seed);
    let mut slots = Vec::new();
    for (stream, of) in STREAMS.iter().enumerate() {
        for (month, volume) in (1..).zip(of.volume) {
            let days = world.days.of_month(month, LAST_DAY);
            slots.extend((0..volume).filter_map(|_| {
                let day = *dice.pick(&days)?;
                let city = dice.weighted(&CITIES, |(_, people)| *people)?;
                let minute = dice.between(8 * 60 + 45, if day == LAST_DAY { LAST_MINUTE } else { 16 * 60 + 30 });
                Some(Slot { day, minute, stream, city: City::new(city.0).ok()? })
            }));
        }
    }
    slots.sort_unstable();
    let mut making = Making { world, dice, owed: Owed::default(), serials: BTreeMap::new() };
    Ok(slots.into_iter().filter_map(move |slot| making.sample(slot)))
}

impl<'a> World<'a> {
    fn new(reference: &'a Reference, catalogue: &'a Catalogue) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let foods = foods::parse(include_str!("foods.csv"), &mut problems);
        let analytes =
            crate::reference::rows(("analytes", "code"), include_str!("../../data/analytes.csv"), &mut problems);
        let analytes =
            foods.iter().map(|food| (food.class.clone(), limited(catalogue, &food.class, &analytes))).collect();
        // Lives end in the year after the last sample.
        let days = WorkingDays::between(&reference.calendar, date(2025, 1, 1), date(2026, 2, 28));
        let mut counties: BTreeMap<City, Vec<&Region>> = BTreeMap::new();
        for county in reference.regions.in_force(RegionLevel::County, LAST_DAY) {
            counties.entry(county.code.city()).or_default().push(county);
        }
        let of = |kind| reference.organisations.iter().filter(move |o| o.demo && o.kind == kind);
        let inspecting: BTreeMap<City, OrganisationId> =
            of(OrganisationKind::Inspecting).map(|o| (o.region.city(), o.id)).collect();
        let labs: Vec<LabId> = of(OrganisationKind::Laboratory).map(|o| LabId(o.id.0)).collect();
        let missing = |what: &str| Problem::new(format!("/{what}"), "missing", "缺少演示数据", "missing");
        problems
            .check(CITIES.iter().all(|(city, _)| City::new(*city).is_ok_and(|c| inspecting.contains_key(&c))), || {
                missing("organisations")
            });
        let (Some(department), Ok(days)) = (of(OrganisationKind::Department).next(), days) else {
            problems.push(missing("calendar"));
            return Err(problems);
        };
        let department = department.id;
        problems.into_result(Self { catalogue, foods, analytes, days, counties, inspecting, labs, department })
    }

    /// The items of a food class that have a verified limit on a date, with it.
    fn limits(&self, class: &str, on: Date) -> Vec<(&str, Arc<Criterion>)> {
        let limit = |analyte| self.catalogue.find(class, analyte, on, None).national.ok();
        let analytes = self.analytes.get(class).into_iter().flatten();
        let limits = analytes.filter_map(|analyte| Some((analyte.as_str(), limit(analyte)?)));
        limits.filter(|(_, criterion)| values::is_supported(criterion)).collect()
    }
}

/// The analytes that a food class has a limit for, whatever its edition.
fn limited(catalogue: &Catalogue, class: &str, analytes: &[Row]) -> Vec<String> {
    let has = |analyte: &&str| catalogue.find(class, analyte, LAST_DAY, None).national != Err(Reason::NoCriterion);
    analytes.iter().map(|row| row.text("code")).filter(has).map(str::to_owned).collect()
}

struct Making<'a> {
    world: World<'a>,
    dice: Dice,
    owed: Owed,
    serials: BTreeMap<(TaskType, RegionCode), u32>,
}

impl Making<'_> {
    fn sample(&mut self, slot: Slot) -> Option<DemoSample> {
        let (world, dice) = (&self.world, &mut self.dice);
        let stream = STREAMS.get(slot.stream)?;
        let sampled_at = days::at(slot.day, slot.minute)?;
        let county =
            dice.weighted(world.counties.get(&slot.city)?, |county| if county.name.ends_with('县') { 2 } else { 3 })?;
        let Order { food, date, limits } = order(world, (slot, stream), dice)?;
        let fate = Fate::roll(limits.len(), dice);
        let fails = fate.is_judged() && self.owed.fails(slot.stream, slot.day.month(), slot.city);
        let results = results(&limits, (fate, fails), dice)?;
        let (kind, suffix) = dice.pick(&food.places)?;
        let unit = Unit::roll(county, suffix, dice)?;
        let producer = producer(world, (food, &unit), dice)?;
        let id = SampleId { city: slot.city, uuid: uuid7(sampled_at, dice)? };
        let serial = self.serials.entry((stream.task_type, county.code)).or_insert(FIRST_SERIAL);
        let prefix = Prefix::new(stream.task_type, slot.day.year(), county.code).ok()?;
        let form_no = FormNo { prefix, serial: *serial }.to_string();
        *serial += 1;
        let inspecting = *world.inspecting.get(&slot.city)?;
        let taken = form::Taken {
            id,
            form_no: form_no.clone(),
            task_type: stream.task_type,
            department: world.department,
            inspecting,
            county,
            food,
            place: (kind, unit),
            producer,
            date,
            sampled_at,
            aseptic: limits.iter().any(|(_, limit)| matches!(limit.rule, Rule::Micro(_))),
        };
        let form = form::form(&taken, dice)?;
        let is_risk = stream.task_type == TaskType::RiskMonitoring;
        let life = Life {
            days: &world.days,
            fate,
            taken: (slot.day, slot.minute),
            inspecting,
            lab: *world.labs.get(laboratory(slot.city))?,
            seal: form_no,
            results,
            fails,
        };
        let ordered = limits.iter().map(|(analyte, _)| ((*analyte).to_owned(), is_risk)).collect();
        let steps = life::steps(life, NOW, dice)?;
        Some(DemoSample { id, form, ordered, steps, conforms: fate.conforms(fails) })
    }
}

/// What is taken, and the limits that its items are held against.
struct Order<'w> {
    food: &'w Food,
    date: Date,
    limits: Vec<(&'w str, Arc<Criterion>)>,
}

/// A food in season, of a date on which it has limits, and up to seven of them.
fn order<'w>(world: &'w World<'_>, (slot, stream): (Slot, &story::Stream), dice: &mut Dice) -> Option<Order<'w>> {
    // The catalogue's editions begin on their days: what was made before may have no limit that is verified.
    for _ in 0..50 {
        let food = foods::choose(&world.foods, (stream.stage, stream.tableware), slot.day.month(), dice)?;
        let date = slot.day.checked_sub(i64::from(dice.below(food.age + 1)).days()).ok()?;
        let mut limits = world.limits(&food.class, date);
        let wanted = usize::try_from(dice.between(3, 7)).ok()?;
        while limits.len() > wanted {
            limits.remove(usize::try_from(dice.below(u32::try_from(limits.len()).ok()?)).ok()?);
        }
        if !limits.is_empty() {
            return Some(Order { food, date, limits });
        }
    }
    None
}

/// Who made it: the unit itself, or on a label a factory of any city; nobody is named for what lies loose.
fn producer(world: &World<'_>, (food, unit): (&Food, &Unit), dice: &mut Dice) -> Option<Option<Unit>> {
    if food.stage == Stage::Production || food.kind == SampleKind::CateringMade {
        return Some(Some(unit.clone()));
    }
    if !food.is_packed {
        return Some(None);
    }
    let home = dice.weighted(&CITIES, |(_, people)| *people)?;
    let county = dice.pick(world.counties.get(&City::new(home.0).ok()?)?)?;
    Unit::roll(county, "食品厂", dice).map(Some)
}

/// A result for each item; of a failing sample one fails, and seldom a prohibited substance.
fn results(limits: &[(&str, Arc<Criterion>)], (fate, fails): (Fate, bool), dice: &mut Dice) -> Option<Vec<Value>> {
    let failing = dice.weighted(limits, |(_, limit)| match limit.rule {
        Rule::NotDetected { .. } => 1,
        _ => 12,
    })?;
    let one = |(analyte, limit): &(&str, Arc<Criterion>)| {
        values::result(analyte, limit, fails && *analyte == failing.0, dice)
    };
    let mut results: Vec<Value> = limits.iter().map(one).collect::<Option<_>>()?;
    if matches!(fate, Fate::Unjudgeable | Fate::LeftOut) {
        // A decimal point typed as a slash: it has two readings, so it has none.
        results.last_mut()?.reported = "0/15".to_owned();
    }
    Some(results)
}

fn uuid7(at: Timestamp, dice: &mut Dice) -> Option<uuid::Uuid> {
    let millis = u64::try_from(at.as_millisecond()).ok()?;
    Some(uuid::Builder::from_unix_timestamp_millis(millis, &dice.bytes()).into_uuid())
}

/// The laboratory a city sends to: of Wenzhou and Lishui the third, of the coast the second, of the others the first.
const fn laboratory(city: City) -> usize {
    match city.get() {
        3303 | 3311 => 2,
        3302 | 3306 | 3309 | 3310 => 1,
        _ => 0,
    }
}
