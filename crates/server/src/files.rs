//! Where files are kept.

use crate::config::Database;
use anyhow::{Context, Result};
use clap::Args;
use hege_app::attachments::Files;

/// Where files are kept.
#[derive(Debug, Clone, Args)]
pub(crate) struct KeptIn {
    /// A folder, or `s3://BUCKET/PREFIX` with region, endpoint and credentials in `AWS_*`. `files` beside the embedded database when
    /// absent, else `data/files`; several servers need one that all of them reach.
    #[arg(long = "files", env = "HEGE_FILES", value_name = "PLACE")]
    place: Option<String>,
}

impl KeptIn {
    /// The place as it is written.
    pub(crate) fn place(&self, database: &Database) -> String {
        let beside = || database.embedded_file().map(|file| file.with_file_name("files").display().to_string());
        self.place.clone().or_else(beside).unwrap_or_else(|| "data/files".to_owned())
    }

    /// Opens it; a folder is made.
    pub(crate) fn open(&self, database: &Database) -> Result<Files> {
        let place = self.place(database);
        Files::open(&place).with_context(|| format!("files cannot be kept in {place}"))
    }
}
