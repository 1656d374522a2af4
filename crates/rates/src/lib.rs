//! Aggregation: what counts, cells, rates with their intervals and states, weights, many comparisons.
//!
//! Invariants
//! - Counts and targets are integers and compare exactly; floats are probabilities and nothing else.
//! - A rate says what it counted; a printed rate never crosses its target by rounding.

pub mod assess;
pub mod compare;
pub mod counting;
pub mod exact;
pub mod tally;
pub mod weighted;
pub mod windows;

pub use assess::{Assessment, RateState, assess};
pub use compare::{Compared, Funnel, compare};
pub use counting::{Cell, Counting, Standing};
pub use tally::{BasisPoints, Tally};
