//! Requests that may come twice: `Idempotency-Key` is the id of what they make.

use crate::State;
use crate::body::{Fields, FromFields};
use crate::problem::Failure;
use actix_web::HttpRequest;
use hege_app::once::Key;
use hege_core::Problem;
use serde_json::{Value, json};
use uuid::Uuid;

/// What is read from an object, with the object itself.
pub(crate) struct Keyed<T> {
    pub(crate) given: T,
    request: Value,
}

impl<T: FromFields> FromFields for Keyed<T> {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let request = Value::Object(fields.rest(std::iter::empty()));
        Some(Self { given: T::read(fields)?, request })
    }
}

impl<T> Keyed<T> {
    /// The key under which it is asked for: the client's, or a new one. `place` is where: the same body elsewhere is another request.
    pub(crate) fn key(&self, state: &State, request: &HttpRequest, place: &str) -> Result<Key, Failure> {
        let id = match request.headers().get("Idempotency-Key") {
            None => state.new_id(),
            Some(key) => {
                let id = key.to_str().ok().filter(|text| text.len() == 36).and_then(|text| Uuid::try_parse(text).ok());
                let (zh, en) = ("须为 UUID", "a UUID is needed");
                let problem = || Failure::invalid(&Problem::new("Idempotency-Key", "bad_id", zh, en).into());
                id.ok_or_else(problem)?
            }
        };
        Ok(Key::new(id, &json!([place, self.request])))
    }
}

/// A list of codes in the order of the alphabet; none is an empty one.
pub(crate) fn codes(fields: &Fields<'_>, name: &'static str) -> Option<Vec<String>> {
    match fields.value(name) {
        None => Some(Vec::new()),
        Some(_) => fields.texts(name),
    }
}

/// An answer as it is stored and given.
pub(crate) fn answered(view: impl serde::Serialize) -> Result<Value, hege_app::Error> {
    serde_json::to_value(view).map_err(|error| hege_app::Error::Internal(error.to_string()))
}
