//! 覆盖: what of a plan's cells is planned, taken, received and concluded, and what is short. Figures of cells add up: a cell stands
//! for what it has not split, so that nothing is counted twice and the sum is the plan's.

use std::ops::AddAssign;

/// What happened under a cell's own tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counted {
    /// Samples that its tasks are to take; of a cancelled task those that were taken.
    pub planned: u64,
    /// Samples taken, without those that were lost.
    pub taken: u64,
    /// Samples that a laboratory refused or that were voided: they have to be taken again.
    pub lost: u64,
    /// Of `taken`, those that a laboratory received.
    pub received: u64,
    /// Of `received`, those with a report.
    pub concluded: u64,
    /// Of `taken`, those of the last days by which a forecast goes.
    pub recent: u64,
    /// 企业拒检.
    pub refused: u64,
    /// 未抽到样品.
    pub nothing_to_take: u64,
    /// 关闭或停业.
    pub closed: u64,
}

/// Figures of one cell or of several together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// Samples that are wanted.
    pub wanted: u64,
    /// Of those, samples that no task is to take yet.
    pub unplanned: u64,
    /// Samples that are still missing. What is over in one cell fills no other.
    pub shortfall: u64,
    /// What happened.
    pub counted: Counted,
}

impl Figures {
    /// The figures of a cell that wants so many samples besides its parts.
    #[must_use]
    pub const fn of(wanted: u64, counted: Counted) -> Self {
        Self {
            wanted,
            unplanned: wanted.saturating_sub(counted.planned),
            shortfall: wanted.saturating_sub(counted.taken),
            counted,
        }
    }

    /// Visits without a sample.
    #[must_use]
    pub const fn without_sample(&self) -> u64 {
        self.counted.refused + self.counted.nothing_to_take + self.counted.closed
    }
}

impl AddAssign for Counted {
    fn add_assign(&mut self, other: Self) {
        self.planned += other.planned;
        self.taken += other.taken;
        self.lost += other.lost;
        self.received += other.received;
        self.concluded += other.concluded;
        self.recent += other.recent;
        self.refused += other.refused;
        self.nothing_to_take += other.nothing_to_take;
        self.closed += other.closed;
    }
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        self.wanted += other.wanted;
        self.unplanned += other.unplanned;
        self.shortfall += other.shortfall;
        self.counted += other.counted;
    }
}
