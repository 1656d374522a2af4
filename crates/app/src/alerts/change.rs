//! Writing what a look found: the alert, its step, the audit row and the mail, in one transaction each.

use super::NewId;
use crate::notify::notify;
use crate::plans::YearPlan;
use crate::record::audit_at;
use crate::{Error, Mark, Store};
use hege_alerts::plan::Grade;
use hege_alerts::{AlertStatus, Ending, Happening, Key};
use hege_core::{RegionCode, Stage};
use hege_store::alerts::{AlertEvent, AlertRow, alert_event_insert, alert_events_of, alert_insert, alert_update};
use hege_store::audit::Audited;
use hege_store::types::{Doc, Id, Ts, Word};
use hege_store::{Conn, Error as StoreError};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use uuid::{Builder, Uuid};

/// One look at a plan: what is found is written through it.
pub(super) struct Changes<'a> {
    pub(super) store: &'a Store,
    pub(super) plan: &'a YearPlan,
    pub(super) now: Timestamp,
    new_id: NewId<'a>,
    made: usize,
}

/// What a new alert says.
pub(super) struct New<'a> {
    pub(super) key: Key<'a>,
    pub(super) stage: Option<Stage>,
    pub(super) region: RegionCode,
    pub(super) subject: &'a str,
    pub(super) grade: Grade,
    pub(super) evidence: Value,
    pub(super) ended: Option<(Ending, Timestamp)>,
}

/// The id that follows from a key: the first half of its SHA-256, in the form of a UUID of version 8.
fn id_of(key: &Key<'_>) -> Uuid {
    let digest: [u8; 32] = Sha256::digest(key.to_string().as_bytes()).into();
    let (half, _) = digest.split_first_chunk::<16>().unwrap_or((&[0; 16], &[]));
    Builder::from_custom_bytes(*half).into_uuid()
}

impl<'a> Changes<'a> {
    pub(super) fn new(store: &'a Store, plan: &'a YearPlan, now: Timestamp, new_id: NewId<'a>) -> Self {
        Self { store, plan, now, new_id, made: 0 }
    }

    pub(super) const fn made(&self) -> usize {
        self.made
    }

    /// Raises an alert. That another server raised it first is no error.
    pub(super) fn raise(&mut self, new: &New<'_>) -> Result<(), Error> {
        let status = new.ended.map_or(AlertStatus::Open, |(ending, _)| ending.status());
        let version = Some(new.key.version).filter(|version| *version > 0);
        let row = AlertRow {
            city: alert_city(new.region),
            id: Id(id_of(&new.key)),
            kind: new.key.rule.kind().code().to_owned(),
            rule: new.key.rule.code().to_owned(),
            plan_id: Id(self.plan.id.0),
            target_version: version,
            stage: new.stage.map(Word),
            region: i32::try_from(new.region.get()).unwrap_or(i32::MAX),
            subject: new.subject.to_owned(),
            status: status.code().to_owned(),
            grade: new.grade.code().to_owned(),
            opened_at: Ts(new.key.opened_at),
            raised_at: Ts(self.now),
            evidence: Doc(new.evidence.clone()),
            acknowledged_by: None,
            acknowledged_at: None,
            note: None,
            ended_at: new.ended.map(|(_, at)| Ts(at)),
            ended_why: new.ended.map(|(ending, _)| ending.code().to_owned()),
            revision: 1,
            assigned_to: None,
            closed_by: None,
            closing_note: None,
            unanswered_at: None,
        };
        self.write(&row, Happening::Raised, new.evidence.clone())
    }

    /// Stores an alert's next state. That somebody was faster is no error: the next look sees what is there then.
    pub(super) fn change(&mut self, row: AlertRow, happening: Happening, evidence: Value) -> Result<(), Error> {
        let row = AlertRow { revision: row.revision + 1, ..row };
        self.write(&row, happening, evidence)
    }

    fn write(&mut self, row: &AlertRow, happening: Happening, evidence: Value) -> Result<(), Error> {
        let mark = Mark { person: None, at: self.now, audit_id: (self.new_id)() };
        match self.store.write(|conn| store_change(conn, row, (happening, evidence.clone()), mark)) {
            Ok(()) => {
                self.made += 1;
                Ok(())
            }
            Err(Error::Conflict | Error::Store(StoreError::Duplicate(_))) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// The shard of an alert about a region.
fn alert_city(region: RegionCode) -> i32 {
    i32::from(region.city().get())
}

/// Writes an alert's new state with everything that goes with it.
pub(super) fn store_change(
    conn: &mut Conn,
    row: &AlertRow,
    (happening, evidence): (Happening, Value),
    mark: Mark,
) -> Result<(), Error> {
    let seq = if row.revision == 1 {
        alert_insert(conn, row)?;
        1
    } else {
        if !alert_update(conn, row)? {
            return Err(Error::Conflict);
        }
        alert_events_of(conn, (row.city, row.id))?.last().map_or(1, |last| last.seq + 1)
    };
    let event = AlertEvent {
        city: row.city,
        alert_id: row.id,
        seq,
        kind: happening.code().to_owned(),
        at: Ts(mark.at),
        person_id: mark.person.map(|person| Id(person.0)),
        evidence: Doc(stamped(evidence, row)),
    };
    alert_event_insert(conn, &event)?;
    let what = format!("alert_{}", happening.code());
    audit_at(conn, row.city, &mark, (&what, vec![row.touched()?, event.touched()?], json!({})))?;
    notify(conn, row, (happening, &event))
}

/// The evidence of a step with what the alert became by it: its grade and, when it is over, why.
fn stamped(evidence: Value, row: &AlertRow) -> Value {
    let mut fields = match evidence {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    fields.insert("grade".to_owned(), json!(row.grade));
    if let Some(why) = &row.ended_why {
        fields.insert("ended_why".to_owned(), json!(why));
    }
    Value::Object(fields)
}
