//! The binary `hege`: commands and configuration. It wires and decides nothing.

mod judge;

use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// 合格: food-safety sampling inspection for a province.
#[derive(Parser)]
#[command(name = "hege", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Judge results against the criteria that stand beside them in a CSV file.
    ///
    /// Example: hege judge results.csv > judged.csv
    ///
    /// Writes the same rows with `verdict,reason,steps` added. A row that cannot be judged says why; exit 0 when every row
    /// was answered, whatever the answers.
    Judge {
        /// The file, UTF-8 with a header; `-` for standard input.
        file: PathBuf,
    },
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Judge { file } => judge::run(&file),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "a command line tells its errors on standard error")]
fn report(error: &anyhow::Error) {
    eprintln!("hege: {error:#}");
}
