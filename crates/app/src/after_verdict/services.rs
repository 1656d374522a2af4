//! 送达: telling a result to whom it concerns.

use super::Found;
use crate::{Call, Error, Store};
use hege_core::{Problem, Problems, Role, SampleId};
use hege_sampling::life_cycle::{Denial, Status};
use hege_sampling::service::{Service, ServiceFault};
use hege_store::audit::Audited;
use hege_store::samples::Sample;
use hege_store::services::{ServiceRow, service_insert};
use hege_store::types::{Id, Ts, Word};
use serde_json::json;

/// A service with the name of the addressee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What was done.
    pub service: Service,
    /// As they are called.
    pub name: String,
}

/// Records that a result was served. Whether a clock of the addressee runs from it follows from its proof.
///
/// # Errors
/// [`Error::Denied`] before a report and for who is no reviewer of the region; [`Error::Invalid`], every problem at once;
/// [`Error::Conflict`], [`Error::NotFound`].
pub fn serve(store: &Store, call: &Call, id: SampleId, (seen, told): (i64, &Told)) -> Result<Sample, Error> {
    store.write(|conn| {
        let found = Found::load(conn, call, id)?;
        if !found.actor.roles.contains(&Role::Reviewer) {
            return Err(Denial::WrongRole.into());
        }
        let reported = found.sample.decided_at.filter(|_| found.sample.status == Status::Approved.code());
        let faults = told.service.faults(reported.map(|at| at.0), call.at);
        if faults.contains(&ServiceFault::NoReport) {
            return Err(Denial::WrongStatus.into());
        }
        problems(&faults).into_result(()).map_err(Error::Invalid)?;
        let row = row(call, &found, told);
        service_insert(conn, &row)?;
        let detail = json!({
            "service": row.seq,
            "addressee": row.addressee.0.code(),
            "served_at": row.served_at.0.to_string(),
            "starts_clock": told.service.starts_clock(),
        });
        found.note(conn, (call, id, seen), ("served", detail, vec![row.touched()?]))
    })
}

fn problems(faults: &[ServiceFault]) -> Problems {
    let mut problems = Problems::new();
    for fault in faults {
        let at = if *fault == ServiceFault::ProofBlank { "/proof" } else { "/served_at" };
        problems.push(Problem::new(at, fault.code(), fault.zh(), fault.en()));
    }
    problems
}

fn row(call: &Call, found: &Found, told: &Told) -> ServiceRow {
    let Told { service, name } = told;
    ServiceRow {
        city: found.sample.city,
        sample_id: found.sample.id,
        seq: found.services.last().map_or(1, |last| last.seq + 1),
        addressee: Word(service.addressee),
        name: name.clone(),
        method: Word(service.method),
        served_at: Ts(service.at),
        proof: service.proof.clone(),
        rights_told: service.rights_told,
        recorded_by: Id(call.user().0),
        recorded_at: Ts(call.at),
    }
}
