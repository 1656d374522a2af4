//! `hege verify`: recomputes what the database says of itself; exit 1 and the place when something differs.

use crate::config::Database;
use crate::files::KeptIn;
use anyhow::Result;
use hege_app::Store;
use hege_app::attachments::Files;
use hege_app::verify::{self, Finding};
use std::io::{Write as _, stdout};
use std::process::ExitCode;

/// What is verified.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    files: KeptIn,
}

impl Verify {
    /// Verifies every shard and prints what differs, as it is found.
    pub(crate) fn run(&self) -> Result<ExitCode> {
        run(&self.database.open()?, &self.files.open(&self.database)?)
    }
}

fn run(store: &Store, files: &Files) -> Result<ExitCode> {
    let (mut found, mut out) = (0_usize, stdout().lock());
    for city in verify::cities(store)? {
        let (before, mut written) = (found, Ok(()));
        let mut tell = |finding| {
            found += 1;
            let line = writeln!(out, "  {}", words(&finding));
            written = std::mem::replace(&mut written, Ok(())).and(line);
        };
        verify::each(store, city, &mut tell)?;
        verify::files(store, files, city, &mut tell)?;
        written?;
        let told = if found == before { "ok".to_owned() } else { format!("{} differ", found - before) };
        writeln!(out, "{city:04}: {told}")?;
    }
    Ok(if found == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn words(finding: &Finding) -> String {
    match finding {
        Finding::Altered { table, key } => format!("{table} {key}: altered / 与记录不符"),
        Finding::Unrecorded { table, key } => format!("{table} {key}: never recorded / 无记录"),
        Finding::Missing { table, key } => format!("{table} {key}: missing / 已缺失"),
        Finding::Cell(key) => format!("rate_cell {key}: does not hold what the samples say / 统计与样品不符"),
        Finding::Audit(id) => format!("audit {id}: altered or missing / 审计记录被改动或缺失"),
        Finding::File { key, missing: true } => format!("attachment {key}: its file is missing / 附件文件已缺失"),
        Finding::File { key, .. } => format!("attachment {key}: its file is another / 附件文件与记录不符"),
        Finding::Chain(link) => format!("audit_seal {link}: does not follow from the one before / 审计链断裂"),
    }
}
