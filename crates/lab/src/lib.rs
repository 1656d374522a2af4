//! Results: what was reported, criteria and their editions, verdicts that explain themselves.
//!
//! Invariants
//! - No result is judged by guess: what cannot be read, has no criterion in force, or does not convert exactly is
//!   `not_judgeable` with its reason, and goes to a person.
//! - Values are compared exactly, as reported; equal to the limit conforms.
//! - A verdict carries the steps by which a person can repeat it on paper.

pub mod case;
pub mod catalogue;
pub mod conclusion;
pub mod criterion;
pub mod judge;
pub mod reported;
pub mod rounding;
pub mod steps;
pub mod verdict;
pub mod written;

mod quantity;
mod several;

pub use catalogue::Catalogue;
pub use conclusion::{Conclusion, conclude};
pub use criterion::{Basis, Compare, Criterion, MicroPlan, Origin, Rule};
pub use judge::{Entry, Judgement, judge};
pub use reported::Measured;
pub use steps::Step;
pub use verdict::{ItemVerdict, Reason};
