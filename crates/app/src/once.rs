//! The same request twice has one effect: what was asked under a key, and what was answered.

use crate::{Call, Error, Store};
use hege_store::idempotency::{Answered, answered_fetch, answered_insert, body_hash};
use hege_store::types::{Doc, Id, Ts};
use hege_store::{Conn, Error as StoreError};
use serde_json::Value;
use uuid::Uuid;

/// Under which key something is asked for, and a digest of what is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The id of what is made; the client's `Idempotency-Key` where it sent one.
    pub id: Uuid,
    /// SHA-256 of the request.
    pub digest: Vec<u8>,
}

impl Key {
    /// The key of a request that may be asked again under an id.
    #[must_use]
    pub fn new(id: Uuid, request: &Value) -> Self {
        Self { id, digest: body_hash(request) }
    }
}

/// Makes something once: the same request of the same person under the same key gives the answer that was stored the first time.
///
/// # Errors
/// [`Error::Idempotency`] when the key was used for another request; those of `make` and `answer`.
pub(crate) fn once<T>(
    store: &Store,
    call: &Call,
    (city, key): (i32, &Key),
    answer: &dyn Fn(&T) -> Result<Value, Error>,
    make: impl Fn(&mut Conn) -> Result<T, Error>,
) -> Result<Value, Error> {
    let asked = |conn: &mut Conn| {
        if let Some(before) = answered_fetch(conn, city, Id(key.id))? {
            let is_same = before.person_id.0 == call.user().0 && before.body_hash == key.digest;
            return if is_same { Ok(before.answer.0) } else { Err(Error::Idempotency) };
        }
        let value = answer(&make(conn)?)?;
        let answered = Answered {
            city,
            key: Id(key.id),
            person_id: Id(call.user().0),
            body_hash: key.digest.clone(),
            status: 201,
            answer: Doc(value.clone()),
            at: Ts(call.at),
        };
        answered_insert(conn, &answered)?;
        Ok(value)
    };
    match store.write(asked) {
        // The same came twice at once; what the other wrote can be seen now.
        Err(Error::Store(StoreError::Duplicate(_))) => store.write(asked),
        outcome => outcome,
    }
}
