//! 订阅: where people are written to, and what they do not want to hear of.

use crate::audit::Audited;
use crate::schema::subscription;
use crate::types::Id;
use crate::{Conn, Error, on};
use diesel::prelude::*;
use serde::Serialize;

/// A person's address, and what they switched off.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Serialize)]
#[diesel(table_name = subscription, primary_key(person_id), treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct Subscription {
    /// Whose.
    pub person_id: Id,
    /// Where they are written to; none for nowhere.
    pub email: Option<String>,
    /// Codes of kinds of alerts that they are not mailed, separated by spaces.
    pub muted: String,
    /// Grows with each change.
    pub revision: i64,
}

impl Audited for Subscription {
    const TABLE: &'static str = "subscription";
    fn key(&self) -> String {
        self.person_id.0.to_string()
    }
    fn revision(&self) -> i64 {
        self.revision
    }
}

/// A person's subscription; none until they, or an administrator, said anything.
///
/// # Errors
/// Those of the database.
pub fn subscription_fetch(conn: &mut Conn, person: Id) -> Result<Option<Subscription>, Error> {
    Ok(on!(conn, c => subscription::table.find(person).select(Subscription::as_select()).first(c).optional())?)
}

/// Every subscription.
///
/// # Errors
/// Those of the database.
pub fn subscriptions_list(conn: &mut Conn) -> Result<Vec<Subscription>, Error> {
    Ok(on!(conn, c => subscription::table.order(subscription::person_id)
        .select(Subscription::as_select()).load(c))?)
}

/// Puts the first revision of a subscription, or replaces one that still has the revision before `row`'s; false when somebody
/// was faster.
///
/// # Errors
/// [`Error::Duplicate`] when somebody put the first one at the same time.
pub fn subscription_put(conn: &mut Conn, row: &Subscription) -> Result<bool, Error> {
    if row.revision == 1 {
        on!(conn, c => diesel::insert_into(subscription::table).values(row).execute(c))?;
        return Ok(true);
    }
    let changed = on!(conn, c => diesel::update(
            subscription::table.find(row.person_id).filter(subscription::revision.eq(row.revision - 1)))
        .set(row)
        .execute(c))?;
    Ok(changed == 1)
}
