//! The reads that lists, boards, searches, alerts and the worker do: held to their indexes by a test, measured by a bench.

use crate::fill::NOW;
use crate::samples::id;
use hege_core::names::Query;
use hege_core::{SampleId, Stage, TaskType};
use hege_store::alerts::{AlertFilter, alert_events_of, alert_list, alerts_by_rule, alerts_of};
use hege_store::audit::{audit_latest, audit_seal, audit_since, cities_unsealed};
use hege_store::cells::cells_between;
use hege_store::deadlines::{Awaited, Waiting, step_counts, waiting_counts, waiting_list};
use hege_store::imports::{Wanted, samples_whole};
use hege_store::listing::{Filter, Theirs, sample_list};
use hege_store::outbox::messages_take;
use hege_store::samples::{concluded, failed_items, form_no_holder, items_of, last_registered, sample_fetch};
use hege_store::search::{Search, sample_search};
use hege_store::tallies::{Cut, Detail, tallies, tallies_as_of};
use hege_store::types::{Id, Ts};
use hege_store::{Conn, Error};

pub(crate) type Read = Box<dyn Fn(&mut Conn) -> Result<(), Error>>;

/// A read, and why it may go through a whole table, where it may.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) whole: Option<&'static str>,
    pub(crate) read: Read,
}

fn case(name: impl Into<String>, read: impl Fn(&mut Conn) -> Result<(), Error> + 'static) -> Case {
    Case { name: name.into(), whole: None, read: Box::new(read) }
}

fn whole(why: &'static str, case: Case) -> Case {
    Case { whole: Some(why), ..case }
}

pub(crate) fn lab() -> Id {
    id(800)
}

pub(crate) fn taker() -> Id {
    id(0x100)
}

pub(crate) fn everyone(theirs: Theirs) -> Filter {
    Filter { theirs, stages: Vec::new(), regions: None, status: None, task_type: None, after: None }
}

/// Every scope with every filter, on the first page and on a later one.
pub(crate) fn lists() -> Vec<Case> {
    let scopes = [
        ("province", Theirs::In(330_000, 339_999)),
        ("city", Theirs::In(330_100, 330_199)),
        ("county", Theirs::In(330_102, 330_102)),
        ("taker", Theirs::TakenBy(taker())),
        ("laboratory", Theirs::SentTo(lab())),
        ("both", Theirs::Either(taker(), lab())),
    ];
    let mut cases = Vec::new();
    for (scope, theirs) in scopes {
        let plain = everyone(theirs);
        let status = |status: &str| Filter { status: Some(status.to_owned()), ..plain.clone() };
        let filters = [
            ("all", plain.clone()),
            ("stage", Filter { stages: vec![Stage::Farm], ..plain.clone() }),
            ("task type", Filter { task_type: Some(TaskType::RiskMonitoring), ..plain.clone() }),
            ("no task type", Filter { task_type: Some(TaskType::Emergency), ..plain.clone() }),
            ("region", Filter { regions: Some((330_103, 330_103)), ..plain.clone() }),
            ("approved", status("approved")),
            ("received", status("received")),
            ("no status", status("testing")),
        ];
        for (asked, filter) in filters {
            for after in [None, Some((Ts(NOW - jiff::SignedDuration::from_hours(24 * 90)), id(1)))] {
                let filter = Filter { after, ..filter.clone() };
                let name =
                    format!("samples of a {scope}, {asked}, {}", if after.is_some() { "later" } else { "first" });
                cases.push(case(name, move |conn| sample_list(conn, &filter, 51).map(drop)));
            }
        }
    }
    cases
}

/// Searches a page.
pub(crate) fn found_by(conn: &mut Conn, filter: &Filter, text: &str) -> Result<(), Error> {
    let query = Query::parse(text).unwrap();
    let search = Search {
        filter,
        cities: (3300, 3399),
        by_names: !matches!(filter.theirs, Theirs::SentTo(_)),
        is_blind: &|_| false,
        query: Some(&query),
        form_no: None,
    };
    sample_search(conn, &search, 50).map(drop)
}

pub(crate) fn searches() -> Vec<Case> {
    let mut cases = Vec::new();
    for text in
        ["龙井", "市场", "鲸", "雪菜", "演示 龙井", "菜", "XBJ25330102", "2000000000017", "91330000MA00000001", "XBJ25"]
    {
        for (scope, theirs) in [("province", Theirs::In(330_000, 339_999)), ("laboratory", Theirs::SentTo(lab()))] {
            let filter = everyone(theirs);
            cases.push(case(format!("search of a {scope} for {text}"), move |conn| found_by(conn, &filter, text)));
        }
    }
    cases
}

const YEAR: (i32, i32) = (202_501, 202_512);

pub(crate) fn boards() -> Vec<Case> {
    let cut = |low, high| Cut { months: YEAR, regions: (low, high), detail: Detail::None };
    vec![
        case("rates", |conn| cells_between(conn, YEAR.0, YEAR.1).map(drop)),
        case("rates of a county", move |conn| tallies(conn, cut(330_102, 330_102)).map(drop)),
        case("rates of a county as of", move |conn| tallies_as_of(conn, cut(330_102, 330_102), Ts(NOW)).map(drop)),
        whole(
            "the year of every sample is what is asked for",
            case("rates as of", move |conn| tallies_as_of(conn, cut(330_000, 339_999), Ts(NOW)).map(drop)),
        ),
    ]
}

/// Every filter of alerts, on the first page and on a later one.
pub(crate) fn alert_lists() -> Vec<Case> {
    let plain = AlertFilter { plan: id(7), status: None, regions: (330_000, 339_999), stages: Vec::new(), after: None };
    let filters = [
        ("all", plain.clone()),
        ("open", AlertFilter { status: Some("open".to_owned()), ..plain.clone() }),
        ("a county's", AlertFilter { regions: (330_102, 330_102), ..plain.clone() }),
        ("a stage's", AlertFilter { stages: vec![Stage::Farm], ..plain }),
    ];
    let mut cases = Vec::new();
    for (asked, filter) in filters {
        for after in [None, Some((Ts(NOW), id(1)))] {
            let filter = AlertFilter { after, ..filter.clone() };
            let name = format!("alerts, {asked}, {}", if after.is_some() { "later" } else { "first" });
            cases.push(case(name, move |conn| alert_list(conn, &filter, 51).map(drop)));
        }
    }
    cases
}

pub(crate) fn alerts() -> Vec<Case> {
    vec![
        whole(
            "every alert of the plan is what its conclusions are held against",
            case("alerts of a plan", |conn| alerts_of(conn, id(7)).map(drop)),
        ),
        case("alerts of a rule", |conn| alerts_by_rule(conn, "cusum").map(drop)),
        case("steps of an alert", |conn| alert_events_of(conn, (3300, id(7))).map(drop)),
        whole(
            "every conclusion of the year is what an alert follows from",
            case("conclusions of a stage", |conn| concluded(conn, Stage::Farm, YEAR).map(drop)),
        ),
        whole(
            "one sample in thirty fails, and each has its item",
            case("failures of a year", |conn| failed_items(conn, YEAR).map(drop)),
        ),
        case("failures of a month", |conn| failed_items(conn, (202_506, 202_506)).map(drop)),
        case("last registration", |conn| last_registered(conn, Stage::Catering).map(drop)),
    ]
}

/// Pages of an export: the first, one within a city, and one that goes on in the next city.
pub(crate) fn exports() -> Vec<Case> {
    let wanted = Wanted { regions: vec![(330_000, 339_999)], ..Wanted::default() };
    let narrow = Wanted {
        stages: vec![Stage::Farm],
        regions: vec![(330_000, 339_999), (330_102, 330_102)],
        from: Some(Ts(NOW - jiff::SignedDuration::from_hours(24 * 90))),
        until: Some(Ts(NOW)),
    };
    let mut cases = Vec::new();
    for (name, wanted) in [("everything", wanted), ("a stage of a county", narrow)] {
        for after in [None, Some((3301, id(1))), Some((3301, Id(uuid::Uuid::max())))] {
            let wanted = wanted.clone();
            let name = format!("export of {name} after {after:?}");
            cases.push(case(name, move |conn| samples_whole(conn, &wanted, after, 50).map(drop)));
        }
    }
    cases
}

pub(crate) fn others() -> Vec<Case> {
    let sample = || SampleId { city: "3301".parse().unwrap(), uuid: id(1).0 };
    vec![
        case("a sample", move |conn| sample_fetch(conn, sample()).map(drop)),
        case("items of a sample", move |conn| items_of(conn, sample()).map(drop)),
        case("holder of a number", |conn| form_no_holder(conn, 3301, "XBJ25").map(drop)),
        case("record since", |conn| audit_since(conn, Ts(NOW - jiff::SignedDuration::from_hours(24))).map(drop)),
        case("latest of the record", |conn| audit_latest(conn, &["session_began"]).map(drop)),
        case("cities to seal", |conn| cities_unsealed(conn).map(drop)),
        case("sealing", |conn| audit_seal(conn, 3301, Ts(NOW), 500).map(drop)),
        case("messages to take", |conn| messages_take(conn, "concluded", (Ts(NOW), Ts(NOW)), 500).map(drop)),
    ]
}

/// What waits, for everybody who asks, on the first page and on a later one, and counted.
pub(crate) fn waiting() -> Vec<Case> {
    let scopes = [
        ("province", Theirs::In(330_000, 339_999)),
        ("city", Theirs::In(330_100, 330_199)),
        ("county", Theirs::In(330_102, 330_102)),
        ("taker", Theirs::TakenBy(taker())),
        ("laboratory", Theirs::SentTo(lab())),
        ("both", Theirs::Either(taker(), lab())),
    ];
    let long_ago = NOW - jiff::SignedDuration::from_hours(24 * 365 * 9);
    let mut cases = Vec::new();
    for (scope, theirs) in scopes {
        for awaited in [Awaited::Delivery, Awaited::Report] {
            let waiting = Waiting {
                awaited,
                theirs: theirs.clone(),
                stages: vec![Stage::Production, Stage::Circulation, Stage::Catering],
                regions: None,
                lab: None,
                sampled: (Ts(long_ago), Ts(jiff::Timestamp::MAX)),
                begun: (Ts(long_ago), Ts(NOW)),
                after: None,
            };
            let of_lab = Waiting { lab: Some(lab()), regions: Some((330_100, 330_199)), ..waiting.clone() };
            let later = Ts(NOW - jiff::SignedDuration::from_hours(24 * 5));
            let after = Waiting { after: Some((later, id(1))), begun: (later, Ts(NOW)), ..waiting.clone() };
            for (asked, waiting) in [("all", waiting.clone()), ("of a laboratory", of_lab), ("later", after)] {
                let name = format!("{awaited:?} of a {scope}, {asked}");
                cases.push(case(name, move |conn| waiting_list(conn, &waiting, 51).map(drop)));
            }
            let name = format!("{awaited:?} of a {scope}, counted");
            cases.push(case(name, move |conn| waiting_counts(conn, &waiting).map(drop)));
        }
    }
    let month = (Ts(NOW - jiff::SignedDuration::from_hours(24 * 45)), Ts(NOW));
    for awaited in [Awaited::Delivery, Awaited::Report] {
        let steps =
            case(format!("{awaited:?} done or not"), move |conn| step_counts(conn, awaited, (month, month)).map(drop));
        cases.push(whole("the share of what is late follows from the samples of a month", steps));
    }
    cases
}
