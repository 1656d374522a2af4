//! What a batch of rows leaves in the database: at most two hundred rows of the file in one transaction, with how far the
//! import is.

use super::columns::Layout;
use super::rows::{self, FileRow};
use super::sample::Ready;
use crate::record::audit_row;
use crate::{Call, Error, Mark, Store};
use hege_core::{SampleKind, Stage, TaskType};
use hege_rates::Cell;
use hege_store::audit::AuditRow;
use hege_store::cells::{CellRow, cell_apply};
use hege_store::imports::{Import, ImportRow, forms_taken, import_rows_insert, import_update, sample_imports_insert};
use hege_store::lives::{Lives, lives_insert};
use hege_store::samples::Sample;
use hege_store::types::Ts;
use hege_store::{Conn, Error as StoreError};
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A sample that was checked, with its rows.
pub(super) struct Checked {
    pub(super) ready: Option<Ready>,
    pub(super) rows: Vec<FileRow>,
}

/// What is written at once.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) checked: Vec<Checked>,
    pub(super) rows: usize,
    /// Of each city the id of its audit row.
    pub(super) audits: BTreeMap<i32, Uuid>,
}

impl Batch {
    pub(super) fn has_room(&self, rows: usize) -> bool {
        self.rows == 0 || self.rows + rows <= rows::ROWS_MAX
    }
}

/// What becomes of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    In,
    Unchanged,
    Differs,
    Taken,
}

/// What is written with.
pub(super) struct Writing<'a> {
    pub(super) store: &'a Store,
    pub(super) call: &'a Call,
    pub(super) layout: &'a Layout,
    pub(super) clock: &'a (dyn Fn() -> Timestamp + Sync),
}

/// Writes a batch: a sample that is there already with the same content is left alone, one with another is refused.
pub(super) fn write(writing: &Writing<'_>, before: &Import, batch: &Batch) -> Result<Import, Error> {
    let put = || writing.store.write(|conn| put(conn, writing, (before, batch)));
    match put() {
        // Somebody registered the number after we had looked. Now it can be seen.
        Err(Error::Store(StoreError::Duplicate(_))) => put(),
        outcome => outcome,
    }
}

fn put(conn: &mut Conn, writing: &Writing<'_>, (before, batch): (&Import, &Batch)) -> Result<Import, Error> {
    let fates = fates(conn, batch)?;
    let mut now = Import { seen_at: Ts((writing.clock)()), ..before.clone() };
    let (mut lives, mut origins, mut said) = (Lives::default(), Vec::new(), Vec::new());
    let mut touched: BTreeMap<i32, Vec<Json>> = BTreeMap::new();
    for (checked, fate) in batch.checked.iter().zip(fates) {
        counted(&mut now, (checked, fate));
        said.extend(told((writing, before), checked, fate));
        let Some(ready) = checked.ready.as_ref().filter(|_| fate == Some(Fate::In) && !before.dry_run) else {
            continue;
        };
        lives.samples.push(ready.sample.clone());
        lives.items.extend(ready.items.iter().cloned());
        lives.conclusions.extend(ready.conclusion.clone());
        lives.custody.push(ready.custody.clone());
        origins.push(ready.origin.clone());
        touched.entry(ready.sample.city).or_default().extend(ready.touched.iter().cloned());
    }
    lives.audits =
        touched.into_iter().filter_map(|(city, rows)| audit((writing, before), (city, rows), batch)).collect();
    lives_insert(conn, &lives)?;
    if !origins.is_empty() {
        sample_imports_insert(conn, &origins)?;
    }
    if !said.is_empty() {
        import_rows_insert(conn, &said)?;
    }
    import_update(conn, &now)?;
    for cell in cells(&lives.samples) {
        cell_apply(conn, &cell)?;
    }
    Ok(now)
}

/// Of each sample of a batch what becomes of it; none of one that is refused.
fn fates(conn: &mut Conn, batch: &Batch) -> Result<Vec<Option<Fate>>, Error> {
    let mut asked: BTreeMap<i32, Vec<&str>> = BTreeMap::new();
    for ready in batch.checked.iter().filter_map(|checked| checked.ready.as_ref()) {
        asked.entry(ready.sample.city).or_default().push(&ready.sample.form_no);
    }
    let mut taken = BTreeMap::new();
    for (city, form_nos) in asked {
        for (form_no, digest) in forms_taken(conn, city, &form_nos)? {
            taken.insert((city, form_no), digest);
        }
    }
    let fate = |ready: &Ready| match taken.get(&(ready.sample.city, ready.sample.form_no.clone())) {
        None => Fate::In,
        Some(None) => Fate::Taken,
        Some(Some(digest)) if *digest == ready.origin.content_digest => Fate::Unchanged,
        Some(Some(_)) => Fate::Differs,
    };
    Ok(batch.checked.iter().map(|checked| checked.ready.as_ref().map(fate)).collect())
}

fn counted(now: &mut Import, (checked, fate): (&Checked, Option<Fate>)) {
    let rows = i64::try_from(checked.rows.len()).unwrap_or(i64::MAX);
    now.rows += rows;
    match fate {
        Some(Fate::In) => {
            now.accepted += rows;
            now.samples += 1;
            let warned = checked.rows.iter().filter(|row| !row.said.is_empty()).count();
            now.warned += i64::try_from(warned).unwrap_or(i64::MAX);
        }
        Some(Fate::Unchanged) => now.unchanged += rows,
        Some(Fate::Differs | Fate::Taken) | None => now.rejected += rows,
    }
}

/// What is kept of what was said: every row of a sample that did not go in says so.
fn told((writing, import): (&Writing<'_>, &Import), checked: &Checked, fate: Option<Fate>) -> Vec<ImportRow> {
    let why = match fate {
        Some(Fate::In) => None,
        Some(Fate::Unchanged) => return Vec::new(),
        Some(Fate::Differs) => Some((
            "form_no",
            "differs",
            ("同一抽样单编号已导入，内容不同", "the form number was imported before with another content"),
        )),
        Some(Fate::Taken) => {
            Some(("form_no", "form_no_taken", ("抽样单编号已在本系统登记", "the form number was registered here")))
        }
        None => Some((
            "",
            "sample_rejected",
            ("同一抽样单的其他行有误，整份不导入", "another row of the form is wrong: none of it goes in"),
        )),
    };
    let told = checked.rows.iter().filter_map(|row| {
        let mut row = row.clone();
        if let Some((column, code, words)) = why
            && (fate.is_some() || !row.said.iter().any(|said| said.refuses))
        {
            row.said.push(rows::Said::refusal(column, code, words));
        }
        row.told((import.city, import.id), writing.layout)
    });
    told.collect()
}

fn audit(
    (writing, import): (&Writing<'_>, &Import),
    (city, rows): (i32, Vec<Json>),
    batch: &Batch,
) -> Option<AuditRow> {
    let mark = Mark { audit_id: *batch.audits.get(&city)?, ..writing.call.mark() };
    let detail = json!({"import": import.id.0.to_string(), "file_sha256": import.digest});
    Some(audit_row(city, &mark, ("imported", rows, detail)))
}

type Key = (i32, Stage, String, TaskType, SampleKind, i32);

/// The change of each cell.
fn cells(samples: &[Sample]) -> Vec<CellRow> {
    let mut cells: BTreeMap<Key, CellRow> = BTreeMap::new();
    for sample in samples {
        let row = CellRow::of(sample, Cell::change(None, Some(sample.standing.0)));
        let key = (row.city, row.stage.0, row.sector.clone(), row.task_type.0, row.sample_kind.0, row.month);
        let cell = cells.get(&key).map_or_else(Cell::default, CellRow::cell).plus(row.cell());
        cells.insert(key, CellRow::of(sample, cell));
    }
    cells.into_values().collect()
}
