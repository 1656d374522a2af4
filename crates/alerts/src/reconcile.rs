//! The stored alerts of one stream against what a replay found: what has to change.
//!
//! Applying the changes and asking again gives nothing. A person's closing stands, whatever the replay says.

mod plan;
mod warnings;

pub use plan::{Change, Stored, plan};
pub use warnings::{StoredWarning, Warning, WarningChange, warnings};
