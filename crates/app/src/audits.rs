//! 审计: the record as those may read it who watch over it.

use crate::{Error, Scope, stored};
use hege_core::{City, UserId};
use hege_store::audit::{AuditFilter, audit_heads, audit_list};
pub use hege_store::audit::{AuditRow, Seal};
use hege_store::types::{Id, Ts};
use hege_store::{Error as StoreError, Store};
use jiff::Timestamp;
use uuid::Uuid;

/// What is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// A shard: a city, or 3300 for what belongs to the province as a whole.
    pub city: Option<City>,
    /// Who did it.
    pub person: Option<UserId>,
    /// A table whose rows were touched, and one row's key.
    pub touched: Option<(String, Option<String>)>,
    /// The first instant.
    pub from: Option<Timestamp>,
    /// The last one.
    pub to: Option<Timestamp>,
    /// Where the page before ended.
    pub after: Option<(Timestamp, Uuid)>,
}

/// A page of the record.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The newest first.
    pub items: Vec<AuditRow>,
    /// Where the next page begins; none after the last.
    pub next: Option<(Timestamp, Uuid)>,
}

/// The one shard that a person may read, none for all. The record of a city tells of every stage and county of it, and so is for
/// those who see all of that.
fn readable(scope: &Scope, asked: Option<City>) -> Result<Option<City>, Error> {
    let own = scope.region.city();
    if !scope.stages.is_empty() || !scope.sees_region(own.region()) {
        return Err(Error::OutsideScope);
    }
    match asked {
        Some(city) if scope.sees_region(city.region()) => Ok(Some(city)),
        Some(_) => Err(Error::NotFound),
        None => Ok((!scope.is_whole()).then_some(own)),
    }
}

/// A page of the record.
///
/// # Errors
/// [`Error::OutsideScope`] for a person who sees less than a whole city; [`Error::NotFound`] for another city.
pub fn list(store: &Store, scope: &Scope, (search, limit): (&Search, u8)) -> Result<Page, Error> {
    let filter = AuditFilter {
        city: readable(scope, search.city)?.map(stored),
        person: search.person.map(|person| Id(person.0)),
        touched: search.touched.clone(),
        from: search.from.map(Ts),
        to: search.to.map(Ts),
        after: search.after.map(|(at, id)| (Ts(at), Id(id))),
    };
    let mut items = store.read(|conn| Ok::<_, Error>(audit_list(conn, &filter, i64::from(limit) + 1)?))?;
    let is_more = items.len() > usize::from(limit);
    items.truncate(usize::from(limit));
    let next = items.last().filter(|_| is_more).map(|last| (last.at.0, last.id.0));
    Ok(Page { items, next })
}

/// The end of a shard's chain.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    /// The shard.
    pub city: City,
    /// Its last link; none where nothing is sealed yet.
    pub last: Option<Seal>,
    /// Rows that are in no link yet.
    pub unsealed: i64,
}

/// The heads of the chains that a person may read: printed and kept elsewhere, they show later whether a chain was written anew.
///
/// # Errors
/// [`Error::OutsideScope`] for a person who sees less than a whole city.
pub fn heads(store: &Store, scope: &Scope) -> Result<Vec<Head>, Error> {
    let only = readable(scope, None)?;
    let heads = store.read(|conn| Ok::<_, Error>(audit_heads(conn)?))?;
    let head = |(city, last, unsealed): (i32, Option<Seal>, i64)| {
        let city = u16::try_from(city).ok().and_then(|city| City::new(city).ok());
        Ok::<_, Error>(Head { city: city.ok_or(StoreError::Corrupt("audit"))?, last, unsealed })
    };
    let heads = heads.into_iter().map(head).collect::<Result<Vec<_>, _>>()?;
    Ok(heads.into_iter().filter(|head| only.is_none_or(|only| only == head.city)).collect())
}
