//! Words shared by every crate: stages and task types, ids, regions, decimal text, units, dates, working days, problems.
//!
//! Invariants
//! - Pure: no clock, no file, no randomness, no serde. What is needed comes in as an argument.
//! - A word has one code, one Chinese and one English name, and they are defined here once (docs/DOMAIN.md, "Words").
//! - A measured value or a limit is a [`rust_decimal::Decimal`] that keeps its digits; never a float.

pub mod calendar;
pub mod date;
pub mod decimal;
pub mod identifiers;
pub mod ids;
pub mod names;
pub mod problem;
pub mod region;
pub mod units;
pub mod words;

pub use date::Month;
pub use ids::{CriterionId, LabId, OrganisationId, PlanId, QuotaId, SampleId, TaskId, UserId};
pub use problem::{Problem, Problems};
pub use region::{City, RegionCode};
pub use words::{Role, SampleKind, Sector, Stage, TaskType};
