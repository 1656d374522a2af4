//! The conclusions in force that the histories are run from.

use hege_core::Month;
use jiff::Timestamp;
use std::borrow::Cow;

/// A sample that counts, with its conclusion in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// When the sample was first given a conclusion. A revision keeps this time, so that an overturned failure is replayed as
    /// the pass that it was.
    pub at: Timestamp,
    /// Month of sampling.
    pub month: Month,
    /// The conclusion in force.
    pub conforming: bool,
}

/// By `at`; conclusions of the same instant stay as they were given.
pub(crate) fn in_order(conclusions: &[Counted]) -> Cow<'_, [Counted]> {
    if conclusions.is_sorted_by_key(|counted| counted.at) {
        return Cow::Borrowed(conclusions);
    }
    let mut sorted = conclusions.to_vec();
    sorted.sort_by_key(|counted| counted.at);
    Cow::Owned(sorted)
}
