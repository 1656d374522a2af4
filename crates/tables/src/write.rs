//! Rows into CSV and XLSX.

use crate::text::guarded;
use rust_xlsxwriter::{Format as CellFormat, Workbook, XlsxError};
use std::io::Write;

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated, UTF-8 with its mark, so that spreadsheets read the Chinese.
    Csv,
    /// A workbook.
    Xlsx,
}

impl Format {
    /// `csv` or `xlsx`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
        }
    }

    /// What HTTP calls it.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}

/// Text that is no format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("csv or xlsx")]
pub struct BadFormat;

impl std::str::FromStr for Format {
    type Err = BadFormat;
    fn from_str(text: &str) -> Result<Self, BadFormat> {
        match text {
            "csv" => Ok(Self::Csv),
            "xlsx" => Ok(Self::Xlsx),
            _ => Err(BadFormat),
        }
    }
}

/// Why a table cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Nobody takes it.
    #[error("the table cannot be written")]
    Io(#[from] std::io::Error),
    /// CSV.
    #[error("the table cannot be written as CSV")]
    Csv(#[from] csv::Error),
    /// XLSX, a text of more than 32,767 characters for one.
    #[error("the table cannot be written as XLSX")]
    Xlsx(#[from] XlsxError),
}

/// Rows of a sheet: Excel knows no more.
const SHEET_ROWS: u32 = 1_048_576;

enum Inner<W: Write> {
    Csv(Box<csv::Writer<W>>),
    Xlsx { out: W, book: Box<Workbook>, sheet: usize, row: u32 },
}

/// Takes rows and writes them, without keeping them in memory. A workbook is written when it is finished; until then its rows
/// lie in a temporary file. Every cell is text: digits are kept as they are.
pub struct TableWriter<W: Write> {
    inner: Inner<W>,
    header: Vec<String>,
}

impl<W: Write + Send> TableWriter<W> {
    /// Begins a table with its header.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn new(format: Format, mut out: W, header: &[&str]) -> Result<Self, WriteError> {
        let inner = match format {
            Format::Csv => {
                out.write_all("\u{feff}".as_bytes())?;
                let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
                writer.write_record(header)?;
                Inner::Csv(Box::new(writer))
            }
            Format::Xlsx => Inner::Xlsx { out, book: Box::new(Workbook::new()), sheet: 0, row: SHEET_ROWS },
        };
        let mut table = Self { inner, header: header.iter().map(|name| (*name).to_owned()).collect() };
        table.begin_sheet()?;
        Ok(table)
    }

    /// A workbook's next sheet, with the header again.
    fn begin_sheet(&mut self) -> Result<(), WriteError> {
        let Inner::Xlsx { book, sheet, row, .. } = &mut self.inner else { return Ok(()) };
        if *row < SHEET_ROWS {
            return Ok(());
        }
        let made = book.add_worksheet_with_constant_memory()?;
        made.set_freeze_panes(1, 0)?;
        let bold = CellFormat::new().set_bold();
        for (column, name) in (0_u16..).zip(&self.header) {
            made.write_string_with_format(0, column, name, &bold)?;
        }
        (*row, *sheet) = (1, book.worksheets().len() - 1);
        Ok(())
    }

    /// Writes a row.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn row<T: AsRef<str>>(&mut self, cells: &[T]) -> Result<(), WriteError> {
        self.begin_sheet()?;
        match &mut self.inner {
            Inner::Csv(writer) => {
                for cell in cells {
                    writer.write_field(guarded(cell.as_ref()).as_bytes())?;
                }
                Ok(writer.write_record(None::<&[u8]>)?)
            }
            Inner::Xlsx { book, sheet, row, .. } => {
                let sheet = book.worksheet_from_index(*sheet)?;
                for (column, cell) in (0_u16..).zip(cells) {
                    if !cell.as_ref().is_empty() {
                        sheet.write_string(*row, column, cell.as_ref())?;
                    }
                }
                *row += 1;
                Ok(())
            }
        }
    }

    /// Ends the table.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn finish(self) -> Result<(), WriteError> {
        match self.inner {
            Inner::Csv(mut writer) => Ok(writer.flush()?),
            Inner::Xlsx { mut out, mut book, .. } => {
                book.save_to_writer(&mut out)?;
                Ok(out.flush()?)
            }
        }
    }
}
