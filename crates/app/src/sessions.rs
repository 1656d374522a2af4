//! 会话: logging in, staying in, being let in.

use crate::people::{scope, words};
use crate::record::audit_own;
use crate::{Call, Error, Mark, Scope};
use hege_auth::access::{self, Bearer, Rejected, SigningKey};
use hege_auth::password;
use hege_auth::refresh::{Family, LIFETIME, Outcome, RefreshDigest, RefreshToken, rotate};
use hege_core::{OrganisationId, Problems, UserId};
use hege_sampling::life_cycle::Actor;
use hege_store::audit::Audited;
use hege_store::people::{Person, person_by_login, person_fetch, person_update};
use hege_store::sessions::{
    KeyRow, Session, key_put, keys, session_insert, session_of_token, session_person, session_revoke, session_rotate,
    sessions_revoke,
};
use hege_store::types::{Id, Ts};
use hege_store::{Conn, Store};
use jiff::Timestamp;
use serde_json::json;
use std::sync::{PoisonError, RwLock};
use uuid::Uuid;

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
pub(crate) const SESSION_ACTIONS: [&str; 3] = [LOGGED_IN, LOGGED_OUT, TOKEN_REUSED];
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

/// The keys that sign, as the database holds them; read again when a token names one that is not known yet.
#[derive(Debug, Default)]
pub struct Keys(RwLock<Vec<SigningKey>>);

impl Keys {
    /// Reads the keys, after making the first one where there is none.
    ///
    /// # Errors
    /// Those of the store and of the machine's randomness.
    pub fn load(store: &Store, at: Timestamp) -> Result<Self, Error> {
        let loaded = Self::default();
        if loaded.read_again(store)?.is_empty() {
            let key = SigningKey::generate().map_err(internal)?;
            let row = KeyRow { kid: key.kid, secret: key.secret, created_at: Ts(at) };
            store.write(|conn| Ok::<_, Error>(key_put(conn, &row)?))?;
            loaded.read_again(store)?;
        }
        Ok(loaded)
    }

    fn read_again(&self, store: &Store) -> Result<Vec<SigningKey>, Error> {
        let rows = store.read(|conn| Ok::<_, Error>(keys(conn)?))?;
        let read: Vec<SigningKey> =
            rows.into_iter().map(|row| SigningKey { kid: row.kid, secret: row.secret }).collect();
        self.0.write().unwrap_or_else(PoisonError::into_inner).clone_from(&read);
        Ok(read)
    }

    fn known(&self, kid: &str) -> Option<SigningKey> {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        keys.iter().find(|key| key.kid == kid).cloned()
    }

    /// The key that signs: the newest.
    fn signing(&self) -> Result<SigningKey, Error> {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        keys.first().cloned().ok_or_else(|| internal("no signing key"))
    }

    fn named(&self, store: &Store, kid: &str) -> Result<SigningKey, Error> {
        if let Some(key) = self.known(kid) {
            return Ok(key);
        }
        self.read_again(store)?;
        self.known(kid).ok_or(Error::Unauthorized(Refusal::TokenForged))
    }
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

/// Logs a person in; `session` is the new session's id.
///
/// # Errors
/// [`Refusal::WrongCredentials`], whatever of the two was wrong and whether or not the login exists.
pub fn begin(
    store: &Store,
    keys: &Keys,
    (login, secret): (&str, &str),
    (session, mark): (Uuid, Mark),
) -> Result<Admission, Error> {
    let login = login.trim().to_lowercase();
    let found = store.read(|conn| Ok::<_, Error>(person_by_login(conn, &login)?))?;
    let hash = found.as_ref().map(|person| person.password_hash.as_str());
    let is_right = password::verify(secret, hash);
    let person = found.filter(|person| is_right && person.active);
    let person = person.ok_or(Error::Unauthorized(Refusal::WrongCredentials))?;
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
    let Some(session) = session_of_token(conn, &presented.0)? else {
        return Ok(Exchanged::Refused(Refusal::SessionEnded));
    };
    match rotate(&family(&session)?, presented, mark.at) {
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

fn family(session: &Session) -> Result<Family, Error> {
    let digest = |bytes: &[u8]| {
        let bytes = <[u8; 32]>::try_from(bytes).map_err(|_length| hege_store::Error::Corrupt("session"))?;
        Ok::<_, Error>(RefreshDigest(bytes))
    };
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
    let key = keys.named(store, &access::kid(token)?)?;
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
/// [`Refusal::WrongCredentials`] for a wrong old one, [`Error::Invalid`] for a weak new one.
pub fn change_password(store: &Store, session: Uuid, (old, new): (&str, &str), mark: Mark) -> Result<(), Error> {
    let id = mark.person.ok_or(Error::NotFound)?;
    let person = store.read(|conn| Ok::<_, Error>(person_fetch(conn, Id(id.0))?))?.ok_or(Error::NotFound)?;
    if !password::verify(old, Some(&person.password_hash)) {
        return Err(Error::Unauthorized(Refusal::WrongCredentials));
    }
    if let Some(problem) = password::objection(new, &person.login, "/new_password") {
        return Err(Error::Invalid(Problems::from(problem)));
    }
    let changed =
        Person { password_hash: password::hash(new).map_err(internal)?, revision: person.revision + 1, ..person };
    store.write(|conn| {
        let row = person_update(conn, &changed)?.ok_or(Error::Conflict)?;
        sessions_revoke(conn, row.id, Some(Id(session)), Ts(mark.at))?;
        audit_own(conn, &mark, ("password_changed", vec![row.touched()?], json!({})))
    })
}
