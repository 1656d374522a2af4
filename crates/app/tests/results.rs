//! Values entered against the catalogue or a stated criterion: what is stored, and what is refused field by field.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use hege_app::catalogue::shipped;
use hege_app::results::{Beside, Confirmation, StatedCriterion, Value, enter, preview};
use hege_app::samples::{Registration, register, step};
use hege_app::{Call, Error, PROVINCE, Scope};
use hege_core::{LabId, OrganisationId, Role, SampleId, UserId};
use hege_lab::case::Case;
use hege_lab::{Catalogue, ItemVerdict, Reason};
use hege_sampling::examples::produce;
use hege_sampling::form::{Context, Raw, RegionKnown, check};
use hege_sampling::life_cycle::{Action, Actor, Denial};
use hege_store::Store;
use hege_store::samples::{Item, Sample, items_of};
use hege_testkit::databases;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::Uuid;

const TAKER: Uuid = Uuid::from_u128(88);
const LABORATORY: Uuid = Uuid::from_u128(77);

static NEXT: AtomicU64 = AtomicU64::new(1);

struct Bench {
    store: Store,
    catalogue: Catalogue,
}

fn on_both(test: impl Fn(&Bench)) {
    for db in databases() {
        let store = Store::open(db.url(), 4).unwrap();
        store.migrate().unwrap();
        test(&Bench { store, catalogue: shipped().unwrap() });
    }
}

fn call(n: u128, role: Role) -> Call {
    let organisation = OrganisationId(if role == Role::Inspector { TAKER } else { LABORATORY });
    Call {
        actor: Actor { user: UserId(Uuid::from_u128(n)), roles: [role].into() },
        organisation,
        scope: Scope { region: PROVINCE, stages: BTreeSet::new() },
        at: "2025-06-20T02:00:00Z".parse().unwrap(),
        audit_id: Uuid::from_u128(NEXT.fetch_add(1, Ordering::Relaxed).into()),
    }
}

fn id() -> SampleId {
    SampleId { city: "3301".parse().unwrap(), uuid: Uuid::from_u128(1) }
}

impl Bench {
    /// A cowpea of 2025-06-15 on the laboratory's bench, with these items; those after `|` are for risk monitoring.
    fn received(&self, items: &str) -> Sample {
        let mut fields = produce();
        let cowpea =
            [("id", id().to_string()), ("food_class", "33.01.01.01".to_owned()), ("product_name", "豇豆".to_owned())];
        fields.extend(cowpea.map(|(code, text)| (code.to_owned(), Raw::Text(text))));
        let now = "2025-06-15T02:00:00Z".parse().unwrap();
        let region = &|_, _| RegionKnown::InForce;
        let context = Context { now, region, food_class: &|_| true, microbiological: false };
        let (form, _) = check(&fields, &context).unwrap();
        let (supervised, risk) = items.split_once('|').unwrap_or((items, ""));
        let ordered =
            |text: &str, risk| -> Vec<_> { text.split_whitespace().map(move |item| (item.to_owned(), risk)).collect() };
        let items = [ordered(supervised, false), ordered(risk, true)];
        let sample = register(
            &self.store,
            &call(1, Role::Inspector),
            &Registration { form, personal: Some(vec![0]), items: items.concat() },
        )
        .unwrap();
        let seal = Action::Seal { lab: Some(LabId(LABORATORY)), seals: vec!["F1".to_owned()] };
        let sample = step(&self.store, &call(1, Role::Inspector), id(), (sample.revision, &seal)).unwrap();
        step(&self.store, &call(3, Role::Receiver), id(), (sample.revision, &Action::Receive)).unwrap()
    }

    fn enter(&self, sample: &Sample, values: &[Value]) -> Result<Sample, Error> {
        enter(&self.store, &call(4, Role::Tester), id(), (sample.revision, values), &self.catalogue)
    }

    fn item(&self, analyte: &str) -> Item {
        let items = self.store.read(|conn| items_of(conn, id())).unwrap();
        items.into_iter().find(|item| item.analyte == analyte).unwrap()
    }
}

fn value(analyte: &str, reported: &str) -> Value {
    let text = |text: &str| Some(text.to_owned());
    let beside = Beside { loq: text("0.005"), ..Beside::default() };
    let (analyte, reported) = (analyte.to_owned(), reported.to_owned());
    Value {
        analyte,
        reported,
        unit: text("mg/kg"),
        lod: text("0.002"),
        method: text("GB 23200.113-2018"),
        beside,
        ..Value::default()
    }
}

fn stated(limit: &str) -> StatedCriterion {
    let text = |text: &str| Some(text.to_owned());
    StatedCriterion {
        kind: "max".to_owned(),
        limit: text(limit),
        unit: text("mg/kg"),
        standard: "GB 2762-2022".to_owned(),
        clause: text("表1"),
        reason: "限量库无此产品".to_owned(),
        ..StatedCriterion::default()
    }
}

fn problems(outcome: Result<Sample, Error>) -> Vec<(String, &'static str)> {
    let Err(Error::Invalid(problems)) = outcome else { panic!("{outcome:?}") };
    problems.into_vec().into_iter().map(|problem| (problem.pointer, problem.code)).collect()
}

fn at<'a>(doc: &'a Json, pointer: &str) -> &'a Json {
    doc.pointer(pointer).unwrap_or_else(|| panic!("{pointer} in {doc}"))
}

#[test]
fn without_a_stated_criterion_the_catalogue_is_asked_by_class_analyte_and_date() {
    on_both(|bench| {
        let sample = bench.received("carbofuran lead");
        bench.enter(&sample, &[value("carbofuran", "0.021"), value("lead", "0.1")]).unwrap();
        let item = bench.item("carbofuran");
        assert_eq!(item.criterion_id.as_deref(), Some("L001"));
        assert_eq!((item.verdict.as_deref(), item.reason.as_deref()), (Some("nonconforming"), Some("beyond_limit")));
        assert_eq!((item.method.as_deref(), item.stated), (Some("GB 23200.113-2018"), None));
        assert_eq!(item.entry.unwrap().0, json!({"loq": "0.005"}));
        let judgement = item.judgement.unwrap().0;
        let criterion = at(&judgement, "/criteria/0");
        let shown = ["row", "standard", "valid_from", "kind", "limit", "unit", "origin"]
            .map(|field| at(criterion, &format!("/{field}")));
        let expected = ["L001", "GB 2763-2021", "2021-09-03", "max", "0.02", "mg/kg", "catalogue"];
        assert_eq!(shown.map(|field| field.as_str().unwrap()), expected);
        assert_eq!(at(&judgement, "/steps/3/zh"), "比较：0.021 <= 0.02 不成立");
        assert_eq!(at(&judgement, "/steps/3/en"), "0.021 <= 0.02 does not hold");
        let lead = bench.item("lead");
        assert_eq!((lead.verdict.as_deref(), lead.reason.as_deref()), (Some("not_judgeable"), Some("no_criterion")));
        assert_eq!((lead.criterion_id, lead.reported.as_deref()), (None, Some("0.1")));
    });
}

#[test]
fn a_stated_criterion_judges_and_waits_for_its_confirmation() {
    on_both(|bench| {
        let sample = bench.received("lead");
        let by = |limit| Value { criterion: Some(stated(limit)), ..value("lead", "0.1") };
        let sample = bench.enter(&sample, &[by("0.1")]).unwrap();
        let item = bench.item("lead");
        assert_eq!((item.verdict.as_deref(), item.criterion_id), (Some("conforming"), None));
        let document = item.stated.unwrap().0;
        assert_eq!(at(&document, "/criterion/reason"), "限量库无此产品");
        assert_eq!(at(&document, "/stated_by"), &json!(UserId(Uuid::from_u128(4)).to_string()));
        assert_eq!(at(&document, "/confirmed_by"), &Json::Null);
        assert_eq!(at(&item.judgement.unwrap().0, "/criteria/0/origin"), "laboratory");
        let sample = bench.enter(&sample, &[by("0.09")]).unwrap();
        assert_eq!(bench.item("lead").verdict.as_deref(), Some("nonconforming"));
        bench.enter(&sample, &[value("lead", "0.1")]).unwrap();
        assert_eq!(bench.item("lead").stated, None, "what is stated no more is gone");
    });
}

#[test]
fn every_problem_of_every_value_is_told_at_its_field() {
    on_both(|bench| {
        let sample = bench.received("lead carbofuran fipronil");
        let confirmation = Confirmation { at: Some("yesterday".to_owned()), ..Confirmation::default() };
        let plan = StatedCriterion {
            kind: "micro".to_owned(),
            reason: " ".to_owned(),
            standard: String::new(),
            ..stated("1")
        };
        let unit = StatedCriterion { unit: Some("furlong".to_owned()), ..stated("1") };
        let values = [
            Value { criterion: Some(plan), ..value("lead", " ") },
            Value { confirmation: Some(confirmation), ..value("carbofuran", "1") },
            Value { criterion: Some(unit), ..value("fipronil", "1") },
            value("fipronil", "1"),
            value("gold", "1"),
        ];
        let expected = [
            ("/results/0/reported", "missing"),
            ("/results/0/criterion/standard", "missing"),
            ("/results/0/criterion/reason", "missing"),
            ("/results/0/criterion/n", "unreadable"),
            ("/results/1/confirmation/value", "missing"),
            ("/results/1/confirmation/person", "missing"),
            ("/results/1/confirmation/at", "unreadable"),
            ("/results/2/criterion/unit", "unreadable"),
            ("/results/3/analyte", "item_twice"),
            ("/results/4/analyte", "item_not_ordered"),
        ];
        assert_eq!(problems(bench.enter(&sample, &values)), expected.map(|(pointer, code)| (pointer.to_owned(), code)));
        assert_eq!(bench.item("lead").reported, None, "nothing was stored");
        let by_total =
            Value { beside: Beside { total: Some("0.1".to_owned()), ..Beside::default() }, ..value("lead", "") };
        bench.enter(&sample, &[by_total]).unwrap();
    });
}

#[test]
fn a_retest_that_conforms_confirms_nothing() {
    on_both(|bench| {
        let mut sample = bench.received("carbofuran");
        let approve = Action::Approve { agrees: BTreeSet::new() };
        let check = Action::Check { confirms: BTreeSet::new(), leaves_out: BTreeMap::new() };
        let moved = |sample: &Sample, n, role, action: &Action| {
            step(&bench.store, &call(n, role), id(), (sample.revision, action))
        };
        for (retest, outcome) in [("0.02", Some(Denial::NotConfirmed)), ("0.03", None)] {
            let confirmation =
                Confirmation { value: retest.to_owned(), person: "演示".to_owned(), ..Confirmation::default() };
            let entered = [Value { confirmation: Some(confirmation), ..value("carbofuran", "0.04") }];
            sample = bench.enter(&sample, &entered).unwrap();
            let stored = bench.item("carbofuran").confirmation.unwrap().0;
            assert_eq!((at(&stored, "/value"), at(&stored, "/at")), (&json!(retest), &json!("2025-06-20T02:00:00Z")));
            match (moved(&sample, 5, Role::Checker, &check), outcome) {
                (Err(Error::DeniedFor(denial, items)), Some(expected)) => {
                    assert_eq!((denial, items), (expected, BTreeSet::from(["carbofuran".to_owned()])));
                }
                (Ok(checked), None) => drop(moved(&checked, 6, Role::Approver, &approve).unwrap()),
                (other, _) => panic!("{retest}: {other:?}"),
            }
        }
    });
}

#[test]
fn an_item_of_risk_monitoring_shows_a_problem_or_none() {
    on_both(|bench| {
        let sample = bench.received("carbofuran | chlorpyrifos lead");
        let values = [value("carbofuran", "0.01"), value("chlorpyrifos", "0.03"), value("lead", "1/58")];
        let sample = bench.enter(&sample, &values).unwrap();
        let verdicts = ["carbofuran", "chlorpyrifos", "lead"].map(|analyte| bench.item(analyte).verdict.unwrap());
        assert_eq!(verdicts, ["conforming", "problem", "not_judgeable"]);
        bench.enter(&sample, &[value("chlorpyrifos", "0.02")]).unwrap();
        assert_eq!(bench.item("chlorpyrifos").verdict.as_deref(), Some("no_problem"));
    });
}

#[test]
fn a_preview_judges_and_stores_nothing() {
    let catalogue = shipped().unwrap();
    let known = Case { food: Some("豇豆"), analyte: Some("克百威"), date: Some("2025-06-15"), ..Case::default() };
    let known = Case { result: Some("0.02"), unit: Some("mg/kg"), ..known };
    let stated = Case { result: Some("3"), kind: Some("max"), limit: Some("2"), ..Case::default() };
    let answers = preview(&catalogue, &[known, stated, Case::default()]);
    let answers: Vec<_> = answers.iter().map(|judgement| (judgement.verdict, judgement.reason)).collect();
    let expected = [
        (ItemVerdict::Conforming, Reason::WithinLimit),
        (ItemVerdict::Nonconforming, Reason::BeyondLimit),
        (ItemVerdict::NotJudgeable, Reason::NoCriterion),
    ];
    assert_eq!(answers, expected);
}

#[test]
fn a_value_is_read_from_json_and_what_is_left_out_is_none() {
    let read: Value = serde_json::from_value(json!({
        "analyte": "lead", "reported": "0.1", "lod_unit": "mg/kg", "moisture": "30",
        "criterion": {"kind": "max", "limit": "0.2", "standard": "GB 0", "reason": "演示"},
        "confirmation": {"value": "0.1", "person": "演示", "qc_batch": "Q1"},
    }))
    .unwrap();
    assert_eq!((read.beside.lod_unit.as_deref(), read.beside.moisture.as_deref()), (Some("mg/kg"), Some("30")));
    assert_eq!(read.criterion.unwrap().limit.as_deref(), Some("0.2"));
    assert_eq!(read.confirmation.unwrap().qc_batch.as_deref(), Some("Q1"));
    assert_eq!((read.unit, read.beside.loq), (None, None));
}
