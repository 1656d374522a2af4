//! `hege judge`: CSV in, the same rows with `verdict,reason,steps` out.

use anyhow::{Context, Result, bail};
use csv::{Reader, StringRecord, Writer};
use hege_app::catalogue;
use hege_lab::Catalogue;
use hege_lab::case::{Case, judge_case};
use hege_lab::{Judgement, Reason};
use std::fs::File;
use std::io::{Read, Write, stdin, stdout};
use std::path::Path;

/// The columns that are read; others are carried along.
const COLUMNS: [&str; 18] = [
    "food",
    "analyte",
    "date",
    "result",
    "unit",
    "kind",
    "limit",
    "limit_high",
    "limit_unit",
    "lod",
    "lod_unit",
    "declared",
    "tolerance",
    "n",
    "c",
    "m",
    "M",
    "compare",
];

/// Judges `file`, or standard input when it is `-`.
///
/// # Errors
/// When the file cannot be read, is not CSV in UTF-8, has no `result` column, or the output cannot be written.
pub(crate) fn run(file: &Path) -> Result<()> {
    let input: Box<dyn Read> = if file.as_os_str() == "-" {
        Box::new(stdin().lock())
    } else {
        Box::new(File::open(file).with_context(|| format!("cannot open {}", file.display()))?)
    };
    judge(input, stdout().lock())
}

fn judge(input: impl Read, output: impl Write) -> Result<()> {
    let mut reader = Reader::from_reader(input);
    let mut writer = Writer::from_writer(output);
    let header = reader.headers().context("the header cannot be read")?.clone();
    let places = places(&header)?;
    let catalogue = catalogue::shipped()?;
    let mut out = header.clone();
    for added in ["verdict", "reason", "steps"] {
        out.push_field(added);
    }
    writer.write_record(&out)?;
    let mut row = StringRecord::new();
    while reader.read_record(&mut row).context("a row cannot be read; rows before it are judged")? {
        let judgement = judged(&row, &places, &catalogue);
        let steps: Vec<String> = judgement.steps.iter().map(hege_lab::Step::zh).collect();
        let reason = format!("{} {}", judgement.reason, judgement.reason.zh());
        row.push_field(judgement.verdict.code());
        row.push_field(&reason);
        row.push_field(&steps.join("; "));
        writer.write_record(&row)?;
    }
    writer.flush().context("the output cannot be written")
}

/// Where each of [`COLUMNS`] stands; a column that stands twice could be read two ways.
fn places(header: &StringRecord) -> Result<[Option<usize>; COLUMNS.len()]> {
    let mut places = [None; COLUMNS.len()];
    for (index, field) in header.iter().enumerate() {
        let name = field.trim_start_matches('\u{feff}').trim();
        let known = COLUMNS.iter().position(|column| *column == name).and_then(|column| places.get_mut(column));
        if known.is_some_and(|place| place.replace(index).is_some()) {
            bail!("the column `{name}` stands twice");
        }
    }
    let result = COLUMNS.iter().position(|column| *column == "result").and_then(|column| places.get(column));
    if result.copied().flatten().is_none() {
        bail!("there is no column `result`");
    }
    Ok(places)
}

fn judged(row: &StringRecord, places: &[Option<usize>; COLUMNS.len()], catalogue: &Catalogue) -> Judgement {
    let mut fields = places
        .iter()
        .map(|place| place.and_then(|index| row.get(index)).map(str::trim).filter(|field| !field.is_empty()));
    let mut next = || fields.next().flatten();
    let case = Case {
        food: next(),
        analyte: next(),
        date: next(),
        result: next(),
        unit: next(),
        kind: next(),
        limit: next(),
        limit_high: next(),
        limit_unit: next(),
        lod: next(),
        lod_unit: next(),
        declared: next(),
        tolerance: next(),
        n: next(),
        c: next(),
        m: next(),
        upper: next(),
        compare: next(),
    };
    if case.result.is_none() { Judgement::refused(Reason::Empty) } else { judge_case(&case, Some(catalogue)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(input: &str) -> String {
        let mut out = Vec::new();
        judge(input.as_bytes(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_row_is_answered_and_other_columns_are_carried_along() {
        let out = output(
            "case_id,result,unit,kind,limit,limit_unit\na,0.14,mg/kg,max,0.1,mg/kg\nb,1/58,mg/kg,max,0.1,mg/kg\nc,,,,,\n",
        );
        let verdicts: Vec<(&str, bool)> =
            out.lines().skip(1).map(|line| (line.split(',').next().unwrap(), line.contains("not_judgeable"))).collect();
        assert_eq!(verdicts, [("a", false), ("b", true), ("c", true)]);
        assert!(out.contains("nonconforming,beyond_limit 超出限量,"), "{out}");
        assert!(out.contains("ambiguous_slash"), "{out}");
        assert!(out.contains("result_missing"), "{out}");
    }

    #[test]
    fn a_byte_order_mark_before_the_header_is_no_part_of_a_name() {
        assert!(output("\u{feff}result,kind,limit\n1,max,2\n").contains("conforming,within_limit"));
    }

    #[test]
    fn a_file_without_results_or_with_two_columns_of_one_name_is_refused() {
        let error = |input: &str| judge(input.as_bytes(), Vec::new()).unwrap_err().to_string();
        assert_eq!(error("value\n1\n"), "there is no column `result`");
        assert_eq!(error("result,result\n1,2\n"), "the column `result` stands twice");
        assert!(judge(&b"result\n\xff\n"[..], Vec::new()).is_err());
    }
}
