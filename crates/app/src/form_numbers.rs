//! 抽样单编号: blocks leased ahead, so that a device numbers its forms without a network.

use crate::record::audit_in;
use crate::{Call, Error, stored};
use hege_core::date::china_date;
use hege_core::{Problem, Problems, RegionCode, Role, TaskType};
use hege_sampling::form_no::{Block, LEASE_MAX, Prefix};
use hege_sampling::life_cycle::Denial;
use hege_store::Store;
use hege_store::form_numbers::counter_take;
use serde_json::json;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// County of the sampling places. That it is known and in force is asked when a form is registered.
    pub county: RegionCode,
    /// Year of sampling: this one or the next.
    pub year: i16,
    /// 任务类别.
    pub task_type: TaskType,
    /// How many, 1 to 500.
    pub count: u32,
}

/// A block of numbers that nobody else gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Letters, year and county: what stands before the serial of six digits.
    pub prefix: String,
    /// The serials.
    pub block: Block,
}

/// Leases a block of form numbers to an inspector.
///
/// # Errors
/// [`Error::Denied`] without the inspector's role, [`Error::Invalid`] for a region that is no county, another year, a count
/// out of bounds, or when the serials are used up.
pub fn lease(store: &Store, call: &Call, wanted: Wanted) -> Result<Lease, Error> {
    if !call.actor.roles.contains(&Role::Inspector) {
        return Err(Denial::WrongRole.into());
    }
    let prefix = checked(call, wanted).map_err(Error::Invalid)?;
    let city = wanted.county.city();
    let county = i32::try_from(wanted.county.get()).unwrap_or(i32::MAX);
    let count = i32::try_from(wanted.count).unwrap_or(i32::MAX);
    store.write(|conn| {
        let key = (stored(city), county, i32::from(wanted.year), wanted.task_type);
        let counter = counter_take(conn, key, count)?;
        let next = u32::try_from(counter.next).unwrap_or(u32::MAX);
        let block = Block::before(next, wanted.count).ok_or_else(|| {
            let (zh, en) = ("该县区本年度编号已用尽", "the numbers of this county, year and task type are used up");
            Error::Invalid(Problem::new("/count", "form_nos_exhausted", zh, en).into())
        })?;
        let lease = Lease { prefix: prefix.to_string(), block };
        let detail = json!({"prefix": lease.prefix, "first": block.first, "last": block.last});
        audit_in(conn, call, city, ("form_nos_leased", Vec::new(), detail))?;
        Ok(lease)
    })
}

fn checked(call: &Call, wanted: Wanted) -> Result<Prefix, Problems> {
    let mut problems = Problems::new();
    let this_year = china_date(call.at).year();
    problems.check(wanted.year == this_year || wanted.year == this_year + 1, || {
        Problem::new("/year", "bad_year", "须为本年或下一年", "this year or the next")
    });
    problems.check((1..=LEASE_MAX).contains(&wanted.count), || {
        Problem::new("/count", "out_of_range", "须为 1 至 500", "from 1 to 500")
    });
    let prefix = Prefix::new(wanted.task_type, wanted.year, wanted.county);
    problems
        .check(prefix.is_ok(), || Problem::new("/county", "region_not_county", "须为县级代码", "a county is needed"));
    problems.into_result(prefix).and_then(|prefix| prefix.map_err(|_told| Problems::new()))
}
