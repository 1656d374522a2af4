//! 期限: the rules in force, the clocks of a sample, and what waits. Nothing of it is stored but the rules: where a clock stands
//! follows from what has happened, the rules and the calendar.

mod add;
mod rules;
mod sample;
mod waiting;

pub use add::{New, add, all};
pub(crate) use rules::rules_on;
pub use rules::{load, rules, shipped};
pub use sample::Clocked;
pub(crate) use sample::{clocks_of, shelf_end};
pub use waiting::{Asked, Cursor, Line, Page, Summary, Waits, list, summary};
pub(crate) use waiting::{late_steps, missing_years};
