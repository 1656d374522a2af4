//! 机构: departments, inspecting organisations and laboratories.

use crate::record::audit_own;
use crate::reference::OrganisationKind;
use crate::{Error, Mark};
use hege_core::units::fold;
use hege_core::{OrganisationId, Problem, Problems, RegionCode};
use hege_store::audit::Audited;
pub use hege_store::people::Organisation;
use hege_store::people::{organisation_fetch, organisation_update, organisations_insert, organisations_list};
use hege_store::regions::regions_list;
use hege_store::types::Id;
use hege_store::{Conn, Store};
use serde_json::json;
use uuid::Uuid;

/// An organisation by id.
///
/// # Errors
/// Those of the store.
pub fn fetch(store: &Store, id: OrganisationId) -> Result<Option<Organisation>, Error> {
    store.read(|conn| Ok(organisation_fetch(conn, Id(id.0))?))
}

/// Every organisation.
///
/// # Errors
/// Those of the store.
pub fn list(store: &Store) -> Result<Vec<Organisation>, Error> {
    store.read(|conn| Ok(organisations_list(conn)?))
}

/// What speaks against an organisation's name and region: two of one name in one region are one, entered twice.
fn check(conn: &mut Conn, row: &Organisation) -> Result<(), Error> {
    let mut problems = Problems::new();
    let name = row.name.as_str();
    problems.check((1..=100).contains(&name.chars().count()) && !name.chars().any(char::is_control), || {
        Problem::new("/name", "bad_text", "须为 1 至 100 字", "1 to 100 characters")
    });
    problems.check(regions_list(conn)?.iter().any(|known| known.code == row.region), || {
        Problem::new("/region", "region_unknown", "行政区划代码未知", "the region is not known")
    });
    let is_same =
        |other: &Organisation| other.id != row.id && other.region == row.region && fold(&other.name) == fold(name);
    problems.check(!organisations_list(conn)?.iter().any(is_same), || {
        let (zh, en) = ("该行政区划已有同名机构", "there is an organisation of this name in the region");
        Problem::new("/name", "organisation_taken", zh, en)
    });
    problems.into_result(()).map_err(Error::Invalid)
}

/// Founds an organisation, under a new id.
///
/// # Errors
/// [`Error::Invalid`].
pub fn found(
    store: &Store,
    (kind, name, region): (OrganisationKind, &str, RegionCode),
    (id, mark): (Uuid, Mark),
) -> Result<Organisation, Error> {
    let row = Organisation {
        id: Id(id),
        kind: kind.code().to_owned(),
        name: name.trim().to_owned(),
        region: i32::try_from(region.get()).unwrap_or(i32::MAX),
        active: true,
        revision: 1,
    };
    store.write(|conn| {
        check(conn, &row)?;
        organisations_insert(conn, std::slice::from_ref(&row))?;
        audit_own(conn, &mark, ("organisation_founded", vec![row.touched()?], json!({})))?;
        Ok(row.clone())
    })
}

/// What may change of an organisation; its kind never does, for what its people may be rests on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// 名称.
    pub name: String,
    /// Where it is seated.
    pub region: RegionCode,
    /// Whether it takes part.
    pub active: bool,
}

/// Changes an organisation that still has the revision `seen`.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Conflict`], [`Error::Invalid`].
pub fn change(
    store: &Store,
    id: OrganisationId,
    (seen, change): (i64, &Change),
    mark: Mark,
) -> Result<Organisation, Error> {
    store.write(|conn| {
        let old = organisation_fetch(conn, Id(id.0))?.ok_or(Error::NotFound)?;
        if old.revision != seen {
            return Err(Error::Conflict);
        }
        let new = Organisation {
            name: change.name.trim().to_owned(),
            region: i32::try_from(change.region.get()).unwrap_or(i32::MAX),
            active: change.active,
            revision: seen + 1,
            ..old.clone()
        };
        check(conn, &new)?;
        let row = organisation_update(conn, &new)?.ok_or(Error::Conflict)?;
        let before = json!({"before": {"name": old.name, "region": old.region, "active": old.active}});
        audit_own(conn, &mark, ("organisation_changed", vec![row.touched()?], before))?;
        Ok(row)
    })
}
