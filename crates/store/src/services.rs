//! 送达: whom a result was told, as recorded.

use crate::audit::Audited;
use crate::samples::key;
use crate::schema::service;
use crate::types::{Id, Ts, Word};
use crate::{Conn, Error, on};
use diesel::prelude::*;
use hege_core::SampleId;
use hege_sampling::service::{Addressee, Method, Service};
use serde::Serialize;

/// A service. Never changed: one that was recorded wrongly is followed by another.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = service, treat_none_as_default_value = false)]
pub struct ServiceRow {
    /// The shard.
    pub city: i32,
    /// The sample.
    pub sample_id: Id,
    /// 1, 2, ...
    pub seq: i32,
    /// On whom.
    pub addressee: Word<Addressee>,
    /// As they are called.
    pub name: String,
    /// How.
    pub method: Word<Method>,
    /// When it arrived.
    pub served_at: Ts,
    /// What proves it.
    pub proof: Option<String>,
    /// Whether their rights were told.
    pub rights_told: bool,
    /// Who recorded it.
    pub recorded_by: Id,
    /// When.
    pub recorded_at: Ts,
}

impl ServiceRow {
    /// What was done, by the rules of [`Service`].
    #[must_use]
    pub fn service(&self) -> Service {
        Service {
            addressee: self.addressee.0,
            method: self.method.0,
            at: self.served_at.0,
            proof: self.proof.clone(),
            rights_told: self.rights_told,
        }
    }
}

impl Audited for ServiceRow {
    const TABLE: &'static str = "service";
    fn key(&self) -> String {
        format!("{:04}-{}/{}", self.city, self.sample_id.0, self.seq)
    }
}

/// Puts a service.
///
/// # Errors
/// [`Error::Duplicate`] when somebody was faster.
pub fn service_insert(conn: &mut Conn, row: &ServiceRow) -> Result<(), Error> {
    on!(conn, c => diesel::insert_into(service::table).values(row).execute(c))?;
    Ok(())
}

/// The services of a sample's result from the first.
///
/// # Errors
/// Those of the database.
pub fn services_of(conn: &mut Conn, id: SampleId) -> Result<Vec<ServiceRow>, Error> {
    let (city, id) = key(id);
    Ok(on!(conn, c => service::table
        .filter(service::city.eq(city).and(service::sample_id.eq(id)))
        .order(service::seq)
        .select(ServiceRow::as_select())
        .load(c))?)
}
