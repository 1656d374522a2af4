//! Plan alerts and early warning as state machines: events in, transitions out, replayable.
//!
//! Invariants
//! - The state follows from the events alone: run again from the start, it is the same.
//! - Nothing is decided by a float but a probability against a fixed bound.

pub mod cusum;
pub mod plan;
