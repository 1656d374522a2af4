//! Samples of the past from a file: what goes in, what is said of the rest, and that the same file again changes nothing.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "imports/official.rs"]
mod official;
#[path = "imports/published.rs"]
mod published;

use hege_app::catalogue::shipped;
use hege_app::imports::{self, Book, Format, GoOn, Import, Surroundings, Which};
use hege_app::reference::{OrganisationKind, Regions};
use hege_app::{Call, DataKey, Error, PROVINCE, Scope, organisations, setup};
use hege_core::{OrganisationId, Role, Stage, TaskType, UserId};
use hege_lab::Catalogue;
use hege_rates::Standing;
use hege_sampling::life_cycle::{Action, Actor, Denial};
use hege_store::Store;
use hege_store::cells::{CellRow, cells_between};
use hege_store::imports::{Wanted, samples_whole};
use hege_store::samples::{Item, Sample, custody_of};
use hege_store::verify::verify_city;
use hege_testkit::databases;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use uuid::Uuid;

const FILE: &str = include_str!("../../../tests/fixtures/import-samples.csv");

struct House {
    store: Store,
    catalogue: Catalogue,
    regions: Regions,
    key: DataKey,
    folder: tempfile::TempDir,
}

fn on_both(test: impl Fn(&House)) {
    for db in databases() {
        let store = Store::open(db.url(), 4).unwrap();
        store.migrate().unwrap();
        setup::load(&store, "2026-01-01T00:00:00Z".parse().unwrap(), &Uuid::new_v4).unwrap();
        let regions = setup::regions(&store).unwrap();
        let folder = tempfile::tempdir().unwrap();
        test(&House { store, catalogue: shipped().unwrap(), regions, key: DataKey::generate().unwrap(), folder });
    }
}

fn call(region: &str) -> Call {
    Call {
        actor: Actor { user: UserId(Uuid::from_u128(1)), roles: [Role::Administrator].into() },
        organisation: OrganisationId(Uuid::from_u128(2)),
        scope: Scope { region: region.parse().unwrap(), stages: BTreeSet::new() },
        at: "2026-01-02T00:00:00Z".parse().unwrap(),
        audit_id: Uuid::new_v4(),
    }
}

fn mark() -> hege_app::Mark {
    hege_app::Mark { person: None, at: province().at, audit_id: Uuid::new_v4() }
}

fn province() -> Call {
    call(&PROVINCE.to_string())
}

impl House {
    fn write(&self, name: &str, bytes: &[u8]) -> std::path::PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn import_by(&self, call: &Call, path: &Path, (dry_run, go_on): (bool, GoOn<'_>)) -> Result<Import, Error> {
        let opened = imports::open(path, "file.csv", None)?;
        let now = jiff::Timestamp::UNIX_EPOCH;
        let begun = imports::begin(&self.store, call, &opened, (Uuid::new_v4(), dry_run, now))?;
        let around = Surroundings {
            store: &self.store,
            data_key: &self.key,
            catalogue: &self.catalogue,
            regions: &self.regions,
            new_id: &Uuid::new_v4,
            clock: &|| jiff::Timestamp::UNIX_EPOCH,
        };
        imports::run(&around, call, (&opened, begun), go_on)
    }

    fn import(&self, text: &str) -> Import {
        let path = self.write("file.csv", text.as_bytes());
        self.import_by(&province(), &path, (false, &|_| true)).unwrap()
    }

    /// Of each row its verdict and the codes of what was said.
    fn said(&self, import: &Import) -> BTreeMap<u64, (bool, Vec<String>)> {
        let mut out = Vec::new();
        imports::errors(&self.store, import, (&mut out, Format::Csv)).unwrap();
        let mut said: BTreeMap<u64, (bool, Vec<String>)> = BTreeMap::new();
        for record in csv::Reader::from_reader(out.as_slice()).into_records().map(Result::unwrap) {
            let row = said.entry(record[0].parse().unwrap()).or_default();
            row.0 = record[2].starts_with("拒绝");
            row.1.push(record[5].to_owned());
        }
        said
    }

    fn samples(&self) -> BTreeMap<String, (Sample, Vec<Item>)> {
        let whole = self.store.read(|conn| samples_whole(conn, &Wanted::default(), None, 1_000)).unwrap();
        whole.into_iter().map(|(sample, items, _)| (sample.form_no.clone(), (sample, items))).collect()
    }

    fn cells(&self) -> Vec<CellRow> {
        self.store.read(|conn| cells_between(conn, 201_901, 202_612)).unwrap()
    }

    fn export(&self, format: Format) -> Vec<u8> {
        let mut out = Vec::new();
        imports::samples(&self.store, &province(), &Which::default(), (&mut out, format), &|_| {}).unwrap();
        out
    }

    fn whole(&self) {
        assert_eq!(self.store.read(|conn| verify_city(conn, 3301)).unwrap(), []);
    }
}

fn counts(import: &Import) -> [i64; 6] {
    [import.rows, import.accepted, import.rejected, import.unchanged, import.warned, import.samples]
}

#[test]
fn each_row_of_a_file_with_every_defect_is_answered_and_the_valid_samples_go_in() {
    on_both(|house| {
        let import = house.import(FILE);
        let expected: &[(u64, bool, &[&str])] = &[
            (5, false, &["not_counted"]),
            (6, true, &["ambiguous_slash"]),
            (7, true, &["date_not_number", "ambiguous_slash"]),
            (8, true, &["region_unknown", "lost_exponent"]),
            (9, true, &["sample_rejected"]),
            (11, false, &["failure_not_shown"]),
            (12, false, &["verdict_differs"]),
            (13, true, &["unreadable"]),
            (14, true, &["analyte_unknown"]),
            (15, true, &["required"]),
            (16, true, &["not_consecutive"]),
            (17, true, &["sample_rejected"]),
            (18, true, &["rows_differ"]),
            (19, true, &["not_consecutive"]),
            (21, true, &["basis_missing", "unknown_word", "bad_date"]),
        ];
        let said = house.said(&import);
        for (row, rejected, codes) in expected {
            let codes: Vec<String> = codes.iter().map(|code| (*code).to_owned()).collect();
            assert_eq!(said.get(row), Some(&(*rejected, codes)), "row {row}");
        }
        assert!(said[&22].0 && said[&22].1.contains(&"too_few_fields".to_owned()), "{:?}", said[&22]);
        let others: Vec<_> =
            said.keys().filter(|row| **row != 22 && !expected.iter().any(|(of, ..)| of == *row)).collect();
        assert!(others.is_empty(), "{others:?}");
        assert_eq!(counts(&import), [21, 8, 13, 0, 3, 7]);
        let samples = house.samples();
        let standing = |form_no: &str| samples[form_no].0.standing.0;
        assert_eq!(standing("H1"), Standing::Nonconforming);
        assert_eq!(samples["H1"].1.len(), 2);
        assert_eq!(standing("H2"), Standing::Conforming);
        assert_eq!((standing("H3"), samples["H3"].0.task_type.0), (Standing::Conforming, TaskType::Unstated));
        assert_eq!(standing("H7"), Standing::Conforming);
        assert_eq!(standing("H8"), Standing::NotJudgeable, "a pass is not claimed against a stated failure");
        assert_eq!(standing("H9"), Standing::Nonconforming, "our verdict counts");
        assert_eq!(standing("H14"), Standing::Conforming, "a limit of its own judges what the catalogue does not know");
        assert_eq!(samples["H9"].1[0].reported.as_deref(), Some("0.50"));
        assert_eq!(samples.len(), 7);
        house.whole();
    });
}

#[test]
fn a_sample_with_two_failures_counts_once_and_one_without_a_task_type_under_no_task_that_counts() {
    on_both(|house| {
        house.import(FILE);
        let cells = house.cells();
        let of = |task: TaskType, month: i32| {
            let found = cells.iter().find(|cell| cell.task_type.0 == task && cell.month == month).unwrap();
            assert_eq!((found.stage.0, found.city), (Stage::Farm, 3301));
            (found.conforming, found.nonconforming, found.not_judgeable)
        };
        assert_eq!(of(TaskType::RoutineMonitoring, 202_506), (2, 2, 1));
        assert_eq!(of(TaskType::Unstated, 202_506), (1, 0, 0));
        assert_eq!(of(TaskType::RoutineMonitoring, 201_906), (1, 0, 0));
    });
}

#[test]
fn the_same_file_again_changes_nothing_and_another_content_is_refused() {
    on_both(|house| {
        house.import(FILE);
        let before = (house.samples(), house.cells());
        let again = house.import(FILE);
        assert_eq!(counts(&again), [21, 0, 13, 8, 0, 0]);
        let other = house.import(&FILE.replace("0.50", "0.5"));
        assert_eq!(counts(&other), [21, 0, 14, 7, 0, 0]);
        assert_eq!(house.said(&other)[&12], (true, vec!["verdict_differs".to_owned(), "differs".to_owned()]));
        assert_eq!((house.samples(), house.cells()), before);
        house.whole();
    });
}

#[test]
fn a_dry_run_says_the_same_and_stores_no_sample() {
    on_both(|house| {
        let path = house.write("file.csv", FILE.as_bytes());
        let dry = house.import_by(&province(), &path, (true, &|_| true)).unwrap();
        assert_eq!((house.samples().len(), house.cells().len()), (0, 0));
        let real = house.import(FILE);
        assert_eq!(counts(&dry), counts(&real));
        assert_eq!(house.said(&dry), house.said(&real));
        let fetched = imports::fetch(&house.store, &province(), dry.id.0).unwrap();
        assert_eq!((fetched.state.as_str(), fetched.dry_run), ("done", true));
    });
}

/// Samples of one row each.
fn many(count: usize) -> String {
    let mut lines = FILE.lines();
    let header = lines.next().unwrap();
    let row = lines.find(|line| line.starts_with("H2,")).unwrap();
    let rows = (0..count).map(|n| row.replacen("H2", &format!("M{n}"), 1));
    std::iter::once(header.to_owned()).chain(rows).map(|line| line + "\n").collect()
}

#[test]
fn an_import_that_was_broken_off_says_so_and_the_same_file_finishes_it() {
    on_both(|house| {
        let path = house.write("file.csv", many(450).as_bytes());
        let broken = house.import_by(&province(), &path, (false, &|import| import.rows < 200));
        assert!(matches!(broken, Err(Error::Internal(_))), "{broken:?}");
        let first = &imports::list(&house.store, &province(), 10).unwrap()[0];
        assert_eq!((first.state.as_str(), first.accepted, first.total), ("failed", 200, 450));
        assert_eq!(first.notes.0[0]["code"], "broken_off");
        assert_eq!(house.samples().len(), 200);
        let again = house.import_by(&province(), &path, (false, &|_| true)).unwrap();
        assert_eq!(counts(&again), [450, 250, 0, 200, 0, 250]);
        assert_eq!(house.cells().iter().map(|cell| cell.conforming).sum::<i64>(), 450);
        house.whole();
    });
}

#[test]
fn two_imports_of_one_file_at_once_store_each_sample_once() {
    on_both(|house| {
        let path = house.write("file.csv", many(300).as_bytes());
        let both = std::thread::scope(|scope| {
            let run = || house.import_by(&province(), &path, (false, &|_| true)).unwrap();
            [scope.spawn(run), scope.spawn(run)].map(|import| import.join().unwrap())
        });
        let sum = |of: fn(&Import) -> i64| both.iter().map(of).sum::<i64>();
        assert_eq!((sum(|one| one.accepted), sum(|one| one.unchanged), sum(|one| one.rejected)), (300, 300, 0));
        assert_eq!(house.cells().iter().map(|cell| cell.conforming).sum::<i64>(), 300);
        house.whole();
    });
}

#[test]
fn what_is_silent_for_a_minute_is_interrupted() {
    on_both(|house| {
        let path = house.write("file.csv", FILE.as_bytes());
        let opened = imports::open(&path, "file.csv", None).unwrap();
        let now: jiff::Timestamp = "2026-01-02T00:00:00Z".parse().unwrap();
        let begun = imports::begin(&house.store, &province(), &opened, (Uuid::new_v4(), false, now)).unwrap();
        let later = |seconds| {
            imports::state(&begun, now.checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap()).to_owned()
        };
        assert_eq!((later(60), later(61)), ("running".to_owned(), "interrupted".to_owned()));
    });
}

#[test]
fn nobody_imports_beyond_their_region_or_without_the_role() {
    on_both(|house| {
        let path = house.write("file.csv", FILE.as_bytes());
        let import = house.import_by(&call("330200"), &path, (false, &|_| true)).unwrap();
        assert_eq!((import.accepted, house.samples().len()), (0, 0));
        assert_eq!(house.said(&import)[&4].1, ["outside_scope"]);
        let stranger = Call { actor: Actor { roles: [Role::Reviewer].into(), ..province().actor }, ..province() };
        let refused = house.import_by(&stranger, &path, (false, &|_| true));
        assert!(matches!(refused, Err(Error::Denied(_))), "{refused:?}");
        let other =
            Call { actor: Actor { user: UserId(Uuid::from_u128(9)), ..call("330200").actor }, ..call("330200") };
        assert!(matches!(imports::fetch(&house.store, &other, import.id.0), Err(Error::NotFound)));
        assert!(imports::list(&house.store, &other, 10).unwrap().is_empty());
    });
}

#[test]
fn an_export_comes_in_again_unchanged_as_csv_and_as_a_workbook_and_tells_no_personal_data() {
    on_both(|house| {
        house.import(&FILE.replace("演示市场 12 号摊", "=演示市场 12 号摊"));
        let before = house.samples();
        for format in [Format::Csv, Format::Xlsx] {
            let bytes = house.export(format);
            assert!(format == Format::Xlsx || !String::from_utf8_lossy(&bytes).contains("00000000000"));
            let path = house.write("again", &bytes);
            let again = house.import_by(&province(), &path, (false, &|_| true)).unwrap();
            assert_eq!(counts(&again), [8, 0, 0, 8, 0, 0], "{format:?}: {:?}", house.said(&again));
        }
        assert_eq!(house.samples(), before);
        assert!(before["H2"].0.sampled_unit.starts_with('='), "the guard is no part of the text");
    });
}

#[test]
fn personal_cells_are_sealed_and_not_repeated_in_the_error_file() {
    on_both(|house| {
        let text = FILE.replace("00000000000", "secret\u{1}0000");
        let import = house.import(&text);
        let mut out = Vec::new();
        imports::errors(&house.store, &import, (&mut out, Format::Csv)).unwrap();
        let file = String::from_utf8(out).unwrap();
        assert!(file.contains("bad_text") && file.contains("***") && !file.contains("secret"), "{file}");
        house.import(FILE);
        let (sample, _) = &house.samples()["H2"];
        assert!(!sample.form.0.to_string().contains("00000000000"));
        let id = hege_app::samples::id_of(sample).unwrap();
        let opened = hege_app::personal::open(&house.key, id, sample.personal.as_ref().unwrap()).unwrap();
        assert!(format!("{opened:?}").contains("00000000000"));
        let custody = house.store.read(|conn| custody_of(conn, id)).unwrap();
        assert_eq!((custody.len(), custody[0].kind.as_str()), (1, "imported"));
        assert_eq!(custody[0].detail.0["file_sha256"].as_str().map(str::len), Some(64));
    });
}

#[test]
fn an_imported_sample_of_no_known_laboratory_is_voided_by_two_administrators_and_one_of_a_known_by_its_approvers() {
    use hege_app::samples::{id_of, step};
    on_both(|house| {
        let laboratory = Uuid::from_u128(77);
        let of = (OrganisationKind::Laboratory, "演示检验所", PROVINCE);
        organisations::found(&house.store, of, (laboratory, mark())).unwrap();
        let last = |line: &str| match line.split(',').next() {
            Some("抽样单编号") => "检验机构名称",
            Some("H2") => "演示检验所",
            _ => "不存在的检验所",
        };
        let text: String = FILE.lines().map(|line| format!("{line},{}\n", last(line))).collect();
        house.import(&text);
        let samples = house.samples();
        let (unknown, known) = (&samples["H1"].0, &samples["H2"].0);
        assert_eq!((unknown.lab_id, known.lab_id.map(|id| id.0)), (None, Some(laboratory)));
        let somebody = |n: u128, role: Role, call: Call| Call {
            actor: Actor { user: UserId(Uuid::from_u128(n)), roles: [role].into() },
            ..call
        };
        let administrator = |n| somebody(n, Role::Administrator, province());
        let request = Action::RequestVoid { reason: "重复导入".to_owned() };
        let void = Action::Void { reason: "重复导入".to_owned() };
        let act = |call: &Call, sample: &Sample, action: &Action| {
            step(&house.store, call, id_of(sample).unwrap(), (sample.revision, action))
        };
        let refused = act(&administrator(5), known, &request);
        assert!(matches!(refused, Err(Error::Denied(Denial::WrongRole))), "{refused:?}");
        let elsewhere = somebody(5, Role::Administrator, call("330200"));
        assert!(matches!(act(&elsewhere, unknown, &request), Err(Error::NotFound)), "of another city");
        let auditor = somebody(5, Role::Auditor, province());
        assert!(matches!(act(&auditor, unknown, &request), Err(Error::Denied(Denial::WrongRole))));
        let alone = act(&administrator(5), unknown, &void);
        assert!(matches!(alone, Err(Error::Denied(Denial::SecondPerson))), "{alone:?}");
        let asked = act(&administrator(5), unknown, &request).unwrap();
        assert!(matches!(act(&administrator(5), &asked, &void), Err(Error::Denied(Denial::SecondPerson))));
        let before = house.cells();
        let voided = act(&administrator(6), &asked, &void).unwrap();
        assert_eq!((voided.status.as_str(), voided.standing.0), ("voided", Standing::Voided));
        assert_ne!(house.cells(), before, "it counts no longer");
        let approver = |n| Call { organisation: OrganisationId(laboratory), ..somebody(n, Role::Approver, province()) };
        let asked = act(&approver(7), known, &request).unwrap();
        assert_eq!(act(&approver(8), &asked, &void).unwrap().standing.0, Standing::Voided);
        house.whole();
        // What is there stays there: the same file again brings neither back.
        let again = house.import(&text);
        assert_eq!((again.samples, house.samples()["H1"].0.standing.0), (0, Standing::Voided));
    });
}
