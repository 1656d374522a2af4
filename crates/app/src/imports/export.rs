//! The way back: samples as a file that can be imported again, the template of such a file, and the rows that did not go in.

use super::columns::{COLUMNS, Column, Of};
use super::{Import, said_after};
use crate::results::StatedCriterion;
use crate::{Call, Error, Store, counties};
use hege_core::date::{CHINA, china_date};
use hege_core::{RegionCode, Stage, TaskType};
use hege_lab::Reason;
use hege_store::imports::{Wanted, Whole, samples_whole};
use hege_store::samples::Item;
use hege_store::types::Ts;
use hege_tables::{Format, TableWriter, WriteError};
use jiff::civil::{Date, Time};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::io::Write;

/// Why nothing was exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The use case.
    #[error(transparent)]
    App(#[from] Error),
    /// The file.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Which samples are exported, within what a person sees.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Which {
    /// One stage.
    pub stage: Option<Stage>,
    /// A region's subtree.
    pub region: Option<RegionCode>,
    /// Taken on this day or later.
    pub from: Option<Date>,
    /// Taken on this day or before.
    pub to: Option<Date>,
}

/// Samples a page.
pub(super) const PAGE: i64 = 500;
/// What stands behind the columns that are imported: our own word.
const OURS: [&str; 3] = ["verdict", "reason", "standing"];

fn header() -> Vec<&'static str> {
    told().map(|column| column.zh).collect()
}

/// Writes an empty file with every column, and two rows that show how it is filled in.
///
/// # Errors
/// [`WriteError`].
pub fn template<W: Write + Send>(out: W, format: Format) -> Result<(), WriteError> {
    let header: Vec<&str> = COLUMNS.iter().map(|column| column.zh).collect();
    let mut table = TableWriter::new(format, out, &header)?;
    for change in [[("analyte", "毒死蜱"), ("result", "0.11")], [("analyte", "腐霉利"), ("result", "0.05")]] {
        let text = |code: &str| {
            let of =
                |list: &[(&str, &'static str)]| list.iter().find(|(known, _)| *known == code).map(|(_, text)| *text);
            of(&change).or_else(|| of(&EXAMPLE)).unwrap_or_default()
        };
        table.row(&COLUMNS.iter().map(|column| text(column.code)).collect::<Vec<_>>())?;
    }
    table.finish()
}

/// A sample that nobody took.
const EXAMPLE: [(&str, &str); 19] = [
    ("form_no", "演示-请删除"),
    ("task_type", "例行监测"),
    ("stage", "种植养殖"),
    ("sector", "农业"),
    ("food_class", "菠菜"),
    ("place_type", "农贸市场"),
    ("region", "330106"),
    ("sampled_unit", "演示市场 12 号摊"),
    ("product_name", "菠菜"),
    ("date_kind", "购进日期"),
    ("date", "2025-06-15"),
    ("sample_kind", "食用农产品"),
    ("packaging", "无包装"),
    ("sampled_at", "2025-06-15"),
    ("unit", "mg/kg"),
    ("standard", "GB 2763-2021"),
    ("max_limit", "0.1"),
    ("max_limit_unit", "mg/kg"),
    ("conclusion", "不合格"),
];

/// Writes what was said of the rows of an import; personal values are not repeated.
///
/// # Errors
/// [`ExportError`].
pub fn errors<W: Write + Send>(store: &Store, import: &Import, (out, format): (W, Format)) -> Result<(), ExportError> {
    let mut table = TableWriter::new(format, out, &["行", "抽样单编号", "处理", "列", "值", "代码", "原因", "reason"])?;
    let mut after = -1;
    loop {
        let rows = said_after(store, import, after)?;
        let Some(last) = rows.last() else { break };
        after = last.number;
        for row in &rows {
            let verdict = if row.verdict == "rejected" { "拒绝 rejected" } else { "提示 warned" };
            for said in row.problems.0.as_array().into_iter().flatten() {
                let text = |key: &str| said.get(key).and_then(Json::as_str).unwrap_or_default();
                let number = row.number.to_string();
                let cells = [text("column"), text("value"), text("code"), text("zh"), text("en")];
                let all: Vec<&str> = [number.as_str(), &row.form_no, verdict].into_iter().chain(cells).collect();
                table.row(&all)?;
            }
        }
    }
    Ok(table.finish()?)
}

/// Writes the samples that a person sees, one row an item, in columns that import unchanged. Personal fields are left out.
///
/// # Errors
/// [`ExportError`].
pub fn samples<W: Write + Send>(
    store: &Store,
    call: &Call,
    which: &Which,
    (out, format): (W, Format),
    progress: &dyn Fn(u64),
) -> Result<u64, ExportError> {
    let header: Vec<&str> = header().into_iter().chain(OURS).collect();
    let mut table = TableWriter::new(format, out, &header)?;
    let Some(wanted) = wanted(call, which) else {
        table.finish()?;
        return Ok(0);
    };
    let (mut after, mut written) = (None, 0_u64);
    loop {
        let page = store.read(|conn| Ok::<_, Error>(samples_whole(conn, &wanted, after, PAGE)?))?;
        let Some((last, ..)) = page.last() else { break };
        after = Some((last.city, last.id));
        for whole in &page {
            written += put(&mut table, whole)?;
        }
        progress(written);
    }
    table.finish()?;
    Ok(written)
}

/// What is asked of the store; none where the person sees none of it.
pub(super) fn wanted(call: &Call, which: &Which) -> Option<Wanted> {
    if which.stage.is_some_and(|stage| !call.scope.sees_stage(stage)) {
        return None;
    }
    let first_moment = |day: Date| CHINA.to_timestamp(day.to_datetime(Time::midnight())).ok().map(Ts);
    Some(Wanted {
        stages: which.stage.map_or_else(|| call.scope.stages.iter().copied().collect(), |stage| vec![stage]),
        regions: [Some(call.scope.region), which.region].into_iter().flatten().map(counties).collect(),
        from: which.from.and_then(first_moment),
        until: which.to.and_then(|day| day.tomorrow().ok()).and_then(first_moment),
    })
}

/// The columns that are exported and imported again.
fn told() -> impl Iterator<Item = &'static Column> {
    COLUMNS.iter().filter(|column| column.of != Of::Personal)
}

/// What the rows of a sample have in common, column by column.
fn in_common((sample, _, origin): &Whole) -> Vec<String> {
    let filed = origin.as_ref().map(|origin| &origin.filed.0);
    let cell = |column: &Column| match (column.code, column.of) {
        ("form_no", _) => Some(sample.form_no.clone()),
        ("task_type", _) if sample.task_type.0 == TaskType::Unstated => None,
        ("task_type", _) => Some(sample.task_type.0.code().to_owned()),
        (code, Of::Form) => sample.form.0.get(code).and_then(written),
        (code, Of::Sample) => filed.and_then(|filed| filed.get(code)).and_then(written),
        _ => None,
    };
    told().map(|column| cell(column).unwrap_or_default()).collect()
}

/// Writes a sample's rows, one an item; how many.
fn put<W: Write + Send>(table: &mut TableWriter<W>, whole: &Whole) -> Result<u64, WriteError> {
    let (sample, items, origin) = whole;
    let common = in_common(whole);
    let filed = origin.as_ref().and_then(|origin| origin.filed.0.get("items"));
    let mut rows = 0;
    for item in items {
        let words = filed.and_then(|items| items.get(&item.analyte));
        let word = |place: usize| words.and_then(|words| words.get(place)).and_then(Json::as_str);
        let mut cells = of_item(item);
        cells.insert("analyte", word(0).unwrap_or(&item.analyte).to_owned());
        cells.insert("item_verdict", word(1).unwrap_or_default().to_owned());
        let reason = item.reason.as_deref();
        let reason = Reason::ALL.iter().find(|known| Some(known.code()) == reason).map_or("", |known| known.zh());
        let ours = [item.verdict.as_deref().unwrap_or_default(), reason, sample.standing.0.code()];
        let own = told().zip(&common).map(|(column, common)| cells.get(column.code).unwrap_or(common).as_str());
        table.row(&own.chain(ours).collect::<Vec<_>>())?;
        rows += 1;
    }
    Ok(rows)
}

/// A stored value as it is written in a cell.
pub(super) fn written(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Bool(flag) => Some(if *flag { "是" } else { "否" }.to_owned()),
        Json::Array(list) => {
            let texts: Vec<&str> = list.iter().filter_map(Json::as_str).collect();
            Some(texts.join(";"))
        }
        _ => None,
    }
}

pub(super) fn of_item(item: &Item) -> BTreeMap<&'static str, String> {
    let mut cells = BTreeMap::new();
    let mut put = |code, text: Option<&String>| {
        if let Some(text) = text {
            cells.insert(code, text.clone());
        }
    };
    put("result", item.reported.as_ref());
    put("unit", item.unit.as_ref());
    put("lod", item.lod.as_ref());
    put("method", item.method.as_ref());
    let stated = item.stated.as_ref().and_then(|doc| doc.0.get("criterion").cloned());
    if let Some(own) = stated.and_then(|json| serde_json::from_value::<StatedCriterion>(json).ok()) {
        for (code, text) in [
            ("limit", &own.limit),
            ("limit_high", &own.limit_high),
            ("limit_unit", &own.unit),
            ("tolerance", &own.tolerance),
            ("n", &own.n),
            ("c", &own.c),
            ("m", &own.m),
            ("M", &own.upper),
            ("compare", &own.compare),
            ("matter", &own.matter),
            ("total_suffices", &own.total_suffices),
            ("clause", &own.clause),
        ] {
            put(code, text.as_ref());
        }
        put("kind", Some(&own.kind));
        put("standard", Some(&own.standard));
        put("criterion_reason", Some(&own.reason));
    }
    for code in ["lod_unit", "loq", "moisture", "fresh_moisture", "dehydration", "total", "declared", "parts"] {
        let text = item.entry.as_ref().and_then(|doc| doc.0.get(code)).and_then(Json::as_str).map(str::to_owned);
        put(code, text.as_ref());
    }
    cells
}

/// The day of an export, for the name of its file.
#[must_use]
pub fn file_name(what: &str, call: &Call, format: Format) -> String {
    format!("{what}-{}.{}", china_date(call.at), format.code())
}
