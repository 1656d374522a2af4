//! Tables in files: CSV and XLSX into rows, rows into CSV and XLSX. What the rows mean is not known here.
//!
//! Invariants
//! - Memory does not grow with the file: rows come and go one at a time, and what could grow is bounded ([`LIMITS`]).
//! - Nothing is guessed silently: encoding, separator and sheet that were chosen are told ([`Source::notes`]), and bytes that
//!   are no text of any encoding are refused, never replaced.
//! - A file is measured before it is read: [`Source::open`] goes through all of it once, and refuses it as a whole.

mod measure;
mod text;
mod workbook;
mod write;

pub use text::looks_like_gb18030;
pub use write::{Format, TableWriter, WriteError};

use hege_core::Problem;
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read, Seek as _};
use std::path::{Path, PathBuf};

/// How much of anything a table may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Columns.
    pub columns: usize,
    /// Bytes of one record of a CSV file, quotes and line ends included.
    pub record: usize,
    /// Bytes of one cell of a workbook.
    pub cell: usize,
    /// Bytes that a workbook unpacks to in all.
    pub unpacked: u64,
    /// Bytes of a workbook's parts that are read as a whole: shared texts, styles, lists of sheets.
    pub part: u64,
    /// How many times as large as it is packed a part of more than ten million bytes may be.
    pub ratio: u64,
    /// Parts of a workbook's archive.
    pub parts: usize,
}

/// The limits that hold.
pub const LIMITS: Limits = Limits {
    columns: 512,
    record: 1024 * 1024,
    cell: 1024 * 1024,
    unpacked: 4 * 1024 * 1024 * 1024,
    part: 64 * 1024 * 1024,
    ratio: 400,
    parts: 2_000,
};

/// What a cell was typed as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellKind {
    /// Text; everything in a CSV file.
    Text,
    /// A number: how many digits it was typed with is not known any more.
    Number,
    /// A date, with or without a time, as `2014-05-26` or `2014-05-26 10:30:00`.
    Date,
    /// The outcome of a formula, as it was computed last.
    Formula,
    /// An error of a spreadsheet, `#DIV/0!`.
    Error,
}

/// A cell of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell<'a> {
    /// Its text.
    pub text: Cow<'a, str>,
    /// What it was typed as.
    pub kind: CellKind,
}

/// A row: its number as a spreadsheet shows it, the header being 1 where nothing stands above, and its cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row<'a> {
    /// From 1.
    pub number: u64,
    /// From the first column.
    pub cells: Vec<Cell<'a>>,
}

/// Why reading ended early.
#[derive(Debug, thiserror::Error)]
pub enum ReadError<E> {
    /// The file is not what [`Source::open`] found it to be.
    #[error("the file cannot be read: {0}")]
    File(Problem),
    /// Whoever took the rows wants no more.
    #[error(transparent)]
    Taker(E),
}

/// What a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Text(text::Shape),
    Workbook { sheet: String },
}

/// A file with a table, measured and found to be readable.
#[derive(Debug, Clone)]
pub struct Source {
    path: PathBuf,
    kind: Kind,
    digest: String,
    notes: Vec<Problem>,
    rows: u64,
}

fn refused(code: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Problem {
    Problem::new("", code, zh, en)
}

fn unreadable(error: &io::Error) -> Problem {
    refused("file_unreadable", format!("文件不能读取：{error}"), format!("the file cannot be read: {error}"))
}

impl Source {
    /// Goes through a file once. `sheet` names the sheet of a workbook; the first visible one when none.
    ///
    /// # Errors
    /// Why the file is refused as a whole: `file_empty`, `old_or_encrypted_excel`, `html`, `not_xlsx`, `zip_bomb`,
    /// `too_many_columns`, `record_too_long`, `encoding_unknown`, `nul_byte`, `sheet_unknown`, `sheet_for_csv`, `file_unreadable`.
    pub fn open(path: &Path, sheet: Option<&str>) -> Result<Self, Problem> {
        let (digest, head) = digest(path).map_err(|error| unreadable(&error))?;
        let mut notes = Vec::new();
        let (kind, rows) = match measure::container(&head)? {
            measure::Container::Workbook => {
                let marks = measure::archive(path, &LIMITS)?;
                let (sheet, rows) = workbook::choose(path, sheet, &mut notes)?;
                marks.told(&mut notes);
                (Kind::Workbook { sheet }, rows)
            }
            measure::Container::Text => {
                if sheet.is_some() {
                    return Err(refused("sheet_for_csv", "CSV 文件没有工作表", "a CSV file has no sheets"));
                }
                let (shape, rows) = text::measure(path, &mut notes)?;
                (Kind::Text(shape), rows)
            }
        };
        Ok(Self { path: path.to_owned(), kind, digest, notes, rows })
    }

    /// SHA-256 of the file, hexadecimal.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// What was chosen and what is doubtful about the file as a whole.
    #[must_use]
    pub fn notes(&self) -> &[Problem] {
        &self.notes
    }

    /// How many rows there are, the header included and blank ones not.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// `csv` or `xlsx`.
    #[must_use]
    pub const fn format(&self) -> Format {
        match self.kind {
            Kind::Text(_) => Format::Csv,
            Kind::Workbook { .. } => Format::Xlsx,
        }
    }

    /// Gives each row that is not blank, the header first.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn read<E>(&self, mut take: impl FnMut(&Row<'_>) -> Result<(), E>) -> Result<(), ReadError<E>> {
        match &self.kind {
            Kind::Text(shape) => text::read(&self.path, shape, &mut take),
            Kind::Workbook { sheet } => workbook::read(&self.path, sheet, &mut take),
        }
    }
}

/// SHA-256 of a file, and its first bytes.
fn digest(path: &Path) -> io::Result<(String, Vec<u8>)> {
    let mut file = File::open(path)?;
    let mut head = Vec::new();
    file.by_ref().take(512).read_to_end(&mut head)?;
    file.rewind()?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hasher.update(buffer.get(..read).unwrap_or_default());
    }
    Ok((hex::encode(hasher.finalize()), head))
}
