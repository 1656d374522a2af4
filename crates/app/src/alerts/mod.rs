//! 预警: raised, escalated, cleared and withdrawn from the record of conclusions; acknowledged and closed by people.
//!
//! No stream keeps a state: each look runs the year again from the conclusions in force and compares what follows with the
//! alerts that are stored ([`hege_alerts::reconcile`]). An alert's id follows from what raised it, so that two servers that
//! look at once raise it once.

mod answers;
mod change;
mod condition;
mod data;
mod deadlines;
mod events;
mod plan;
mod rules;
mod trial;
mod warning;

pub use answers::{Act, act, remind};
pub use deadlines::look_at_deadlines;
pub use hege_store::alerts::{AlertEvent, AlertRow};
pub use rules::{Bounds, RuleInForce, Watched, rules_in_force};
pub use trial::{Outcome, Trial, attempt};

use crate::plans::{self, YearPlan};
use crate::samples::Cursor;
use crate::{Error, Scope, Store, counties};
use change::Changes;
use hege_alerts::{AlertStatus, Ending};
use hege_core::date::china_date;
use hege_core::{PlanId, RegionCode, SampleId};
use hege_store::alerts::{AlertFilter, alert_events_of, alert_fetch, alert_list, alerts_of};
use hege_store::mail::{Mail, mail_of_alert};
use hege_store::people::person_fetch;
use hege_store::types::{Id, Ts};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// A source of new ids, ordered by time.
pub type NewId<'a> = &'a dyn Fn() -> Uuid;

/// Looks at every plan that can still change: that of the year of `now`, the year before it, and the current one. How many
/// alerts were changed.
///
/// # Errors
/// Those of the store.
pub fn refresh(store: &Store, now: Timestamp, new_id: NewId<'_>) -> Result<usize, Error> {
    let year = china_date(now).year();
    let plans = in_order(store)?;
    let mut changed = 0;
    for plan in plans.iter().filter(|plan| plan.current || plan.year == year || plan.year == year - 1) {
        // The alerts are read before the conclusions: what another server raises meanwhile is not yet known here, and so not
        // withdrawn for a conclusion that is not yet known either.
        let stored = stored(store, plan)?;
        let streams = Streams::load(store, &plans, plan)?;
        changed += streams.look(Changes::new(store, plan, now, new_id), &stored, true)?;
    }
    Ok(changed)
}

/// Looks at a plan as if somebody had looked at each instant up to `now` at which something changed, and at `now`: for a
/// demonstration that is filled at once and shall look as if it had been watched all year. How many alerts were changed.
///
/// # Errors
/// Those of the store.
pub fn watch(store: &Store, plan: PlanId, now: Timestamp, new_id: NewId<'_>) -> Result<usize, Error> {
    let plan = plans::fetch(store, Some(plan))?;
    let streams = Streams::load(store, &in_order(store)?, &plan)?;
    let mut changed = 0;
    for at in streams.instants(now).into_iter().chain([now]) {
        // The counters know no past: what they say of themselves is said of now.
        changed += streams.look(Changes::new(store, &plan, at, new_id), &stored(store, &plan)?, at == now)?;
    }
    Ok(changed)
}

/// The stored alerts of a plan.
fn stored(store: &Store, plan: &YearPlan) -> Result<Vec<AlertRow>, Error> {
    store.read(|conn| Ok(alerts_of(conn, Id(plan.id.0))?))
}

/// Every plan in the order of the years.
fn in_order(store: &Store) -> Result<Vec<YearPlan>, Error> {
    let mut plans = plans::list(store)?;
    plans.sort_by_key(|plan| plan.year);
    Ok(plans)
}

/// What a look at a plan needs of the conclusions, read once.
struct Streams {
    plan: Vec<plan::Stream>,
    /// Early warnings go on across the years, and are looked at under the current plan.
    warning: Vec<warning::Stream>,
}

impl Streams {
    fn load(store: &Store, plans: &[YearPlan], plan: &YearPlan) -> Result<Self, Error> {
        // A demonstration goes on from no real year.
        let is_before = |other: &&YearPlan| other.demo == plan.demo && other.year <= plan.year;
        let before: Vec<&YearPlan> = plans.iter().filter(is_before).collect();
        let warning = if plan.current { warning::streams(store, &before)? } else { Vec::new() };
        Ok(Self { plan: plan::streams(store, plan)?, warning })
    }

    fn look(&self, mut changes: Changes<'_>, stored: &[AlertRow], counters: bool) -> Result<usize, Error> {
        plan::look(&mut changes, &self.plan, stored)?;
        events::refresh(&mut changes, stored)?;
        if counters {
            data::refresh(&mut changes, stored)?;
        }
        warning::look(&mut changes, &self.warning)?;
        Ok(changes.made())
    }

    /// The instants up to `now` at which a plan alert or an early warning changed.
    fn instants(&self, now: Timestamp) -> Vec<Timestamp> {
        let mut instants = plan::instants(&self.plan, now);
        instants.extend(warning::instants(&self.warning, now));
        instants.sort_unstable();
        instants.dedup();
        instants
    }
}

/// Which alerts are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// A plan; the current one when none.
    pub plan: Option<PlanId>,
    /// `open` and its like.
    pub status: Option<AlertStatus>,
    /// Where the page before ended.
    pub after: Option<Cursor>,
}

/// A page of alerts.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The newest first.
    pub items: Vec<AlertRow>,
    /// Where the next page begins; none after the last.
    pub next: Option<Cursor>,
}

/// Whether an alert lies in a person's scope.
fn is_visible(alert: &AlertRow, scope: &Scope) -> bool {
    let region = u32::try_from(alert.region).ok().and_then(|code| RegionCode::new(code).ok());
    region.is_some_and(|region| scope.sees_region(region)) && alert.stage.is_none_or(|stage| scope.sees_stage(stage.0))
}

/// A page of the alerts that a person sees, the newest first, and where the next page begins.
///
/// # Errors
/// [`Error::NotFound`] for a plan that is not there.
pub fn list(store: &Store, scope: &Scope, (filter, limit): (&Filter, u8)) -> Result<Page, Error> {
    let asked = AlertFilter {
        plan: Id(plans::fetch(store, filter.plan)?.id.0),
        status: filter.status.map(|status| status.code().to_owned()),
        regions: counties(scope.region),
        stages: scope.stages.iter().copied().collect(),
        after: filter.after.map(|cursor| (Ts(cursor.at), Id(cursor.id))),
    };
    let mut items = store.read(|conn| Ok::<_, Error>(alert_list(conn, &asked, i64::from(limit) + 1)?))?;
    let is_more = items.len() > usize::from(limit);
    items.truncate(usize::from(limit));
    let next = items.last().filter(|_| is_more).map(|last| Cursor { at: last.raised_at.0, id: last.id.0 });
    Ok(Page { items, next })
}

/// The stored key of an alert's public id, which has the form of a sample's: shard and UUID.
fn key(id: SampleId) -> (i32, Id) {
    (i32::from(id.city.get()), Id(id.uuid))
}

/// An alert with what happened to it, and to whom it was told.
#[derive(Debug, Clone, PartialEq)]
pub struct Life {
    /// The alert.
    pub alert: AlertRow,
    /// Its steps, the first first.
    pub events: Vec<AlertEvent>,
    /// The mail about it, by step.
    pub mail: Vec<Mail>,
    /// The names of the people who stand in it.
    pub names: BTreeMap<Id, String>,
}

/// An alert's life.
///
/// # Errors
/// [`Error::NotFound`] when it is not there for this person.
pub fn fetch(store: &Store, scope: &Scope, id: SampleId) -> Result<Life, Error> {
    store.read(|conn| {
        let alert = alert_fetch(conn, key(id))?.filter(|alert| is_visible(alert, scope)).ok_or(Error::NotFound)?;
        let events = alert_events_of(conn, key(id))?;
        let mail = mail_of_alert(conn, key(id))?;
        let people = [alert.acknowledged_by, alert.assigned_to, alert.closed_by].into_iter().flatten();
        let people = people.chain(events.iter().filter_map(|event| event.person_id));
        let people: BTreeSet<Id> = people.chain(mail.iter().map(|mail| mail.person_id)).collect();
        let mut names = BTreeMap::new();
        for person in people {
            names.extend(person_fetch(conn, person)?.map(|found| (person, found.name)));
        }
        Ok(Life { alert, events, mail, names })
    })
}

/// How a step ended its alert, where it did.
pub(crate) fn ending_of(evidence: &Value) -> Option<Ending> {
    evidence.get("ended_why").and_then(Value::as_str).and_then(|code| code.parse().ok())
}
