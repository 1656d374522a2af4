//! 通知: whom a step of an alert concerns, and a mail for each of them, put in the transaction of the step.
//!
//! | alert | told |
//! |--|--|
//! | of a stage: plan, early warning, event, data | reviewers whose scope sees its region and stage |
//! | a city below the target | that city's own reviewers |
//! | data of the system as a whole (no stage) | administrators who see its region |
//! | an event that is not confirmed | the approvers of the laboratory, and the reviewers of the department seated where the sampling organisation is |
//! | nobody acknowledged it | all reviewers who see it, and the administrators who see its region |
//! | assigned | the person it is assigned to, also of what follows |
//!
//! Only active people with an address, and not of a kind that they switched off.

use crate::people::{scope, words};
use crate::{Error, Scope};
use hege_alerts::event::Audience;
use hege_alerts::{AlertKind, Happening, Rule};
use hege_core::{RegionCode, Role, SampleId};
use hege_store::Conn;
use hege_store::alerts::{AlertEvent, AlertRow};
use hege_store::mail::{Mail, mail_insert};
use hege_store::people::{Person, organisations_list, people_list};
use hege_store::samples::sample_fetch;
use hege_store::subscriptions::{Subscription, subscriptions_list};
use hege_store::types::{Id, Ts};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use uuid::{Builder, Uuid};

/// For how long sending is tried: over a weekend with holidays, and not so long that old news comes as new.
pub(crate) const TRIED_FOR: SignedDuration = SignedDuration::from_hours(4 * 24);

/// Whether a step is told by mail. What a colleague noted or closed is seen on the board.
const fn is_mailed(happening: Happening, by_person: bool) -> bool {
    match happening {
        Happening::Raised
        | Happening::Escalated
        | Happening::Lowered
        | Happening::Reopened
        | Happening::Cleared
        | Happening::Withdrawn
        | Happening::Assigned
        | Happening::Unanswered => true,
        Happening::Closed => !by_person,
        Happening::Signalled | Happening::Acknowledged => false,
    }
}

/// The laboratory, and the organisations of the department, that alone hear of an event that is not confirmed.
struct Closed {
    laboratory: Option<Id>,
    department: BTreeSet<Id>,
}

/// What of an alert decides whom it concerns.
pub(crate) struct Concern<'a> {
    alert: &'a AlertRow,
    happening: Happening,
    rule: Option<Rule>,
    region: Option<RegionCode>,
    closed: Option<Closed>,
}

impl<'a> Concern<'a> {
    /// Of an alert as it is after a step.
    pub(crate) fn of(conn: &mut Conn, alert: &'a AlertRow, happening: Happening) -> Result<Self, Error> {
        let audience = alert.evidence.0.get("audience").and_then(|word| word.as_str());
        let closed = if audience == Some(Audience::Closed.code()) { Some(closed(conn, alert)?) } else { None };
        let region = u32::try_from(alert.region).ok().and_then(|code| RegionCode::new(code).ok());
        Ok(Self { alert, happening, rule: alert.rule.parse().ok(), region, closed })
    }

    /// Whether it concerns a person. A person whose row cannot be read is not concerned by anything, and cannot log in either.
    pub(crate) fn has(&self, person: &Person) -> bool {
        let (Ok(roles), Ok(scope)) = (words::<Role>(&person.roles), scope(person)) else { return false };
        let Some(region) = self.region.filter(|_| person.active) else { return false };
        let is_assigned = self.alert.assigned_to == Some(person.id);
        let sees = scope.sees_region(region) && self.alert.stage.is_none_or(|stage| scope.sees_stage(stage.0));
        let reviews = roles.contains(&Role::Reviewer) && sees;
        match (&self.closed, self.happening) {
            (_, Happening::Assigned) => is_assigned,
            (Some(closed), _) => {
                let approves = roles.contains(&Role::Approver) && closed.laboratory == Some(person.organisation_id);
                approves || (reviews && closed.department.contains(&person.organisation_id))
            }
            (None, Happening::Unanswered) => reviews || (roles.contains(&Role::Administrator) && sees),
            (None, _) => (is_assigned && reviews) || self.by_default((&roles, &scope), (region, reviews, sees)),
        }
    }

    fn by_default(
        &self,
        (roles, scope): (&BTreeSet<Role>, &Scope),
        (region, reviews, sees): (RegionCode, bool, bool),
    ) -> bool {
        match self.rule {
            Some(Rule::CityBelow) => reviews && scope.region == region,
            Some(rule) if rule.kind() == AlertKind::Data && self.alert.stage.is_none() => {
                roles.contains(&Role::Administrator) && sees
            }
            _ => reviews,
        }
    }
}

fn closed(conn: &mut Conn, alert: &AlertRow) -> Result<Closed, Error> {
    let id: Option<SampleId> = alert.subject.parse().ok();
    let sample = match id {
        Some(id) => sample_fetch(conn, id)?,
        None => None,
    };
    let organisations = organisations_list(conn)?;
    let seat = sample
        .as_ref()
        .and_then(|sample| organisations.iter().find(|row| row.id == sample.sampling_org_id).map(|row| row.region));
    // Which department ordered a sample does not stand on its form: the one that is seated where the sampling organisation is.
    let department = organisations.iter().filter(|row| row.kind == "department" && Some(row.region) == seat);
    Ok(Closed {
        laboratory: sample.and_then(|sample| sample.lab_id),
        department: department.map(|row| row.id).collect(),
    })
}

/// The id of a mail: it follows from step and person, so that a step is mailed once to each whoever puts it.
fn mail_id(event: &AlertEvent, person: Id) -> Uuid {
    let text = format!("mail|{:04}-{}/{}|{}", event.city, event.alert_id.0, event.seq, person.0);
    let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    let (half, _) = digest.split_first_chunk::<16>().unwrap_or((&[0; 16], &[]));
    Builder::from_custom_bytes(*half).into_uuid()
}

/// How long a mail is tried from an instant on.
pub(crate) fn tried_until(now: Timestamp) -> Timestamp {
    now.checked_add(TRIED_FOR).unwrap_or(Timestamp::MAX)
}

fn wants(subscription: &Subscription, alert: &AlertRow, happening: Happening) -> bool {
    happening == Happening::Assigned || !subscription.muted.split_whitespace().any(|kind| kind == alert.kind)
}

/// Puts a mail for each person whom a step of an alert concerns.
pub(crate) fn notify(
    conn: &mut Conn,
    alert: &AlertRow,
    (happening, event): (Happening, &AlertEvent),
) -> Result<(), Error> {
    if !is_mailed(happening, event.person_id.is_some()) {
        return Ok(());
    }
    let subscriptions: BTreeMap<Id, Subscription> = subscriptions_list(conn)?
        .into_iter()
        .filter(|row| row.email.is_some() && wants(row, alert, happening))
        .map(|row| (row.person_id, row))
        .collect();
    if subscriptions.is_empty() {
        return Ok(());
    }
    let concern = Concern::of(conn, alert, happening)?;
    let people = people_list(conn)?;
    let told = people.iter().filter(|person| subscriptions.contains_key(&person.id) && concern.has(person));
    let mails: Vec<Mail> = told
        .map(|person| Mail {
            city: alert.city,
            id: Id(mail_id(event, person.id)),
            alert_id: alert.id,
            seq: event.seq,
            person_id: person.id,
            state: "waiting".to_owned(),
            attempts: 0,
            due_at: event.at,
            given_up_at: Ts(tried_until(event.at.0)),
            leased_until: None,
            last_error: None,
        })
        .collect();
    if mails.is_empty() { Ok(()) } else { Ok(mail_insert(conn, &mails)?) }
}
