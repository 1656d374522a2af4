//! 合格率: of the stages, from the cells.

use crate::Error;
use hege_core::{Month, Stage};
use hege_rates::{Assessment, BasisPoints, Cell, Counting, assess};
use hege_store::Store;
use hege_store::cells::cells_between;

/// A stage's rate with what was counted and what stands beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct StageRate {
    /// The stage.
    pub stage: Stage,
    /// Rate, interval, fact and evidence.
    pub assessment: Assessment,
    /// The counters of what counts by the plan, those outside the rate included.
    pub counters: Cell,
    /// What counts, in words.
    pub counted: (String, String),
}

/// The rates of all stages over months of sampling, both included; `target` gives each stage's.
///
/// # Errors
/// Those of the store.
pub fn stages(
    store: &Store,
    (from, until): (Month, Month),
    target: impl Fn(Stage) -> Option<BasisPoints>,
) -> Result<Vec<StageRate>, Error> {
    let cells = store.read(|conn| cells_between(conn, from.yyyymm(), until.yyyymm()))?;
    let rate = |stage: &Stage| {
        let counting = Counting::default_of(*stage);
        let counts =
            cells.iter().filter(|row| row.stage.0 == *stage && counting.counts(row.task_type.0, row.sample_kind.0));
        let counters = counts.fold(Cell::default(), |sum, row| sum.plus(row.cell()));
        let tally = counters.tally().ok_or(hege_store::Error::Corrupt("rate_cell"))?;
        let counted = (counting.zh(), counting.en());
        Ok(StageRate { stage: *stage, assessment: assess(tally, target(*stage)), counters, counted })
    };
    Stage::ALL.iter().map(rate).collect()
}
