//! Lists of samples: filtered by who asks and what for, the newest sampling first, page by page.

use crate::samples::Sample;
use crate::schema::sample;
use crate::types::{Id, Ts, Word};
use crate::{Conn, Error, on};
use diesel::prelude::*;
use hege_core::{Stage, TaskType};

/// Who asks: what of the samples is theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Theirs {
    /// What an organisation took.
    TakenBy(Id),
    /// What is addressed to a laboratory.
    SentTo(Id),
    /// Both, of one organisation or another.
    Either(Id, Id),
    /// What was taken in these counties, both included.
    In(i32, i32),
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// What is theirs.
    pub theirs: Theirs,
    /// Stages; empty for every one.
    pub stages: Vec<Stage>,
    /// Counties, both included.
    pub regions: Option<(i32, i32)>,
    /// Status.
    pub status: Option<String>,
    /// Task type.
    pub task_type: Option<TaskType>,
    /// Beginning of a form number.
    pub form_no: Option<String>,
    /// The last row of the page before: when it was taken, and its id.
    pub after: Option<(Ts, Id)>,
}

/// A page of samples.
///
/// # Errors
/// Those of the database.
pub fn sample_list(conn: &mut Conn, filter: &Filter, limit: i64) -> Result<Vec<Sample>, Error> {
    Ok(on!(conn, c => {
        let mut query = sample::table.into_boxed();
        query = match &filter.theirs {
            Theirs::TakenBy(id) => query.filter(sample::sampling_org_id.eq(*id)),
            Theirs::SentTo(id) => query.filter(sample::lab_id.eq(Some(*id))),
            Theirs::Either(taker, lab) => {
                query.filter(sample::sampling_org_id.eq(*taker).or(sample::lab_id.eq(Some(*lab)).assume_not_null()))
            }
            Theirs::In(low, high) => query.filter(sample::region.between(*low, *high)),
        };
        if !filter.stages.is_empty() {
            query = query.filter(sample::stage.eq_any(filter.stages.iter().copied().map(Word).collect::<Vec<_>>()));
        }
        if let Some((low, high)) = filter.regions {
            query = query.filter(sample::region.between(low, high));
        }
        if let Some(status) = &filter.status {
            query = query.filter(sample::status.eq(status.clone()));
        }
        if let Some(task_type) = filter.task_type {
            query = query.filter(sample::task_type.eq(Word(task_type)));
        }
        if let Some(form_no) = &filter.form_no {
            // A form number is printable ASCII: everything that begins with it lies below it with a DEL behind.
            query = query.filter(sample::form_no.between(form_no.clone(), format!("{form_no}\u{7f}")));
        }
        if let Some((at, id)) = filter.after {
            query = query.filter(sample::sampled_at.lt(at).or(sample::sampled_at.eq(at).and(sample::id.lt(id))));
        }
        query.order((sample::sampled_at.desc(), sample::id.desc())).limit(limit).select(Sample::as_select()).load(c)
    })?)
}
