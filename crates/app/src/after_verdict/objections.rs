//! 异议: from what was brought forward to its answer, which may take the sample out of the rates; and what the named producer
//! said of the food's authenticity.

use super::disposals;
use super::{Found, let_fall};
use crate::record::{cell, concluded};
use crate::samples::Sample;
use crate::{Call, Error, Store};
use hege_core::{Problem, Problems, Role, SampleId, UserId};
use hege_rates::Standing;
use hege_sampling::deadlines::Clock;
use hege_sampling::disposal::Side;
use hege_sampling::life_cycle::Status;
use hege_sampling::objection::{
    Act, Authenticity, Facts, ObjectionDenial, ObjectionGround, ObjectionState, Pending, Raised, Subject, apply,
    authenticity,
};
use hege_sampling::reinspection::Applicant;
use hege_store::Conn;
use hege_store::audit::Audited;
use hege_store::objections::{ObjectionRow, objection_insert, objection_update};
use hege_store::samples::{ConclusionRow, CustodyRow, SampleProgress};
use hege_store::services::ServiceRow;
use hege_store::types::{Id, Ts, Word};
use jiff::Timestamp;
use serde_json::{Value, json};

/// An objection as it reached the department.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objected {
    /// What was brought forward.
    pub raised: Raised,
    /// What is said.
    pub reason: String,
    /// What is brought forward for it.
    pub evidence: Option<String>,
}

/// Records an objection. Grounds on which it is to be refused are no hindrance: the department refuses it.
///
/// # Errors
/// [`Error::Objection`], [`Error::Invalid`], [`Error::Conflict`], [`Error::NotFound`].
pub fn object(store: &Store, call: &Call, id: SampleId, (seen, objected): (i64, &Objected)) -> Result<Sample, Error> {
    store.write(|conn| {
        let found = Found::load(conn, call, id)?;
        let raised = objected.raised;
        raised.check(&found.objection_facts(conn, &raised, None)?, &found.actor)?;
        let since = match raised.subject {
            Subject::Sampling => Some(found.sample.sampled_at),
            _ => found.sample.decided_at,
        };
        in_time(raised.at, (since, call.at), "/raised_at").into_result(()).map_err(Error::Invalid)?;
        let row = ObjectionRow {
            city: found.sample.city,
            sample_id: found.sample.id,
            seq: found.objections.last().map_or(1, |last| last.seq + 1),
            subject: Word(raised.subject),
            objector: Word(raised.objector),
            raised_at: Ts(raised.at),
            reason: objected.reason.clone(),
            evidence: objected.evidence.clone(),
            state: Word(ObjectionState::Raised),
            ground: None,
            accepted_by: None,
            answer: None,
            conclusion_revision: found.sample.conclusion_revision,
            revision: 1,
        };
        objection_insert(conn, &row)?;
        let kind = of_subject(raised.subject, ("sampling_objected", "result_objected"));
        let (subject, objector) = (raised.subject.code(), raised.objector.code());
        let raised_at = raised.at.to_string();
        let detail = json!({"objection": row.seq, "subject": subject, "objector": objector, "raised_at": raised_at});
        found.note(conn, (call, id, seen), (kind, detail, vec![row.touched()?]))
    })
}

const fn of_subject(subject: Subject, (sampling, result): (&'static str, &'static str)) -> &'static str {
    if matches!(subject, Subject::Sampling) { sampling } else { result }
}

fn in_time(at: Timestamp, (since, now): (Option<Ts>, Timestamp), pointer: &str) -> Problems {
    let mut problems = Problems::new();
    let is_early = since.is_some_and(|since| at < since.0);
    let (zh, en) = ("早于所异议的事项", "before what it is about");
    problems.check(!is_early, || Problem::new(pointer, "too_early", zh, en));
    problems.check(at <= now, || Problem::new(pointer, "in_future", "时间在将来", "in the future"));
    problems
}

/// Does an act about an objection: takes it on, refuses, answers or withdraws it. An answer that upholds it takes the sample out
/// of the rates in the same transaction.
///
/// # Errors
/// As [`object`].
pub fn act(store: &Store, call: &Call, (id, seq): (SampleId, i32), (seen, act): (i64, &Act)) -> Result<Sample, Error> {
    store.write(|conn| {
        let found = Found::load(conn, call, id)?;
        let before = found.objections.iter().find(|row| row.seq == seq).ok_or(Error::NotFound)?;
        let raised = Raised { subject: before.subject.0, objector: before.objector.0, at: before.raised_at.0 };
        let accepted_by = before.accepted_by.map(|by| UserId(by.0));
        let pending = Pending { state: before.state.0, raised, accepted_by };
        let facts = found.objection_facts(conn, &raised, Some(seq))?;
        let state = apply(&pending, act, &facts, &found.actor)?;
        let row = next(before, act, (state, call));
        if !objection_update(conn, before.revision, &row)? {
            return Err(Error::Conflict);
        }
        let (touched, detail) = (vec![row.touched()?], json!({"objection": seq, "state": state.code()}));
        let kind = match act {
            Act::Accept => "objection_accepted",
            _ => of_subject(raised.subject, ("sampling_answered", "result_answered")),
        };
        if state == ObjectionState::Upheld {
            return found.upheld(conn, (call, id, seen), raised.subject, (kind, detail, touched));
        }
        found.note(conn, (call, id, seen), (kind, detail, touched))
    })
}

fn next(before: &ObjectionRow, act: &Act, (state, call): (ObjectionState, &Call)) -> ObjectionRow {
    let row = ObjectionRow { state: Word(state), revision: before.revision + 1, ..before.clone() };
    match act {
        Act::Accept => ObjectionRow { accepted_by: Some(Id(call.user().0)), ..row },
        Act::Refuse(ground) => ObjectionRow { ground: Some(Word(*ground)), ..row },
        Act::Answer { reason, .. } | Act::Withdraw { reason } => ObjectionRow { answer: Some(reason.clone()), ..row },
    }
}

impl Found {
    /// What an objection rests on; of the others than `this`, where one is on the record already.
    fn objection_facts(&self, conn: &mut Conn, raised: &Raised, this: Option<i32>) -> Result<Facts, Error> {
        let is_same = |row: &&ObjectionRow| {
            Some(row.seq) != this && row.subject.0 == raised.subject && row.objector.0 == raised.objector
        };
        let has =
            |holds: fn(ObjectionState) -> bool| self.objections.iter().filter(is_same).any(|row| holds(row.state.0));
        let late_from = match raised.subject {
            Subject::Sampling => self.end_of(conn, Clock::SamplingObjection, Some(self.sample.sampled_at.0))?,
            _ => self.end_of(conn, Clock::ResultObjection, self.served(raised.objector))?,
        };
        Ok(Facts {
            is_in: !matches!(self.sample.standing.0, Standing::Refused | Standing::Voided),
            is_nonconforming: self.sample.standing.0 == Standing::Nonconforming,
            has_producer: self.sample.producer.is_some(),
            late_from,
            has_open: has(ObjectionState::is_open),
            was_answered: has(ObjectionState::is_answered),
        })
    }

    /// Takes the sample out of the rates because an objection was right. The failing food stays what it is where only its producer
    /// is another: the sample is not voided then, and the side of the named producer alone is disposed of no further.
    fn upheld(
        &self,
        conn: &mut Conn,
        (call, id, seen): (&Call, SampleId, i64),
        subject: Subject,
        (kind, detail, mut touched): (&str, Value, Vec<Value>),
    ) -> Result<Sample, Error> {
        let before = &self.sample;
        let is_authenticity = subject == Subject::Authenticity;
        let mut change = SampleProgress { standing: Word(Standing::Voided), ..SampleProgress::of(before) };
        if !is_authenticity {
            Status::Voided.code().clone_into(&mut change.status);
        }
        let reason = format!("objection_{}", subject.code());
        let conclusion = (before.conclusion_revision > 0).then(|| ConclusionRow {
            city: before.city,
            sample_id: before.id,
            revision: before.conclusion_revision + 1,
            standing: change.standing,
            decided_at: Ts(call.at),
            decided_by: Id(call.user().0),
            reason: reason.clone(),
        });
        if let Some(conclusion) = &conclusion {
            change.decided_at = Some(conclusion.decided_at);
            change.conclusion_revision = conclusion.revision;
        }
        let mut detail = detail;
        let side = is_authenticity.then_some(Side::Producer);
        let_fall(conn, call, (id, (&reason, &reason), side), (&mut touched, &mut detail))?;
        if is_authenticity {
            detail = disposals::with(detail, "disposed", json!(self.is_disposed_without_producer()));
        }
        let sample = self.write(conn, (call, id, seen), (&change, conclusion.as_ref()), (kind, detail, touched))?;
        concluded(conn, call, id, &sample)?;
        cell(conn, &sample, Some(before.standing.0))?;
        Ok(sample)
    }

    /// Whether the named producer's denial was upheld: the food is not theirs.
    pub(crate) fn is_denied(&self) -> bool {
        is_denied(&self.objections)
    }
}

/// Whether the named producer's denial is among these and was upheld.
pub(crate) fn is_denied(objections: &[ObjectionRow]) -> bool {
    let is_upheld =
        |row: &ObjectionRow| row.subject.0 == Subject::Authenticity && row.state.0 == ObjectionState::Upheld;
    objections.iter().any(is_upheld)
}

/// Records that the named producer confirmed to have made it, with what proves that.
///
/// # Errors
/// [`ObjectionDenial::NoProducer`], [`ObjectionDenial::WrongState`] when they confirmed it before or their denial is open or
/// upheld; as [`object`].
pub fn confirm(
    store: &Store,
    call: &Call,
    id: SampleId,
    (seen, (at, proof)): (i64, (Timestamp, &str)),
) -> Result<Sample, Error> {
    store.write(|conn| {
        let found = Found::load(conn, call, id)?;
        if !found.actor.roles.contains(&Role::Reviewer) {
            return Err(ObjectionDenial::WrongRole.into());
        }
        let said = found.authenticity(conn, call.at)?.ok_or(ObjectionDenial::NoProducer)?;
        let is_open = !matches!(said, Authenticity::Confirmed | Authenticity::Denied | Authenticity::Upheld);
        if !is_open || found.sample.conclusion_revision == 0 {
            return Err(ObjectionDenial::WrongState.into());
        }
        in_time(at, (Some(found.sample.sampled_at), call.at), "/confirmed_at")
            .into_result(())
            .map_err(Error::Invalid)?;
        let detail = json!({"confirmed_at": at.to_string(), "proof": proof});
        found.note(conn, (call, id, seen), (CONFIRMED, detail, Vec::new()))
    })
}

/// The step of custody of a confirmation.
const CONFIRMED: &str = "authenticity_confirmed";

impl Found {
    /// What the named producer said; none where none is named.
    pub(crate) fn authenticity(&self, conn: &mut Conn, now: Timestamp) -> Result<Option<Authenticity>, Error> {
        if self.sample.producer.is_none() {
            return Ok(None);
        }
        let asked = self.served(Applicant::Producer);
        let late_from = self.end_of(conn, Clock::ResultObjection, asked)?;
        Ok(Some(said(&self.objections, &self.custody, (asked, late_from), now)))
    }
}

/// What the producer said, from the rows.
pub(crate) fn said(
    objections: &[ObjectionRow],
    custody: &[CustodyRow],
    asked: (Option<Timestamp>, Option<Timestamp>),
    now: Timestamp,
) -> Authenticity {
    let denials = objections.iter().filter(|row| row.subject.0 == Subject::Authenticity);
    let denials: Vec<ObjectionState> = denials.map(|row| row.state.0).collect();
    authenticity(&denials, custody.iter().any(|event| event.kind == CONFIRMED), asked, now)
}

/// The first proven service on whoever may object.
pub(crate) fn first_served(services: &[ServiceRow], on: Applicant) -> Option<Timestamp> {
    let services = services.iter().map(ServiceRow::service);
    let proven = services.filter(|service| service.addressee == on.addressee() && service.starts_clock());
    proven.map(|service| service.at).min()
}

/// The refusal of a ground, as an act.
#[must_use]
pub fn decision(refused: Option<ObjectionGround>) -> Act {
    refused.map_or(Act::Accept, Act::Refuse)
}
