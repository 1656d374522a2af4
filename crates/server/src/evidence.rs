//! `hege export evidence` and `hege verify-bundle`: a sample's evidence as one file, and the check of such a file.

use crate::config::Database;
use crate::files::KeptIn;
use crate::said;
use anyhow::{Context, Result, bail};
use clap::Args;
use hege_app::evidence::{self, Checked};
use hege_core::SampleId;
use jiff::Timestamp;
use std::fs::{File, OpenOptions};
use std::io::{BufReader, BufWriter, Write as _, stdout};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// Which evidence is exported, and where to.
#[derive(Debug, Clone, Args)]
pub(crate) struct ExportEvidence {
    /// The sample's id.
    sample: SampleId,
    /// Where it is written; nothing may be there yet.
    file: PathBuf,
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    files: KeptIn,
}

impl ExportEvidence {
    /// Writes the bundle.
    pub(crate) fn run(&self) -> Result<()> {
        let (store, files) = (self.database.open()?, self.files.open(&self.database)?);
        let context = || format!("cannot write {}", self.file.display());
        let out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.file).with_context(context)?;
        let mut out = BufWriter::new(out);
        let written = evidence::write(&store, &files, (self.sample, Timestamp::now()), &mut out);
        let written = written.map_err(anyhow::Error::from).and_then(|()| {
            out.flush()?;
            Ok(out.get_ref().sync_all()?)
        });
        if written.is_err() {
            std::fs::remove_file(&self.file)?;
        }
        written.with_context(context)?;
        said(&format!("{} holds the evidence of {}", self.file.display(), self.sample))
    }
}

/// Which bundle is checked.
#[derive(Debug, Clone, Args)]
pub(crate) struct VerifyBundle {
    /// The bundle.
    file: PathBuf,
    /// The head of the audit chain that was printed when it was made: the chain must pass through it.
    #[arg(long, value_name = "HASH")]
    head: Option<String>,
}

impl VerifyBundle {
    /// Checks it: exit 1 with each place that is wrong.
    pub(crate) fn run(&self) -> Result<ExitCode> {
        let file = File::open(&self.file).with_context(|| format!("cannot read {}", self.file.display()))?;
        if file.metadata()?.is_dir() {
            bail!("{} is a folder", self.file.display());
        }
        let checked = evidence::check(BufReader::new(file), self.head.as_deref());
        tell(&checked, self.head.is_some())?;
        Ok(if checked.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn tell(checked: &Checked, is_anchored: bool) -> Result<()> {
    let mut out = stdout().lock();
    for fault in &checked.faults {
        let place = if fault.place.is_empty() { "the file" } else { &fault.place };
        writeln!(out, "{place}: {} / {}", fault.fault.en(), fault.fault.zh())?;
    }
    if !checked.faults.is_empty() {
        return Ok(());
    }
    let [parts, rows, audits] = checked.counts;
    writeln!(out, "{}: {parts} parts, {rows} rows and {audits} audit rows are whole", checked.sample)?;
    if let Some((first, last, hash)) = &checked.head {
        writeln!(out, "chain: links {first} to {last}, head {hash}")?;
    }
    if checked.unsealed > 0 {
        writeln!(out, "{} audit rows were in no link yet when it was made: they are unproven", checked.unsealed)?;
    }
    if !is_anchored {
        writeln!(out, "compare the head with one that was printed then, or give it with --head")?;
    }
    Ok(())
}
