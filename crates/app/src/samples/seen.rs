//! What a person sees of samples: inspectors what their organisation took, a laboratory what is addressed to it and without
//! the names of seller and producer, the others their region's subtree.

use super::rows::acting_on;
use crate::after_verdict::disposals::{Dealt, dealt_of, is_of};
use crate::after_verdict::end_of;
use crate::after_verdict::objections::{first_served, said};
use crate::attachments;
use crate::custody;
use crate::deadlines::{Clocked, clocks_of};
use crate::{Call, Error, PROVINCE, Store, counties, stored};
use hege_core::names::Query;
use hege_core::{City, RegionCode, Role, SampleId, Stage, TaskType};
use hege_sampling::custody::Gap;
use hege_sampling::deadlines::Clock;
use hege_sampling::evidence::Wanting;
use hege_sampling::life_cycle::Status;
use hege_sampling::objection::Authenticity;
use hege_sampling::reinspection::Applicant;
use hege_store::Conn;
use hege_store::amendments::{AmendmentRow, amendments_of};
use hege_store::attachments::AttachmentRow;
use hege_store::disposals::disposals_of;
use hege_store::listing::{Filter, Named, Theirs, sample_list};
use hege_store::objections::{ObjectionRow, objections_of};
use hege_store::reinspections::{ReinspectionItem, ReinspectionRow, reinspection_items_of, reinspections_of};
use hege_store::samples::{
    ConclusionRow, CustodyRow, Item, Sample, conclusions_of, custody_of, items_of, sample_fetch,
};
use hege_store::search::{self, Found, sample_search};
use hege_store::services::{ServiceRow, services_of};
use hege_store::types::{Id, Ts, Word};
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

/// A sample as a person sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Its row.
    pub sample: Sample,
    /// Seller and producer are withheld: it is seen by the laboratory that tests it.
    pub is_blind: bool,
    /// Its items by analyte.
    pub items: Vec<Item>,
    /// Its custody from the beginning.
    pub custody: Vec<CustodyRow>,
    /// Its amendments from the first.
    pub amendments: Vec<AmendmentRow>,
    /// Its conclusions from the first.
    pub conclusions: Vec<ConclusionRow>,
    /// To whom its result was told; none for the laboratory, which is not told whose food it tests.
    pub services: Vec<ServiceRow>,
    /// Its re-inspections from the first.
    pub reinspections: Vec<ReinspectionRow>,
    /// What the bodies found.
    pub reinspected: Vec<ReinspectionItem>,
    /// What was said against it, from the first; none for a laboratory.
    pub objections: Vec<ObjectionRow>,
    /// What the named producer said of its authenticity; none where none is named, before a conclusion, and for a laboratory.
    pub authenticity: Option<Authenticity>,
    /// What is done about it by side; none for a laboratory.
    pub disposals: Vec<Dealt>,
    /// Its clocks as they stand at the instant of the call.
    pub clocks: Vec<Clocked>,
    /// Where its custody is wanting.
    pub gaps: Vec<Gap>,
    /// What proof of its sampling is wanting; none for the laboratory, which does not see it.
    pub wanting: Vec<Wanting>,
    /// The files beside it that the person sees.
    pub attachments: Vec<AttachmentRow>,
}

/// Whether a person of these roles sees a region's subtree of samples.
pub(crate) fn oversees(role: &Role) -> bool {
    matches!(role, Role::Reviewer | Role::Publisher | Role::Administrator | Role::Auditor)
}

/// Whether the person sees a sample at all, and whether without the names of seller and producer.
pub(crate) fn blindness(sample: &Sample, call: &Call) -> Option<bool> {
    blindness_of((sample.stage, sample.region), (sample.lab_id, sample.sampling_org_id), call)
}

/// Whether a sample of this stage and region lies in a person's scope.
pub(crate) fn is_in_scope((stage, region): (Word<Stage>, i32), call: &Call) -> bool {
    let region = u32::try_from(region).ok().and_then(|code| RegionCode::new(code).ok());
    call.scope.sees_stage(stage.0) && region.is_some_and(|region| call.scope.sees_region(region))
}

/// The same of a sample of this stage and region, laboratory and sampling organisation.
fn blindness_of((stage, region): (Word<Stage>, i32), whose: (Option<Id>, Id), call: &Call) -> Option<bool> {
    if !call.scope.sees_stage(stage.0) {
        return None;
    }
    let is_overseen = call.actor.roles.iter().any(oversees) && is_in_scope((stage, region), call);
    let roles = acting_on(whose, call).roles;
    if is_overseen || roles.contains(&Role::Inspector) {
        return Some(false);
    }
    roles.iter().any(|role| role.is_laboratory()).then_some(true)
}

/// Names that tell a laboratory whose food it tests: seller, producer, whoever stands behind them, where and when it was bought.
const WITHHELD: [&str; 17] = [
    "sampled_unit",
    "producer",
    "third_party",
    "address",
    "uscc",
    "licence",
    "production_licence",
    "platform",
    "shop",
    "stall",
    "order_no",
    "buyer",
    "payment",
    "send_to",
    "remark",
    "backup_place",
    "brand",
];

/// Takes from a form what a laboratory is not told.
fn blinded(sample: Sample) -> Sample {
    let mut sample = Sample { sampled_unit: String::new(), producer: None, personal: None, ..sample };
    if let Some(form) = sample.form.0.as_object_mut() {
        form.retain(|code, _| !WITHHELD.iter().any(|withheld| code.starts_with(withheld)) && code != "barcode");
    }
    sample
}

/// Takes from a step of custody the proof, and the place of what happened in the field, which may name whose food it is.
fn unproven(mut event: CustodyRow) -> CustodyRow {
    let is_of_the_field = matches!(event.kind.as_str(), "sealed" | "handed_over" | "dispatched" | "measured");
    if let Some(detail) = event.detail.0.as_object_mut() {
        detail.remove("proof");
        if is_of_the_field {
            detail.remove("place");
        }
    }
    event
}

fn seen(conn: &mut Conn, sample: Sample, (id, call): (SampleId, &Call), is_blind: bool) -> Result<Seen, Error> {
    let items = items_of(conn, id)?;
    let custody = custody_of(conn, id)?;
    let conclusions = conclusions_of(conn, id)?;
    let clocks = clocks_of(conn, (&sample, &items, &custody), &conclusions, call.at)?;
    let attachments = attachments::seen(conn, call, (id, is_blind))?;
    // An amendment may name what is withheld.
    let amendments = if is_blind { Vec::new() } else { amendments_of(conn, id)? };
    // Nothing follows a verdict that is not there yet.
    let is_concluded = sample.conclusion_revision > 0;
    let services = if is_concluded && !is_blind { services_of(conn, id)? } else { Vec::new() };
    let reinspections = if is_concluded { reinspections_of(conn, id)? } else { Vec::new() };
    let reinspected = if reinspections.is_empty() { Vec::new() } else { reinspection_items_of(conn, id)? };
    let objections = if is_blind { Vec::new() } else { objections_of(conn, id)? };
    let is_told = is_concluded && !is_blind && sample.producer.is_some();
    let authenticity = if is_told {
        let asked = first_served(&services, Applicant::Producer);
        let late_from = end_of(conn, &sample, (Clock::ResultObjection, asked))?;
        Some(said(&objections, &custody, (asked, late_from), call.at))
    } else {
        None
    };
    let disposals = if is_concluded && !is_blind { dealt_of(conn, &sample, (id, call.at))? } else { Vec::new() };
    let gaps = custody::gaps_of(&sample, &custody);
    let wanting = if is_blind { Vec::new() } else { custody::wanting_of(&sample, &custody, &attachments) };
    let sample = if is_blind { blinded(sample) } else { sample };
    let custody = if is_blind { custody.into_iter().map(unproven).collect() } else { custody };
    Ok(Seen {
        sample,
        is_blind,
        items,
        custody,
        amendments,
        conclusions,
        services,
        reinspections,
        reinspected,
        objections,
        authenticity,
        disposals,
        clocks,
        gaps,
        wanting,
        attachments,
    })
}

/// A sample with everything that belongs to it.
///
/// # Errors
/// [`Error::NotFound`] when it is not there for this person.
pub fn fetch(store: &Store, call: &Call, id: SampleId) -> Result<Seen, Error> {
    store.read(|conn| {
        let (sample, is_blind) = sight(conn, call, id)?;
        seen(conn, sample, (id, call), is_blind)
    })
}

/// A sample's row for a person, and whether they see it without the names of seller and producer.
fn sight(conn: &mut Conn, call: &Call, id: SampleId) -> Result<(Sample, bool), Error> {
    let sample = sample_fetch(conn, id)?.ok_or(Error::NotFound)?;
    match blindness(&sample, call) {
        Some(is_blind) => Ok((sample, is_blind)),
        // The body that tests it again sees it as the first laboratory does.
        None if is_reinspecting(conn, call, id)? => Ok((sample, true)),
        // Whoever deals with one side of it needs to know what was found and where.
        None if is_of(&disposals_of(conn, id)?, sample.stage.0, call) => Ok((sample, false)),
        None => Err(Error::NotFound),
    }
}

/// Whether a person sees a sample without the names of seller and producer.
///
/// # Errors
/// [`Error::NotFound`] when it is not there for this person.
pub(crate) fn is_seen_blind(conn: &mut Conn, call: &Call, id: SampleId) -> Result<bool, Error> {
    Ok(sight(conn, call, id)?.1)
}

/// Whether the person works in a body that was named to test a sample again.
fn is_reinspecting(conn: &mut Conn, call: &Call, id: SampleId) -> Result<bool, Error> {
    if !call.actor.roles.iter().any(|role| role.is_laboratory()) {
        return Ok(false);
    }
    let body = Some(Id(call.organisation.0));
    Ok(reinspections_of(conn, id)?.iter().any(|row| row.body_id == body))
}

/// Where a page ends: the next one begins after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// When its last sample was taken.
    pub at: Timestamp,
    /// Its id.
    pub id: Uuid,
}

/// What is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// One stage.
    pub stage: Option<Stage>,
    /// A region's subtree.
    pub region: Option<RegionCode>,
    /// One status.
    pub status: Option<Status>,
    /// One task type.
    pub task_type: Option<TaskType>,
    /// The beginning of a form number.
    pub form_no: Option<String>,
    /// Words of names, or a form number, barcode, credit code or id.
    pub query: Option<Query>,
    /// Where the page before ended.
    pub after: Option<Cursor>,
}

/// A page of samples, each with whether it is seen without the names of seller and producer.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The samples.
    pub items: Vec<(Sample, bool)>,
    /// Where the next page begins; none after the last.
    pub next: Option<Cursor>,
}

/// What of the samples is a person's.
pub(crate) fn theirs(call: &Call) -> Theirs {
    let (own, roles) = (Id(call.organisation.0), &call.actor.roles);
    let (inspects, tests) = (roles.contains(&Role::Inspector), roles.iter().any(|role| role.is_laboratory()));
    if roles.iter().any(oversees) {
        let (low, high) = counties(call.scope.region);
        Theirs::In(low, high)
    } else if inspects && tests {
        Theirs::Either(own, own)
    } else if tests {
        Theirs::SentTo(own)
    } else {
        Theirs::TakenBy(own)
    }
}

/// A page of the samples that a person sees, the newest sampling first, and where the next page begins. A page of what was searched
/// for may hold fewer than `limit` and have a next one.
///
/// # Errors
/// Those of the store.
pub fn list(store: &Store, call: &Call, search: &Search, limit: u8) -> Result<Page, Error> {
    if search.stage.is_some_and(|stage| !call.scope.sees_stage(stage)) {
        return Ok(Page { items: Vec::new(), next: None });
    }
    let stages = search.stage.map_or_else(|| call.scope.stages.iter().copied().collect(), |stage| vec![stage]);
    let filter = Filter {
        theirs: theirs(call),
        stages,
        regions: search.region.map(counties),
        status: search.status.map(|status| status.code().to_owned()),
        task_type: search.task_type,
        after: search.after.map(|cursor| (Ts(cursor.at), Id(cursor.id))),
    };
    let Found { samples: rows, next } = if search.query.is_some() || search.form_no.is_some() {
        found(store, call, (search, &filter), limit)?
    } else {
        let mut rows = store.read(|conn| Ok::<_, Error>(sample_list(conn, &filter, i64::from(limit) + 1)?))?;
        let is_more = rows.len() > usize::from(limit);
        rows.truncate(usize::from(limit));
        let next = rows.last().filter(|_| is_more).map(|last| (last.sampled_at, last.id));
        Found { samples: rows, next }
    };
    let seen = rows.into_iter().filter_map(|sample| shown(sample, call));
    Ok(Page { items: seen.collect(), next: next.map(|(at, id)| Cursor { at: at.0, id: id.0 }) })
}

/// A sample as a list shows it to this person, and whether without the names of seller and producer; none when it is not there
/// for them.
pub(crate) fn shown(sample: Sample, call: &Call) -> Option<(Sample, bool)> {
    let is_blind = blindness(&sample, call)?;
    Some((if is_blind { blinded(sample) } else { sample }, is_blind))
}

/// Samples that were searched for, and where the next page begins.
fn found(store: &Store, call: &Call, (search, filter): (&Search, &Filter), limit: u8) -> Result<Found, Error> {
    let within = search.region.unwrap_or(if let Theirs::In(..) = filter.theirs { call.scope.region } else { PROVINCE });
    let (low, high) = counties(within);
    let is_blind =
        |row: &Named| blindness_of((row.stage, row.region), (row.lab_id, row.sampling_org_id), call).unwrap_or(true);
    let search = search::Search {
        filter,
        cities: (low / 100, high / 100),
        by_names: !matches!(filter.theirs, Theirs::SentTo(_)),
        is_blind: &is_blind,
        query: search.query.as_ref(),
        form_no: search.form_no.as_deref(),
    };
    store.read(|conn| Ok(sample_search(conn, &search, usize::from(limit))?))
}

/// A sample's public id.
///
/// # Errors
/// [`hege_store::Error::Corrupt`] for a shard that is none.
pub fn id_of(sample: &Sample) -> Result<SampleId, Error> {
    let corrupt = || hege_store::Error::Corrupt("sample");
    let city = u16::try_from(sample.city).map_err(|_negative| corrupt())?;
    let id = SampleId { city: City::new(city).map_err(|_no_city| corrupt())?, uuid: sample.id.0 };
    debug_assert_eq!(stored(id.city), sample.city);
    Ok(id)
}

/// The stored form without what only the store needs.
#[must_use]
pub fn form_of(sample: &Sample) -> Value {
    let mut form = sample.form.0.clone();
    if let Some(form) = form.as_object_mut() {
        form.remove("version");
    }
    form
}
