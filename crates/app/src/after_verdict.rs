//! What follows a verdict: 送达, 异议, 复检, 核查处置. Each act is a step of the sample's custody, so that its timeline and its clocks follow
//! from one record.

pub mod disposals;
pub mod objections;
mod reinspections;
mod services;

pub use hege_store::disposals::DisposalRow;
pub use hege_store::objections::ObjectionRow;
pub use hege_store::reinspections::{ReinspectionItem, ReinspectionRow};
pub use hege_store::services::ServiceRow;
pub use reinspections::{Applied, Reported, apply_for, decide, hand_over, name_body, report, take_back};
pub use services::{Told, serve};

use crate::deadlines::{rules_on, shelf_end};
use crate::record::{audit_row, custody_row};
use crate::samples::{acting, blindness, is_in_scope};
use crate::{Call, Error, bulletins, setup};
use hege_core::date::china_date;
use hege_core::{LabId, Role, SampleId};
use hege_lab::ItemVerdict;
use hege_lab::criterion::Kind;
use hege_rates::Standing;
use hege_sampling::deadlines::{Clock, due};
use hege_sampling::disposal::Side;
use hege_sampling::life_cycle::Actor;
use hege_sampling::reinspection::{Applicant, Facts, ReinspectionState};
use hege_store::Conn;
use hege_store::audit::{Audited, audit_append};
use hege_store::disposals::disposals_of;
use hege_store::objections::objections_of;
use hege_store::reinspections::{reinspection_items_of, reinspections_of};
use hege_store::samples::{
    ConclusionRow, CustodyRow, Item, Sample, SampleProgress, conclusion_insert, custody_insert, custody_of, items_of,
    sample_fetch, sample_progress,
};
use hege_store::services::services_of;
use hege_store::types::Id;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeSet;

/// A sample as what follows its verdict finds it.
pub(crate) struct Found {
    pub(crate) sample: Sample,
    pub(crate) items: Vec<Item>,
    custody: Vec<CustodyRow>,
    pub(crate) services: Vec<ServiceRow>,
    pub(crate) reinspections: Vec<ReinspectionRow>,
    pub(crate) results: Vec<ReinspectionItem>,
    pub(crate) objections: Vec<ObjectionRow>,
    pub(crate) disposals: Vec<DisposalRow>,
    /// The caller with what they may be to it.
    pub(crate) actor: Actor,
}

impl Found {
    /// The sample for a caller. One that they neither see, nor are to test again, nor deal with a
    /// side of is not there for them.
    pub(crate) fn load(conn: &mut Conn, call: &Call, id: SampleId) -> Result<Self, Error> {
        let sample = sample_fetch(conn, id)?.ok_or(Error::NotFound)?;
        let reinspections = reinspections_of(conn, id)?;
        let mut roles = acting(&sample, call).roles;
        let is_seen = blindness(&sample, call).is_some();
        if call.actor.roles.contains(&Role::Reviewer) && is_in_scope((sample.stage, sample.region), call) {
            roles.insert(Role::Reviewer);
        }
        let is_body = reinspections.iter().any(|row| row.body_id == Some(Id(call.organisation.0)));
        if is_body {
            roles.extend(call.actor.roles.iter().copied().filter(|role| role.is_laboratory()));
        }
        let disposals = disposals_of(conn, id)?;
        let is_dealt_with = disposals::is_of(&disposals, sample.stage.0, call);
        let is_theirs = is_dealt_with || (is_body && roles.iter().any(|role| role.is_laboratory()));
        if !is_seen && !is_theirs {
            return Err(Error::NotFound);
        }
        Ok(Self {
            items: items_of(conn, id)?,
            custody: custody_of(conn, id)?,
            services: services_of(conn, id)?,
            results: reinspection_items_of(conn, id)?,
            objections: objections_of(conn, id)?,
            disposals,
            actor: Actor { user: call.user(), roles },
            sample,
            reinspections,
        })
    }

    /// The verdict in force of an item: the re-inspection's where there is one.
    fn verdict<'a>(&'a self, item: &'a Item) -> Option<&'a str> {
        let again = self.results.iter().rfind(|result| result.analyte == item.analyte);
        again.map(|result| result.verdict.as_str()).or(item.verdict.as_deref())
    }

    /// What a re-inspection rests on, for who applies.
    pub(crate) fn facts(&self, conn: &mut Conn, applicant: Applicant) -> Result<Facts, Error> {
        let failing = self.items.iter().filter(|item| self.verdict(item) == Some(ItemVerdict::Nonconforming.code()));
        let named = |items: Vec<&Item>| items.into_iter().map(|item| item.analyte.clone()).collect::<BTreeSet<_>>();
        let failing: Vec<&Item> = failing.collect();
        let has = |holds: fn(ReinspectionState) -> bool| self.reinspections.iter().any(|row| holds(row.state.0));
        Ok(Facts {
            is_nonconforming: self.sample.standing.0 == Standing::Nonconforming,
            microbiological: named(failing.iter().copied().filter(|item| is_microbiological(item)).collect()),
            failing: named(failing),
            shelf_life_ends: shelf_end(&self.sample),
            late_from: self.end_of(conn, Clock::ReinspectionApplication, self.served(applicant))?,
            has_open: has(ReinspectionState::is_open),
            was_reinspected: has(ReinspectionState::is_final),
            first_lab: self.sample.lab_id.map(|lab| LabId(lab.0)),
        })
    }

    /// When a result was first served on whoever may object or apply, with proof.
    fn served(&self, on: Applicant) -> Option<Timestamp> {
        objections::first_served(&self.services, on)
    }

    /// The first instant that is too late for what runs since then, by the rule of the sampling day. None where no clock runs, or
    /// its calendar is not loaded.
    fn end_of(&self, conn: &mut Conn, clock: Clock, since: Option<Timestamp>) -> Result<Option<Timestamp>, Error> {
        end_of(conn, &self.sample, (clock, since))
    }

    /// Writes an act: the sample's next revision, the step of its custody, the record of every row touched, and a conclusion
    /// that follows. The sample as it is afterwards.
    fn write(
        &self,
        conn: &mut Conn,
        (call, id, seen): (&Call, SampleId, i64),
        (change, conclusion): (&SampleProgress, Option<&ConclusionRow>),
        (kind, detail, mut touched): (&str, Value, Vec<Value>),
    ) -> Result<Sample, Error> {
        if self.sample.revision != seen {
            return Err(Error::Conflict);
        }
        let sample = sample_progress(conn, id, seen, change)?.ok_or(Error::Conflict)?;
        let seq = self.custody.last().map_or(1, |last| last.seq + 1);
        let custody = custody_row(call, &sample, (seq, kind, detail.clone()));
        custody_insert(conn, &custody)?;
        touched.extend([sample.touched()?, custody.touched()?]);
        if let Some(conclusion) = conclusion {
            conclusion_insert(conn, conclusion)?;
            touched.push(conclusion.touched()?);
        }
        audit_append(conn, &audit_row(sample.city, &call.mark(), (kind, touched, detail)))?;
        Ok(sample)
    }

    /// The same where the sample itself stays as it is.
    fn note(
        &self,
        conn: &mut Conn,
        asked: (&Call, SampleId, i64),
        what: (&str, Value, Vec<Value>),
    ) -> Result<Sample, Error> {
        self.write(conn, asked, (&SampleProgress::of(&self.sample), None), what)
    }
}

/// The first instant that is too late for what runs of a sample since then; none where no clock runs, or its calendar is not
/// loaded.
pub(crate) fn end_of(
    conn: &mut Conn,
    sample: &Sample,
    (clock, since): (Clock, Option<Timestamp>),
) -> Result<Option<Timestamp>, Error> {
    let Some(since) = since else { return Ok(None) };
    let sampled_on = china_date(sample.sampled_at.0);
    let rules = rules_on(conn, sampled_on)?;
    let Some(rule) = rules.find(clock, sample.stage.0, sampled_on) else { return Ok(None) };
    Ok(due(rule.period, since, &setup::calendar_from(conn, sampled_on)?).ok().map(|due| due.at))
}

/// Whether the time of what runs of a sample since then is over: also where the law knows none, and never where nobody can tell.
pub(crate) fn is_past(
    conn: &mut Conn,
    sample: &Sample,
    (clock, since): (Clock, Timestamp),
    now: Timestamp,
) -> Result<bool, Error> {
    let sampled_on = china_date(sample.sampled_at.0);
    let rules = rules_on(conn, sampled_on)?;
    let Some(rule) = rules.find(clock, sample.stage.0, sampled_on) else { return Ok(true) };
    Ok(due(rule.period, since, &setup::calendar_from(conn, sampled_on)?).is_ok_and(|due| now >= due.at))
}

/// Lets go of what rests on a conclusion that falls, of one side or all: disposals are withdrawn, and what is public carries the
/// note at once, by its code. The rows are added to `touched`, what is told of it to `detail`.
pub(crate) fn let_fall(
    conn: &mut Conn,
    call: &Call,
    (id, (why, code), side): (SampleId, (&str, &str), Option<Side>),
    (touched, detail): (&mut Vec<Value>, &mut Value),
) -> Result<(), Error> {
    let under_way = disposals_of(conn, id)?;
    disposals::withdraw(conn, &under_way, (why, side), (touched, detail))?;
    bulletins::note(conn, call, (id, code), touched)
}

/// Whether an item was held against a plan of units with n, c, m and M.
fn is_microbiological(item: &Item) -> bool {
    let criteria = item.judgement.as_ref().and_then(|doc| doc.0.get("criteria")).and_then(Value::as_array);
    criteria.is_some_and(|criteria| {
        criteria.iter().any(|criterion| criterion.get("kind").and_then(Value::as_str) == Some(Kind::Micro.code()))
    })
}
