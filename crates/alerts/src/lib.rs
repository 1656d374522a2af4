//! Alerts as pure rules: what is a finding, what becomes of it, and how it compares with the alerts that are stored.
//!
//! Invariants
//! - What is found follows from the arguments alone: run again from the conclusions in force, it is the same.
//! - Nothing is decided by a float but a probability against a fixed bound.
//! - Every finding carries the figures that defend it, in Chinese and in English.
//!
//! Nobody keeps a stream's state: [`plan::history`] and [`cusum::history`] run the whole of it from the conclusions in force,
//! and [`reconcile`] says what has to change in the stored alerts. A conclusion that changed thus needs no case of its own.

pub mod cities;
pub mod conclusions;
pub mod cusum;
pub mod data;
pub mod event;
pub mod evidence;
pub mod false_alarms;
pub mod plan;
pub mod reconcile;
pub mod words;

pub use conclusions::Counted;
pub use evidence::{Evidence, Window};
pub use words::{AlertKind, AlertStatus, Ending, Happening, Key, Rule};
