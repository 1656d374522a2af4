//! 订阅: where a person is written to, and which kinds of alerts they want to be mailed.
//!
//! Nobody subscribes to what they do not see: whom an alert concerns follows from role, stage and region
//! (`crate::notify`); here a person only switches kinds of it off and on. Every kind is on until they do.

use crate::people::{scope, words};
use crate::record::audit_own;
use crate::{Error, Mark, Scope, Store};
use hege_alerts::AlertKind;
use hege_core::{Problem, Problems, Role, UserId};
use hege_store::audit::Audited;
use hege_store::people::{Person, person_fetch};
use hege_store::subscriptions::{self as rows, subscription_fetch, subscription_put};
use hege_store::types::Id;
use hege_store::{Conn, Error as StoreError};
use serde_json::json;
use std::collections::BTreeSet;

/// A person's subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Where they are written to; none for nowhere.
    pub email: Option<String>,
    /// The kinds of which any alert may concern them.
    pub offered: BTreeSet<AlertKind>,
    /// Those that they are mailed.
    pub on: BTreeSet<AlertKind>,
    /// Grows with each change; 0 before the first.
    pub revision: i64,
}

/// The kinds of alerts that may concern somebody of these roles.
#[must_use]
pub fn offered(roles: &BTreeSet<Role>) -> BTreeSet<AlertKind> {
    let all = roles.contains(&Role::Reviewer) || roles.contains(&Role::Administrator);
    let is_offered = |kind: &&AlertKind| all || (roles.contains(&Role::Approver) && **kind == AlertKind::Event);
    AlertKind::ALL.iter().filter(is_offered).copied().collect()
}

fn read(conn: &mut Conn, person: &Person) -> Result<Subscription, Error> {
    let row = subscription_fetch(conn, person.id)?;
    let offered = offered(&words(&person.roles)?);
    let muted = match &row {
        Some(row) => words::<AlertKind>(&row.muted)?,
        None => BTreeSet::new(),
    };
    Ok(Subscription {
        on: offered.difference(&muted).copied().collect(),
        offered,
        email: row.as_ref().and_then(|row| row.email.clone()),
        revision: row.map_or(0, |row| row.revision),
    })
}

/// The person, for themselves (`by` is none) or for somebody who reaches them.
fn reached(conn: &mut Conn, id: UserId, by: Option<&Scope>) -> Result<Person, Error> {
    let person = person_fetch(conn, Id(id.0))?.ok_or(Error::NotFound)?;
    let sees = match by {
        Some(by) => by.covers(&scope(&person)?),
        None => true,
    };
    if sees { Ok(person) } else { Err(Error::OutsideScope) }
}

/// A person's subscription, for themselves (`by` is none) or for an administrator with a scope.
///
/// # Errors
/// [`Error::NotFound`] also for whom the administrator does not reach.
pub fn fetch(store: &Store, id: UserId, by: Option<&Scope>) -> Result<Subscription, Error> {
    store.read(|conn| match reached(conn, id, by) {
        Ok(person) => read(conn, &person),
        Err(Error::OutsideScope) => Err(Error::NotFound),
        Err(error) => Err(error),
    })
}

/// What a person wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The revision that was seen.
    pub revision: i64,
    /// Where to write to; none for nowhere.
    pub email: Option<String>,
    /// The kinds to be mailed.
    pub kinds: Vec<AlertKind>,
}

impl Wish {
    fn check(&self, offered: &BTreeSet<AlertKind>) -> Result<(), Error> {
        let mut problems = Problems::new();
        problems.check(self.email.as_deref().is_none_or(hege_mail::is_address), || {
            Problem::new("/email", "bad_email", "不是有效的电子邮箱地址", "not an address of electronic mail")
        });
        for (index, _) in self.kinds.iter().enumerate().filter(|(_, kind)| !offered.contains(kind)) {
            let words = ("此类预警与您的角色无关", "no alert of this kind concerns somebody of these roles");
            problems.push(Problem::new(format!("/kinds/{index}"), "not_offered", words.0, words.1));
        }
        problems.into_result(()).map_err(Error::Invalid)
    }
}

/// Changes a person's subscription, by themselves (`by` is none) or by an administrator with a scope.
///
/// # Errors
/// [`Error::NotFound`], [`Error::OutsideScope`], [`Error::Conflict`], [`Error::Invalid`].
pub fn change(
    store: &Store,
    (id, by): (UserId, Option<&Scope>),
    wish: &Wish,
    mark: Mark,
) -> Result<Subscription, Error> {
    let changed = store.write(|conn| {
        let person = reached(conn, id, by)?;
        let before = read(conn, &person)?;
        wish.check(&before.offered)?;
        if wish.revision != before.revision {
            return Err(Error::Conflict);
        }
        let muted = before.offered.iter().filter(|kind| !wish.kinds.contains(kind));
        let row = rows::Subscription {
            person_id: person.id,
            email: wish.email.clone(),
            muted: muted.map(|kind| kind.code()).collect::<Vec<_>>().join(" "),
            revision: before.revision + 1,
        };
        if !subscription_put(conn, &row)? {
            return Err(Error::Conflict);
        }
        // The address itself stands in the row alone: the record holds its hash.
        audit_own(conn, &mark, ("subscription_changed", vec![row.touched()?], json!({})))?;
        read(conn, &person)
    });
    match changed {
        // Somebody else said something first.
        Err(Error::Store(StoreError::Duplicate(_))) => Err(Error::Conflict),
        outcome => outcome,
    }
}
