//! 期限: the rules in force, the clocks of a sample, and what waits.

mod rules;

pub use rules::{load, rules, shipped};
