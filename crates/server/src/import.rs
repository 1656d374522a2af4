//! `hege import` and `hege export`: samples of the past from a file, and samples into one.

use crate::config::{Database, KeyFile};
use crate::evidence::ExportEvidence;
use crate::told;
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use hege_app::criteria::Catalogues;
use hege_app::imports::{self, Book, ExportError, Format, Import, Surroundings, Which};
use hege_app::people::{self, Person, Profile};
use hege_app::{Call, PROVINCE, Scope, Store, setup};
use hege_core::{OrganisationId, RegionCode, Role, Stage, UserId};
use hege_sampling::life_cycle::Actor;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, IsTerminal as _, Write, stderr, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use uuid::Uuid;

/// What is imported.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum ImportWhat {
    /// Samples of the past with their results, CSV or XLSX, one row an item.
    ///
    /// Example: hege import samples 2014.xlsx --dry-run --errors wrong.xlsx
    ///
    /// Columns stand in any order under their Chinese names or codes; `hege export template` writes all of them. Valid samples go
    /// in, the rows of the others are told with every reason, and the same file again changes nothing. Exit 0 when every row is
    /// in, 2 when some are not, 1 when none is.
    Samples(Samples),
}

/// What is told of an import.
#[derive(Debug, Clone, Args)]
pub(crate) struct Samples {
    /// The file.
    file: PathBuf,
    /// Check every row and store no sample.
    #[arg(long)]
    dry_run: bool,
    /// Where the rows that did not go in, or went in with a doubt, are written: .csv or .xlsx.
    #[arg(long, value_name = "FILE")]
    errors: Option<PathBuf>,
    /// The administrator who imports; needed where there are several.
    #[arg(long = "as", value_name = "LOGIN")]
    login: Option<String>,
    /// The sheet of a workbook; the first visible one when none.
    #[arg(long)]
    sheet: Option<String>,
    #[command(flatten)]
    key_file: KeyFile,
    #[command(flatten)]
    database: Database,
}

/// What is exported.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum ExportWhat {
    /// Samples with their results, one row an item, in columns that import again. Personal fields are left out.
    ///
    /// Example: hege export samples --stage farm --from 2025-01-01 --out farm.xlsx
    Samples(ExportSamples),
    /// Sampling forms, one row a sample, in the 77 columns of the official form. Personal fields stay empty.
    ///
    /// Example: hege export sampling-form --from 2025-01-01 --out forms.xlsx
    SamplingForm(ExportSamples),
    /// Results, one row an item, in the 86 columns of the official export. Personal fields stay empty.
    ///
    /// Example: hege export results --region 330100 --out results.xlsx
    Results(ExportSamples),
    /// An empty file to fill in, with every column and an example.
    ///
    /// Example: hege export template --out samples.xlsx
    Template {
        /// Where it is written, .csv or .xlsx; CSV on standard output when none.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Everything on record of a sample with its proof, in one ZIP that `hege verify-bundle` checks.
    ///
    /// Example: hege export evidence 3301-0190b6c1-7e3a-7c11-9a5b-0123456789ab evidence.zip
    Evidence(ExportEvidence),
}

/// Which samples are exported.
#[derive(Debug, Clone, Args)]
pub(crate) struct ExportSamples {
    /// One stage.
    #[arg(long)]
    stage: Option<Stage>,
    /// A region's subtree.
    #[arg(long)]
    region: Option<RegionCode>,
    /// Taken on this day or later.
    #[arg(long)]
    from: Option<Date>,
    /// Taken on this day or before.
    #[arg(long)]
    to: Option<Date>,
    /// Where they are written, .csv or .xlsx; CSV on standard output when none.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    database: Database,
}

impl ImportWhat {
    /// Does it.
    pub(crate) fn run(&self) -> Result<ExitCode> {
        let Self::Samples(samples) = self;
        samples.run()
    }
}

impl ExportWhat {
    /// Does it.
    pub(crate) fn run(&self) -> Result<()> {
        match self {
            Self::Samples(samples) => samples.run(None),
            Self::SamplingForm(samples) => samples.run(Some(Book::SamplingForm)),
            Self::Results(samples) => samples.run(Some(Book::Results)),
            Self::Evidence(evidence) => evidence.run(),
            Self::Template { out } => {
                let format = format(out.as_deref())?;
                written(out.as_deref(), |file| imports::template(file, format).map_err(ExportError::from))
            }
        }
    }
}

impl Samples {
    fn run(&self) -> Result<ExitCode> {
        let errors = format(self.errors.as_deref())?;
        let store = self.database.open()?;
        let data_key = self.key_file.load_for(&store, &self.database)?;
        let (catalogue, regions) = (Catalogues::default().get(&store)?, setup::regions(&store)?);
        let call = call(&store, &administrator(&store, self.login.as_deref())?)?;
        let name = self.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let opened = imports::open(&self.file, &name, self.sheet.as_deref()).map_err(told)?;
        let begun = imports::begin(&store, &call, &opened, (Uuid::now_v7(), self.dry_run, Timestamp::now()))?;
        let around = Surroundings {
            store: &store,
            data_key: &data_key,
            catalogue: &catalogue,
            regions: &regions,
            new_id: &Uuid::now_v7,
            clock: &Timestamp::now,
        };
        let shown = Shown::new(begun.total);
        let outcome = imports::run(&around, &call, (&opened, begun), &|import| shown.tell(import));
        shown.bar.finish_and_clear();
        let import = outcome.map_err(told)?;
        if let Some(file) = &self.errors {
            written(Some(file), |out| imports::errors(&store, &import, (out, errors)))?;
        }
        told_of(&import)?;
        Ok(code(&import))
    }
}

/// 0 when every row is in, 2 when some are not, 1 when none is.
fn code(import: &Import) -> ExitCode {
    match import.rejected {
        0 => ExitCode::SUCCESS,
        rejected if rejected < import.rows => ExitCode::from(2),
        _ => ExitCode::FAILURE,
    }
}

fn told_of(import: &Import) -> Result<()> {
    let mut out = stdout().lock();
    for note in import.notes.0.as_array().into_iter().flatten() {
        let text = |key: &str| note.get(key).and_then(serde_json::Value::as_str).unwrap_or_default();
        writeln!(out, "{}: {} / {}", text("code"), text("zh"), text("en"))?;
    }
    let what = if import.dry_run { "dry run " } else { "" };
    let Import { rows, accepted, rejected, unchanged, warned, samples, .. } = import;
    writeln!(
        out,
        "{what}rows {rows}: accepted {accepted} ({samples} samples), rejected {rejected}, unchanged {unchanged}, warned {warned}"
    )?;
    Ok(writeln!(out, "import {}", import.id.0)?)
}

/// How far an import is: a bar on a terminal, a line for each ten thousand rows elsewhere.
struct Shown {
    bar: ProgressBar,
    said: Mutex<i64>,
}

const LINE: i64 = 10_000;

impl Shown {
    fn new(total: i64) -> Self {
        let bar = if stderr().is_terminal() {
            let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {eta}");
            let bar = ProgressBar::new(u64::try_from(total).unwrap_or(0));
            bar.with_style(style.unwrap_or_else(|_bad_template| ProgressStyle::default_bar()))
        } else {
            ProgressBar::hidden()
        };
        Self { bar, said: Mutex::new(0) }
    }

    #[expect(clippy::print_stderr, reason = "progress must not stand in what a pipe carries on")]
    fn tell(&self, import: &Import) -> bool {
        self.bar.set_position(u64::try_from(import.rows).unwrap_or(0));
        let Ok(mut said) = self.said.lock() else { return true };
        if !stderr().is_terminal() && import.rows / LINE > *said {
            *said = import.rows / LINE;
            eprintln!("hege: {} of {} rows, {} rejected", import.rows, import.total, import.rejected);
        }
        true
    }
}

impl ExportSamples {
    fn run(&self, book: Option<Book>) -> Result<()> {
        let format = format(self.out.as_deref())?;
        let store = self.database.open()?;
        let call = everything(&store)?;
        let which = Which { stage: self.stage, region: self.region, from: self.from, to: self.to };
        if let Some(book) = book {
            let (catalogue, regions) = (Catalogues::default().get(&store)?, setup::regions(&store)?);
            let known = (&store, &regions, &*catalogue);
            return written(self.out.as_deref(), |out| {
                imports::official(known, &call, (book, &which), (out, format)).map(drop)
            });
        }
        written(self.out.as_deref(), |out| imports::samples(&store, &call, &which, (out, format), &|_| {}).map(drop))
    }
}

/// By the file's name; CSV where there is none.
fn format(file: Option<&Path>) -> Result<Format> {
    let Some(file) = file else { return Ok(Format::Csv) };
    let name = file.extension().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    name.parse().with_context(|| format!("{} ends neither in .csv nor in .xlsx", file.display()))
}

/// Writes a file beside its place and puts it there when it is whole.
fn written(
    file: Option<&Path>,
    write: impl FnOnce(&mut (dyn Write + Send)) -> std::result::Result<(), ExportError>,
) -> Result<()> {
    let Some(file) = file else {
        return Ok(write(&mut BufWriter::new(stdout()))?);
    };
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let part = file.with_file_name(format!(".{name}.{}", std::process::id()));
    let context = || format!("cannot write {}", file.display());
    let mut out = BufWriter::new(File::create(&part).with_context(context)?);
    let outcome = write(&mut out).map_err(anyhow::Error::from).and_then(|()| Ok(out.flush()?));
    let outcome = outcome.and_then(|()| Ok(std::fs::rename(&part, file)?));
    if outcome.is_err() && std::fs::remove_file(&part).is_err() {
        tracing::warn!(file = %part.display(), "a part of a file stays behind");
    }
    outcome.with_context(context)
}

/// The administrator of a login, or the only one there is.
fn administrator(store: &Store, login: Option<&str>) -> Result<Person> {
    if let Some(login) = login {
        let person = people::by_login(store, login).with_context(|| format!("no login `{login}`"))?;
        if !person.active || !Profile::of(&person)?.roles.contains(&Role::Administrator) {
            bail!("`{login}` is no administrator: an import is an administrator's act");
        }
        return Ok(person);
    }
    let mut found = Vec::new();
    for person in people::list(store)?.into_iter().filter(|person| person.active) {
        if Profile::of(&person)?.roles.contains(&Role::Administrator) {
            found.push(person);
        }
    }
    match (found.pop(), found.pop()) {
        (Some(person), None) => Ok(person),
        (None, _) => bail!("there is no administrator: `hege user add --role administrator` makes one"),
        (Some(_), Some(_)) => bail!("there are several administrators: say with --as LOGIN who imports"),
    }
}

fn call(store: &Store, person: &Person) -> Result<Call> {
    let profile = Profile::of(person)?;
    Ok(Call {
        actor: Actor { user: UserId(person.id.0), roles: profile.roles.clone() },
        organisation: profile.organisation,
        scope: profile.scope(),
        at: setup::demo_clock(store)?.unwrap_or_else(Timestamp::now),
        audit_id: Uuid::now_v7(),
    })
}

/// Whoever holds the database sees everything in it.
fn everything(store: &Store) -> Result<Call> {
    Ok(Call {
        actor: Actor { user: UserId(Uuid::nil()), roles: BTreeSet::from([Role::Administrator]) },
        organisation: OrganisationId(Uuid::nil()),
        scope: Scope { region: PROVINCE, stages: BTreeSet::new() },
        at: setup::demo_clock(store)?.unwrap_or_else(Timestamp::now),
        audit_id: Uuid::now_v7(),
    })
}
