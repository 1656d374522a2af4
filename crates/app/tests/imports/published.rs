//! Published bulletins of 2014 to 2020 with the defects that real files have (`tests/fixtures/published`).

use crate::{House, counts, on_both, province};
use hege_app::imports::{self, Import};
use std::collections::{BTreeMap, BTreeSet};

/// As they were published, with columns of their own.
const RECORDS: &str = include_str!("../../../../tests/fixtures/published/records.csv");
/// The same under the names of our columns; what bulletins do not say (stage, place, sampling time) is made up.
const AS_IMPORT: &str = include_str!("../../../../tests/fixtures/published/as-import.csv");

/// Rows below the header.
const ROWS: i64 = 131;

/// Tries a file, imports it twice, and holds that every row of it is accounted for each time. What was said of its rows.
fn accounted(house: &House, text: &str) -> (Import, BTreeMap<u64, Vec<String>>) {
    let path = house.write("tried.csv", text.as_bytes());
    let before = (house.samples(), house.cells());
    let dry = house.import_by(&province(), &path, (true, &|_| true)).unwrap();
    assert_eq!((house.samples(), house.cells()), before, "a dry run stores no sample");
    let done = house.import(text);
    assert_eq!(counts(&dry), counts(&done));
    assert_eq!(house.said(&dry), house.said(&done));
    let [rows, accepted, rejected, unchanged, _, samples] = counts(&done);
    assert_eq!((rows, accepted + rejected + unchanged), (ROWS, ROWS), "each row has a verdict");
    let said = house.said(&done);
    let refused: BTreeSet<u64> = said.iter().filter(|(_, (refused, _))| *refused).map(|(row, _)| *row).collect();
    assert_eq!(i64::try_from(refused.len()).unwrap(), rejected, "each row that is refused is told why");
    assert_eq!(i64::try_from(house.samples().len() - before.0.len()).unwrap(), samples);
    house.whole();
    let again = house.import(text);
    assert_eq!(counts(&again)[1..4], [0, rejected, accepted + unchanged], "the same again changes nothing");
    (done, said.into_iter().map(|(row, (_, codes))| (row, codes)).collect())
}

#[test]
fn the_file_as_it_was_published_is_refused_as_a_whole_with_every_column_it_lacks() {
    on_both(|house| {
        let path = house.write("published.csv", RECORDS.as_bytes());
        let refused = imports::open(&path, "published.csv", None).map(drop).unwrap_err();
        let hege_app::Error::Invalid(problems) = refused else { unreachable!("{refused:?}") };
        let of = |code: &str| problems.as_slice().iter().filter(|problem| problem.code == code).count();
        assert!(of("unknown_column") > 10 && of("column_missing") > 5, "{problems:?}");
        assert!(house.samples().is_empty());
    });
}

#[test]
fn under_our_names_every_row_is_accounted_for_and_each_defect_told_at_its_column() {
    on_both(|house| {
        let (done, said) = accounted(house, AS_IMPORT);
        assert_eq!(counts(&done)[1..3], [67, 64]);
        let rows = |code: &str| said.values().filter(|codes| codes.iter().any(|said| said == code)).count();
        assert_eq!(rows("food_class_unknown"), 63, "names of dishes and brands are no food class");
        // 暂无标准值, and limits in brackets with words: no limit is guessed from them.
        assert_eq!(rows("bad_criterion") + rows("unreadable"), 24);
        let mut out = Vec::new();
        imports::errors(&house.store, &done, (&mut out, imports::Format::Csv)).unwrap();
        let told = csv::Reader::from_reader(out.as_slice()).into_records().map(Result::unwrap);
        for record in told.filter(|record| &record[5] == "bad_criterion") {
            assert_eq!(&record[3], "最大允许限", "{record:?}");
            assert!(["暂无标准值", "("].iter().any(|limit| record[4].starts_with(limit)), "{record:?}");
        }
    });
}

#[test]
fn decimal_points_that_became_slashes_are_told_row_by_row_and_never_read() {
    on_both(|house| {
        // With a food class that is known and limits that are read, what is left is the defects of results.
        let mended: String = AS_IMPORT
            .lines()
            .map(|line| {
                let line = line.replace("(不得检出)", "不得检出").replace("(≤100μg/kg)", "100");
                let line = line.replace("(100μg/kg)", "100").replace("μg/kg(不得检出)", "不得检出");
                let line = line.replace("(μg/kg)(≤100)", "100").replace("暂无标准值", "0.05");
                let line = line.replace("(以恩诺沙星与环丙沙星之和计)", "").replace("(总量)", "");
                let mut cells: Vec<&str> = line.split(',').collect();
                if cells[0] != "抽样单编号" {
                    cells[5] = "菠菜";
                }
                format!("{}\n", cells.join(","))
            })
            .collect();
        let (done, said) = accounted(house, &mended);
        let slashed: Vec<&str> = mended
            .lines()
            .filter(|line| {
                line.split(',').nth(12).is_some_and(|result| {
                    result.contains('/') && !result.ends_with("kg") || result.matches('/').count() > 1
                })
            })
            .collect();
        assert_eq!(slashed.len(), 11, "{slashed:#?}");
        let refused = said.values().filter(|codes| codes.iter().any(|code| code == "ambiguous_slash")).count();
        assert!(refused >= 9, "{said:#?}");
        let stored = house.samples();
        assert!(slashed.iter().all(|line| !stored.contains_key(line.split(',').next().unwrap())));
        assert!(counts(&done)[1] > 100, "{:?}", counts(&done));
    });
}

#[test]
fn rows_that_go_on_without_a_number_items_in_one_cell_and_dates_as_numbers_are_told_and_nothing_of_their_sample_goes_in()
 {
    on_both(|house| {
        // As bulletins print them: the second item of a sample on a row without number, several in one cell, a date as a spreadsheet counts it.
        let bent: String = AS_IMPORT
            .lines()
            .enumerate()
            .map(|(n, line)| {
                let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
                match n {
                    5 => cells[0] = String::new(),
                    7 => (cells[11], cells[12]) = ("氯氰菊酯║毒死蜱".to_owned(), "1.32║0.5".to_owned()),
                    9 => cells[9] = "42208".to_owned(),
                    _ => {}
                }
                format!("{}\n", cells.join(","))
            })
            .collect();
        let (_, said) = accounted(house, &bent);
        let plain = accounted(house, AS_IMPORT).1;
        let known = |row: u64| plain.get(&row).cloned().unwrap_or_default();
        for (row, code) in [(6, "required"), (8, "several_in_cell"), (10, "bad_date")] {
            assert!(
                said.get(&row).is_some_and(|codes| codes.iter().any(|said| said == code)),
                "{row}: {:?}",
                said.get(&row)
            );
            assert!(!known(row).iter().any(|said| said == code), "{row}");
        }
    });
}
