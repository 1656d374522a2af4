//! `hege rates`: the pass rates of the stages, for a terminal or another program.

use crate::config::Database;
use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use hege_api::rates::RateView;
use hege_app::rates::{GroupBy, Question, rates, year_to_date};
use hege_app::{PROVINCE, Scope, Store, plans, setup};
use hege_core::{PlanId, RegionCode, Stage};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::io::{Write as _, stdout};

/// What is asked.
#[derive(Debug, Clone, Args)]
pub(crate) struct Rates {
    /// A plan's id; the current plan when absent.
    #[arg(long)]
    plan: Option<PlanId>,
    /// One stage.
    #[arg(long, value_parser = crate::words::stage())]
    stage: Option<Stage>,
    /// A region's subtree.
    #[arg(long, default_value_t = PROVINCE)]
    region: RegionCode,
    /// By the record as it stood at this instant.
    #[arg(long)]
    as_of: Option<Timestamp>,
    /// How it is printed.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    #[command(flatten)]
    database: Database,
}

/// How rates are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a person.
    Table,
    /// For a spreadsheet.
    Csv,
    /// For a program: the same fields as `GET /rates`.
    Json,
}

impl Rates {
    /// The current plan's year to date, for a person.
    pub(crate) const fn of_current_plan(database: Database) -> Self {
        Self { plan: None, stage: None, region: PROVINCE, as_of: None, format: Format::Table, database }
    }

    /// Asks and prints.
    pub(crate) fn run(&self) -> Result<()> {
        let store = self.database.open()?;
        let views = self.views(&store)?;
        match self.format {
            Format::Json => Ok(writeln!(stdout().lock(), "{}", serde_json::to_string_pretty(&views)?)?),
            Format::Csv => csv(&views),
            Format::Table => print_table(&views),
        }
    }

    fn views(&self, store: &Store) -> Result<Vec<RateView>> {
        let now = setup::demo_clock(store)?.unwrap_or_else(Timestamp::now);
        let plan = plans::fetch(store, self.plan).context("there is no such plan")?;
        let question = Question {
            stage: self.stage,
            region: self.region,
            months: year_to_date(&plan, now),
            as_of: self.as_of,
            group_by: GroupBy::Stage,
        };
        let everything = Scope { region: PROVINCE, stages: BTreeSet::new() };
        let rates = rates(store, &everything, (&plan, now), &question)?;
        Ok(rates.iter().map(|rate| RateView::of(rate, self.as_of.unwrap_or(now))).collect())
    }
}

fn interval(view: &RateView) -> String {
    view.interval.map(|[low, high]| format!("{:.2}~{:.2}", low * 100.0, high * 100.0)).unwrap_or_default()
}

fn target(view: &RateView) -> String {
    view.target_bp.map(|bp| format!("{}.{:02}", bp / 100, bp % 100)).unwrap_or_default()
}

/// The columns of table and CSV.
const COLUMNS: [&str; 9] = ["stage", "n", "k", "rate", "interval", "target", "state", "pending", "counted"];

fn cells(view: &RateView) -> [String; COLUMNS.len()] {
    [
        view.stage.to_owned(),
        view.n.to_string(),
        view.k.to_string(),
        view.rate.clone().unwrap_or_default(),
        interval(view),
        target(view),
        view.state.to_owned(),
        view.beside.pending.to_string(),
        view.counted.clone(),
    ]
}

fn csv(views: &[RateView]) -> Result<()> {
    let mut writer = csv::Writer::from_writer(stdout().lock());
    writer.write_record(COLUMNS)?;
    for view in views {
        writer.write_record(cells(view))?;
    }
    writer.flush().context("cannot be printed")
}

/// Prints rates for a person.
fn print_table(views: &[RateView]) -> Result<()> {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_header(COLUMNS);
    table.add_rows(views.iter().map(cells));
    Ok(writeln!(stdout().lock(), "{table}")?)
}
