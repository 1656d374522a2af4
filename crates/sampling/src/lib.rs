//! Registration: the sampling form and its rules, custody and life cycle.
//!
//! Invariants
//! - A form is checked as a whole: every problem at once, each at its field.
//! - Entry, check and approval are three people, none of whom sampled it.

pub mod form;
pub mod life_cycle;
