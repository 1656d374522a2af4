//! 期限: by when each step of a sample's way has to be done, and for how long what is left of it is kept (docs/DOMAIN.md 1.1).
//!
//! Invariants
//! - A limit is a [`Rule`] with its act, clause, department and validity. The one in force on the sampling day holds for the
//!   whole way of the sample; where none is in force there is no clock.
//! - A clock runs from an event that is on the record: without proof of service no clock of the served begins.
//! - A day that needs a calendar year which is not loaded is [`State::Undetermined`], never counted from Monday to Friday.

mod due;
mod rule;
mod runs;
mod sample;
mod words;

pub use due::{Due, due, is_soon};
pub use rule::{Period, Rule, Rules};
pub use runs::{Run, runs};
pub use sample::{Course, Running, clocks, duty};
pub use words::{Clock, ClockKind, Confidence, Department, Event, State, Unit};
