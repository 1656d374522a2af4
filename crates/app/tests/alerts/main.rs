//! Alerts from the record of conclusions, on both databases: raised once, escalated, cleared, withdrawn, respected when closed.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod mail;
mod servers;

use hege_app::alerts::{Act, AlertRow, Filter, act, fetch, list, look_at_deadlines, refresh};
use hege_app::setup::{load, shipped, year_plan};
use hege_app::{Call, Error, PROVINCE, Scope, plans, verify};
use hege_core::{OrganisationId, Role, SampleId, SampleKind, Sector, Stage, TaskType, UserId};
use hege_rates::{Cell, Standing};
use hege_sampling::life_cycle::{Actor, Status};
use hege_store::Store;
use hege_store::alerts::alerts_of;
use hege_store::cells::{CellRow, cell_apply};
use hege_store::samples::{
    ConclusionRow, Item, Sample, SampleProgress, conclusion_insert, items_insert, sample_fetch, sample_insert,
    sample_progress,
};
use hege_store::types::{Doc, Id, Ts, Word};
use hege_testkit::databases;
use jiff::Timestamp;
use jiff::civil::date;
use serde_json::json;
use std::cell::Cell as Counter;
use std::collections::BTreeSet;
use uuid::Uuid;

struct Board {
    store: Store,
    ids: Counter<u128>,
}

fn on_both(test: impl Fn(&Board)) {
    for db in databases() {
        let store = Store::open(db.url(), 4).unwrap();
        store.migrate().unwrap();
        let board = Board { store, ids: Counter::new(1 << 64) };
        load(&board.store, at(2025, 1, 1), &|| board.id()).unwrap();
        let plan = shipped().unwrap().plans.iter().find(|plan| plan.demo).unwrap();
        let mark = hege_app::Mark { person: None, at: at(2025, 1, 1), audit_id: board.id() };
        plans::put(&board.store, &year_plan(plan, true), mark).unwrap();
        test(&board);
    }
}

fn at(year: i16, month: i8, day: i8) -> Timestamp {
    hege_core::date::CHINA.to_timestamp(date(year, month, day).at(12, 0, 0, 0)).unwrap()
}

fn everywhere() -> Scope {
    Scope { region: PROVINCE, stages: BTreeSet::new() }
}

fn key(n: u128) -> SampleId {
    SampleId { city: "3301".parse().unwrap(), uuid: Uuid::from_u128(n) }
}

impl Board {
    fn id(&self) -> Uuid {
        self.ids.set(self.ids.get() + 1);
        Uuid::from_u128(self.ids.get())
    }

    /// A farm sample of a day, concluded a week later; failing on `analyte` when there is one.
    fn concluded(&self, n: u128, day: Timestamp, analyte: Option<&str>) {
        let standing = if analyte.is_some() { Standing::Nonconforming } else { Standing::Conforming };
        let decided = day.checked_add(jiff::SignedDuration::from_hours(7 * 24)).unwrap();
        let sample = sample(n, day, (standing, decided));
        let conclusion = ConclusionRow {
            city: 3301,
            sample_id: sample.id,
            revision: 1,
            standing: Word(standing),
            decided_at: Ts(decided),
            decided_by: Id(Uuid::nil()),
            reason: String::new(),
        };
        self.store
            .write(|conn| {
                sample_insert(conn, std::slice::from_ref(&sample))?;
                if let Some(analyte) = analyte {
                    items_insert(conn, &[failed(&sample, analyte)])?;
                }
                conclusion_insert(conn, &conclusion)?;
                cell_apply(conn, &CellRow::of(&sample, Cell::change(None, Some(standing))))
            })
            .unwrap();
    }

    /// Voids a sample as an upheld objection would.
    fn voided(&self, n: u128) {
        self.store
            .write(|conn| {
                let row = sample_fetch(conn, key(n))?.unwrap();
                let change = SampleProgress {
                    status: Status::Voided.code().to_owned(),
                    standing: Word(Standing::Voided),
                    ..SampleProgress::of(&row)
                };
                let before = row.standing.0;
                let row = sample_progress(conn, key(n), row.revision, &change)?.unwrap();
                cell_apply(conn, &CellRow::of(&row, Cell::change(Some(before), Some(Standing::Voided))))
            })
            .unwrap();
    }

    fn look(&self, now: Timestamp) -> usize {
        refresh(&self.store, now, &|| self.id()).unwrap()
    }

    fn stored(&self, rule: &str) -> Vec<AlertRow> {
        let plan = plans::fetch(&self.store, None).unwrap();
        let rows = self.store.read(|conn| alerts_of(conn, Id(plan.id.0))).unwrap();
        rows.into_iter().filter(|row| row.rule == rule).collect()
    }

    fn told(&self, rule: &str) -> Vec<(String, String)> {
        self.stored(rule).into_iter().map(|row| (row.status, row.grade)).collect()
    }

    fn act(&self, alert: &AlertRow, what: Act, scope: Scope) -> Result<AlertRow, Error> {
        let call = Call {
            actor: Actor { user: UserId(Uuid::from_u128(7)), roles: BTreeSet::from([Role::Reviewer]) },
            organisation: OrganisationId(Uuid::from_u128(8)),
            scope,
            at: at(2025, 6, 1),
            audit_id: self.id(),
        };
        act(&self.store, &call, public(alert), (alert.revision, what, "已通知核查"))
    }
}

fn public(alert: &AlertRow) -> SampleId {
    format!("{:04}-{}", alert.city, alert.id.0).parse().unwrap()
}

fn sample(n: u128, day: Timestamp, (standing, decided): (Standing, Timestamp)) -> Sample {
    Sample {
        city: 3301,
        id: Id(Uuid::from_u128(n)),
        form_no: format!("NCP25330106{n:06}"),
        status: "approved".to_owned(),
        standing: Word(standing),
        stage: Word(Stage::Farm),
        sector: Some(Word(Sector::Agriculture)),
        task_type: Word(TaskType::RoutineMonitoring),
        sample_kind: Word(SampleKind::PrimaryProduce),
        region: 330_106,
        food_class: "33.02".to_owned(),
        product_name: "演示菠菜".to_owned(),
        sampled_unit: "演示市场".to_owned(),
        producer: Some("演示农场".to_owned()),
        lab_id: None,
        sampling_org_id: Id(Uuid::nil()),
        sampled_at: Ts(day),
        month: hege_core::Month::of(hege_core::date::china_date(day)).yyyymm(),
        deciding_date: None,
        form: Doc(json!({"version": 1})),
        personal: None,
        registered_by: Id(Uuid::nil()),
        registered_at: Ts(day),
        received_at: None,
        decided_at: Some(Ts(decided)),
        conclusion_revision: 1,
        revision: 1,
        task_id: None,
    }
}

fn failed(sample: &Sample, analyte: &str) -> Item {
    Item {
        city: sample.city,
        sample_id: sample.id,
        analyte: analyte.to_owned(),
        purpose: "supervised".to_owned(),
        reported: Some("0.5".to_owned()),
        unit: None,
        lod: None,
        method: None,
        criterion_id: None,
        verdict: Some("nonconforming".to_owned()),
        reason: None,
        entry: None,
        stated: None,
        left_out: None,
        judgement: None,
        confirmation: Some(Doc(json!({"value": "0.5"}))),
        entered_by: None,
        entered_at: None,
        revision: 1,
    }
}

fn said(status: &str, grade: &str) -> (String, String) {
    (status.to_owned(), grade.to_owned())
}

#[test]
fn a_stage_below_its_target_raises_one_notice_that_becomes_significant() {
    on_both(|board| {
        for n in 1..=28 {
            board.concluded(n, at(2025, 3, 3), None);
        }
        board.concluded(29, at(2025, 3, 4), Some("lead"));
        board.look(at(2025, 3, 20));
        assert_eq!(board.told("below_target"), [], "29 samples are too few");
        board.concluded(30, at(2025, 3, 5), Some("lead"));
        board.look(at(2025, 3, 20));
        assert_eq!(board.told("below_target"), [said("open", "notice")]);
        let notice = board.stored("below_target").remove(0);
        assert_eq!(notice.evidence.0["zh"], "年初至今 28/30 = 93.33 %，目标 96 %，p = 0.3388");
        board.look(at(2025, 3, 20));
        assert_eq!(board.stored("below_target"), std::slice::from_ref(&notice), "another look changes nothing");
        for n in 31..=36 {
            board.concluded(n, at(2025, 3, 6), Some("lead"));
        }
        board.look(at(2025, 3, 20));
        let escalated = board.stored("below_target").remove(0);
        assert_eq!((escalated.id, escalated.grade.as_str(), escalated.revision), (notice.id, "significant", 2));
        let events = fetch(&board.store, &everywhere(), public(&escalated)).unwrap().events;
        assert_eq!(events.iter().map(|event| event.kind.as_str()).collect::<Vec<_>>(), ["raised", "escalated"]);
    });
}

#[test]
fn a_look_at_an_earlier_instant_knows_nothing_of_what_came_later() {
    on_both(|board| {
        for n in 1..=40 {
            board.concluded(n, at(2025, 3, 3), (n > 36).then_some("lead"));
        }
        board.look(at(2025, 3, 9));
        assert_eq!(board.told("below_target"), []);
        board.look(at(2025, 3, 11));
        assert_eq!(board.told("below_target").len(), 1);
    });
}

#[test]
fn an_alert_whose_failures_are_voided_is_withdrawn_and_comes_back_with_them() {
    on_both(|board| {
        for n in 1..=40 {
            board.concluded(n, at(2025, 3, 3), (n > 38).then_some("malachite-green"));
        }
        board.look(at(2025, 3, 20));
        assert_eq!(board.told("below_target"), [said("open", "notice")]);
        assert_eq!(board.told("banned_substance"), [said("open", "significant"), said("open", "significant")]);
        board.voided(40);
        board.look(at(2025, 3, 21));
        assert_eq!(board.told("below_target"), [said("withdrawn", "notice")]);
        assert_eq!(board.stored("below_target")[0].ended_why.as_deref(), Some("unfounded"));
        let mut statuses: Vec<_> = board.told("banned_substance").into_iter().map(|(status, _)| status).collect();
        statuses.sort();
        assert_eq!(statuses, ["open", "withdrawn"]);
    });
}

#[test]
fn a_producer_that_fails_again_on_another_day_is_told_of_both_times() {
    on_both(|board| {
        board.concluded(1, at(2025, 3, 3), Some("lead"));
        board.concluded(2, at(2025, 3, 3), Some("lead"));
        board.look(at(2025, 3, 20));
        assert_eq!(board.told("repeat_producer"), [], "one day is one occasion");
        board.concluded(3, at(2025, 5, 3), Some("lead"));
        board.look(at(2025, 5, 20));
        assert_eq!(board.told("repeat_producer").len(), 3);
    });
}

#[test]
fn a_person_acknowledges_once_and_what_they_close_stays_closed() {
    on_both(|board| {
        for n in 1..=40 {
            board.concluded(n, at(2025, 3, 3), (n > 38).then_some("lead"));
        }
        board.look(at(2025, 3, 20));
        let alert = board.stored("below_target").remove(0);
        let hangzhou = Scope { region: "330100".parse().unwrap(), stages: BTreeSet::new() };
        assert!(matches!(board.act(&alert, Act::Acknowledge, hangzhou.clone()), Err(Error::NotFound)));
        let catering = Scope { region: PROVINCE, stages: BTreeSet::from([Stage::Catering]) };
        assert!(matches!(board.act(&alert, Act::Acknowledge, catering), Err(Error::NotFound)));
        let known = board.act(&alert, Act::Acknowledge, everywhere()).unwrap();
        assert_eq!((known.status.as_str(), known.note.as_deref()), ("acknowledged", Some("已通知核查")));
        assert!(matches!(board.act(&alert, Act::Acknowledge, everywhere()), Err(Error::Conflict)), "a stale revision");
        assert!(matches!(board.act(&known, Act::Acknowledge, everywhere()), Err(Error::Conflict)), "once is enough");
        let closed = board.act(&known, Act::Close, everywhere()).unwrap();
        assert_eq!((closed.status.as_str(), closed.ended_why.as_deref()), ("closed", Some("by_person")));
        assert!(matches!(board.act(&closed, Act::Close, everywhere()), Err(Error::Conflict)));
        board.look(at(2025, 6, 2));
        assert_eq!(board.told("below_target"), [said("closed", "notice")], "the same excursion is not raised again");
        let all = Filter::default();
        let of_hangzhou = list(&board.store, &hangzhou, (&all, 100)).unwrap().items;
        assert!(of_hangzhou.iter().all(|alert| alert.region != 330_000));
        assert!(list(&board.store, &everywhere(), (&all, 100)).unwrap().items.contains(&closed));
        assert_eq!(verify::city(&board.store, 3300).unwrap(), []);
    });
}

#[test]
fn what_the_counters_say_of_themselves_is_told_and_cleared() {
    on_both(|board| {
        for n in 1..=50 {
            board.concluded(n, at(2025, 3, 3), None);
        }
        board.look(at(2025, 3, 10));
        assert_eq!(board.told("silence").len(), 3, "only the farm stage has registered anything since January");
        (1..=3).for_each(|n| board.voided(n));
        board.look(at(2025, 3, 10));
        assert_eq!(board.told("voids"), [said("open", "notice")]);
        assert_eq!(board.stored("voids")[0].evidence.0["en"], "3 of 50 samples voided, 6.00 % (at most 5 %)");
        for n in 51..=80 {
            board.concluded(n, at(2025, 3, 4), None);
        }
        board.look(at(2025, 3, 11));
        assert_eq!(board.told("voids"), [said("cleared", "notice")]);
        board.look(at(2025, 5, 1));
        assert_eq!(board.told("silence").len(), 4);
    });
}

#[test]
fn failures_in_a_row_warn_early_and_further_signals_add_to_the_open_alert() {
    on_both(|board| {
        for n in 1..=8 {
            board.concluded(n, at(2025, 3, 3), Some("lead"));
        }
        board.look(at(2025, 3, 20));
        assert_eq!(board.told("cusum"), []);
        for n in 9..=16 {
            board.concluded(n, at(2025, 3, 4), Some("lead"));
        }
        board.look(at(2025, 3, 20));
        assert_eq!(board.told("cusum"), [said("open", "notice")]);
        let signals = || board.stored("cusum")[0].evidence.0["signals"].as_u64().unwrap();
        let first = signals();
        for n in 17..=40 {
            board.concluded(n, at(2025, 3, 5), Some("lead"));
        }
        board.look(at(2025, 3, 20));
        assert_eq!(board.told("cusum"), [said("open", "notice")]);
        assert!(signals() > first);
        let seen = board.stored("cusum").remove(0);
        board.look(at(2025, 3, 21));
        assert_eq!(board.stored("cusum"), [seen]);
    });
}

#[test]
fn a_year_without_a_calendar_is_told() {
    on_both(|board| {
        let look = |now| look_at_deadlines(&board.store, now, &|| board.id()).unwrap();
        assert_eq!(look(at(2025, 3, 10)), 0);
        assert_eq!(look(at(2030, 3, 10)), 1);
        assert_eq!(board.told("calendar_missing"), [said("open", "notice")]);
        assert_eq!(look(at(2030, 3, 10)), 0);
        assert_eq!(look(at(2026, 3, 10)), 1);
        assert_eq!(board.told("calendar_missing"), [said("cleared", "notice")]);
    });
}

#[test]
fn two_servers_that_look_at_once_raise_each_alert_once() {
    on_both(|board| {
        for n in 1..=40 {
            board.concluded(n, at(2025, 3, 3), (n > 36).then_some("lead"));
        }
        let looking = |first: u128| {
            let store = board.store.clone();
            move || {
                let next = std::sync::atomic::AtomicU64::new(0);
                let id =
                    || Uuid::from_u128(first + u128::from(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)));
                refresh(&store, at(2025, 3, 20), &id).unwrap()
            }
        };
        let made: usize = std::thread::scope(|scope| {
            let threads = [1_u128 << 80, 1 << 81, 1 << 82].map(|first| scope.spawn(looking(first)));
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        let plan = plans::fetch(&board.store, None).unwrap();
        let rows = board.store.read(|conn| alerts_of(conn, Id(plan.id.0))).unwrap();
        assert_eq!(rows.len(), made);
        assert_eq!(board.told("below_target"), [said("open", "notice")]);
        assert_eq!(verify::city(&board.store, 3300).unwrap(), []);
    });
}
