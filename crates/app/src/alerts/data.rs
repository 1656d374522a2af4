//! Data alerts, and notices to cities: what the counters say of themselves.

use super::change::Changes;
use super::condition::{Condition, is_open, region, settle};
use crate::plans::Target;
use crate::{Error, PROVINCE};
use hege_alerts::Rule;
use hege_alerts::cities::{self, City};
use hege_alerts::data::{Finding, PENDING, SILENT_DAYS, VOIDS, no_failures, silence};
use hege_alerts::plan::Grade;
use hege_core::date::china_date;
use hege_core::{Month, RegionCode, Stage};
use hege_rates::{Cell, Tally};
use hege_store::Error as StoreError;
use hege_store::alerts::AlertRow;
use hege_store::cells::{CellRow, cells_between};
use hege_store::samples::last_registered;
use jiff::civil::date;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The rules that are looked at here.
const RULES: [Rule; 5] = [Rule::Silence, Rule::Voids, Rule::Pending, Rule::NoFailures, Rule::CityBelow];

/// Months after which a sample should be concluded: what was taken two months ago or earlier is due (docs/DOMAIN.md 1.1:
/// 5 days of delivery, 20 working days of testing).
const DUE_MONTHS: usize = 2;

/// Looks at the counters of the plan year.
pub(super) fn refresh(changes: &mut Changes<'_>, stored: &[AlertRow]) -> Result<(), Error> {
    let at = |month| Month { year: changes.plan.year, month }.yyyymm();
    let cells = changes.store.read(|conn| Ok::<_, Error>(cells_between(conn, at(1), at(12))?))?;
    let look = Look { changes, cells: &cells, stored };
    let mut conditions = Vec::new();
    for stage in Stage::ALL {
        if let Some(target) = changes.plan.target(*stage, changes.now) {
            conditions.extend(look.shares(*stage));
            conditions.extend(look.silence(target)?);
            conditions.extend(look.too_good(target)?);
            conditions.extend(look.cities(target)?);
        }
    }
    settle(changes, stored, &RULES, &conditions)
}

struct Look<'a, 'c> {
    changes: &'a Changes<'c>,
    cells: &'a [CellRow],
    stored: &'a [AlertRow],
}

fn figures(finding: &Finding) -> Value {
    json!({"zh": finding.zh(), "en": finding.en()})
}

pub(super) fn condition(finding: &Finding, stage: Option<Stage>, region: RegionCode) -> Condition {
    Condition { rule: finding.rule(), stage, region, grade: Grade::Notice, evidence: figures(finding) }
}

fn number(count: i64) -> u32 {
    u32::try_from(count.max(0)).unwrap_or(u32::MAX)
}

impl Look<'_, '_> {
    /// Whether the plan year is the one of the clock: of another year nobody expects registrations any more.
    fn is_running(&self) -> bool {
        china_date(self.changes.now).year() == self.changes.plan.year
    }

    fn open(&self, rule: Rule, stage: Stage, region: RegionCode) -> bool {
        is_open(self.stored, (rule, Some(stage), region))
    }

    /// Voids of everything registered; pending of what is due.
    fn shares(&self, stage: Stage) -> Vec<Condition> {
        let of_stage = || self.cells.iter().filter(move |row| row.stage.0 == stage);
        let all = of_stage().fold(Cell::default(), |sum, row| sum.plus(row.cell()));
        let today = Month::of(china_date(self.changes.now));
        let due = std::iter::successors(Some(today), |month| Some(month.previous())).nth(DUE_MONTHS).unwrap_or(today);
        let old = of_stage().filter(|row| row.month <= due.yyyymm());
        let old = old.fold(Cell::default(), |sum, row| sum.plus(row.cell()));
        let registered =
            all.conforming + all.nonconforming + all.pending + all.not_judgeable + all.refused + all.voided;
        let waiting = old.pending + old.not_judgeable;
        let of = old.conforming + old.nonconforming + waiting;
        let open = |rule| self.open(rule, stage, PROVINCE);
        let voids = VOIDS.look(number(all.voided), number(registered), open(Rule::Voids));
        let pending = PENDING.look(number(waiting), number(of), open(Rule::Pending));
        [voids, pending].iter().flatten().map(|finding| condition(finding, Some(stage), PROVINCE)).collect()
    }

    fn silence(&self, target: &Target) -> Result<Option<Condition>, Error> {
        if !self.is_running() {
            return Ok(None);
        }
        let last = self.changes.store.read(|conn| Ok::<_, Error>(last_registered(conn, target.stage)?))?;
        let first = date(self.changes.plan.year, 1, 1);
        let last = last.map_or(first, |at| china_date(at.0)).max(first);
        let expected = target.planned_n.saturating_mul(SILENT_DAYS) / 365;
        let finding = silence(last, china_date(self.changes.now), expected);
        Ok(finding.map(|finding| condition(&finding, Some(target.stage), PROVINCE)))
    }

    /// The cities' tallies of what counts.
    fn tallies(&self, target: &Target) -> Result<BTreeMap<i32, Tally>, Error> {
        let mut sums: BTreeMap<i32, Cell> = BTreeMap::new();
        let counts =
            |row: &&CellRow| row.stage.0 == target.stage && target.counting.counts(row.task_type.0, row.sample_kind.0);
        for row in self.cells.iter().filter(counts) {
            let sum = sums.entry(row.city).or_default();
            *sum = sum.plus(row.cell());
        }
        let tally = |(city, cell): (i32, Cell)| Some((city, cell.tally()?));
        let tallies = sums.into_iter().map(|entry| tally(entry).ok_or_else(|| StoreError::Corrupt("rate_cell").into()));
        tallies.collect()
    }

    fn too_good(&self, target: &Target) -> Result<Vec<Condition>, Error> {
        let tallies = self.tallies(target)?;
        let all = tallies.values().fold(Tally::default(), |sum, tally| sum.plus(*tally));
        let mut conditions = Vec::new();
        for (city, own) in tallies {
            let others = Tally::new(all.k - own.k, all.n - own.n).unwrap_or_default();
            let place = region(city * 100)?;
            let finding = no_failures(own, others, self.open(Rule::NoFailures, target.stage, place));
            conditions.extend(finding.map(|finding| condition(&finding, Some(target.stage), place)));
        }
        Ok(conditions)
    }

    fn cities(&self, target: &Target) -> Result<Vec<Condition>, Error> {
        let Some(basis_points) = target.basis_points else { return Ok(Vec::new()) };
        let mut looked_at = Vec::new();
        for (city, tally) in self.tallies(target)? {
            let id = region(city * 100)?;
            looked_at.push(City { id, tally, open: self.open(Rule::CityBelow, target.stage, id) });
        }
        let notices = cities::look(&looked_at, basis_points);
        let told = notices.into_iter().map(|notice| Condition {
            rule: Rule::CityBelow,
            stage: Some(target.stage),
            region: notice.id,
            grade: Grade::Notice,
            evidence: json!({"k": notice.tally.k, "n": notice.tally.n, "zh": notice.zh(), "en": notice.en()}),
        });
        Ok(told.collect())
    }
}
