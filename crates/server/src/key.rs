//! `hege key`: the keys that sign access tokens.

use crate::config::Database;
use crate::said;
use anyhow::Result;
use clap::Subcommand;
use hege_app::Mark;
use hege_app::sessions::rotate_keys;
use jiff::Timestamp;
use uuid::Uuid;

/// What is done with keys.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Key {
    /// Make another key sign access tokens. Servers take it up within a minute; tokens of the one before stay good until they
    /// expire. The server does so by itself every ninety days.
    ///
    /// Example: hege key rotate
    Rotate {
        #[command(flatten)]
        database: Database,
    },
}

impl Key {
    /// Does it.
    pub(crate) fn run(&self) -> Result<()> {
        let Self::Rotate { database } = self;
        let mark = Mark { person: None, at: Timestamp::now(), audit_id: Uuid::now_v7() };
        let kid = rotate_keys(&database.open()?, mark)?;
        said(&format!("key {kid} signs from now on"))
    }
}
