//! `hege demo`: a province to look at.

use crate::config::{Database, KeyFile};
use crate::rates::Rates;
use crate::serve::Serve;
use crate::told;
use anyhow::{Context, Result};
use clap::Args;
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use hege_api::alerts::AlertView;
use hege_app::alerts::{AlertRow, Filter, list};
use hege_app::demo::fill::{fill, refuse_used};
use hege_app::people::Profile;
use hege_app::{PROVINCE, Scope, Store, people, setup};
use hege_core::date::CHINA;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::io::{IsTerminal as _, Write as _, stderr, stdout};
use uuid::Uuid;

/// With which every login of the demonstration works. Everybody knows it, so a demonstration listens on loopback only.
const PASSWORD: &str = "demo-password-2025";

/// What the demonstration is told.
#[derive(Debug, Clone, Args)]
pub(crate) struct Demo {
    /// Serve it afterwards.
    #[arg(long)]
    serve: bool,
    #[command(flatten)]
    server: Serve,
}

impl Demo {
    /// Fills an empty database, or goes on with the demonstration that is there; shows it, and serves it when told so.
    pub(crate) fn run(&self) -> Result<()> {
        let Serve { database, key_file, .. } = &self.server;
        self.server.surroundings()?.check_demo()?;
        let store = database.open_migrated(true)?;
        if !setup::is_demo_filled(&store)? {
            refuse_used(&store).map_err(told)?;
            setup::load(&store, hege_app::demo::NOW, &Uuid::now_v7)?;
            filled(&store, database, key_file)?;
        }
        show(&store, database)?;
        drop(store);
        if self.serve { self.server.run() } else { Ok(()) }
    }
}

fn filled(store: &Store, database: &Database, key_file: &KeyFile) -> Result<()> {
    let data_key = key_file.load_for(store, database)?;
    let bar = bar();
    let progress = |done: u64, all: u64| {
        bar.set_length(all);
        bar.set_position(done);
    };
    let outcome = fill(store, &data_key, PASSWORD, &Uuid::now_v7, &progress);
    bar.finish_and_clear();
    outcome.map(drop).map_err(told).context("the demonstration could not be filled in")
}

/// A bar on a terminal; elsewhere nothing, for the lines that follow say what there is.
fn bar() -> ProgressBar {
    if !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {eta}");
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_bad_template| ProgressStyle::default_bar()))
}

fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Table {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_header(header);
    table.add_rows(rows);
    table
}

fn show(store: &Store, database: &Database) -> Result<()> {
    writeln!(stdout(), "{}\n", logins(store)?)?;
    Rates::of_current_plan(database.clone()).run()?;
    writeln!(stdout(), "\n{}\n", alerts(store)?)?;
    let clock = setup::demo_clock(store)?.map(|clock| CHINA.to_datetime(clock).strftime("%F %H:%M").to_string());
    writeln!(stdout(), "its clock goes on from {}: a sample is taken before then", clock.unwrap_or_default())?;
    Ok(writeln!(stdout(), "password of every login: {PASSWORD}")?)
}

fn logins(store: &Store) -> Result<Table> {
    let mut rows = Vec::new();
    for person in people::list(store)? {
        let roles: Vec<&str> = Profile::of(&person)?.roles.iter().map(|role| role.code()).collect();
        rows.push(vec![person.login, person.name, roles.join(" ")]);
    }
    Ok(table(&["login", "name", "roles"], rows))
}

/// The day of an instant in China.
fn day(instant: &str) -> String {
    instant.parse::<Timestamp>().map(|at| CHINA.to_datetime(at).date().to_string()).unwrap_or_default()
}

/// Every alert of the current plan, the newest first.
fn all_alerts(store: &Store) -> Result<Vec<AlertRow>> {
    let everything = Scope { region: PROVINCE, stages: BTreeSet::new() };
    let (mut alerts, mut filter) = (Vec::new(), Filter::default());
    loop {
        let page = list(store, &everything, (&filter, u8::MAX)).context("the alerts cannot be read")?;
        alerts.extend(page.items);
        if page.next.is_none() {
            return Ok(alerts);
        }
        filter.after = page.next;
    }
}

fn alerts(store: &Store) -> Result<Table> {
    let alerts = all_alerts(store)?;
    let rows = alerts.iter().map(AlertView::from).filter(|alert| alert.kind != "event").map(|alert| {
        let words = alert.evidence.get("zh").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        let stage = alert.stage.unwrap_or_default().to_owned();
        vec![day(&alert.raised_at), alert.rule_zh.to_owned(), stage, alert.region, alert.grade, alert.status, words]
    });
    let mut rows: Vec<Vec<String>> = rows.collect();
    let events = alerts.iter().filter(|alert| alert.kind == "event").count();
    rows.push(vec![
        String::new(),
        "事件预警".to_owned(),
        String::new(),
        String::new(),
        String::new(),
        String::new(),
        events.to_string(),
    ]);
    Ok(table(&["raised", "rule", "stage", "region", "grade", "status", "evidence"], rows))
}
