//! What a bulletin says of a sample: the columns of the official lists, and nothing personal.

use crate::Error;
use crate::after_verdict::objections::first_served;
use crate::after_verdict::{Found, is_past};
use crate::catalogue::shipped_analytes;
use hege_lab::ItemVerdict;
use hege_rates::Standing;
use hege_sampling::deadlines::Clock;
use hege_sampling::life_cycle::Status;
use hege_sampling::publication::{BulletinState, Facts};
use hege_sampling::reinspection::{Applicant, ReinspectionState};
use hege_store::Conn;
use hege_store::bulletins::entries_of;
use hege_store::people::organisation_fetch;
use hege_store::samples::Item;
use hege_store::types::Id;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

impl Found {
    /// Whether it is food that fails: also where its producer is another than the one named.
    fn is_failing(&self) -> bool {
        self.sample.standing.0 == Standing::Nonconforming
            || (self.is_denied() && self.sample.status == Status::Approved.code())
    }

    /// Whom the result concerns: who was sampled, and the named producer unless they made something else.
    fn concerned(&self) -> Vec<Applicant> {
        let has_producer = self.sample.producer.is_some() && !self.is_denied();
        let producer = has_producer.then_some(Applicant::Producer);
        [Applicant::SampledUnit].into_iter().chain(producer).collect()
    }

    /// What is known of it when it is to be listed in a bulletin, apart from that one.
    pub(super) fn publication_facts(
        &self,
        conn: &mut Conn,
        (now, this): (Timestamp, Option<Uuid>),
    ) -> Result<Facts, Error> {
        let has = |holds: fn(ReinspectionState) -> bool| self.reinspections.iter().any(|row| holds(row.state.0));
        let id = crate::samples::id_of(&self.sample)?;
        let is_other = |bulletin: Id| Some(bulletin.0) != this;
        let is_listed = entries_of(conn, id)?
            .iter()
            .any(|(entry, row)| is_other(entry.bulletin_id) && row.state.0 != BulletinState::Withdrawn);
        let (mut is_served, mut is_window_over) = (true, true);
        for whom in self.concerned() {
            let Some(served) = first_served(&self.services, whom) else {
                is_served = false;
                continue;
            };
            let is_final = has(ReinspectionState::is_final);
            let clocks = [Clock::ReinspectionApplication, Clock::ResultObjection];
            for clock in clocks.into_iter().filter(|clock| *clock == Clock::ResultObjection || !is_final) {
                is_window_over &= is_past(conn, &self.sample, (clock, served), now)?;
            }
        }
        Ok(Facts {
            is_conforming: self.sample.standing.0 == Standing::Conforming,
            is_nonconforming: self.is_failing(),
            is_risk: self.sample.standing.0 == Standing::Risk,
            is_served,
            is_window_over,
            has_open_objection: self.objections.iter().any(|row| row.state.0.is_open()),
            has_open_reinspection: has(ReinspectionState::is_open),
            is_listed,
        })
    }
}

/// What is public of a sample. Items of risk monitoring are none of it, and of a conforming sample no values are.
pub(super) fn content(conn: &mut Conn, found: &Found) -> Result<Value, Error> {
    let sample = &found.sample;
    let form = |field: &str| sample.form.0.get(field).and_then(Value::as_str);
    let lab = match sample.lab_id {
        Some(lab) => organisation_fetch(conn, lab)?.map(|lab| lab.name),
        None => None,
    };
    let is_denied = found.is_denied();
    let producer = |text: Option<&str>| text.filter(|_| !is_denied).map(str::to_owned);
    let mut items = Vec::new();
    for item in found.items.iter().filter(|item| found.is_failing() && item.purpose == "supervised") {
        items.extend(failed(found, item)?);
    }
    Ok(json!({
        "conclusion": if found.is_failing() { Standing::Nonconforming.code() } else { sample.standing.0.code() },
        "conclusion_revision": sample.conclusion_revision,
        "stage": sample.stage.0.code(),
        "region": format!("{:06}", sample.region),
        "food_class": sample.food_class,
        "product_name": sample.product_name,
        "brand": form("brand"), "spec": form("spec"), "batch_no": form("batch_no"),
        "date_kind": form("date_kind"), "date": form("date"),
        "sampled_unit": sample.sampled_unit, "sampled_unit_address": form("address"),
        "producer": producer(sample.producer.as_deref()), "producer_address": producer(form("producer_address")),
        "laboratory": lab,
        "items": items,
        "reinspected": found.reinspections.iter().any(|row| row.state.0.is_final()),
        "producer_denied": is_denied,
    }))
}

/// An item that fails, by the first result and, where it was tested again, by that too; none for one that conforms.
fn failed(found: &Found, item: &Item) -> Result<Option<Value>, Error> {
    let again = found.results.iter().rfind(|result| result.analyte == item.analyte);
    let in_force = again.map(|result| result.verdict.as_str()).or(item.verdict.as_deref());
    if in_force != Some(ItemVerdict::Nonconforming.code()) || item.left_out.is_some() {
        return Ok(None);
    }
    let analyte = shipped_analytes()?.get(&item.analyte);
    let criteria = item.judgement.as_ref().and_then(|doc| doc.0.get("criteria")).and_then(Value::as_array);
    let criteria = criteria.into_iter().flatten().map(limit).collect::<Vec<_>>();
    Ok(Some(json!({
        "analyte": item.analyte,
        "zh": analyte.map_or(item.analyte.as_str(), |analyte| analyte.zh.as_str()),
        "result": item.reported, "unit": item.unit,
        "limits": criteria,
        "again": again.map(|again| json!({"result": again.reported, "unit": again.unit})),
    })))
}

/// What of a criterion is printed: its kind, its figures with their unit, and the standard.
fn limit(criterion: &Value) -> Value {
    const PRINTED: [&str; 13] = [
        "kind",
        "limit",
        "limit_high",
        "unit",
        "standard",
        "matter",
        "n",
        "c",
        "m",
        "upper",
        "tolerance",
        "maxima",
        "required_lod",
    ];
    let fields = criterion.as_object().into_iter().flatten();
    Value::Object(
        fields
            .filter(|(name, value)| PRINTED.contains(&name.as_str()) && !value.is_null())
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
    )
}
