//! 统计单元: the counters behind every rate, changed in the transaction that changes a standing.

use crate::samples::Sample;
use crate::schema::rate_cell;
use crate::types::Word;
use crate::{Conn, Error, on};
use diesel::prelude::*;
use diesel::upsert::excluded;
use hege_core::{SampleKind, Stage, TaskType};
use hege_rates::Cell;

/// A cell's row: key and counters.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = rate_cell)]
pub struct CellRow {
    /// The shard.
    pub city: i32,
    /// 环节.
    pub stage: Word<Stage>,
    /// Code of the sector, empty for none: a key holds no null.
    pub sector: String,
    /// 任务类别.
    pub task_type: Word<TaskType>,
    /// 样品类型.
    pub sample_kind: Word<SampleKind>,
    /// Month of sampling, `yyyymm`.
    pub month: i32,
    /// Counter.
    pub conforming: i64,
    /// Counter.
    pub nonconforming: i64,
    /// Counter.
    pub pending: i64,
    /// Counter.
    pub not_judgeable: i64,
    /// Counter.
    pub refused: i64,
    /// Counter.
    pub voided: i64,
    /// Counter.
    pub risk: i64,
}

impl CellRow {
    /// The counters.
    #[must_use]
    pub const fn cell(&self) -> Cell {
        Cell {
            conforming: self.conforming,
            nonconforming: self.nonconforming,
            pending: self.pending,
            not_judgeable: self.not_judgeable,
            refused: self.refused,
            voided: self.voided,
            risk: self.risk,
        }
    }

    /// What tells it from the others.
    fn key(&self) -> (i32, &str, &str, &str, &str, i32) {
        let (stage, task_type, kind) = (self.stage.0.code(), self.task_type.0.code(), self.sample_kind.0.code());
        (self.city, stage, &self.sector, task_type, kind, self.month)
    }

    /// The cell of a sample with these counters.
    #[must_use]
    pub fn of(sample: &Sample, cell: Cell) -> Self {
        Self {
            city: sample.city,
            stage: sample.stage,
            sector: sample.sector.map(|Word(sector)| sector.code()).unwrap_or_default().to_owned(),
            task_type: sample.task_type,
            sample_kind: sample.sample_kind,
            month: sample.month,
            conforming: cell.conforming,
            nonconforming: cell.nonconforming,
            pending: cell.pending,
            not_judgeable: cell.not_judgeable,
            refused: cell.refused,
            voided: cell.voided,
            risk: cell.risk,
        }
    }
}

/// Adds a change to its cell. Comes last in a transaction: the row is the one that many writers want.
///
/// # Errors
/// Those of the database.
pub fn cell_apply(conn: &mut Conn, change: &CellRow) -> Result<(), Error> {
    on!(conn, c => diesel::insert_into(rate_cell::table)
        .values(change)
        .on_conflict((
            rate_cell::city,
            rate_cell::stage,
            rate_cell::sector,
            rate_cell::task_type,
            rate_cell::sample_kind,
            rate_cell::month,
        ))
        .do_update()
        .set((
            rate_cell::conforming.eq(rate_cell::conforming + excluded(rate_cell::conforming)),
            rate_cell::nonconforming.eq(rate_cell::nonconforming + excluded(rate_cell::nonconforming)),
            rate_cell::pending.eq(rate_cell::pending + excluded(rate_cell::pending)),
            rate_cell::not_judgeable.eq(rate_cell::not_judgeable + excluded(rate_cell::not_judgeable)),
            rate_cell::refused.eq(rate_cell::refused + excluded(rate_cell::refused)),
            rate_cell::voided.eq(rate_cell::voided + excluded(rate_cell::voided)),
            rate_cell::risk.eq(rate_cell::risk + excluded(rate_cell::risk)),
        ))
        .execute(c))?;
    Ok(())
}

/// Adds changes to their cells, one after the other in the order of their keys: of two transactions that want the same cells none
/// holds one that the other waits for while it waits itself. Comes last in a transaction.
///
/// # Errors
/// Those of the database.
pub fn cells_apply(conn: &mut Conn, mut changes: Vec<CellRow>) -> Result<(), Error> {
    changes.sort_by(|one, other| one.key().cmp(&other.key()));
    changes.iter().try_for_each(|change| cell_apply(conn, change))
}

/// The cells of these months of sampling (`yyyymm`, both included), all cities.
///
/// # Errors
/// Those of the database.
pub fn cells_between(conn: &mut Conn, from: i32, until: i32) -> Result<Vec<CellRow>, Error> {
    Ok(on!(conn, c => rate_cell::table
        .filter(rate_cell::month.between(from, until))
        .order((rate_cell::city, rate_cell::stage, rate_cell::month))
        .select(CellRow::as_select())
        .load(c))?)
}
