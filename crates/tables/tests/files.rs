//! Files as they come: every encoding and every trick is read rightly or refused as a whole, with its reason.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use hege_core::Problem;
use hege_tables::{CellKind, Format, LIMITS, Row, Source, TableWriter, looks_like_gb18030};
use proptest::prelude::*;
use rust_xlsxwriter::{ExcelDateTime, Format as CellFormat, Formula, Workbook};
use std::convert::Infallible;
use std::io::{Cursor, Write as _};
use std::path::PathBuf;
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

struct Put {
    _folder: TempDir,
    path: PathBuf,
}

fn put(bytes: &[u8]) -> Put {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, bytes).unwrap();
    Put { _folder: folder, path }
}

type Read = Vec<(u64, Vec<(String, CellKind)>)>;

fn rows(source: &Source) -> Read {
    let mut rows = Vec::new();
    let read = source.read(|row: &Row<'_>| {
        rows.push((row.number, row.cells.iter().map(|cell| (cell.text.to_string(), cell.kind)).collect()));
        Ok::<_, Infallible>(())
    });
    read.unwrap();
    rows
}

fn open(bytes: &[u8]) -> Result<(Read, Vec<&'static str>), &'static str> {
    let put = put(bytes);
    let source = Source::open(&put.path, None).map_err(|problem: Problem| problem.code)?;
    Ok((rows(&source), source.notes().iter().map(|note| note.code).collect()))
}

fn texts(read: &Read) -> Vec<Vec<&str>> {
    read.iter().map(|(_, cells)| cells.iter().map(|(text, _)| text.as_str()).collect()).collect()
}

fn utf16(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
    std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(order).collect()
}

#[test]
fn text_is_read_in_the_encodings_that_spreadsheets_write_and_the_choice_is_told() {
    let table = "样品,结果\n韭菜,0.50\n";
    let expected = vec![vec!["样品", "结果"], vec!["韭菜", "0.50"]];
    let gbk = b"\xd1\xf9\xc6\xb7,\xbd\xe1\xb9\xfb\n\xbe\xc2\xb2\xcb,0.50\n".to_vec();
    let marked = [b"\xef\xbb\xbf", table.as_bytes()].concat();
    let cases = [
        (table.as_bytes().to_vec(), vec![]),
        (marked, vec![]),
        (gbk, vec!["encoding"]),
        (utf16(table, u16::to_le_bytes), vec!["encoding"]),
        (utf16(table, u16::to_be_bytes), vec!["encoding"]),
        (utf16(&table.replace(',', "\t"), u16::to_le_bytes), vec!["encoding", "separator"]),
        (table.replace(',', ";").into_bytes(), vec!["separator"]),
        (table.replace('\n', "\r\n").into_bytes(), vec![]),
    ];
    for (bytes, notes) in cases {
        let (read, told) = open(&bytes).unwrap();
        assert_eq!((texts(&read), told), (expected.clone(), notes), "{bytes:?}");
    }
}

#[test]
fn bytes_that_are_no_text_are_refused_and_never_replaced() {
    assert_eq!(open(b"a,b\n\xff\xfe1,2\n"), Err("encoding_unknown"));
    assert_eq!(open(b"a,b\n1,\x81 \n"), Err("encoding_unknown"));
    assert_eq!(open(b"a,b\n1\x002,3\n"), Err("nul_byte"));
    assert_eq!(open(b""), Err("file_empty"));
    assert_eq!(open(b"\n\r\n , \n"), Err("file_empty"));
    assert_eq!(open(b"\xef\xbb\xbf"), Err("file_empty"));
    assert!(looks_like_gb18030(b"\xb2\xe2") && !looks_like_gb18030("测".as_bytes()) && !looks_like_gb18030(b"\xb2"));
}

#[test]
fn rows_are_numbered_as_a_spreadsheet_shows_them() {
    let (read, _) = open(b"a,b\n\n1,\"two\nlines\"\n\n\n2,3\n").unwrap();
    let numbers: Vec<u64> = read.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, [1, 3, 6]);
    assert_eq!(texts(&read)[1], ["1", "two\nlines"]);
}

#[test]
fn a_quote_without_its_other_half_does_not_swallow_a_large_file() {
    let mut bytes = b"a,b\n1,\"2\n".to_vec();
    assert_eq!(open(&bytes).unwrap().0.len(), 2, "a small one is a row that has too much in it");
    bytes.extend(b"3,4\n".repeat(LIMITS.record / 2));
    assert_eq!(open(&bytes), Err("record_too_long"));
    assert_eq!(open(&[b"a\n".to_vec(), vec![b'x'; 10 * 1024 * 1024]].concat()), Err("record_too_long"));
    let wide = |columns: usize| vec!["x"; columns].join(",").into_bytes();
    assert!(open(&wide(LIMITS.columns)).is_ok());
    assert_eq!(open(&wide(LIMITS.columns + 1)), Err("too_many_columns"));
    assert_eq!(open(&wide(17_000)), Err("too_many_columns"));
}

#[test]
fn what_only_calls_itself_a_table_is_told_what_it_is() {
    assert_eq!(open(b"<html><table><tr><td>1</td></tr></table></html>"), Err("html"));
    assert_eq!(
        open(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 an old or an encrypted workbook"),
        Err("old_or_encrypted_excel")
    );
    assert_eq!(open(&archive(&[("word/document.xml", b"x")])), Err("not_xlsx"));
    assert_eq!(open(b"PK\x03\x04 and no archive"), Err("not_xlsx"));
    let whole = book(|sheet| {
        sheet.write_string(0, 0, "a").unwrap();
    });
    assert_eq!(open(&whole[..whole.len() / 2]), Err("not_xlsx"));
}

fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn an_archive_that_unpacks_to_many_times_its_size_is_not_read() {
    let zeros = vec![b' '; 32 * 1024 * 1024];
    let bomb = archive(&[("xl/workbook.xml", b"<x/>"), ("xl/worksheets/sheet1.xml", &zeros)]);
    assert!(bomb.len() < 64 * 1024, "{}", bomb.len());
    assert_eq!(open(&bomb), Err("zip_bomb"));
    let mut names = vec![("xl/workbook.xml".to_owned(), b"<x/>".as_slice())];
    names.extend((0..LIMITS.parts).map(|n| (format!("part{n}"), b"".as_slice())));
    let parts: Vec<(&str, &[u8])> = names.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    assert_eq!(open(&archive(&parts)), Err("zip_bomb"));
}

fn book(fill: impl FnOnce(&mut rust_xlsxwriter::Worksheet)) -> Vec<u8> {
    let mut book = Workbook::new();
    fill(book.add_worksheet());
    book.save_to_buffer().unwrap()
}

#[test]
fn a_workbook_tells_what_each_cell_was_typed_as() {
    let day = CellFormat::new().set_num_format("yyyy/m/d");
    let bytes = book(|sheet| {
        for (column, name) in (0_u16..).zip(["样品", "结果", "日期", "公式", "时刻"]) {
            sheet.write_string(0, column, name).unwrap();
        }
        sheet.write_string(1, 0, "0.50").unwrap();
        sheet.write_number(1, 1, 0.07).unwrap();
        let date = ExcelDateTime::from_ymd(2014, 5, 26).unwrap();
        sheet.write_datetime_with_format(1, 2, &date, &day).unwrap();
        sheet.write_formula(1, 3, Formula::new("=1+1").set_result("2")).unwrap();
        sheet.write_datetime_with_format(1, 4, date.and_hms(10, 30, 0).unwrap(), &day).unwrap();
        sheet.write_number(4, 1, 41_785).unwrap();
    });
    let (read, notes) = open(&bytes).unwrap();
    assert!(notes.is_empty(), "{notes:?}");
    let cell = |text: &str, kind| (text.to_owned(), kind);
    let expected = [
        cell("0.50", CellKind::Text),
        cell("0.07", CellKind::Number),
        cell("2014-05-26", CellKind::Date),
        cell("2", CellKind::Formula),
        cell("2014-05-26 10:30:00", CellKind::Date),
    ];
    assert_eq!(read[1], (2, expected.to_vec()));
    assert_eq!(read[2], (5, vec![cell("", CellKind::Text), cell("41785", CellKind::Number)]));
}

#[test]
fn of_several_sheets_the_first_visible_one_is_read_and_told_or_the_one_that_is_named() {
    let mut book = Workbook::new();
    for (name, hidden) in [("藏", true), ("甲", false), ("乙", false)] {
        let sheet = book.add_worksheet();
        sheet.set_name(name).unwrap().set_hidden(hidden).write_string(0, 0, name).unwrap();
    }
    book.worksheet_from_index(1).unwrap().set_active(true).set_first_tab(true);
    let put = put(&book.save_to_buffer().unwrap());
    let read = |sheet| Source::open(&put.path, sheet).map(|source| rows(&source)[0].1[0].0.clone());
    assert_eq!(read(None).unwrap(), "甲");
    assert_eq!(read(Some("乙")).unwrap(), "乙");
    assert_eq!(read(Some("丙")).unwrap_err().code, "sheet_unknown");
    let notes = Source::open(&put.path, None).unwrap().notes().to_vec();
    assert_eq!((notes[0].code, notes[0].en.contains("藏、甲、乙")), ("sheet_chosen", true));
    let text = self::put(b"a\n1\n");
    assert_eq!(Source::open(&text.path, Some("甲")).unwrap_err().code, "sheet_for_csv");
}

#[test]
fn merged_and_hidden_cells_are_told() {
    let bytes = book(|sheet| {
        sheet.merge_range(1, 0, 2, 0, "一", &CellFormat::new()).unwrap();
        sheet.write_string(0, 0, "甲").unwrap();
        sheet.write_string(3, 0, "二").unwrap();
        sheet.set_row_hidden(3).unwrap();
    });
    let (read, notes) = open(&bytes).unwrap();
    assert_eq!(notes, ["merged_cells", "hidden_rows"]);
    assert_eq!(read.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 2, 4]);
}

fn written(format: Format, rows: &[Vec<String>]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut table = TableWriter::new(format, &mut out, &["a", "b"]).unwrap();
    rows.iter().for_each(|row| table.row(row).unwrap());
    table.finish().unwrap();
    out
}

#[test]
fn what_a_spreadsheet_takes_for_a_formula_is_guarded_and_a_number_is_not() {
    let rows = [["=1+1", "+1"], ["-0.5", "@x"], ["-x", "'=1"], ["plain", "1=1"]];
    let text = String::from_utf8(written(Format::Csv, &rows.map(|row| row.map(str::to_owned).to_vec()))).unwrap();
    assert_eq!(text.lines().skip(1).collect::<Vec<_>>(), ["'=1+1,+1", "-0.5,'@x", "'-x,''=1", "plain,1=1"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_is_written_is_read_again_in_either_format(
        cells in prop::collection::vec(("[=+@'x\"\n,;0-9 韭菜-]{1,12}", "[=+@'x\",;0-9韭菜-]{0,8}x"), 1..6),
    ) {
        let rows: Vec<Vec<String>> = cells.into_iter().map(|(one, other)| vec![one, other]).collect();
        for format in [Format::Csv, Format::Xlsx] {
            let (read, _) = open(&written(format, &rows)).unwrap();
            let read: Vec<Vec<String>> =
                read.into_iter().skip(1).map(|(_, cells)| cells.into_iter().map(|(text, _)| text).collect()).collect();
            prop_assert_eq!(&read, &rows);
        }
    }
}
