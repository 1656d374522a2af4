//! One effect for one key: what a request said, and the answer it got.

use crate::audit::canonical;
use crate::schema::idempotency;
use crate::types::{Doc, Id, Ts};
use crate::{Conn, Error, on};
use diesel::prelude::*;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// A request that had its effect.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = idempotency)]
pub struct Answered {
    /// The shard.
    pub city: i32,
    /// Its key, made by the client.
    pub key: Id,
    /// Who asked.
    pub person_id: Id,
    /// What was asked, digested: under the data key where it may hold personal data.
    pub body_hash: Vec<u8>,
    /// HTTP status of the answer.
    pub status: i32,
    /// The answer.
    pub answer: Doc,
    /// When.
    pub at: Ts,
}

/// SHA-256 of a body in its canonical form: keys sorted, no spaces.
#[must_use]
pub fn body_hash(body: &Value) -> Vec<u8> {
    Sha256::digest(canonical(body)).to_vec()
}

/// The request of a key.
///
/// # Errors
/// Those of the database.
pub fn answered_fetch(conn: &mut Conn, city: i32, key: Id) -> Result<Option<Answered>, Error> {
    Ok(on!(conn, c => idempotency::table.find((city, key)).select(Answered::as_select()).first(c).optional())?)
}

/// Puts a request with its answer, in the transaction of its effect.
///
/// # Errors
/// [`Error::Duplicate`] when the key is taken.
pub fn answered_insert(conn: &mut Conn, row: &Answered) -> Result<(), Error> {
    on!(conn, c => diesel::insert_into(idempotency::table).values(row).execute(c))?;
    Ok(())
}
