//! 人员: who may log in, for whom they act, what they may do.

use crate::attempts;
use crate::record::audit_own;
use crate::reference::OrganisationKind;
use crate::{Error, Mark, Scope};
use hege_auth::password;
use hege_core::{OrganisationId, Problem, Problems, RegionCode, Role, Stage, UserId};
use hege_store::audit::Audited;
pub use hege_store::people::Person;
use hege_store::people::{
    organisation_fetch, people_insert, people_list, person_by_login, person_fetch, person_update,
};
use hege_store::regions::regions_list;
use hege_store::sessions::sessions_revoke;
use hege_store::types::{Id, Ts};
use hege_store::{Conn, Error as StoreError, Store};
use serde_json::json;
use std::collections::BTreeSet;
use std::str::FromStr;

/// What is told of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// 姓名.
    pub name: String,
    /// The organisation they act for.
    pub organisation: OrganisationId,
    /// The region whose subtree they see.
    pub region: RegionCode,
    /// What they may be.
    pub roles: BTreeSet<Role>,
    /// The stages they see; empty for every one.
    pub stages: BTreeSet<Stage>,
}

/// The words of a stored list.
pub(crate) fn words<T: FromStr + Ord>(codes: &str) -> Result<BTreeSet<T>, Error> {
    let word = |code: &str| code.parse().map_err(|_unknown| StoreError::Corrupt("person").into());
    codes.split_whitespace().map(word).collect()
}

/// How far a person sees.
pub(crate) fn scope(person: &Person) -> Result<Scope, Error> {
    let code = u32::try_from(person.region).map_err(|_negative| StoreError::Corrupt("person"))?;
    let region = RegionCode::new(code).map_err(|_no_code| StoreError::Corrupt("person"))?;
    Ok(Scope { region, stages: words(&person.stages)? })
}

impl Profile {
    /// What the store tells of a person.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`].
    pub fn of(person: &Person) -> Result<Self, Error> {
        let Scope { region, stages } = scope(person)?;
        Ok(Self {
            name: person.name.clone(),
            organisation: OrganisationId(person.organisation_id.0),
            region,
            roles: words(&person.roles)?,
            stages,
        })
    }

    /// How far the person sees.
    #[must_use]
    pub fn scope(&self) -> Scope {
        Scope { region: self.region, stages: self.stages.clone() }
    }

    fn onto(&self, person: &Person) -> Person {
        let codes = |codes: Vec<&str>| codes.join(" ");
        Person {
            name: self.name.trim().to_owned(),
            organisation_id: Id(self.organisation.0),
            region: i32::try_from(self.region.get()).unwrap_or(i32::MAX),
            roles: codes(self.roles.iter().map(|role| role.code()).collect()),
            stages: codes(self.stages.iter().map(|stage| stage.code()).collect()),
            ..person.clone()
        }
    }

    /// What speaks against it; `at` points to it.
    fn check(&self, conn: &mut Conn, at: &str, problems: &mut Problems) -> Result<(), Error> {
        let name = self.name.trim();
        problems.check((1..=50).contains(&name.chars().count()) && !name.chars().any(char::is_control), || {
            Problem::new(format!("{at}/name"), "bad_text", "须为 1 至 50 字", "1 to 50 characters")
        });
        problems.check(!self.roles.is_empty(), || Problem::new(format!("{at}/roles"), "required", "必填", "required"));
        let code = i32::try_from(self.region.get()).unwrap_or(i32::MAX);
        let known = regions_list(conn)?.iter().any(|region| region.code == code);
        problems.check(known, || {
            Problem::new(format!("{at}/region"), "region_unknown", "行政区划代码未知", "the region is not known")
        });
        let organisation = organisation_fetch(conn, Id(self.organisation.0))?.filter(|found| found.active);
        let Some(organisation) = organisation else {
            problems.push(Problem::new(
                format!("{at}/organisation_id"),
                "organisation_unknown",
                "机构不存在或已停用",
                "the organisation is not there or does not take part",
            ));
            return Ok(());
        };
        let fits = self.roles.iter().all(|role| may_hold(&organisation.kind, *role));
        problems.check(fits, || {
            Problem::new(
                format!("{at}/roles"),
                "role_not_for_organisation",
                "该类机构人员不得担任此角色",
                "people of such an organisation may not have this role",
            )
        });
        Ok(())
    }
}

/// Sampling and testing are separate houses (docs/DOMAIN.md 1.1, step 4): no inspector of a laboratory, no tester of a department.
fn may_hold(kind: &str, role: Role) -> bool {
    match kind.parse() {
        Ok(OrganisationKind::Laboratory) => role.is_laboratory(),
        Ok(OrganisationKind::Inspecting) => role == Role::Inspector,
        Ok(OrganisationKind::Department) => !role.is_laboratory(),
        Err(_) => false,
    }
}

fn internal(error: impl std::fmt::Display) -> Error {
    Error::Internal(error.to_string())
}

fn check_login(login: &str) -> Option<Problem> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-');
    let fits = (3..=32).contains(&login.len()) && login.bytes().all(plain);
    (!fits).then(|| {
        Problem::new(
            "/login",
            "bad_login",
            "须为 3 至 32 位小写字母、数字、点、横线或下划线",
            "3 to 32 lower-case letters, digits, dots, hyphens or underscores",
        )
    })
}

/// Makes a login, under a new id.
///
/// # Errors
/// [`Error::Invalid`] with every problem at once; a login that is taken is one of them.
pub fn add(
    store: &Store,
    (login, secret): (&str, &str),
    profile: &Profile,
    (id, mark): (UserId, Mark),
) -> Result<Person, Error> {
    let mut problems = Problems::new();
    let objections = [check_login(login), password::objection(secret, login, "/password")];
    objections.into_iter().flatten().for_each(|problem| problems.push(problem));
    let hash = password::hash(secret).map_err(internal)?;
    let put = |conn: &mut Conn| {
        let mut problems = problems.clone();
        profile.check(conn, "", &mut problems)?;
        problems.check(person_by_login(conn, login)?.is_none(), || {
            Problem::new("/login", "login_taken", "用户名已被使用", "the login is taken")
        });
        problems.into_result(()).map_err(Error::Invalid)?;
        let blank = Person {
            id: Id(id.0),
            login: login.to_owned(),
            name: String::new(),
            password_hash: hash.clone(),
            organisation_id: Id(profile.organisation.0),
            region: 0,
            roles: String::new(),
            stages: String::new(),
            active: true,
            revision: 1,
            created_at: Ts(mark.at),
        };
        let row = profile.onto(&blank);
        people_insert(conn, std::slice::from_ref(&row))?;
        audit_own(conn, &mark, ("person_added", vec![row.touched()?], json!({})))?;
        Ok(row)
    };
    match store.write(put) {
        // Somebody took the login after we had looked. Now it can be seen.
        Err(Error::Store(StoreError::Duplicate(_))) => store.write(put),
        outcome => outcome,
    }
}

/// Makes a login, under a new id, of somebody who sees no further than whoever makes it.
///
/// # Errors
/// [`Error::OutsideScope`]; those of [`add`].
pub fn add_within(
    store: &Store,
    by: &Scope,
    (login, secret): (&str, &str),
    profile: &Profile,
    made: (UserId, Mark),
) -> Result<Person, Error> {
    if !by.covers(&profile.scope()) {
        return Err(Error::OutsideScope);
    }
    add(store, (login, secret), profile, made)
}

/// What becomes of a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Another profile.
    Profile(Profile),
    /// Another password; every session ends.
    Password(String),
    /// Enabled or disabled; every session of a disabled one ends.
    Active(bool),
}

/// The revision that was seen, by whom: nobody is changed who sees, or would see, what they do not see themselves.
pub type Seen<'a> = (i64, &'a Scope);

/// Changes a person; `seen` is none for the command line, which sees the last revision and everything.
///
/// # Errors
/// [`Error::NotFound`], [`Error::OutsideScope`], [`Error::Conflict`], [`Error::Invalid`].
pub fn change(
    store: &Store,
    id: UserId,
    (seen, change): (Option<Seen<'_>>, &Change),
    mark: Mark,
) -> Result<Person, Error> {
    let hash = match change {
        Change::Password(secret) => Some(password::hash(secret).map_err(internal)?),
        _ => None,
    };
    store.write(|conn| {
        let old = person_fetch(conn, Id(id.0))?.ok_or(Error::NotFound)?;
        if let Some((revision, by)) = seen {
            let after = if let Change::Profile(profile) = change { profile.scope() } else { scope(&old)? };
            if !by.covers(&scope(&old)?) || !by.covers(&after) {
                return Err(Error::OutsideScope);
            }
            if revision != old.revision {
                return Err(Error::Conflict);
            }
        }
        let mut problems = Problems::new();
        let (action, mut new) = match change {
            Change::Profile(profile) => {
                profile.check(conn, "/profile", &mut problems)?;
                ("person_changed", profile.onto(&old))
            }
            Change::Password(secret) => {
                let objection = password::objection(secret, &old.login, "/password");
                objection.into_iter().for_each(|problem| problems.push(problem));
                ("password_reset", Person { password_hash: hash.clone().unwrap_or_default(), ..old.clone() })
            }
            Change::Active(active) => {
                (if *active { "person_enabled" } else { "person_disabled" }, Person { active: *active, ..old.clone() })
            }
        };
        let stays = !problems.is_empty() || administers(&new)? || !is_last_administrator(conn, &old)?;
        problems.check(stays, || {
            let words = ("最后一名全省管理员不得停用或降权", "the last administrator of the whole province stays one");
            let at = if matches!(change, Change::Profile(_)) { "/profile/roles" } else { "/active" };
            Problem::new(at, "last_administrator", words.0, words.1)
        });
        problems.into_result(()).map_err(Error::Invalid)?;
        new.revision = old.revision + 1;
        let row = person_update(conn, &new)?.ok_or(Error::Conflict)?;
        if !matches!(change, Change::Profile(_)) {
            attempts::clear(conn, &row.login)?;
            sessions_revoke(conn, row.id, None, Ts(mark.at))?;
        }
        let before =
            json!({"before": {"roles": old.roles, "stages": old.stages, "region": old.region, "active": old.active}});
        audit_own(conn, &mark, (action, vec![row.touched()?], before))?;
        Ok(row)
    })
}

/// Whether a person can log in and administer the whole province.
fn administers(person: &Person) -> Result<bool, Error> {
    Ok(person.active && words::<Role>(&person.roles)?.contains(&Role::Administrator) && scope(person)?.is_whole())
}

/// Whether nobody could administer the province without this person.
fn is_last_administrator(conn: &mut Conn, person: &Person) -> Result<bool, Error> {
    if !administers(person)? {
        return Ok(false);
    }
    for other in people_list(conn)?.iter().filter(|other| other.id != person.id) {
        if administers(other)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The person of a login.
///
/// # Errors
/// [`Error::NotFound`].
pub fn by_login(store: &Store, login: &str) -> Result<Person, Error> {
    store.read(|conn| Ok::<_, Error>(person_by_login(conn, login)?))?.ok_or(Error::NotFound)
}

/// A person by id.
///
/// # Errors
/// [`Error::NotFound`].
pub fn fetch(store: &Store, id: UserId) -> Result<Person, Error> {
    store.read(|conn| Ok::<_, Error>(person_fetch(conn, Id(id.0))?))?.ok_or(Error::NotFound)
}

/// Whether a person is there and active.
///
/// # Errors
/// Those of the store.
pub fn is_active(store: &Store, id: UserId) -> Result<bool, Error> {
    let person = store.read(|conn| Ok::<_, Error>(person_fetch(conn, Id(id.0))?))?;
    Ok(person.is_some_and(|person| person.active))
}

/// Every person.
///
/// # Errors
/// Those of the store.
pub fn list(store: &Store) -> Result<Vec<Person>, Error> {
    store.read(|conn| Ok(people_list(conn)?))
}

/// The people whose scope lies within somebody's, by login.
///
/// # Errors
/// Those of the store.
pub fn list_within(store: &Store, by: &Scope) -> Result<Vec<Person>, Error> {
    let mut seen = Vec::new();
    for person in list(store)? {
        if by.covers(&scope(&person)?) {
            seen.push(person);
        }
    }
    Ok(seen)
}

/// A person whose scope lies within somebody's.
///
/// # Errors
/// [`Error::NotFound`], also for a person who sees further.
pub fn fetch_within(store: &Store, by: &Scope, id: UserId) -> Result<Person, Error> {
    let person = fetch(store, id)?;
    if by.covers(&scope(&person)?) { Ok(person) } else { Err(Error::NotFound) }
}
