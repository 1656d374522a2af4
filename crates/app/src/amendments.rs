//! 更正: a registered form is corrected before the laboratory accepts the sample.

use crate::fields::{json_of, stored_fields};
use crate::record::{audit, cell_moved, custody_row};
use crate::samples::{form_columns, load};
use crate::tasks::fit_in;
use crate::{Call, Error};
use hege_core::{Problem, Problems, SampleId};
use hege_sampling::amendment::{self, Change};
use hege_sampling::form::{Context, Fields};
use hege_sampling::life_cycle::{Action, apply};
use hege_sampling::quota::IsWithin;
use hege_store::amendments::{AmendmentRow, amendment_insert, amendments_of, sample_amend};
use hege_store::audit::Audited;
use hege_store::samples::{Item, Sample, custody_insert};
use hege_store::types::{Doc, Id, Ts};
use hege_store::{Conn, Store};
use serde_json::{Value, json};

/// Opens and seals personal data: the key is the caller's.
#[derive(Clone, Copy)]
pub struct Vault<'a> {
    /// The personal fields of what was sealed; none when it cannot be opened.
    pub open: &'a dyn Fn(&[u8]) -> Option<Fields>,
    /// Seals personal fields; none when they cannot be.
    pub seal: &'a dyn Fn(&Fields) -> Option<Vec<u8>>,
}

/// What is to be corrected.
#[derive(Clone, Copy)]
pub struct Correction<'a> {
    /// The revision that the person saw.
    pub seen: i64,
    /// The fields with their new values; blank text takes a value away.
    pub changes: &'a Fields,
    /// Why.
    pub reason: &'a str,
    /// What the outside knows.
    pub context: &'a Context<'a>,
    /// The tree of food classes, for a sample that was taken for a task.
    pub is_within: IsWithin<'a>,
    /// For the personal fields.
    pub vault: Vault<'a>,
}

/// Corrects a form: the sample as it stands now, and the doubts about it.
///
/// # Errors
/// [`Error::NotFound`] for another organisation than the one that took it, [`Error::Denied`] without the inspector's role or
/// after receipt, [`Error::Conflict`] when somebody was faster, [`Error::Invalid`] with every problem of the new form,
/// [`Error::Personal`].
pub fn amend(
    store: &Store,
    call: &Call,
    id: SampleId,
    correction: &Correction<'_>,
) -> Result<(Sample, Problems), Error> {
    store.write(|conn| {
        let loaded = load(conn, call, id)?;
        let before = &loaded.sample;
        if before.sampling_org_id != Id(call.organisation.0) {
            return Err(Error::NotFound);
        }
        apply(loaded.status, &Action::Amend, &loaded.past, &loaded.actor)?;
        if loaded.takes_items {
            let (zh, en) =
                ("抽样单由文件导入，不能更正；请作废后重新登记", "it came from a file: void it and register it anew");
            return Err(Error::Invalid(Problem::new("", "form_imported", zh, en).into()));
        }
        if before.revision != correction.seen {
            return Err(Error::Conflict);
        }
        let amended = amended(before, correction)?;
        if let Some(outside) = call.scope.objection(amended.form.stage, amended.form.region) {
            return Err(Error::Invalid(outside.into()));
        }
        let doubts = fitting(conn, call, (&amended, &loaded.items), correction.is_within)?;
        let personal = if amended.changes.iter().any(|change| change.personal) {
            sealed(&amended.form.personal(), correction.vault)?
        } else {
            before.personal.clone()
        };
        let columns = form_columns(&amended.form, personal);
        let sample = sample_amend(conn, id, correction.seen, &columns)?.ok_or(Error::Conflict)?;
        let row = AmendmentRow {
            city: sample.city,
            sample_id: sample.id,
            seq: amendments_of(conn, id)?.last().map_or(1, |last| last.seq + 1),
            changes: Doc(amended.changes.iter().map(told).collect()),
            reason: correction.reason.trim().to_owned(),
            person_id: Id(call.user().0),
            at: Ts(call.at),
        };
        amendment_insert(conn, &row)?;
        let fields: Vec<&str> = amended.changes.iter().map(|change| change.field).collect();
        let detail = json!({"amendment": row.seq, "fields": fields});
        let event = custody_row(call, &sample, (loaded.seq, "amended", detail.clone()));
        custody_insert(conn, &event)?;
        audit(conn, call, id, ("amended", vec![sample.touched()?, row.touched()?, event.touched()?], detail))?;
        cell_moved(conn, before, &sample)?;
        let mut warnings = amended.warnings;
        warnings.extend(doubts);
        Ok((sample, warnings))
    })
}

/// What is doubtful about a corrected form as one of the task that it names.
fn fitting(
    conn: &mut Conn,
    call: &Call,
    (amended, items): (&amendment::Amended, &[Item]),
    is_within: IsWithin<'_>,
) -> Result<Problems, Error> {
    let is_changed = |field: &str| amended.changes.iter().any(|change| change.field == field);
    if !["task", "region", "food_class", "sampled_at"].into_iter().any(is_changed) {
        return Ok(Problems::new());
    }
    let items = items.iter().map(|item| item.analyte.clone()).collect();
    let (objections, doubts) = fit_in(conn, call, (&amended.form, &items), is_within)?;
    let mut problems = Problems::new();
    let mut told = Problems::new();
    // Of its own task the sample is one already.
    let is_new = |doubt: &Problem| is_changed("task") || doubt.code != "task_full";
    doubts.into_vec().into_iter().filter(is_new).for_each(|doubt| told.push(doubt));
    // What was taken for a task that was cancelled since is still corrected.
    let is_told = |problem: &Problem| is_changed("task") || problem.code == "task_differs";
    objections.into_vec().into_iter().filter(is_told).for_each(|problem| problems.push(problem));
    problems.into_result(told).map_err(Error::Invalid)
}

fn amended(before: &Sample, correction: &Correction<'_>) -> Result<amendment::Amended, Error> {
    let mut stored = stored_fields(&before.form.0).ok_or(hege_store::Error::Corrupt("sample"))?;
    if let Some(sealed) = &before.personal {
        stored.extend((correction.vault.open)(sealed).ok_or(Error::Personal)?);
    }
    amendment::amend(&stored, correction.changes, correction.reason, correction.context).map_err(Error::Invalid)
}

fn sealed(personal: &Fields, vault: Vault<'_>) -> Result<Option<Vec<u8>>, Error> {
    if personal.is_empty() {
        return Ok(None);
    }
    (vault.seal)(personal).ok_or(Error::Personal).map(Some)
}

/// A change as it stands in the record. Personal values are not written there.
fn told(change: &Change) -> Value {
    if change.personal {
        return json!({"field": change.field, "personal": true});
    }
    let value = |raw: &Option<_>| raw.as_ref().map(json_of);
    json!({"field": change.field, "old": value(&change.old), "new": value(&change.new)})
}
