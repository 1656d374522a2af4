//! 样品: registered, sealed, handed over, received or refused, checked, approved, returned, voided.

mod rows;
mod seen;

pub use hege_store::amendments::AmendmentRow;
pub use hege_store::samples::{ConclusionRow, CustodyRow, Item, Sample};
pub use seen::{Cursor, Page, Search, Seen, fetch, form_of, id_of, list};

use crate::custody;
use crate::record::{cell, concluded, step_write};
use crate::tasks::right_lab;
use crate::{Call, Error, stored};
use hege_core::{Problem, Problems, Role, SampleId};
use hege_lab::Catalogue;
use hege_sampling::custody::Particulars;
use hege_sampling::form::Form;
use hege_sampling::life_cycle::{Action, Denial};
use hege_store::audit::audit_append;
use hege_store::idempotency::{Answered, answered_fetch, answered_insert};
use hege_store::samples::{
    custody_insert, custody_of, form_no_holder, items_insert, items_of, sample_fetch, sample_insert,
};
use hege_store::seals::{SealRow, seals_put, seals_used};
use hege_store::types::Id;
use hege_store::{Conn, Store};
pub(crate) use rows::{Left, Loaded, acting, answered, form_columns, ordered, registered, stepped};
use rows::{answered_with, stepped_with};
pub(crate) use seen::{blindness, is_in_scope, is_seen_blind, oversees, shown, theirs};
use serde_json::Value;
use std::collections::BTreeSet;

/// A registration: the checked form and what is ordered. The caller's organisation took the sample.
#[derive(Debug, Clone)]
pub struct Registration {
    /// The form.
    pub form: Form,
    /// The form's personal fields, sealed by the caller; none when it has none.
    pub personal: Option<Vec<u8>>,
    /// Analytes ordered, each with whether it is for risk monitoring only. At least one, each once.
    pub items: Vec<(String, bool)>,
}

/// Registers a sample with its ordered items. The same registration again by the same person gives the sample as it stands and
/// changes nothing; what is the same is decided by everything but the personal fields. [`register_once`] tells exactly.
///
/// # Errors
/// [`Error::Denied`] without the inspector's role; [`Error::Invalid`] without items, with one twice, for another sampling
/// organisation than the caller's, and when the form number is taken; [`Error::Idempotency`] when the id was used for another
/// registration; [`Error::Personal`] when personal fields come unsealed.
pub fn register(store: &Store, call: &Call, registration: &Registration) -> Result<Sample, Error> {
    let put = |conn: &mut Conn| match put(conn, call, registration, &|_| Ok(answered(call, registration)))? {
        (_, Some(sample)) => Ok(sample),
        (_, None) => sample_fetch(conn, registration.form.id)?.ok_or(Error::Idempotency),
    };
    registering(store, (call, registration), put)
}

/// What a request to register is known by, and what it is answered.
pub struct Once<'a> {
    /// A keyed digest of the whole request.
    pub digest: &'a [u8],
    /// The answer that is given now and whenever the same request comes again.
    pub answer: &'a dyn Fn(&Sample) -> Result<Value, Error>,
}

/// Registers a sample as [`register`] does. The same request again by the same person gives the answer that was stored the
/// first time, whatever has become of the sample, the limits or the people since.
///
/// # Errors
/// As [`register`].
pub fn register_once(store: &Store, call: &Call, registration: &Registration, once: &Once<'_>) -> Result<Value, Error> {
    let answered =
        |sample: &Sample| Ok(answered_with(call, registration.form.id, (once.digest.to_vec(), (once.answer)(sample)?)));
    registering(store, (call, registration), |conn| Ok(put(conn, call, registration, &answered)?.0.answer.0))
}

/// The answer that this very request of this person got before. None for another one under its id, of which nothing is told
/// before it is checked like any other: whether somebody used an id is not for everybody.
///
/// # Errors
/// Those of the store.
pub fn registered_before(store: &Store, call: &Call, id: SampleId, digest: &[u8]) -> Result<Option<Value>, Error> {
    let before = store.read(|conn| Ok::<_, Error>(answered_fetch(conn, stored(id.city), Id(id.uuid))?))?;
    Ok(before.and_then(|before| same(before, (call, digest)).ok()).map(|same| same.answer.0))
}

/// A request that was answered before, if this one is the same.
fn same(before: Answered, (call, digest): (&Call, &[u8])) -> Result<Answered, Error> {
    let is_same = before.person_id.0 == call.user().0 && before.body_hash == digest;
    if is_same { Ok(before) } else { Err(Error::Idempotency) }
}

fn registering<T>(
    store: &Store,
    (call, registration): (&Call, &Registration),
    put: impl Fn(&mut Conn) -> Result<T, Error>,
) -> Result<T, Error> {
    registrable(call, registration)?;
    match store.write(&put) {
        // Somebody took id or number after we had looked. What they wrote can be seen now.
        Err(Error::Store(hege_store::Error::Duplicate(_))) => store.write(&put),
        outcome => outcome,
    }
}

/// Whether a registration may be put, whatever the database holds.
pub(crate) fn registrable(call: &Call, registration: &Registration) -> Result<(), Error> {
    if !call.actor.roles.contains(&Role::Inspector) {
        return Err(Denial::WrongRole.into());
    }
    orderable(call, registration).map_err(Error::Invalid)?;
    if registration.personal.is_none() && !registration.form.personal().is_empty() {
        return Err(Error::Personal);
    }
    Ok(())
}

/// Whether an analyte is a germ: it needs aseptic sampling.
#[must_use]
pub fn is_microbiological(catalogue: &Catalogue, analyte: &str) -> bool {
    catalogue.analytes().get(analyte).is_some_and(|analyte| analyte.pathogen)
}

/// Characters of an analyte's code.
const ANALYTE_MAX: usize = 100;

fn orderable(call: &Call, registration: &Registration) -> Result<(), Problems> {
    let mut problems = Problems::new();
    let items = &registration.items;
    problems
        .check(!items.is_empty(), || Problem::new("/items", "items_missing", "至少一个检验项目", "at least one item"));
    let mut seen = BTreeSet::new();
    for (index, (analyte, _)) in items.iter().enumerate() {
        let at = || format!("/items/{index}");
        problems.check(seen.insert(analyte), || {
            Problem::new(at(), "item_twice", "同一项目出现两次", "the item stands twice")
        });
        let is_code = !analyte.trim().is_empty() && analyte.chars().count() <= ANALYTE_MAX;
        problems.check(is_code && !analyte.chars().any(char::is_control), || {
            Problem::new(at(), "bad_text", "须为 1 至 100 字的项目代码", "a code of 1 to 100 characters")
        });
    }
    problems.check(registration.form.sampling_org.is_none_or(|org| org == call.organisation), || {
        let (zh, en) = ("抽样单位与登录人员所属机构不一致", "another organisation than the one you act for");
        Problem::new("/sampling_org", "other_organisation", zh, en)
    });
    problems.into_result(())
}

/// Puts a registration. Gives what is answered, and the sample when it is new.
fn put(
    conn: &mut Conn,
    call: &Call,
    registration: &Registration,
    answered: &dyn Fn(&Sample) -> Result<Answered, Error>,
) -> Result<(Answered, Option<Sample>), Error> {
    let Left { sample, items, custody, audit, .. } = registered(call, registration)?;
    let answered = answered(&sample)?;
    // The number is asked for before the id: whoever holds it has left the answer with it, and this very registration, sent
    // twice at once, is no other holder.
    let is_taken = form_no_holder(conn, answered.city, &registration.form.form_no)?.is_some();
    if let Some(before) = answered_fetch(conn, answered.city, answered.key)? {
        return Ok((same(before, (call, &answered.body_hash))?, None));
    }
    if is_taken {
        let (zh, en) = ("抽样单编号已使用", "the form number is taken");
        return Err(Error::Invalid(Problem::new("/form_no", "form_no_taken", zh, en).into()));
    }
    custody::not_sampled_before(conn, &sample)?;
    sample_insert(conn, std::slice::from_ref(&sample))?;
    items_insert(conn, &items)?;
    custody_insert(conn, &custody)?;
    audit_append(conn, &audit)?;
    answered_insert(conn, &answered)?;
    cell(conn, &sample, None)?;
    Ok((answered, Some(sample)))
}

/// Loads a sample for a person. One that their organisation neither took nor was sent is not there for them.
pub(crate) fn load(conn: &mut Conn, call: &Call, id: SampleId) -> Result<Loaded, Error> {
    let sample = sample_fetch(conn, id)?.ok_or(Error::NotFound)?;
    if acting(&sample, call).roles.is_empty() || !call.scope.sees_stage(sample.stage.0) {
        return Err(Error::NotFound);
    }
    let (items, custody) = (items_of(conn, id)?, custody_of(conn, id)?);
    Loaded::of(sample, items, (&custody, call))
}

/// What is doubtful about the seals of a sample, at `/seals/{index}`: a number that another sample was sealed with. It is no
/// refusal, for two organisations may have rolls of the same numbers; but one seal is on one sample.
///
/// # Errors
/// Those of the store.
pub fn seal_doubts(store: &Store, id: SampleId, seals: &[String]) -> Result<Vec<Problem>, Error> {
    let key = (stored(id.city), Id(id.uuid));
    let used = store.read(|conn| Ok::<_, Error>(seals_used(conn, key, seals)?))?;
    let doubted = seals.iter().enumerate().filter(|(_, seal)| used.contains(seal));
    let (zh, en) = ("该封条编号已用于另一样品", "another sample was sealed with this number");
    Ok(doubted.map(|(index, _)| Problem::new(format!("/seals/{index}"), "seal_used_before", zh, en)).collect())
}

/// Does one step of a sample's life. Results are entered by [`crate::results::enter`], forms corrected by
/// [`crate::amendments::amend`].
///
/// `seen` is the revision that the person saw.
///
/// # Errors
/// [`Error::Conflict`] when somebody was faster, [`Error::Denied`] by the life cycle, [`Error::NotFound`].
pub fn step(store: &Store, call: &Call, id: SampleId, (seen, action): (i64, &Action)) -> Result<Sample, Error> {
    step_with(store, call, id, (seen, action, &Particulars::default()))
}

/// The same, with what is said at the step besides: temperature, condition, seals, who brought it.
///
/// # Errors
/// As [`step`]; [`Error::Invalid`] for what is said.
pub fn step_with(
    store: &Store,
    call: &Call,
    id: SampleId,
    (seen, action, particulars): (i64, &Action, &Particulars),
) -> Result<Sample, Error> {
    if matches!(action, Action::Enter { .. } | Action::Amend) {
        return Err(Denial::WrongStatus.into());
    }
    store.write(|conn| {
        let loaded = load(conn, call, id)?;
        let seals = if let Action::Seal { seals, .. } = action { seals.as_slice() } else { &[] };
        particulars.problems(seals, loaded.sample.sampled_at.0, call.at).into_result(()).map_err(Error::Invalid)?;
        let mut left = stepped_with(&loaded, (action, particulars), call)?;
        if let Action::Destroy { portion, .. } = action {
            custody::may_destroy(conn, &loaded, (*portion, call.at))?;
        }
        if let Action::Void { reason } = action {
            left.lets_fall(conn, call, (id, reason))?;
        }
        if let Action::Seal { lab: Some(lab), .. } = action {
            right_lab(conn, &loaded.sample, *lab)?;
        }
        step_write(conn, (id, seen), &loaded.sample, &left)?;
        if let Action::Seal { seals, .. } = action {
            let row =
                |number: &String| SealRow { city: left.sample.city, sample_id: left.sample.id, number: number.clone() };
            seals_put(conn, &seals.iter().map(row).collect::<Vec<_>>())?;
        }
        if matches!(action, Action::Approve { .. } | Action::Void { .. } | Action::Refuse(_)) {
            concluded(conn, call, id, &left.sample)?;
        }
        cell(conn, &left.sample, Some(loaded.sample.standing.0))?;
        Ok(left.sample)
    })
}
