//! Registration: the sampling form and its rules, custody and life cycle, deadlines.
//!
//! Invariants
//! - A form is parsed and checked as a whole: every problem at once, each at its field.
//! - Entry, check and approval are three people, none of whom sampled it.
//! - The parts of a cell never want more than the cell; figures of coverage add up, and a forecast is worked out in integers.
//! - What follows a verdict rests on proven service, and what a re-inspection finds is final.

pub mod amendment;
pub mod attachment;
pub mod coverage;
pub mod custody;
pub mod deadlines;
pub mod disposal;
pub mod evidence;
pub mod examples;
pub mod fields;
pub mod forecast;
pub mod form;
pub mod form_no;
pub mod history;
pub mod indicator;
pub mod life_cycle;
pub mod objection;
pub mod publication;
pub mod quota;
pub mod reinspection;
pub mod service;
pub mod task;
pub mod words;

mod read;
mod rules;

pub use rules::shelf_life;
