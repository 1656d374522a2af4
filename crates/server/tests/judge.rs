//! `hege judge` as a program: a file of every verdict vector of the field comes back with every expectation met.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use serde_json::Value;
use std::collections::BTreeMap;
use std::process::Command;

type Row = BTreeMap<&'static str, String>;

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// `pass`, `fail`, and `invalid: ...` or `review: ...` as verdicts.
fn expected(value: &Value) -> &'static str {
    match value.as_str().unwrap() {
        "pass" => "conforming",
        "fail" => "nonconforming",
        other if other.starts_with("invalid") || other.starts_with("review") => "not_judgeable",
        other => panic!("{other}"),
    }
}

fn row<const N: usize>(verdict: &'static str, fields: [(&'static str, String); N]) -> (Row, &'static str) {
    (Row::from(fields), verdict)
}

/// Every vector that has a verdict, with the verdict that is expected.
fn vectors() -> Vec<(Row, &'static str)> {
    let all: Value = serde_json::from_str(include_str!("../../../tests/fixtures/vectors.json")).unwrap();
    let group = |name: &str| all[name].as_array().unwrap().clone();
    let word = |word: &str| word.to_owned();
    let mut rows = Vec::new();
    for vector in group("compare") {
        let kind = word(if vector["op"] == "<=" { "max" } else { "min" });
        for (compare, field) in [("full", "full_value_pass"), ("rounded", "rounded_pass")] {
            let verdict = if vector[field] == true { "conforming" } else { "nonconforming" };
            let (result, limit) = (text(&vector["x"]), text(&vector["limit"]));
            let fields = [("result", result), ("kind", kind.clone()), ("limit", limit), ("compare", word(compare))];
            rows.push(row(verdict, fields));
        }
    }
    for vector in group("micro") {
        let counts: Vec<String> = vector["values"].as_array().unwrap().iter().map(text).collect();
        let plan = |name: &str| if vector[name].is_null() { String::new() } else { text(&vector[name]) };
        let fields = [("n", plan("n")), ("c", plan("c")), ("m", plan("m")), ("M", plan("M"))];
        let (mut fields, verdict) = row(expected(&vector["expect"]), fields);
        fields.extend([("result", counts.join(";")), ("kind", word("micro"))]);
        rows.push((fields, verdict));
    }
    for vector in group("ratio") {
        let column = |index: usize| {
            vector["parts"].as_array().unwrap().iter().map(|part| text(&part[index])).collect::<Vec<_>>().join(";")
        };
        let fields = [("result", column(0)), ("limit", column(1)), ("kind", word("ratio_sum"))];
        rows.push(row(expected(&vector["expect"]), fields));
    }
    for (name, limit, kind) in [
        ("not_detected", "required_lod", "not_detected"),
        ("not_detected", "required_lod", "not_used"),
        ("max_with_nd", "limit", "max"),
    ] {
        for vector in group(name) {
            let (result, lod) = (text(&vector["reported"]), text(&vector["lod"]));
            let fields = [("result", result), ("lod", lod), ("limit", text(&vector[limit])), ("kind", word(kind))];
            rows.push(row(expected(&vector["expect"]), fields));
        }
    }
    for vector in group("edition_by_production_date") {
        let field = |name: &str| text(&vector[name]);
        let fields = [
            ("food", field("food")),
            ("analyte", field("analyte")),
            ("date", field("production_date")),
            ("result", field("value")),
            ("unit", field("unit")),
        ];
        rows.push(row(expected(&vector["expect"]), fields));
    }
    rows
}

#[test]
fn a_file_of_every_verdict_vector_comes_back_with_every_expectation_met() {
    const COLUMNS: [&str; 14] =
        ["case_id", "food", "analyte", "date", "result", "unit", "kind", "limit", "lod", "n", "c", "m", "M", "compare"];
    let vectors = vectors();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vectors.csv");
    let mut writer = csv::Writer::from_path(&file).unwrap();
    writer.write_record(COLUMNS).unwrap();
    for (index, (row, _)) in vectors.iter().enumerate() {
        let id = index.to_string();
        let field = |name| if name == "case_id" { id.as_str() } else { row.get(name).map_or("", String::as_str) };
        writer.write_record(COLUMNS.map(field)).unwrap();
    }
    writer.flush().unwrap();
    // Two rows behind the vectors are general knowledge, which an administrator has to accept before they judge.
    let output = Command::new(env!("CARGO_BIN_EXE_hege"))
        .args(["judge", "--accept", "L019", "--accept", "L199a"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut judged = csv::Reader::from_reader(output.stdout.as_slice());
    let verdict = judged.headers().unwrap().iter().position(|name| name == "verdict").unwrap();
    let records: Vec<csv::StringRecord> = judged.records().collect::<Result<_, _>>().unwrap();
    assert_eq!(records.len(), vectors.len());
    assert!(vectors.len() > 90, "{}", vectors.len());
    for (record, (row, expected)) in records.iter().zip(&vectors) {
        assert_eq!(&record[verdict], *expected, "{row:?} {record:?}");
    }
}

#[test]
fn a_row_that_is_not_in_the_catalogue_cannot_be_accepted() {
    let output = Command::new(env!("CARGO_BIN_EXE_hege")).args(["judge", "--accept", "L9999", "-"]).output().unwrap();
    assert!(!output.status.success());
}
