//! The demonstration's content: the same everywhere, lawful in every step, judged as intended, and telling its story.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use hege_alerts::conclusions::Counted;
use hege_alerts::cusum::{self, Held};
use hege_alerts::plan::{self, Grade, PlanYear, Target, TargetVersion};
use hege_app::catalogue;
use hege_app::demo::{DemoAct, DemoResult, DemoSample, DemoValue, NOW, SEED, people, samples};
use hege_app::reference::{self, Reference};
use hege_core::date::china_date;
use hege_core::{Month, RegionCode, Role, SampleKind, Stage, TaskType, UserId};
use hege_lab::conclusion::{Conclusion, Standing, conclude};
use hege_lab::judge::{Entry, judge};
use hege_lab::{Catalogue, ItemVerdict};
use hege_rates::{Counting, Tally};
use hege_sampling::form::{Context, Draft, Stated, check};
use hege_sampling::life_cycle::{Action, Actor, People, Readiness, Status, apply};
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::sync::LazyLock;

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| catalogue::shipped().unwrap());
static ALL: LazyLock<Vec<DemoSample>> = LazyLock::new(|| made(SEED));

fn reference() -> &'static Reference {
    reference::shipped().unwrap()
}

fn made(seed: u64) -> Vec<DemoSample> {
    samples(reference(), &CATALOGUE, seed).unwrap().collect()
}

fn text<'a>(sample: &'a DemoSample, code: &str) -> Option<&'a str> {
    match sample.form.get(code)? {
        DemoValue::Text(text) => Some(text),
        other => panic!("{code}: {other:?}"),
    }
}

fn word<T: FromStr>(sample: &DemoSample, code: &str) -> Option<T> {
    text(sample, code)?.parse().ok()
}

fn stage(sample: &DemoSample) -> Stage {
    word(sample, "stage").unwrap()
}

fn counts(sample: &DemoSample) -> bool {
    Counting::default_of(stage(sample)).counts(word(sample, "task_type").unwrap(), word(sample, "sample_kind").unwrap())
}

fn month(sample: &DemoSample) -> Month {
    Month::of(china_date(word(sample, "sampled_at").unwrap()))
}

fn approved_at(sample: &DemoSample) -> Option<Timestamp> {
    sample.steps.iter().find(|step| step.act == DemoAct::Approve).map(|step| step.at)
}

/// Concluded and counted samples of a stage.
fn concluded(of: Stage) -> Vec<Counted> {
    let counted = ALL.iter().filter(|sample| stage(sample) == of && counts(sample));
    let counted = counted.filter_map(|sample| {
        Some(Counted { at: approved_at(sample)?, month: month(sample), conforming: sample.conforms? })
    });
    counted.collect()
}

#[test]
fn the_same_seed_gives_the_same_province_and_another_seed_another() {
    assert!(*ALL == made(SEED));
    let mut other = samples(reference(), &CATALOGUE, SEED + 1).unwrap();
    assert!(ALL.iter().take(500).all(|sample| other.next().unwrap().id != sample.id));
}

#[test]
fn about_twenty_thousand_samples_lie_in_every_county_and_month() {
    assert_eq!(ALL.len(), 20_780);
    let of = |stage_| ALL.iter().filter(|sample| stage(sample) == stage_).count();
    assert_eq!(Stage::ALL.iter().map(|stage| of(*stage)).collect::<Vec<_>>(), [5_480, 5_700, 5_500, 4_100]);
    let mut counties: BTreeMap<RegionCode, usize> = BTreeMap::new();
    for sample in ALL.iter() {
        *counties.entry(word(sample, "region").unwrap()).or_default() += 1;
    }
    assert_eq!(counties.len(), 90);
    assert!(counties.values().all(|n| *n >= 40), "{counties:?}");
    let months: BTreeSet<Month> = ALL.iter().map(month).collect();
    assert_eq!(months.len(), 12);
    let tasks: BTreeSet<TaskType> = ALL.iter().map(|sample| word(sample, "task_type").unwrap()).collect();
    assert_eq!(tasks.len(), TaskType::ALL.len() - 1, "nothing was an emergency");
}

#[test]
fn no_two_samples_share_an_id_or_a_form_number() {
    let ids: BTreeSet<_> = ALL.iter().map(|sample| sample.id).collect();
    let numbers: BTreeSet<_> = ALL.iter().map(|sample| text(sample, "form_no").unwrap()).collect();
    assert_eq!((ids.len(), numbers.len()), (ALL.len(), ALL.len()));
    assert!(ALL.iter().all(|sample| sample.id.uuid.get_version_num() == 7));
}

fn draft(sample: &DemoSample) -> Draft {
    let owned = |code| text(sample, code).map(str::to_owned);
    let stated =
        |code| text(sample, code).map(|text| if text == "/" { Stated::Nothing } else { Stated::Text(text.to_owned()) });
    let samplers = match sample.form.get("samplers") {
        Some(DemoValue::List(ids)) => ids.iter().map(|id| id.parse().unwrap()).collect(),
        other => panic!("{other:?}"),
    };
    Draft {
        id: word(sample, "id"),
        form_no: owned("form_no"),
        stage: word(sample, "stage"),
        sector: word(sample, "sector"),
        task_type: word(sample, "task_type"),
        sample_kind: word(sample, "sample_kind"),
        region: word(sample, "region"),
        food_class: owned("food_class"),
        product_name: owned("product_name"),
        sampled_unit: owned("sampled_unit"),
        producer: stated("producer"),
        batch_no: stated("batch_no"),
        packaging: word(sample, "packaging"),
        // Harvest and slaughter are dates of production to this form.
        date_kind: word(sample, "date_kind").or(Some(hege_sampling::form::DateKind::Production)),
        date: word(sample, "date"),
        sampled_at: word(sample, "sampled_at"),
        samplers,
        sample_qty: word(sample, "sample_qty"),
        backup_qty: word(sample, "backup_qty"),
        qty_unit: owned("qty_unit"),
        uscc: owned("uscc"),
        barcode: owned("barcode"),
        production_licence: owned("production_licence"),
    }
}

#[test]
fn every_form_passes_its_check_without_a_warning() {
    let classes: BTreeSet<&str> =
        include_str!("../data/food-classes.csv").lines().map(|line| line.split(',').next().unwrap()).collect();
    let region = |code: RegionCode, on: Date| reference().regions.known(code, on);
    for sample in ALL.iter() {
        let registered = sample.steps.first().unwrap();
        assert_eq!(registered.act, DemoAct::Register);
        let context = Context { now: registered.at, region: &region, food_class: &|code| classes.contains(code) };
        let warnings = check(&draft(sample), &context).unwrap();
        assert!(warnings.is_empty(), "{warnings:?} {sample:?}");
        for code in ["sampled_unit", "producer"] {
            assert!(text(sample, code).is_some_and(|name| name == "/" || name.starts_with("演示")), "{sample:?}");
        }
    }
}

#[test]
fn samples_are_taken_and_handled_on_working_days_in_office_hours() {
    let calendar = &reference().calendar;
    for sample in ALL.iter() {
        let taken: Timestamp = word(sample, "sampled_at").unwrap();
        let times = std::iter::once(taken).chain(sample.steps.iter().map(|step| step.at));
        let times: Vec<Timestamp> = times.collect();
        assert!(times.is_sorted() && times.iter().all(|at| *at <= NOW), "{sample:?}");
        for at in times {
            let local = hege_core::date::CHINA.to_datetime(at);
            assert_eq!(calendar.is_working_day(local.date()), Ok(true), "{local}");
            assert!((8..20).contains(&local.hour()), "{local} {sample:?}");
        }
    }
}

#[test]
fn no_report_takes_longer_than_twenty_working_days_and_no_delivery_longer_than_five() {
    let calendar = &reference().calendar;
    for sample in ALL.iter() {
        let day = |act: &DemoAct| sample.steps.iter().find(|step| step.act == *act).map(|step| china_date(step.at));
        let Some(received) = day(&DemoAct::Receive) else { continue };
        let taken = china_date(word(sample, "sampled_at").unwrap());
        assert!(received <= calendar.add_working_days(taken, 5).unwrap());
        if let Some(approved) = day(&DemoAct::Approve) {
            assert!(approved <= calendar.add_working_days(received, 20).unwrap(), "{sample:?}");
        }
    }
}

fn actor(id: UserId) -> Actor {
    let person = people(reference()).into_iter().find(|person| person.id == id).unwrap();
    Actor { user: id, roles: BTreeSet::from([person.role]) }
}

/// Where a sample stands at the end, each step having been allowed.
fn lived(sample: &DemoSample, actors: &BTreeMap<UserId, Actor>) -> Status {
    let mut status = Status::Registered;
    let samplers: BTreeSet<UserId> = draft(sample).samplers.into_iter().collect();
    let mut people = People { samplers, ..People::default() };
    let mut entered: BTreeSet<&str> = BTreeSet::new();
    for step in &sample.steps {
        let action = match &step.act {
            DemoAct::Register => {
                assert!(actors[&step.by].roles.contains(&Role::Inspector));
                continue;
            }
            DemoAct::Seal { lab, seals } => Action::Seal { lab: Some(*lab), seals: seals.clone() },
            DemoAct::HandOver { to } => Action::HandOver { to: *to },
            DemoAct::Receive => Action::Receive,
            DemoAct::Refuse(reason) => Action::Refuse(*reason),
            DemoAct::Enter(results) => {
                entered.extend(results.iter().map(|result| result.analyte.as_str()));
                people.entered.insert(step.by);
                Action::Enter { complete: entered.len() == sample.ordered.len() }
            }
            DemoAct::Check => {
                people.checked = Some(step.by);
                Action::Check
            }
            DemoAct::Return(reason) => Action::Return { reason: reason.clone() },
            DemoAct::Approve => Action::Approve(Readiness { concluded: true, confirmed: true }),
            DemoAct::Void(reason) => Action::Void { reason: reason.clone(), second: None },
        };
        status = apply(status, &action, &people, &actors[&step.by]).unwrap_or_else(|d| panic!("{d} {sample:?}"));
    }
    status
}

#[test]
fn every_step_is_allowed_and_samples_wait_at_every_status() {
    let actors: BTreeMap<UserId, Actor> =
        people(reference()).into_iter().map(|person| (person.id, actor(person.id))).collect();
    let mut statuses: BTreeMap<Status, usize> = BTreeMap::new();
    for sample in ALL.iter() {
        *statuses.entry(lived(sample, &actors)).or_default() += 1;
    }
    for status in Status::ALL {
        assert!(statuses.contains_key(status), "none is {status}: {statuses:?}");
    }
    assert!(statuses[&Status::Refused] * 1_000 / ALL.len() < 12, "{statuses:?}");
    assert!(statuses[&Status::Approved] * 100 / ALL.len() > 85, "{statuses:?}");
}

fn verdict(sample: &DemoSample, result: &DemoResult) -> ItemVerdict {
    let date: Date = word(sample, "date").unwrap();
    let found = CATALOGUE.find(text(sample, "food_class").unwrap(), &result.analyte, date, None).unwrap();
    let entry = Entry {
        result: &result.reported,
        unit: result.unit.as_deref(),
        lod: result.lod.as_deref(),
        moisture: result.moisture.as_deref().map(|water| water.parse().unwrap()),
        ..Entry::default()
    };
    judge(&entry, found.national.unwrap().1).verdict
}

#[test]
fn every_value_is_judged_as_intended() {
    let mut failed: BTreeMap<&str, usize> = BTreeMap::new();
    for sample in ALL.iter() {
        let mut last: BTreeMap<&str, &DemoResult> = BTreeMap::new();
        for step in &sample.steps {
            if let DemoAct::Enter(results) = &step.act {
                last.extend(results.iter().map(|result| (result.analyte.as_str(), result)));
            }
        }
        let is_complete = last.len() == sample.ordered.len();
        let verdicts: Vec<ItemVerdict> = last.values().map(|result| verdict(sample, result)).collect();
        for (result, verdict) in last.values().zip(&verdicts) {
            assert_eq!(result.retest.is_some(), *verdict == ItemVerdict::Nonconforming, "{result:?} {sample:?}");
            if *verdict == ItemVerdict::Nonconforming {
                *failed.entry(result.analyte.as_str()).or_default() += 1;
            }
        }
        let standings: Vec<Standing> = verdicts.iter().map(|verdict| Standing::Supervised(Some(*verdict))).collect();
        if is_complete {
            let conclusion = match sample.conforms {
                Some(true) => Conclusion::Conforming,
                Some(false) => Conclusion::Nonconforming,
                None => Conclusion::NotJudgeable,
            };
            assert_eq!(conclude(&standings), conclusion, "{sample:?}");
        }
    }
    assert!(failed.len() >= 30, "many kinds of failure: {failed:?}");
}

/// Conforming of ten thousand, among those that `of` takes.
fn level(stage: Stage, of: impl Fn(Month) -> bool) -> u32 {
    let taken = concluded(stage).into_iter().filter(|counted| of(counted.month));
    let tally = taken.fold(Tally::default(), |tally, counted| tally.with(counted.conforming));
    tally.k * 10_000 / tally.n
}

#[test]
fn three_stages_hold_their_level_and_farm_produce_falls_below_its_target() {
    let september = Month::new(2025, 9).unwrap();
    assert!((9_840..9_860).contains(&level(Stage::Farm, |month| month < september)));
    assert!((8_800..9_400).contains(&level(Stage::Farm, |month| month >= september)));
    assert!(level(Stage::Farm, |_| true) < 9_600);
    for (stage, expected) in [(Stage::Production, 9_600), (Stage::Circulation, 9_800), (Stage::Catering, 9_400)] {
        let year = level(stage, |_| true);
        assert!(year.abs_diff(expected) <= 30, "{stage} {year}");
        for m in 1..=11 {
            let month = level(stage, |month| month.month == m);
            assert!(month.abs_diff(expected) <= 120, "{stage} {m} {month}");
        }
    }
}

#[test]
fn two_cities_carry_most_of_the_slide() {
    let mut failures: BTreeMap<u16, usize> = BTreeMap::new();
    for sample in ALL.iter().filter(|s| stage(s) == Stage::Farm && counts(s) && s.conforms == Some(false)) {
        *failures.entry(sample.id.city.get()).or_default() += 1;
    }
    let mut cities: Vec<(usize, u16)> = failures.into_iter().map(|(city, n)| (n, city)).collect();
    cities.sort_unstable();
    let worst: BTreeSet<u16> = cities.iter().rev().take(2).map(|(_, city)| *city).collect();
    assert_eq!(worst, BTreeSet::from([3303, 3310]), "{cities:?}");
    assert_eq!(cities.len(), 11, "no city is without a failure");
}

#[test]
fn the_slide_is_told_by_early_warning_then_notice_then_significance() {
    let plan = reference().plans.iter().find(|plan| plan.demo).unwrap();
    let valid_from: Timestamp = "2024-12-31T16:00:00Z".parse().unwrap();
    for target in &plan.targets {
        let conclusions = concluded(target.stage);
        let held = Held { valid_from, target: target.basis_points, samples_a_year: target.planned_n };
        let warned = cusum::history(&[held], &conclusions, NOW);
        let of = target.basis_points.map(|basis_points| Target { basis_points, min_n: target.min_n });
        let year = PlanYear { year: 2025, targets: vec![TargetVersion { valid_from, version: 1, target: of }] };
        let told = plan::history(&year, &conclusions, NOW);
        if target.stage != Stage::Farm {
            assert!(warned.is_empty() && told.is_empty(), "{} {warned:?} {told:?}", target.stage);
            continue;
        }
        let [excursion] = told[..] else { panic!("{told:?}") };
        assert_eq!((excursion.grade, excursion.ended), (Grade::Notice, None));
        let days = [warned[0].at, excursion.opened_at, excursion.escalated.unwrap().at].map(china_date);
        assert!(days[0] >= "2025-10-01".parse().unwrap() && days.is_sorted(), "{days:?}");
        assert_eq!(days[2].to_string(), "2025-12-01", "the month end of November");
    }
}

#[test]
fn tableware_has_samples_of_its_own() {
    let tableware = ALL.iter().filter(|s| word(s, "sample_kind") == Some(SampleKind::FoodRelatedProduct));
    assert_eq!(tableware.filter(|sample| !counts(sample)).count(), 400);
}
