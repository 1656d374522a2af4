//! 抽样单编号: the next free serial of a county, year and task type.

use crate::schema::form_no_counter;
use crate::types::Word;
use crate::{Conn, Error, on};
use diesel::prelude::*;
use hege_core::TaskType;

/// A counter.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = form_no_counter)]
pub struct CounterRow {
    /// The shard: the county's city.
    pub city: i32,
    /// GB/T 2260 code of the county.
    pub county: i32,
    /// Year of sampling.
    pub year: i32,
    /// 任务类别.
    pub task_type: Word<TaskType>,
    /// The next free serial.
    pub next: i32,
}

/// Takes `count` serials of a counter, and gives it as it stands then: the serials taken end before its `next`. Two takers
/// at once wait for each other at the row.
///
/// # Errors
/// Those of the database.
pub fn counter_take(conn: &mut Conn, key: (i32, i32, i32, TaskType), count: i32) -> Result<CounterRow, Error> {
    let (city, county, year, task_type) = key;
    let first = CounterRow { city, county, year, task_type: Word(task_type), next: count + 1 };
    Ok(on!(conn, c => diesel::insert_into(form_no_counter::table)
        .values(&first)
        .on_conflict((
            form_no_counter::city,
            form_no_counter::county,
            form_no_counter::year,
            form_no_counter::task_type,
        ))
        .do_update()
        .set(form_no_counter::next.eq(form_no_counter::next + count))
        .returning(CounterRow::as_returning())
        .get_result(c))?)
}
