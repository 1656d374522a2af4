//! Logs: on standard error, lines for a person on a terminal and JSON everywhere else.

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use std::io::{IsTerminal as _, stderr};
use tracing_subscriber::EnvFilter;

/// What is logged and how.
#[derive(Debug, Clone, Args)]
pub(crate) struct Logs {
    /// How much is logged: error, warn, info, debug, trace, or filters such as `info,hege_store=debug`.
    #[arg(long = "log", env = "HEGE_LOG", default_value = "info", global = true, value_name = "LEVEL")]
    level: String,
    /// How it is written; without it text on a terminal and JSON elsewhere.
    #[arg(long = "log-format", env = "HEGE_LOG_FORMAT", value_enum, global = true, value_name = "FORMAT")]
    format: Option<Format>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

impl Logs {
    /// From here on it is logged.
    pub(crate) fn begin(&self) -> Result<()> {
        let filter = EnvFilter::try_new(&self.level);
        let filter = filter.with_context(|| format!("HEGE_LOG: `{}` is no level", self.level))?;
        let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
        let is_text = self.format.map_or_else(|| stderr().is_terminal(), |format| format == Format::Text);
        if is_text {
            lines.init()
        } else {
            lines.json().flatten_event(true).with_current_span(true).with_span_list(false).init()
        }
        Ok(())
    }
}
