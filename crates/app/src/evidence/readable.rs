//! A sample for reading: its form with the fields' names, what was found, and its custody.

use super::instant;
use crate::custody::gaps_of;
use crate::fields::{json_of, stored_fields};
use hege_core::SampleId;
use hege_core::date::CHINA;
use hege_sampling::fields::FIELDS;
use hege_store::evidence::RowState;
use hege_store::samples::{CustodyRow, Sample};
use jiff::Timestamp;
use serde_json::Value;

fn time(at: Timestamp) -> String {
    CHINA.to_datetime(at).strftime("%F %H:%M:%S").to_string()
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join("、"),
        other => other.to_string(),
    }
}

/// The text, in Chinese with the names of the paper form. Times are China's.
pub(super) fn readable((sample, id): (&Sample, SampleId), (rows, events): (&[RowState], &[CustodyRow])) -> String {
    let mut text =
        format!("样品 {id}\n抽样单 {}\n状态 {} {}\n\n", sample.form_no, sample.status, sample.standing.0.zh());
    let fields = stored_fields(&sample.form.0).unwrap_or_default();
    for field in FIELDS.iter().filter(|field| !field.personal) {
        if let Some(raw) = fields.get(field.code) {
            put(&mut text, &format!("{}：{}", field.zh, plain(&json_of(raw))));
        }
    }
    put(&mut text, "\n检验结果");
    for row in rows.iter().filter(|row| row.table == "item") {
        let of = |name: &str| row.state.get(name).map(plain).unwrap_or_default();
        let line = ["analyte", "reported", "unit", "verdict", "reason", "method"].map(of).join("  ");
        put(&mut text, &format!("  {}", line.trim_end()));
    }
    put(&mut text, "\n结论");
    for row in rows.iter().filter(|row| row.table == "conclusion") {
        let of = |name: &str| row.state.get(name).map(plain).unwrap_or_default();
        put(&mut text, &format!("  {}  {}  {}", moment(row, "decided_at"), of("standing"), of("reason")));
    }
    put(&mut text, "\n流转");
    for row in rows.iter().filter(|row| row.table == "custody_event") {
        let of = |name: &str| row.state.get(name).map(plain).unwrap_or_default();
        put(&mut text, &format!("  {}  {}  {}  {}", moment(row, "at"), of("kind"), of("person_id"), of("detail")));
    }
    for gap in gaps_of(sample, events) {
        put(&mut text, &format!("  ! {} – {}  {}", time(gap.from), time(gap.until), gap.kind.zh()));
    }
    text
}

fn moment(row: &RowState, name: &str) -> String {
    row.state.get(name).and_then(instant).map(time).unwrap_or_default()
}

fn put(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}
