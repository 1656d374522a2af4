//! `hege judge`: CSV in, the same rows with `verdict,reason,steps` out.

use anyhow::{Context, Result, bail};
use csv::{ByteRecord, ReaderBuilder, Writer};
use hege_app::catalogue;
use hege_lab::case::{Case, judge_case};
use hege_lab::steps::Language;
use hege_lab::{Catalogue, Judgement, Reason};
use hege_tables::looks_like_gb18030;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufReader, Read, Write, stdin, stdout};
use std::path::Path;

/// Judges `file`, or standard input when it is `-`. The unverified rows of the catalogue named in `accepted` judge too.
///
/// # Errors
/// When a row of that id is not in the catalogue.
/// When the file cannot be read, its header is not UTF-8 or has no column `result`, or the output cannot be written. A row
/// never is an error: one that cannot be read is answered `not_judgeable`.
pub(crate) fn run(file: &Path, accepted: &[String]) -> Result<()> {
    let (_, _, rows) = catalogue::shipped_rows()?;
    let accepted = accepted.iter().map(String::as_str).collect();
    let (catalogue, _warnings) = catalogue::build(&rows, &accepted)?;
    let input: Box<dyn Read> = if file.as_os_str() == "-" {
        Box::new(stdin().lock())
    } else {
        Box::new(File::open(file).with_context(|| format!("cannot open {}", file.display()))?)
    };
    judge(BufReader::new(input), stdout().lock(), &catalogue)
}

fn judge(input: impl Read, output: impl Write, catalogue: &Catalogue) -> Result<()> {
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(input);
    let mut writer = Writer::from_writer(output);
    let header = reader.byte_headers().context("the header cannot be read")?.clone();
    let places = places(&header)?;
    let mut out = header.clone();
    for added in ["verdict", "reason", "steps"] {
        out.push_field(added.as_bytes());
    }
    writer.write_byte_record(&out)?;
    let (mut answer, mut foreign) = (Answer::default(), 0_u64);
    let mut row = ByteRecord::new();
    while reader.read_byte_record(&mut row).context("the file cannot be read to its end")? {
        let fields: Option<Vec<&str>> = row.iter().map(|field| str::from_utf8(field).ok()).collect();
        match fields.filter(|fields| fields.len() == header.len()) {
            Some(fields) => {
                answer.judged(&judged(&fields, &places, catalogue));
                let added = [answer.verdict, &answer.reason, &answer.steps];
                writer.write_record(fields.iter().copied().chain(added))?;
            }
            None => {
                foreign += u64::from(looks_like_gb18030(row.as_slice()));
                let fields = answer.malformed(&row, header.len());
                let added = [answer.verdict, &answer.reason, &answer.steps];
                writer.write_record(fields.iter().map(String::as_str).chain(added))?;
            }
        }
    }
    writer.flush().context("the output cannot be written")?;
    if foreign > 0 {
        tell_encoding(foreign);
    }
    Ok(())
}

/// How a file of GB 18030 becomes one of UTF-8.
const CONVERT: &str = "save the file as UTF-8, or convert it: iconv -f GB18030 -t UTF-8 FILE";

#[expect(clippy::print_stderr, reason = "the hint must not stand in what a pipe carries on")]
fn tell_encoding(rows: u64) {
    eprintln!("hege: {rows} rows are GB 18030 (GBK) and not UTF-8: {CONVERT}");
}

/// The added columns of a row; their room is used again for the next.
#[derive(Default)]
struct Answer {
    verdict: &'static str,
    reason: String,
    steps: String,
}

impl Answer {
    fn judged(&mut self, judgement: &Judgement) {
        self.verdict = judgement.verdict.code();
        self.reason.clear();
        self.reason.push_str(judgement.reason.code());
        self.reason.push(' ');
        self.reason.push_str(judgement.reason.zh());
        self.steps.clear();
        for step in &judgement.steps {
            if !self.steps.is_empty() {
                self.steps.push_str("; ");
            }
            // Writing to a string does not fail.
            let _written = step.write(Language::Zh, &mut self.steps);
        }
    }

    /// Answers a row that has other fields than the header or is not UTF-8, and gives its fields as readable text: as many as
    /// the header has, bytes that are no text as `\xff`; what is too much stands in the steps.
    fn malformed(&mut self, row: &ByteRecord, width: usize) -> Vec<String> {
        self.judged(&Judgement::refused(Reason::RowMalformed));
        let mut fields: Vec<String> = row.iter().map(readable).collect();
        if fields.len() == width {
            self.steps.push_str("本行不是 UTF-8");
        } else {
            let _written = write!(self.steps, "本行 {} 个字段，表头 {width} 个", fields.len());
        }
        if fields.len() > width {
            let _written = write!(self.steps, "，多出：{}", fields.split_off(width).join(" | "));
        }
        fields.resize(width, String::new());
        fields
    }
}

/// Text, with bytes that are none as `\xff`.
fn readable(field: &[u8]) -> String {
    let mut text = String::new();
    for chunk in field.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            let _written = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

type Places = Vec<Option<usize>>;

/// Where each of [`Case::COLUMNS`] stands; a column that stands twice could be read two ways.
fn places(header: &ByteRecord) -> Result<Places> {
    let mut places = vec![None; Case::COLUMNS.len()];
    for (index, field) in header.iter().enumerate() {
        let field = str::from_utf8(field).with_context(|| {
            let is = if looks_like_gb18030(field) { "is GB 18030 (GBK) and" } else { "is" };
            format!("the header {is} not UTF-8; {CONVERT}")
        })?;
        let name = field.trim_start_matches('\u{feff}').trim();
        let known = Case::COLUMNS.iter().position(|column| *column == name).and_then(|column| places.get_mut(column));
        if known.is_some_and(|place| place.replace(index).is_some()) {
            bail!("the column `{name}` stands twice");
        }
    }
    let result = Case::COLUMNS.iter().position(|column| *column == "result").and_then(|column| places.get(column));
    if result.copied().flatten().is_none() {
        let found: Vec<_> = header.iter().map(String::from_utf8_lossy).collect();
        bail!("there is no column `result`, only {}; the columns are told by `hege judge --help`", found.join(" | "));
    }
    Ok(places)
}

fn judged(fields: &[&str], places: &Places, catalogue: &Catalogue) -> Judgement {
    let mut columns = places.iter().map(|place| place.and_then(|index| fields.get(index)).copied());
    let case = Case::read(|| columns.next().flatten());
    if case.result.is_none() && case.total.is_none() {
        Judgement::refused(Reason::Empty)
    } else {
        judge_case(&case, Some(catalogue))
    }
}

/// What the columns mean, for the help; a test holds that it names each of [`Case::COLUMNS`].
pub(crate) const COLUMNS_HELP: &str = "\
Columns, in any order, separated by commas; others are carried along:
  result            as reported: 0.05, 未检出, ND, <0.02; several counts or parts by `;`
  unit              of the result: mg/kg, μg/kg, g/100g, CFU/g ...
Against the catalogue of limits:
  food              food class, by code or name
  analyte           by code or name
  date              the deciding date, as 2025-06-15
  declared_standard the standard on the label
  parts             analytes of a sum of ratios, by `;`
Against a criterion of one's own:
  kind              of criterion; without one the catalogue is asked
  limit limit_high limit_unit
                    the limit, upper bound of a range, and their unit
  declared tolerance
                    declared value and its tolerance
  n c m M           sampling plan of microorganisms
  compare           full or rounded
  standard clause   what the criterion rests on
Besides:
  lod loq lod_unit  limits of detection and quantification
  matter moisture fresh_moisture dehydration
                    what the limit refers to (as_is, dry, fresh), and percentages
  total total_suffices
                    the total, where the limit is of a species";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_every_column() {
        let named: Vec<&str> = COLUMNS_HELP.split(|c: char| !(c.is_ascii_alphabetic() || c == '_')).collect();
        let missing: Vec<_> = Case::COLUMNS.iter().filter(|column| !named.contains(column)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    fn output(input: &[u8]) -> Vec<Vec<String>> {
        let mut out = Vec::new();
        judge(input, &mut out, &catalogue::shipped().unwrap()).unwrap();
        let records = csv::Reader::from_reader(out.as_slice()).into_records().map(Result::unwrap);
        records.map(|record| record.iter().map(str::to_owned).collect()).collect()
    }

    /// Verdict and code of the reason of each row.
    fn answers(input: &[u8]) -> Vec<String> {
        let answer = |row: &Vec<String>| {
            let [.., verdict, reason, _] = row.as_slice() else { panic!("{row:?}") };
            format!("{verdict} {}", reason.split(' ').next().unwrap())
        };
        output(input).iter().map(answer).collect()
    }

    #[test]
    fn every_row_is_answered_and_other_columns_are_carried_along() {
        let input = "case_id,result,unit,kind,limit,limit_unit\na,0.14,mg/kg,max,0.1,mg/kg\nb,1/58,mg/kg,max,0.1,mg/kg\nc,,,,,\n";
        let rows = output(input.as_bytes());
        let carried: Vec<&str> = rows.iter().map(|row| row[0].as_str()).collect();
        assert_eq!(carried, ["a", "b", "c"]);
        assert_eq!(
            answers(input.as_bytes()),
            ["nonconforming beyond_limit", "not_judgeable ambiguous_slash", "not_judgeable result_missing"]
        );
        assert_eq!(rows[0][7], "beyond_limit 超出限量");
        assert_eq!(rows[0][8], "判定依据: -, ≤0.1 mg/kg (检验机构给出); 检验结果：0.14; 比较：0.14 <= 0.1 不成立");
    }

    #[test]
    fn a_file_as_spreadsheets_write_it_is_read() {
        let marked = "\u{feff}result,kind,limit\r\n1,max,2\r\n\"３．０\",\" ＭＡＸ \",２\r\n";
        assert_eq!(answers(marked.as_bytes()), ["conforming within_limit", "nonconforming beyond_limit"]);
        let quoted =
            "note,result,kind,limit\n\"two\r\nlines, \"\"quoted\"\"\",\"未检出\n\",not_detected,\nx,<0.1,max,\" 2 \"\n";
        assert_eq!(answers(quoted.as_bytes()), ["not_judgeable lod_missing", "conforming within_limit"]);
        assert_eq!(output(quoted.as_bytes())[0][0], "two\r\nlines, \"quoted\"");
    }

    #[test]
    fn a_row_that_is_no_row_is_answered_and_the_rest_goes_on() {
        let input = b"result,kind,limit\n1,max\n1,max,2,3,4\n1\xb2\xe2,max,2\n1,max,2\n";
        let malformed = "not_judgeable row_malformed";
        assert_eq!(answers(input), [malformed, malformed, malformed, "conforming within_limit"]);
        let rows = output(input);
        assert_eq!(rows[0][..3], ["1", "max", ""]);
        assert_eq!(rows[1][5], "本行 5 个字段，表头 3 个，多出：3 | 4");
        assert_eq!(rows[2][0], "1\\xb2\\xe2");
        assert_eq!(rows[2][5], "本行不是 UTF-8");
    }

    #[test]
    fn the_standard_on_the_label_is_held_beside_the_national_one() {
        let header = "food,analyte,date,declared_standard,result,unit\n";
        let oil = |label, value| {
            let row = format!("{header}芝麻香油,酸价,2025-06-01,{label},{value},mg/g\n");
            (answers(row.as_bytes()).remove(0), output(row.as_bytes())[0][8].clone())
        };
        assert_eq!(oil("", "2.6").0, "conforming within_limit");
        let (answer, steps) = oil("GB/T 8233-2018", "2.6");
        assert_eq!(answer, "nonconforming beyond_limit");
        assert!(steps.contains("GB 2716-2018") && steps.contains("GB/T 8233-2018"), "both stand in the steps: {steps}");
        assert_eq!(oil("GB/T 8233", "2.5").0, "conforming within_limit");
    }

    #[test]
    fn a_file_without_results_or_with_two_columns_of_one_name_is_refused() {
        let error = |input: &[u8]| judge(input, Vec::new(), &catalogue::shipped().unwrap()).unwrap_err().to_string();
        let told = error("检验结果;unit\n1;2\n".as_bytes());
        assert!(told.starts_with("there is no column `result`, only 检验结果;unit; the columns"), "{told}");
        assert_eq!(error(b"result,result\n1,2\n"), "the column `result` stands twice");
        assert_eq!(error(b"result,\xb2\n1,2\n"), format!("the header is not UTF-8; {CONVERT}"));
        assert_eq!(error(b"result,\xb2\xe2\n1,2\n"), format!("the header is GB 18030 (GBK) and not UTF-8; {CONVERT}"));
    }
}
