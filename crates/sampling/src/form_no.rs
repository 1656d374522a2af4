//! 抽样单编号 made here: `NCP` `25` `330106` `000001` = task type, year of sampling, county, serial. A device leases a block of
//! serials ahead, so that a form has its number without a network (docs/DOMAIN.md 2.1).

use hege_core::region::RegionLevel;
use hege_core::{RegionCode, TaskType};
use std::fmt;
use std::str::FromStr;

/// The last serial of a county, year and task type.
pub const SERIAL_MAX: u32 = 999_999;
/// The most numbers of one lease.
pub const LEASE_MAX: u32 = 500;

/// The letters of a task type. `NCP` (农产品) is read on real forms; the others follow its manner by the first letters of the
/// task type's Chinese name. Numbers of other systems are kept as printed.
#[must_use]
pub const fn letters(task_type: TaskType) -> &'static str {
    match task_type {
        TaskType::Evaluation => "PJ",
        TaskType::RoutineMonitoring => "NCP",
        TaskType::Supervision => "JD",
        TaskType::Campaign => "ZX",
        TaskType::RiskMonitoring => "FX",
        TaskType::FollowUp => "GZ",
        TaskType::Complaint => "TS",
        TaskType::Case => "AJ",
        TaskType::Emergency => "YJ",
        // No number is made for it.
        TaskType::Unstated => "",
    }
}

/// What numbers of one county, year and task type have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prefix {
    task_type: TaskType,
    year: i16,
    county: RegionCode,
}

/// Text that is no number made here, or parts that make none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a form number of a county and a year from 2000 to 2099")]
pub struct BadFormNo;

impl Prefix {
    /// The prefix of a task type in a county and year.
    ///
    /// # Errors
    /// [`BadFormNo`] when the region is no county, the task type is not stated, or the year does not lie in 2000 to 2099, whose
    /// last two digits name it.
    pub fn new(task_type: TaskType, year: i16, county: RegionCode) -> Result<Self, BadFormNo> {
        let names_it = (2000..=2099).contains(&year) && county.level() == RegionLevel::County && task_type.is_stated();
        names_it.then_some(Self { task_type, year, county }).ok_or(BadFormNo)
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:02}{}", letters(self.task_type), self.year % 100, self.county)
    }
}

/// A form number made here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FormNo {
    /// What it has in common with its neighbours.
    pub prefix: Prefix,
    /// 1 to [`SERIAL_MAX`].
    pub serial: u32,
}

impl fmt::Display for FormNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:06}", self.prefix, self.serial)
    }
}

impl FromStr for FormNo {
    type Err = BadFormNo;
    fn from_str(text: &str) -> Result<Self, BadFormNo> {
        let parse = || {
            let start = text.find(|c: char| c.is_ascii_digit())?;
            let (found, digits) = text.split_at_checked(start)?;
            let task_type = *TaskType::ALL.iter().find(|task_type| letters(**task_type) == found)?;
            (digits.len() == 14 && digits.bytes().all(|b| b.is_ascii_digit())).then_some(())?;
            let (year, rest) = digits.split_at_checked(2)?;
            let (county, serial) = rest.split_at_checked(6)?;
            let prefix = Prefix::new(task_type, 2000 + year.parse::<i16>().ok()?, county.parse().ok()?).ok()?;
            let serial = serial.parse().ok().filter(|serial| *serial >= 1)?;
            Some(Self { prefix, serial })
        };
        parse().ok_or(BadFormNo)
    }
}

/// A block of serials that is one device's alone, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// The first serial.
    pub first: u32,
    /// The last one.
    pub last: u32,
}

impl Block {
    /// The block of `count` serials that ends before `next`, the next free serial after the lease. None when the serials of
    /// the county, year and task type are used up, or the count is not 1 to [`LEASE_MAX`].
    #[must_use]
    pub const fn before(next: u32, count: u32) -> Option<Self> {
        if count == 0 || count > LEASE_MAX || next <= count || next > SERIAL_MAX + 1 {
            return None;
        }
        Some(Self { first: next - count, last: next - 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn prefix(task_type: TaskType, year: i16, county: &str) -> Result<Prefix, BadFormNo> {
        Prefix::new(task_type, year, county.parse().unwrap())
    }

    #[test]
    fn a_number_tells_task_type_year_county_and_serial() {
        let number = FormNo { prefix: prefix(TaskType::RoutineMonitoring, 2025, "330106").unwrap(), serial: 42 };
        assert_eq!(number.to_string(), "NCP25330106000042");
        assert_eq!("NCP25330106000042".parse(), Ok(number));
        let all: BTreeSet<&str> = TaskType::ALL.iter().map(|task_type| letters(*task_type)).collect();
        assert_eq!(all.len(), TaskType::ALL.len());
    }

    #[test]
    fn a_number_belongs_to_a_county_and_to_this_century() {
        for county in ["330000", "330100"] {
            assert_eq!(prefix(TaskType::Case, 2025, county), Err(BadFormNo));
        }
        for (year, holds) in [(1999, false), (2000, true), (2099, true), (2100, false)] {
            assert_eq!(prefix(TaskType::Case, year, "330106").is_ok(), holds, "{year}");
        }
        let others =
            ["", "NCP", "DC19130400000001", "NCP2533010600001", "NCP25330100000001", "NCP25330106000000", "25"];
        for text in others {
            assert_eq!(text.parse::<FormNo>(), Err(BadFormNo), "{text}");
        }
    }

    #[test]
    fn a_block_has_1_to_500_serials_up_to_the_last() {
        assert_eq!(Block::before(2, 1), Some(Block { first: 1, last: 1 }));
        assert_eq!(Block::before(501, 500), Some(Block { first: 1, last: 500 }));
        assert_eq!(Block::before(502, 501), None);
        assert_eq!(Block::before(5, 0), None);
        assert_eq!(Block::before(1, 1), None);
        assert_eq!(Block::before(1_000_000, 1), Some(Block { first: 999_999, last: 999_999 }));
        assert_eq!(Block::before(1_000_001, 1), None);
    }

    proptest! {
        #[test]
        fn blocks_leased_one_after_another_never_overlap(counts in proptest::collection::vec(1_u32..=LEASE_MAX, 1..50)) {
            let mut next = 1;
            let mut taken = 0;
            for count in counts {
                next += count;
                let block = Block::before(next, count).unwrap();
                prop_assert_eq!((block.first, block.last - block.first + 1), (taken + 1, count));
                taken = block.last;
            }
        }

        #[test]
        fn a_number_prints_and_parses_to_itself(year in 2000_i16..=2099, county in 110_101_u32..=659_999, serial in 1..=SERIAL_MAX, n in 0..TaskType::ALL.len()) {
            if let Ok(prefix) = Prefix::new(TaskType::ALL[n], year, RegionCode::new(county).unwrap()) {
                let number = FormNo { prefix, serial };
                prop_assert_eq!(number.to_string().parse(), Ok(number));
            }
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC*") {
            let _outcome: Result<FormNo, BadFormNo> = text.parse();
        }
    }
}
