//! 机构、人员: organisations and people with a login.

use crate::audit::Audited;
use crate::schema::{organisation, person};
use crate::types::{Id, Ts};
use crate::{Conn, Error, on};
use diesel::prelude::*;
use serde::Serialize;

/// A department, an inspecting organisation or a laboratory.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = organisation)]
pub struct Organisation {
    /// Its id.
    pub id: Id,
    /// `department`, `inspecting`, `laboratory`.
    pub kind: String,
    /// 名称.
    pub name: String,
    /// Where it is seated.
    pub region: i32,
    /// Whether it takes part.
    pub active: bool,
    /// Grows with each change.
    pub revision: i64,
}

/// A person with a login. The hash of the password is no part of what is audited.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = person)]
pub struct Person {
    /// The id.
    pub id: Id,
    /// What is typed to log in; lower case.
    pub login: String,
    /// 姓名.
    pub name: String,
    /// In PHC form.
    #[serde(skip)]
    pub password_hash: String,
    /// The organisation the person acts for.
    pub organisation_id: Id,
    /// The region whose subtree the person sees.
    pub region: i32,
    /// Codes of roles, separated by spaces.
    pub roles: String,
    /// Codes of stages, separated by spaces; empty for every stage.
    pub stages: String,
    /// Whether the login works.
    pub active: bool,
    /// Grows with each change.
    pub revision: i64,
    /// When the login was made.
    pub created_at: Ts,
}

impl Audited for Organisation {
    const TABLE: &'static str = "organisation";
    fn key(&self) -> String {
        self.id.0.to_string()
    }
    fn revision(&self) -> i64 {
        self.revision
    }
}

impl Audited for Person {
    const TABLE: &'static str = "person";
    fn key(&self) -> String {
        self.id.0.to_string()
    }
    fn revision(&self) -> i64 {
        self.revision
    }
}

/// Puts organisations.
///
/// # Errors
/// [`Error::Duplicate`] when an id is taken.
pub fn organisations_insert(conn: &mut Conn, rows: &[Organisation]) -> Result<(), Error> {
    on!(conn, c => diesel::insert_into(organisation::table).values(rows).execute(c))?;
    Ok(())
}

/// Every organisation, by name.
///
/// # Errors
/// Those of the database.
pub fn organisations_list(conn: &mut Conn) -> Result<Vec<Organisation>, Error> {
    Ok(on!(conn, c => organisation::table.order((organisation::name, organisation::id))
        .select(Organisation::as_select()).load(c))?)
}

/// One organisation.
///
/// # Errors
/// Those of the database.
pub fn organisation_fetch(conn: &mut Conn, id: Id) -> Result<Option<Organisation>, Error> {
    Ok(on!(conn, c => organisation::table.find(id).select(Organisation::as_select()).first(c).optional())?)
}

/// Replaces what may change of an organisation that still has the revision before `row`'s. None when somebody was faster.
///
/// # Errors
/// Those of the database.
pub fn organisation_update(conn: &mut Conn, row: &Organisation) -> Result<Option<Organisation>, Error> {
    Ok(
        on!(conn, c => diesel::update(organisation::table.find(row.id).filter(organisation::revision.eq(row.revision - 1)))
        .set((
            organisation::name.eq(&row.name),
            organisation::region.eq(row.region),
            organisation::active.eq(row.active),
            organisation::revision.eq(row.revision),
        ))
        .returning(Organisation::as_returning())
        .get_result(c)
        .optional())?,
    )
}

/// Puts people.
///
/// # Errors
/// [`Error::Duplicate`] when an id or a login is taken.
pub fn people_insert(conn: &mut Conn, rows: &[Person]) -> Result<(), Error> {
    on!(conn, c => diesel::insert_into(person::table).values(rows).execute(c))?;
    Ok(())
}

/// A person by id.
///
/// # Errors
/// Those of the database.
pub fn person_fetch(conn: &mut Conn, id: Id) -> Result<Option<Person>, Error> {
    Ok(on!(conn, c => person::table.find(id).select(Person::as_select()).first(c).optional())?)
}

/// A person by login.
///
/// # Errors
/// Those of the database.
pub fn person_by_login(conn: &mut Conn, login: &str) -> Result<Option<Person>, Error> {
    Ok(on!(conn, c => person::table.filter(person::login.eq(login))
        .select(Person::as_select()).first(c).optional())?)
}

/// Every person, by login.
///
/// # Errors
/// Those of the database.
pub fn people_list(conn: &mut Conn) -> Result<Vec<Person>, Error> {
    Ok(on!(conn, c => person::table.order(person::login).select(Person::as_select()).load(c))?)
}

/// Replaces what may change of a person that still has the revision before `row`'s. None when somebody was faster.
///
/// # Errors
/// Those of the database.
pub fn person_update(conn: &mut Conn, row: &Person) -> Result<Option<Person>, Error> {
    Ok(on!(conn, c => diesel::update(person::table.find(row.id).filter(person::revision.eq(row.revision - 1)))
        .set((
            person::name.eq(&row.name),
            person::password_hash.eq(&row.password_hash),
            person::organisation_id.eq(row.organisation_id),
            person::region.eq(row.region),
            person::roles.eq(&row.roles),
            person::stages.eq(&row.stages),
            person::active.eq(row.active),
            person::revision.eq(row.revision),
        ))
        .returning(Person::as_returning())
        .get_result(c)
        .optional())?)
}
