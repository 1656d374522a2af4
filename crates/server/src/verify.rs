//! `hege verify`: recomputes what the database says of itself; exit 1 and the place when something differs.

use crate::config::Database;
use anyhow::Result;
use hege_app::verify::{self, Finding};
use std::io::{Write as _, stdout};
use std::process::ExitCode;

/// Verifies every shard and prints what differs.
pub(crate) fn run(database: &Database) -> Result<ExitCode> {
    let store = database.open()?;
    let (mut found, mut out) = (0_usize, stdout().lock());
    for city in verify::cities(&store)? {
        let findings = verify::city(&store, city)?;
        let told = if findings.is_empty() { "ok".to_owned() } else { format!("{} differ", findings.len()) };
        writeln!(out, "{city:04}: {told}")?;
        for finding in &findings {
            writeln!(out, "  {}", words(finding))?;
        }
        found += findings.len();
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
        Finding::Chain(link) => format!("audit_seal {link}: does not follow from the one before / 审计链断裂"),
    }
}
