//! Personal data of a sample's form at rest: sealed under the data key, for the sample they belong to and no other.

use crate::fields::{fields_of, object_of};
use crate::{DataKey, Error};
use hege_core::SampleId;
use hege_sampling::form::Fields;
use serde_json::Value;

fn place(id: SampleId) -> String {
    format!("sample/{id}")
}

/// Seals personal fields; none when there are none.
///
/// # Errors
/// [`Error::Personal`] when they cannot be sealed.
pub fn seal(key: &DataKey, id: SampleId, personal: &Fields) -> Result<Option<Vec<u8>>, Error> {
    if personal.is_empty() {
        return Ok(None);
    }
    let plain = Value::Object(object_of(personal)).to_string();
    key.seal(&place(id), plain.as_bytes()).map(Some).map_err(|_sealing| Error::Personal)
}

/// Opens what was sealed for a sample. None under another key or for another sample.
#[must_use]
pub fn open(key: &DataKey, id: SampleId, sealed: &[u8]) -> Option<Fields> {
    let plain = key.open(&place(id), sealed).ok()?;
    let value: Value = serde_json::from_slice(&plain).ok()?;
    Some(fields_of(value.as_object()?))
}

/// By what a request is known again that may hold personal data: a keyed digest of all of it. Its objects' keys are sorted.
///
/// # Errors
/// [`Error::Personal`].
pub fn digest(key: &DataKey, request: &Value) -> Result<Vec<u8>, Error> {
    key.digest("request", request.to_string().as_bytes()).map_err(|_digesting| Error::Personal)
}
