//! The binary `hege`: commands and configuration. It wires and decides nothing.

mod backup;
mod config;
mod demo;
mod evidence;
mod files;
mod import;
mod judge;
mod key;
mod listen;
mod logs;
mod mail;
mod rates;
mod serve;
mod settings;
mod tls;
mod user;
mod verify;
mod words;
mod worker;

use anyhow::{Context, Result};
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use config::Database;
use hege_core::Problem;
use jiff::Timestamp;
use std::error::Error;
use std::ffi::OsString;
use std::io::{ErrorKind, Write as _, stdout};
use std::path::PathBuf;
use std::process::ExitCode;
use uuid::Uuid;

/// 合格: food-safety sampling inspection for a province.
#[derive(Parser)]
#[command(name = "hege", version)]
struct Cli {
    /// File with settings, a line NAME=VALUE each; flags and environment come before it.
    #[arg(long, env = "HEGE_CONFIG", global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    logs: logs::Logs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API.
    ///
    /// Example: hege serve --database-url sqlite://data/hege.db --listen 127.0.0.1:8080
    Serve(serve::Serve),
    /// Fill an empty database with a province to look at, show its rates and alerts, and serve it when told so.
    ///
    /// Example: hege demo --serve
    Demo(demo::Demo),
    /// Bring the database up to this program, and load what it lacks.
    ///
    /// Example: hege migrate --database-url postgres://hege@localhost/hege
    Migrate {
        #[command(flatten)]
        database: Database,
    },
    /// Make, reset or disable a login.
    #[command(subcommand)]
    User(user::User),
    /// See mail that was given up, try it again, or send a test.
    #[command(subcommand)]
    Mail(mail::Mail),
    /// Make another key sign access tokens.
    #[command(subcommand)]
    Key(key::Key),
    /// Judge results against the criteria that stand beside them in a CSV file, or those of the catalogue.
    ///
    /// Example: hege judge results.csv > judged.csv
    ///
    /// Writes the same rows with `verdict,reason,steps` added. A row that cannot be judged says why; exit 0 when every row
    /// was answered, whatever the answers.
    #[command(after_long_help = judge::COLUMNS_HELP)]
    Judge {
        /// The file, UTF-8 with a header; `-` for standard input.
        file: PathBuf,
        /// A row of the catalogue that is unverified and shall judge all the same; may stand several times.
        #[arg(long, value_name = "ROW")]
        accept: Vec<String>,
    },
    /// Import a file.
    #[command(subcommand)]
    Import(import::ImportWhat),
    /// Export into a file.
    #[command(subcommand)]
    Export(import::ExportWhat),
    /// Print the pass rates of the stages.
    ///
    /// Example: hege rates --stage farm --format json
    Rates(rates::Rates),
    /// Recompute what the database says of itself; exit 1 and the place when something differs.
    ///
    /// Example: hege verify
    Verify(verify::Verify),
    /// Check a sample's evidence that `hege export evidence` or the API wrote; no database is needed. Exit 1 with each place that is
    /// wrong.
    ///
    /// Example: hege verify-bundle evidence.zip --head 9f86d081884c7d65
    VerifyBundle(evidence::VerifyBundle),
    /// Copy the embedded database into a file, while a server may use it.
    ///
    /// Example: hege backup backup/hege-2026-11-24.db
    Backup(backup::Backup),
    /// Put a file that `hege backup` wrote into the embedded database's place. No server may have it open.
    ///
    /// Example: hege restore --replace backup/hege-2026-11-24.db
    Restore(backup::Restore),
    /// Print the OpenAPI document of the API.
    ///
    /// Example: hege openapi > openapi.json
    Openapi,
}

/// How a shell tells that a program ended because nobody read on.
const PIPE_CLOSED: u8 = 141;

fn main() -> ExitCode {
    let begun = cli().and_then(|cli| {
        cli.logs.begin()?;
        run(cli.command)
    });
    begun.unwrap_or_else(|error| {
        // Whoever read along has had enough, as `head` has.
        let closed = |cause: &(dyn Error + 'static)| {
            cause.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
        };
        if error.chain().any(closed) {
            return ExitCode::from(PIPE_CLOSED);
        }
        report(&error);
        ExitCode::FAILURE
    })
}

/// The command line, with what the environment and the configuration file say besides.
fn cli() -> Result<Cli> {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let command = settings::layered(Cli::command(), &arguments, &settings::Process)?;
    // Its errors and its help are printed by clap, with its exit codes.
    let matches = command.try_get_matches_from(arguments).unwrap_or_else(|error| error.exit());
    Ok(Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit()))
}

fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Serve(serve) => {
            for name in settings::strangers(&Cli::command()) {
                tracing::warn!(name, "this variable is no setting of this program");
            }
            serve.run()?;
        }
        Command::Demo(demo) => demo.run()?,
        Command::Migrate { database } => {
            hege_app::setup::load(&database.open_migrated(true)?, Timestamp::now(), &Uuid::now_v7)?;
            said(&format!("{} is up to date", database.name()))?;
        }
        Command::User(user) => user.run()?,
        Command::Mail(mail) => mail.run()?,
        Command::Key(key) => key.run()?,
        Command::Judge { file, accept } => judge::run(&file, &accept)?,
        Command::Import(what) => return what.run(),
        Command::Export(what) => what.run()?,
        Command::Rates(rates) => rates.run()?,
        Command::Verify(verify) => return verify.run(),
        Command::VerifyBundle(bundle) => return bundle.run(),
        Command::Backup(backup) => backup.run()?,
        Command::Restore(restore) => restore.run()?,
        Command::Openapi => {
            let document = hege_api::openapi::document()?;
            writeln!(stdout().lock(), "{document}").context("the document cannot be printed")?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Every problem in a line of its own.
pub(crate) fn told(error: hege_app::Error) -> anyhow::Error {
    match error {
        hege_app::Error::Invalid(problems) => {
            let line = |problem: &Problem| {
                let Problem { pointer, zh, en, .. } = problem;
                let field = pointer.trim_start_matches('/');
                if field.is_empty() { format!("{en} / {zh}") } else { format!("{field}: {en} / {zh}") }
            };
            let lines: Vec<String> = problems.as_slice().iter().map(line).collect();
            anyhow::anyhow!("{}", lines.join("\n"))
        }
        other => other.into(),
    }
}

/// Says what was done.
pub(crate) fn said(what: &str) -> Result<()> {
    Ok(writeln!(stdout().lock(), "hege: {what}")?)
}

#[expect(clippy::print_stderr, reason = "a command line tells its errors on standard error")]
fn report(error: &anyhow::Error) {
    eprintln!("hege: {error:#}");
}
