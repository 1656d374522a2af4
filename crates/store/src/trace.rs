//! What is sent to a database, statement by statement with its values: for benches that send the same raw.
//!
//! Nothing is recorded before [`record`] is called, and then only on connections that are opened afterwards.

mod debug;

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use std::sync::{Mutex, PoisonError};

pub use debug::Bind;

/// A statement as it was sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// Its text, with `?` on SQLite and `$1` on PostgreSQL.
    pub sql: String,
    /// What stands for the placeholders, in their order.
    pub binds: Vec<Bind>,
}

/// What was sent together: the statements of one transaction that was committed, or one statement outside of any.
#[derive(Debug, Clone, PartialEq)]
pub struct Unit {
    /// Whether it was a transaction.
    pub is_transaction: bool,
    /// Its statements, without those that begin and end it.
    pub statements: Vec<Statement>,
}

static RECORDED: Mutex<Vec<Unit>> = Mutex::new(Vec::new());

/// Records what is sent on every connection that is opened from now on.
///
/// # Errors
/// When the lock of Diesel is poisoned.
pub fn record() -> Result<(), crate::Error> {
    Ok(set_default_instrumentation(|| Some(Box::new(Recorder::default())))?)
}

/// Records nothing any more on connections that are opened from now on.
///
/// # Errors
/// When the lock of Diesel is poisoned.
pub fn stop() -> Result<(), crate::Error> {
    Ok(set_default_instrumentation(|| None)?)
}

/// Takes what was recorded, in the order in which it ended.
#[must_use]
pub fn take() -> Vec<Unit> {
    std::mem::take(&mut *RECORDED.lock().unwrap_or_else(PoisonError::into_inner))
}

/// The record of one connection.
#[derive(Default)]
struct Recorder {
    /// The open transaction, and the savepoints in it.
    open: Vec<Vec<Statement>>,
    /// Whether the transaction is one of a group of jobs, each in its savepoint: the writer of SQLite.
    is_group: bool,
}

impl Recorder {
    fn end(is_transaction: bool, statements: Vec<Statement>) {
        if !statements.is_empty() {
            let unit = Unit { is_transaction, statements };
            RECORDED.lock().unwrap_or_else(PoisonError::into_inner).push(unit);
        }
    }

    fn saw(&mut self, text: &str) {
        let (sql, binds) = text.split_once(" -- binds: ").unwrap_or((text, "[]"));
        match sql.split([' ', ';']).next().unwrap_or_default().to_ascii_uppercase().as_str() {
            "PRAGMA" | "SET" => {}
            "BEGIN" => {
                self.open = vec![Vec::new()];
                self.is_group = sql.starts_with("BEGIN IMMEDIATE");
            }
            "SAVEPOINT" => self.open.push(Vec::new()),
            "COMMIT" => Self::end(true, self.open.pop().unwrap_or_default()),
            "RELEASE" => self.released(),
            "ROLLBACK" => drop(self.open.pop()),
            _ => {
                let statement = Statement { sql: sql.to_owned(), binds: debug::binds(binds) };
                match self.open.last_mut() {
                    Some(open) => open.push(statement),
                    None => Self::end(false, vec![statement]),
                }
            }
        }
    }

    /// A job of a group is for whoever asked for it what the group is for the database; any other savepoint is part of what it
    /// stands in.
    fn released(&mut self) {
        let savepoint = self.open.pop().unwrap_or_default();
        match self.open.as_mut_slice() {
            [group] if self.is_group => {
                let before = std::mem::take(group);
                Self::end(true, before);
                Self::end(true, savepoint);
            }
            [.., outer] => outer.extend(savepoint),
            [] => {}
        }
    }
}

impl Instrumentation for Recorder {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            self.saw(&query.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(texts: &[&str]) -> Vec<(bool, Vec<String>)> {
        let mut recorder = Recorder::default();
        texts.iter().for_each(|text| recorder.saw(text));
        let sql = |unit: Unit| unit.statements.into_iter().map(|statement| statement.sql).collect();
        take().into_iter().map(|unit| (unit.is_transaction, sql(unit))).collect()
    }

    #[test]
    fn a_transaction_is_a_unit_so_is_a_job_of_a_group_and_a_statement_outside_and_what_is_taken_back_is_none() {
        let texts = [
            "PRAGMA busy_timeout=1",
            "SELECT 1 -- binds: []",
            "BEGIN IMMEDIATE",
            "A -- binds: [1]",
            "B",
            "COMMIT",
            "BEGIN",
            "C",
            "ROLLBACK",
            "BEGIN",
            "COMMIT",
        ];
        let both = (true, vec!["A".to_owned(), "B".to_owned()]);
        assert_eq!(units(&texts), [(false, vec!["SELECT 1".to_owned()]), both]);
        // What is recorded is one for the whole process: one test asks for all of it.
        let texts = [
            "BEGIN IMMEDIATE",
            "SAVEPOINT one",
            "A",
            "SAVEPOINT inner",
            "B",
            "RELEASE inner",
            "SAVEPOINT inner",
            "C",
            "ROLLBACK TO SAVEPOINT inner",
            "D",
            "RELEASE one",
            "SAVEPOINT one",
            "E",
            "RELEASE one",
            "COMMIT",
            "BEGIN",
            "F",
            "SAVEPOINT one",
            "G",
            "RELEASE one",
            "COMMIT",
        ];
        let unit = |sql: &[&str]| (true, sql.iter().map(|&sql| sql.to_owned()).collect());
        assert_eq!(units(&texts), [unit(&["A", "B", "D"]), unit(&["E"]), unit(&["F", "G"])]);
    }
}
