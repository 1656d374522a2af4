//! 导入: samples of the past with their results, from a file. One row is one item; the rows of a sample share its form number.
//!
//! Invariants
//! - Never half: a sample goes in whole or not at all, and every row that did not go in says why (docs/OPERATIONS.md 14).
//! - The same file again changes nothing. What was written is known by city, form number and a digest of the content, so an
//!   import that broke off is finished by running it again.
//! - Our verdict counts, and the file's own word stands beside it. A pass is not claimed against a failure that the file states.
//! - Memory does not grow with the file: two hundred rows are one write, and two writes wait at most.

mod columns;
mod export;
mod official;
mod official_export;
mod rows;
mod sample;
mod value;
mod write;

pub use columns::{COLUMNS, Column, Of, column};
pub use export::{ExportError, Which, errors, file_name, samples, template};
pub use hege_store::imports::{Import, ImportRow};
pub use hege_tables::{Format, WriteError};
pub use official::Book;
pub use official_export::official;

use crate::alerts::NewId;
use crate::record::{CONCLUDED, audit_own};
use crate::reference::{OrganisationKind, Regions};
use crate::{Call, DataKey, Error, Mark, PROVINCE, Store, organisations, stored};
use columns::Layout;
use hege_core::{Problem, Problems, Role};
use hege_lab::Catalogue;
use hege_sampling::life_cycle::Denial;
use hege_store::imports::{
    import_fetch, import_insert, import_rows_after, import_update, imports_list, statistics_renew,
};
use hege_store::outbox::{Message, message_put};
use hege_store::types::{Doc, Id, Ts};
use hege_tables::{ReadError, Source};
use jiff::{SignedDuration, Timestamp};
use rows::{FileRow, Numbers};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::thread;
use uuid::Uuid;
use write::{Batch, Checked};

/// A running import that gave no sign of life for so long was broken off: a batch takes a second at most.
pub const SILENT: SignedDuration = SignedDuration::from_secs(60);
/// Batches that wait for the writer.
const AHEAD: usize = 2;

/// A file that can be imported: its columns are known, and its rows were gone through once.
pub struct Opened {
    source: Source,
    layout: Layout,
    faults: rows::Faults,
    notes: Vec<Problem>,
    name: String,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Goes through a file without importing anything. `name` is how it is called, `sheet` the sheet of a workbook.
///
/// # Errors
/// [`Error::Invalid`] with everything for which the file is refused as a whole: what it is, and its columns.
pub fn open(path: &Path, name: &str, sheet: Option<&str>) -> Result<Opened, Error> {
    let source = Source::open(path, sheet).map_err(|problem| Error::Invalid(problem.into()))?;
    let mut notes = source.notes().to_vec();
    let (mut layout, mut numbers, mut rows) = (None, Numbers::default(), 0_u64);
    let read = source.read(|row| {
        match &layout {
            None => layout = Some(Layout::read(row, &mut notes)?),
            Some(layout) => {
                rows += 1;
                let numbered =
                    |(place, _): &(usize, _)| layout.at(*place).is_some_and(|column| column.code == "form_no");
                if let Some((_, cell)) =
                    row.cells.iter().enumerate().find(numbered).filter(|(_, cell)| !cell.text.trim().is_empty())
                {
                    numbers.take(cell.text.trim());
                }
            }
        }
        Ok::<_, Problems>(())
    });
    taken(read)?;
    let nothing = || Error::Invalid(Problem::new("", "no_rows", "只有表头，没有数据行", "a header and no rows").into());
    let layout = layout.filter(|_| rows > 0).ok_or_else(nothing)?;
    let name: String = name.chars().filter(|c| !c.is_control()).take(200).collect();
    Ok(Opened { source, layout, faults: numbers.faults(), notes, name })
}

fn taken(outcome: Result<(), ReadError<Problems>>) -> Result<(), Error> {
    outcome.map_err(|error| match error {
        ReadError::File(problem) => Error::Invalid(problem.into()),
        ReadError::Taker(problems) => Error::Invalid(problems),
    })
}

/// What an import needs of its surroundings.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// The database.
    pub store: &'a Store,
    /// Under which personal data are sealed.
    pub data_key: &'a DataKey,
    /// The limits.
    pub catalogue: &'a Catalogue,
    /// The regions.
    pub regions: &'a Regions,
    /// Makes ids.
    pub new_id: NewId<'a>,
    /// The machine's clock, for signs of life.
    pub clock: &'a (dyn Fn() -> Timestamp + Sync),
}

/// What a row is checked with.
struct Importer<'a> {
    store: &'a Store,
    call: &'a Call,
    data_key: &'a DataKey,
    catalogue: &'a Catalogue,
    regions: &'a Regions,
    new_id: NewId<'a>,
    organisations: BTreeMap<String, (Uuid, bool)>,
    file_digest: &'a str,
    layout: &'a Layout,
    import: Id,
}

fn own_shard() -> i32 {
    stored(PROVINCE.city())
}

fn noted(notes: &[Problem]) -> Doc {
    let note =
        |problem: &Problem| json!({"at": problem.pointer, "code": problem.code, "zh": problem.zh, "en": problem.en});
    Doc(Json::Array(notes.iter().map(note).collect()))
}

/// Puts an import that begins, under a new id: what comes of it stands in it.
///
/// # Errors
/// [`Error::Denied`] without the administrator's role.
pub fn begin(
    store: &Store,
    call: &Call,
    opened: &Opened,
    (id, dry_run, now): (Uuid, bool, Timestamp),
) -> Result<Import, Error> {
    if !call.actor.roles.contains(&Role::Administrator) {
        return Err(Denial::WrongRole.into());
    }
    let row = Import {
        city: own_shard(),
        id: Id(id),
        state: "running".to_owned(),
        dry_run,
        file_name: opened.name.clone(),
        digest: opened.source.digest().to_owned(),
        person_id: Id(call.user().0),
        started_at: Ts(now),
        seen_at: Ts(now),
        finished_at: None,
        total: i64::try_from(opened.source.rows().saturating_sub(1)).unwrap_or(i64::MAX),
        rows: 0,
        accepted: 0,
        rejected: 0,
        unchanged: 0,
        warned: 0,
        samples: 0,
        notes: noted(&opened.notes),
    };
    store.write(|conn| {
        import_insert(conn, &row)?;
        let detail = json!({"import": id.to_string(), "file_sha256": row.digest, "dry_run": dry_run});
        audit_own(conn, &call.mark(), ("import_began", Vec::new(), detail))?;
        Ok(row.clone())
    })
}

/// Imports a file that was begun. `go_on` is told how far it is after each batch, and may end it there.
///
/// # Errors
/// Those of the store; the import then stands as failed, and the same file again finishes it.
pub fn run(
    around: &Surroundings<'_>,
    call: &Call,
    (opened, begun): (&Opened, Import),
    go_on: GoOn<'_>,
) -> Result<Import, Error> {
    let organisations = organisations::list(around.store)?.into_iter().filter(|found| found.active);
    let laboratory = OrganisationKind::Laboratory.code();
    let importer = Importer {
        store: around.store,
        call,
        data_key: around.data_key,
        catalogue: around.catalogue,
        regions: around.regions,
        new_id: around.new_id,
        organisations: organisations.map(|found| (found.name, (found.id.0, found.kind == laboratory))).collect(),
        file_digest: opened.source.digest(),
        layout: &opened.layout,
        import: begun.id,
    };
    let outcome = through(&importer, (opened, &begun), (around.clock, go_on));
    let (mut last, notes) = match &outcome {
        Ok((last, numbers)) => (last.clone(), numbers_noted(opened, *numbers)),
        Err(_) => {
            let known = around.store.read(|conn| Ok::<_, Error>(import_fetch(conn, begun.city, begun.id)?))?;
            let broken = Problem::new(
                "",
                "broken_off",
                "导入中断，可用同一文件再次导入",
                "it broke off; import the same file again",
            );
            (known.unwrap_or(begun), opened.notes.iter().cloned().chain([broken]).collect())
        }
    };
    last.state = if outcome.is_ok() { "done" } else { "failed" }.to_owned();
    last.notes = noted(&notes);
    (last.seen_at, last.finished_at) = (Ts((around.clock)()), Some(Ts((around.clock)())));
    finish(&importer, &last)?;
    outcome.map(|_| last)
}

fn numbers_noted(opened: &Opened, numbers: u64) -> Vec<Problem> {
    let mut notes = opened.notes.clone();
    if numbers > 0 {
        let zh = format!("{numbers} 个结果或限量以数值存储，末位的 0 已丢失（0.50 存为 0.5）：请设为文本");
        let en = format!(
            "{numbers} results or limits were stored as numbers, which lose their last zeros (0.50 became 0.5)"
        );
        notes.push(Problem::new("", "zeros_lost", zh, en));
    }
    notes
}

type Clock<'a> = &'a (dyn Fn() -> Timestamp + Sync);
/// Told how far an import is; whether it goes on.
pub type GoOn<'a> = &'a (dyn Fn(&Import) -> bool + Sync);

/// Reads and checks while what was checked before is written.
fn through(
    importer: &Importer<'_>,
    (opened, begun): (&Opened, &Import),
    (clock, go_on): (Clock<'_>, GoOn<'_>),
) -> Result<(Import, u64), Error> {
    let writing = write::Writing { store: importer.store, call: importer.call, layout: importer.layout, clock };
    thread::scope(|scope| {
        let (sender, take) = sync_channel::<Batch>(AHEAD);
        let writer = scope.spawn(move || {
            let (mut last, mut is_young) = (begun.clone(), true);
            for batch in take {
                last = write::write(&writing, &last, &batch)?;
                is_young = is_young && writing.store.write(statistics_renew)?;
                if !go_on(&last) {
                    return Err(Error::Internal("the import was stopped".to_owned()));
                }
            }
            Ok::<_, Error>(last)
        });
        let mut reader = Reader {
            importer,
            opened,
            group: Vec::new(),
            batch: Batch::default(),
            numbers: 0,
            send: &|batch| sender.send(batch).is_ok(),
        };
        let read = reader.all();
        let numbers = reader.numbers;
        drop(sender);
        let written = writer.join().map_err(|_panic| Error::Internal("the writer broke off".to_owned()))?;
        // Why the writer ended comes first: the reader only sees that nobody takes any more.
        let last = written?;
        read.map(|()| (last, numbers))
    })
}

/// Reads rows, puts those of a sample together, and gives batches away.
struct Reader<'a> {
    importer: &'a Importer<'a>,
    opened: &'a Opened,
    group: Vec<FileRow>,
    batch: Batch,
    numbers: u64,
    send: &'a dyn Fn(Batch) -> bool,
}

impl Reader<'_> {
    fn all(&mut self) -> Result<(), Error> {
        let opened = self.opened;
        let (mut is_header, is_text) = (true, opened.source.format() == Format::Csv);
        let outcome = opened.source.read(|row| {
            if std::mem::take(&mut is_header) {
                return Ok(());
            }
            let row = FileRow::read(row, &opened.layout, (is_text, &mut self.numbers));
            self.take(row)
        });
        match outcome {
            Ok(()) => {}
            Err(ReadError::Taker(error)) => return Err(error),
            Err(ReadError::File(problem)) => return Err(Error::Invalid(problem.into())),
        }
        self.flush()?;
        self.give()
    }

    fn take(&mut self, mut row: FileRow) -> Result<(), Error> {
        let form_no = row.get("form_no").map(str::to_owned);
        let fault = match &form_no {
            Some(form_no) => self.opened.faults.of(form_no),
            None => {
                let words = (
                    "缺少抽样单编号；同一样品的续行须重复编号",
                    "the form number is missing; each row of a sample repeats it",
                );
                Some(rows::Said::refusal("form_no", "required", words))
            }
        };
        if let Some(fault) = fault {
            self.flush()?;
            row.said.push(fault);
            return self.put(Checked { ready: None, rows: vec![row] });
        }
        let is_next = self.group.first().is_some_and(|first| first.get("form_no") != form_no.as_deref());
        if is_next {
            self.flush()?;
        }
        self.group.push(row);
        Ok(())
    }

    /// Checks the sample that is whole.
    fn flush(&mut self) -> Result<(), Error> {
        let mut rows = std::mem::take(&mut self.group);
        if rows.is_empty() {
            return Ok(());
        }
        let ready = self.importer.sample(&mut rows)?;
        self.put(Checked { ready, rows })
    }

    fn put(&mut self, checked: Checked) -> Result<(), Error> {
        if !self.batch.has_room(checked.rows.len()) {
            self.give()?;
        }
        if let Some(ready) = &checked.ready {
            self.batch.audits.entry(ready.sample.city).or_insert_with(|| (self.importer.new_id)());
        }
        self.batch.rows += checked.rows.len();
        self.batch.checked.push(checked);
        Ok(())
    }

    fn give(&mut self) -> Result<(), Error> {
        let batch = std::mem::take(&mut self.batch);
        if batch.rows == 0 || (self.send)(batch) {
            return Ok(());
        }
        Err(Error::Internal("nobody writes any more".to_owned()))
    }
}

/// Ends an import; whoever watches the alerts is told once.
fn finish(importer: &Importer<'_>, last: &Import) -> Result<(), Error> {
    let (audit_id, message_id) = ((importer.new_id)(), (importer.new_id)());
    importer.store.write(|conn| {
        import_update(conn, last)?;
        let detail = json!({"import": last.id.0.to_string(), "state": last.state, "samples": last.samples});
        let mark = Mark { audit_id, ..importer.call.mark() };
        audit_own(conn, &mark, ("import_ended", Vec::new(), detail))?;
        if last.samples > 0 && !last.dry_run {
            let message = Message {
                city: last.city,
                id: Id(message_id),
                topic: CONCLUDED.to_owned(),
                payload: Doc(json!({"import": last.id.0.to_string()})),
                state: "waiting".to_owned(),
                attempts: 0,
                due_at: Ts(importer.call.at),
                leased_until: None,
                last_error: None,
            };
            message_put(conn, &message)?;
        }
        Ok(())
    })
}

/// An import as it stands: one that runs and was silent for [`SILENT`] is `interrupted`.
#[must_use]
pub fn state(import: &Import, now: Timestamp) -> &str {
    let is_silent = import.seen_at.0.checked_add(SILENT).is_ok_and(|until| until < now);
    if import.state == "running" && is_silent { "interrupted" } else { &import.state }
}

/// Whether a person sees everybody's imports: somebody who sees the whole province. Others see their own.
fn sees_all(call: &Call) -> bool {
    call.scope.is_whole()
}

/// An import. One of another person is not there for who does not see the whole province.
///
/// # Errors
/// [`Error::NotFound`].
pub fn fetch(store: &Store, call: &Call, id: Uuid) -> Result<Import, Error> {
    let found = store.read(|conn| Ok::<_, Error>(import_fetch(conn, own_shard(), Id(id))?))?;
    found.filter(|import| sees_all(call) || import.person_id == Id(call.user().0)).ok_or(Error::NotFound)
}

/// The latest imports that a person sees, newest first.
///
/// # Errors
/// Those of the store.
pub fn list(store: &Store, call: &Call, limit: u8) -> Result<Vec<Import>, Error> {
    let person = (!sees_all(call)).then_some(Id(call.user().0));
    store.read(|conn| Ok(imports_list(conn, own_shard(), person, i64::from(limit))?))
}

/// What was said of the rows after a number.
///
/// # Errors
/// Those of the store.
pub(crate) fn said_after(store: &Store, import: &Import, after: i64) -> Result<Vec<ImportRow>, Error> {
    const PAGE: i64 = 1_000;
    store.read(|conn| Ok(import_rows_after(conn, (import.city, import.id), after, PAGE)?))
}
