//! 会话: logging in, staying in, being let in.

use crate::attempts;
use crate::people::{scope, words};
use crate::record::audit_own;
use crate::{Call, Error, Mark, Scope};
pub use hege_auth::access::LIFETIME as ACCESS_LIFETIME;
use hege_auth::access::{self, Bearer, Rejected};
use hege_auth::password;
pub use hege_auth::refresh::LIFETIME as REFRESH_LIFETIME;
use hege_auth::refresh::{Family, LIFETIME, Outcome, Presented, RefreshDigest, RefreshToken, rotate};
use hege_core::{OrganisationId, Problems, UserId};
use hege_sampling::life_cycle::Actor;
use hege_store::audit::Audited;
use hege_store::people::{Person, person_by_login, person_fetch, person_update};
use hege_store::sessions::{
    Session, session_insert, session_of_token, session_person, session_revoke, session_rotate, sessions_revoke,
};
use hege_store::types::{Id, Ts};
use hege_store::{Conn, Store};
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

pub use crate::keys::{Keys, rotate as rotate_keys};

hege_core::words! {
    /// Why nobody is let in.
    pub enum Refusal {
        WrongCredentials = "wrong_credentials", "用户名或密码错误", "login or password is wrong";
        TokenMissing = "token_missing", "未登录", "no token was given";
        TokenForged = "token_invalid", "令牌无效", "the token is not valid here";
        TokenExpired = "token_expired", "令牌已过期", "the token has expired";
        SessionEnded = "session_ended", "会话已结束，请重新登录", "the session has ended; log in again";
    }
}

/// What is recorded of sessions. Their clock is the machine's, also where a demonstration has another for everything else.
pub(crate) const SESSION_ACTIONS: [&str; 4] = [LOGGED_IN, LOGGED_OUT, TOKEN_REUSED, attempts::TOO_MANY];
const LOGGED_IN: &str = "logged_in";
const LOGGED_OUT: &str = "logged_out";
const TOKEN_REUSED: &str = "token_reused";

impl From<Rejected> for Error {
    fn from(rejected: Rejected) -> Self {
        Self::Unauthorized(match rejected {
            Rejected::Forged => Refusal::TokenForged,
            Rejected::Expired => Refusal::TokenExpired,
        })
    }
}

fn internal(error: impl std::fmt::Display) -> Error {
    Error::Internal(error.to_string())
}

/// What a person gets who is let in.
#[derive(Debug)]
pub struct Admission {
    /// The access token.
    pub access: String,
    /// Until when it is good.
    pub expires: Timestamp,
    /// The refresh token, told once.
    pub refresh: RefreshToken,
    /// The person.
    pub person: Person,
}

/// Logs a person in; `session` is the new session's id. The attempt is counted before it is looked at, so that of many at once
/// none is free.
///
/// # Errors
/// [`Refusal::WrongCredentials`], whatever of the two was wrong and whether or not the login exists; [`Error::Wait`] when
/// there were too many attempts.
pub fn begin(
    store: &Store,
    keys: &Keys,
    (login, secret): (&str, &str),
    (session, mark): (Uuid, Mark),
) -> Result<Admission, Error> {
    let login = login.trim().to_lowercase();
    let attempt = attempts::count(store, &login, mark.at)?;
    let found = store.read(|conn| Ok::<_, Error>(person_by_login(conn, &login)?))?;
    let hash = found.as_ref().map(|person| person.password_hash.as_str());
    let is_right = password::verify(secret, hash);
    let id = found.as_ref().map(|person| person.id);
    let Some(person) = found.filter(|person| is_right && person.active) else {
        attempts::failed(store, &attempt, (id, mark))?;
        return Err(Error::Unauthorized(Refusal::WrongCredentials));
    };
    let refresh = RefreshToken::generate().map_err(internal)?;
    let expires_at = mark.at.checked_add(LIFETIME).map_err(internal)?;
    let row = Session {
        id: Id(session),
        person_id: person.id,
        current_hash: refresh.digest().0.to_vec(),
        previous_hash: None,
        created_at: Ts(mark.at),
        expires_at: Ts(expires_at),
        revoked_at: None,
    };
    let mark = Mark { person: Some(UserId(person.id.0)), ..mark };
    store.write(|conn| {
        // Between the look at the password and now it may have been reset, or the login disabled.
        if person_fetch(conn, person.id)?.is_none_or(|now| now.revision != person.revision) {
            return Err(Error::Unauthorized(Refusal::WrongCredentials));
        }
        attempts::clear(conn, &login)?;
        session_insert(conn, &row)?;
        audit_own(conn, &mark, (LOGGED_IN, Vec::new(), json!({"session": session.to_string()})))
    })?;
    let (access, expires) = access::issue(&keys.signing()?, (person.id.0, session), mark.at)?;
    Ok(Admission { access, expires, refresh, person })
}

/// What a refresh comes to inside its transaction.
enum Exchanged {
    Admitted(Person, Uuid),
    Refused(Refusal),
}

/// Exchanges a refresh token for a fresh pair. One that was replaced before ends its session, for one of two holders is a
/// thief.
///
/// # Errors
/// [`Refusal::SessionEnded`] for whatever is not the current token or the predecessor of an unused one.
pub fn refresh(store: &Store, keys: &Keys, presented: &str, mark: Mark) -> Result<Admission, Error> {
    let digest = RefreshDigest::of(presented);
    let fresh = RefreshToken::generate().map_err(internal)?;
    // A theft must be written down even though it is refused, so that the refusal is a value and not an error.
    let exchanged = store.write(|conn| exchange(conn, (digest, fresh.digest()), mark))?;
    match exchanged {
        Exchanged::Refused(refusal) => Err(Error::Unauthorized(refusal)),
        Exchanged::Admitted(person, session) => {
            let (access, expires) = access::issue(&keys.signing()?, (person.id.0, session), mark.at)?;
            Ok(Admission { access, expires, refresh: fresh, person })
        }
    }
}

fn exchange(
    conn: &mut Conn,
    (presented, fresh): (RefreshDigest, RefreshDigest),
    mark: Mark,
) -> Result<Exchanged, Error> {
    let Some((session, given)) = session_of_token(conn, &presented.0)? else {
        return Ok(Exchanged::Refused(Refusal::SessionEnded));
    };
    let parent = given.parent.as_deref().map(digest).transpose()?;
    match rotate(&family(&session)?, Presented { digest: presented, parent }, mark.at) {
        Outcome::Expired | Outcome::Revoked => Ok(Exchanged::Refused(Refusal::SessionEnded)),
        Outcome::Revoke => {
            session_revoke(conn, session.id, Ts(mark.at))?;
            let mark = Mark { person: Some(UserId(session.person_id.0)), ..mark };
            let detail = json!({"session": session.id.0.to_string()});
            audit_own(conn, &mark, (TOKEN_REUSED, Vec::new(), detail))?;
            Ok(Exchanged::Refused(Refusal::SessionEnded))
        }
        Outcome::Rotate { previous } => {
            let Some(person) = person_fetch(conn, session.person_id)?.filter(|person| person.active) else {
                return Ok(Exchanged::Refused(Refusal::SessionEnded));
            };
            session_rotate(conn, session.id, (&fresh.0, &previous.0), Ts(mark.at))?;
            Ok(Exchanged::Admitted(person, session.id.0))
        }
    }
}

fn digest(bytes: &[u8]) -> Result<RefreshDigest, Error> {
    let bytes = <[u8; 32]>::try_from(bytes).map_err(|_length| hege_store::Error::Corrupt("session"))?;
    Ok(RefreshDigest(bytes))
}

fn family(session: &Session) -> Result<Family, Error> {
    Ok(Family {
        current: digest(&session.current_hash)?,
        previous: session.previous_hash.as_deref().map(digest).transpose()?,
        expires: session.expires_at.0,
        revoked: session.revoked_at.is_some(),
    })
}

/// A person who was let in, as long as a request lasts.
#[derive(Debug, Clone)]
pub struct Admitted {
    /// The person with their roles.
    pub actor: Actor,
    /// The organisation they act for.
    pub organisation: OrganisationId,
    /// How far they see.
    pub scope: Scope,
    /// Their session.
    pub session: Uuid,
    /// When their token expires.
    pub expires: Timestamp,
}

impl Admitted {
    /// A call by this person.
    #[must_use]
    pub fn call(&self, at: Timestamp, audit_id: Uuid) -> Call {
        Call { actor: self.actor.clone(), organisation: self.organisation, scope: self.scope.clone(), at, audit_id }
    }
}

/// Who the bearer of an access token is. Person and session are asked of the store each time, so that a login that was
/// disabled, or a role that was taken, counts at once.
///
/// # Errors
/// [`Refusal`].
pub fn admit(store: &Store, keys: &Keys, token: &str, now: Timestamp) -> Result<Admitted, Error> {
    let key = keys.named(store, &access::kid(token)?, now)?;
    let Bearer { person, session, expires } = access::verify(token, &key, now)?;
    let found = store.read(|conn| Ok::<_, Error>(session_person(conn, (Id(session), Id(person)), Ts(now))?))?;
    let person = found.ok_or(Error::Unauthorized(Refusal::SessionEnded))?;
    Ok(Admitted {
        actor: Actor { user: UserId(person.id.0), roles: words(&person.roles)? },
        organisation: OrganisationId(person.organisation_id.0),
        scope: scope(&person)?,
        session,
        expires,
    })
}

/// Ends the session of a person.
///
/// # Errors
/// Those of the store.
pub fn end(store: &Store, session: Uuid, mark: Mark) -> Result<(), Error> {
    store.write(|conn| {
        session_revoke(conn, Id(session), Ts(mark.at))?;
        audit_own(conn, &mark, (LOGGED_OUT, Vec::new(), json!({"session": session.to_string()})))
    })
}

/// Gives a person another password of their own choice, and ends their other sessions.
///
/// # Errors
/// [`Refusal::WrongCredentials`] for a wrong old one, [`Error::Wait`] after too many of them, [`Error::Invalid`] for a weak
/// new one.
pub fn change_password(store: &Store, session: Uuid, (old, new): (&str, &str), mark: Mark) -> Result<(), Error> {
    let id = mark.person.ok_or(Error::NotFound)?;
    let person = store.read(|conn| Ok::<_, Error>(person_fetch(conn, Id(id.0))?))?.ok_or(Error::NotFound)?;
    if let Some(problem) = password::objection(new, &person.login, "/new_password") {
        return Err(Error::Invalid(Problems::from(problem)));
    }
    // Whoever holds somebody's token does not get to guess their password with it.
    let attempt = attempts::count(store, &person.login, mark.at)?;
    if !password::verify(old, Some(&person.password_hash)) {
        attempts::failed(store, &attempt, (Some(person.id), mark))?;
        return Err(Error::Unauthorized(Refusal::WrongCredentials));
    }
    let changed =
        Person { password_hash: password::hash(new).map_err(internal)?, revision: person.revision + 1, ..person };
    store.write(|conn| {
        let row = person_update(conn, &changed)?.ok_or(Error::Conflict)?;
        attempts::clear(conn, &row.login)?;
        sessions_revoke(conn, row.id, Some(Id(session)), Ts(mark.at))?;
        audit_own(conn, &mark, ("password_changed", vec![row.touched()?], json!({})))
    })
}
