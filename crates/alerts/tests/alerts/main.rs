//! The rules from outside: step by step, whole histories, against stored alerts.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod false_alarms;
mod findings;
mod history;
mod reconcile;
mod steps;
mod words;
