//! XLSX, cell by cell. The archive was measured before.

use crate::text::too_many_columns;
use crate::{Cell, CellKind, LIMITS, ReadError, Row, refused, unreadable};
use calamine::{Data, DataRef, ExcelDateTime, Reader as _, SheetType, SheetVisible, Xlsx};
use hege_core::Problem;
use std::borrow::Cow;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

type Workbook = Xlsx<BufReader<File>>;

fn broken(error: &calamine::XlsxError) -> Problem {
    if matches!(error, calamine::XlsxError::Password) {
        return refused("encrypted", "工作簿有密码", "the workbook has a password");
    }
    refused("file_unreadable", format!("工作簿不能读取：{error}"), format!("the workbook cannot be read: {error}"))
}

fn open(path: &Path) -> Result<Workbook, Problem> {
    let file = File::open(path).map_err(|error| unreadable(&error))?;
    Xlsx::new(BufReader::new(file)).map_err(|error| broken(&error))
}

/// The sheet that is read, told where there are several, and how many rows it has.
pub(crate) fn choose(path: &Path, wanted: Option<&str>, notes: &mut Vec<Problem>) -> Result<(String, u64), Problem> {
    let workbook = open(path)?;
    let sheets = workbook.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
    let sheets: Vec<(&str, bool)> =
        sheets.map(|sheet| (sheet.name.as_str(), sheet.visible == SheetVisible::Visible)).collect();
    let names = sheets.iter().map(|(name, _)| *name).collect::<Vec<_>>().join("、");
    let found = match wanted {
        Some(wanted) => sheets.iter().find(|(name, _)| *name == wanted),
        None => sheets.iter().find(|(_, is_visible)| *is_visible),
    };
    let Some((sheet, _)) = found else {
        return Err(refused(
            "sheet_unknown",
            format!("没有此工作表；有：{names}"),
            format!("no such sheet; there are: {names}"),
        ));
    };
    if sheets.len() > 1 {
        let (zh, en) =
            (format!("读取工作表“{sheet}”，共有：{names}"), format!("sheet \"{sheet}\" is read; there are: {names}"));
        notes.push(refused("sheet_chosen", zh, en));
    }
    let mut rows = 0;
    let mut count = |row: &Row<'_>| {
        rows += 1;
        if row.cells.len() > LIMITS.columns { Err(too_many_columns(row)) } else { Ok(()) }
    };
    match read(path, sheet, &mut count) {
        Ok(()) if rows == 0 => Err(refused("file_empty", "工作表为空", "the sheet is empty")),
        Ok(()) => Ok(((*sheet).to_owned(), rows)),
        Err(ReadError::File(problem) | ReadError::Taker(problem)) => Err(problem),
    }
}

/// Gives each row that is not blank.
pub(crate) fn read<E>(
    path: &Path,
    sheet: &str,
    take: &mut impl FnMut(&Row<'_>) -> Result<(), E>,
) -> Result<(), ReadError<E>> {
    let file = |error: &calamine::XlsxError| ReadError::File(broken(error));
    let mut workbook = open(path).map_err(ReadError::File)?;
    let mut reader = workbook.worksheet_cells_reader(sheet).map_err(|error| file(&error))?;
    let mut row = Row { number: 0, cells: Vec::new() };
    let mut give = |row: &mut Row<'_>| {
        let is_blank = row.cells.iter().all(|cell| cell.text.trim().is_empty());
        let taken = if is_blank { Ok(()) } else { take(row).map_err(ReadError::Taker) };
        row.cells.clear();
        taken
    };
    while let Some(found) = reader.next_cell_with_formula_metadata().map_err(|error| file(&error))? {
        let number = u64::from(found.pos.0) + 1;
        if number < row.number {
            let (zh, en) = ("工作表的行没有按顺序存放", "the rows of the sheet are not in their order");
            return Err(ReadError::File(refused("file_unreadable", zh, en)));
        }
        if number > row.number {
            give(&mut row)?;
            row.number = number;
        }
        let Some(cell) = cell(found.value, found.formula.is_some()).map_err(ReadError::File)? else { continue };
        let column = usize::try_from(found.pos.1).unwrap_or(usize::MAX);
        if column >= LIMITS.columns {
            return Err(ReadError::File(too_many_columns(&row)));
        }
        while row.cells.len() <= column {
            row.cells.push(Cell { text: Cow::Borrowed(""), kind: CellKind::Text });
        }
        if let Some(place) = row.cells.get_mut(column) {
            *place = cell;
        }
    }
    give(&mut row)
}

/// A cell's text; none for an empty one.
fn cell<'a>(value: DataRef<'a>, is_formula: bool) -> Result<Option<Cell<'a>>, Problem> {
    let (text, kind) = match value {
        DataRef::Empty => return Ok(None),
        DataRef::String(text) => (Cow::Owned(text), CellKind::Text),
        DataRef::SharedString(text) => (Cow::Borrowed(text), CellKind::Text),
        DataRef::Int(number) => (Cow::Owned(number.to_string()), CellKind::Number),
        DataRef::Float(number) => (Cow::Owned(number.to_string()), CellKind::Number),
        DataRef::Bool(flag) => (Cow::Borrowed(if flag { "true" } else { "false" }), CellKind::Text),
        DataRef::DateTime(at) => (Cow::Owned(date(&at)), CellKind::Date),
        DataRef::DateTimeIso(text) => (Cow::Owned(text.replace('T', " ")), CellKind::Date),
        DataRef::DurationIso(text) => (Cow::Owned(text), CellKind::Text),
        DataRef::Error(error) => (Cow::Owned(Data::Error(error).to_string()), CellKind::Error),
    };
    if text.len() > LIMITS.cell {
        let (zh, en) = ("单元格超过 1 MiB", "a cell has more than 1 MiB");
        return Err(refused("cell_too_long", zh, en));
    }
    let is_value = kind != CellKind::Error;
    Ok(Some(Cell { text, kind: if is_formula && is_value { CellKind::Formula } else { kind } }))
}

/// A serial number of days as a date, with its time where it has one. The workbook says from which epoch it counts.
fn date(at: &ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, _) = at.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    if (hour, minute, second) == (0, 0, 0) { date } else { format!("{date} {hour:02}:{minute:02}:{second:02}") }
}
