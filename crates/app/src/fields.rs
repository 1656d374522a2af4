//! A form's fields between JSON and the rules: the rules know no JSON.

use hege_sampling::form::{Fields, Raw};
use serde_json::{Map, Value};

/// The version of the stored document.
const VERSION: u32 = 1;

/// The fields of a JSON object as it came in: every value whose type no field has is kept as such, and so is told of.
#[must_use]
pub fn fields_of(object: &Map<String, Value>) -> Fields {
    object.iter().map(|(code, value)| (code.clone(), raw(value))).collect()
}

fn raw(value: &Value) -> Raw {
    match value {
        Value::String(text) => Raw::Text(text.clone()),
        Value::Bool(flag) => Raw::Flag(*flag),
        Value::Array(values) => {
            let texts: Option<Vec<String>> = values.iter().map(|value| value.as_str().map(str::to_owned)).collect();
            texts.map_or(Raw::Other, Raw::List)
        }
        Value::Null | Value::Number(_) | Value::Object(_) => Raw::Other,
    }
}

/// A field's value as JSON.
#[must_use]
pub fn json_of(raw: &Raw) -> Value {
    match raw {
        Raw::Text(text) => Value::from(text.as_str()),
        Raw::Flag(flag) => Value::from(*flag),
        Raw::List(texts) => Value::from(texts.as_slice()),
        Raw::Other => Value::Null,
    }
}

/// Fields as a JSON object.
#[must_use]
pub fn object_of(fields: &Fields) -> Map<String, Value> {
    fields.iter().map(|(code, raw)| (code.clone(), json_of(raw))).collect()
}

/// The document that is stored of a form: its fields and the version of their table.
pub(crate) fn document_of(fields: &Fields) -> Value {
    let mut object = Map::from_iter([("version".to_owned(), Value::from(VERSION))]);
    object.extend(object_of(fields));
    Value::Object(object)
}

/// The fields of a stored document. None when it is of a version that this program does not know.
pub(crate) fn stored_fields(document: &Value) -> Option<Fields> {
    let object = document.as_object().filter(|object| object.get("version") == Some(&Value::from(VERSION)))?;
    let mut fields = fields_of(object);
    fields.remove("version");
    Some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_of_a_type_that_no_field_has_is_kept_as_such() {
        let object = json!({"a": "x", "b": true, "c": ["x", "y"], "d": 1, "e": null, "f": {}, "g": ["x", 1], "h": []});
        let fields = fields_of(object.as_object().unwrap());
        let list = |texts: &[&str]| Raw::List(texts.iter().map(|text| (*text).to_owned()).collect());
        let expected = [
            ("a", Raw::Text("x".to_owned())),
            ("b", Raw::Flag(true)),
            ("c", list(&["x", "y"])),
            ("d", Raw::Other),
            ("e", Raw::Other),
            ("f", Raw::Other),
            ("g", Raw::Other),
            ("h", list(&[])),
        ];
        assert_eq!(fields, expected.map(|(code, raw)| (code.to_owned(), raw)).into());
    }

    #[test]
    fn a_stored_document_gives_its_fields_back_and_one_of_another_version_gives_none() {
        let fields = hege_sampling::examples::produce();
        let document = document_of(&fields);
        assert_eq!(stored_fields(&document), Some(fields));
        for other in [json!({"version": 2}), json!({}), json!([])] {
            assert_eq!(stored_fields(&other), None, "{other}");
        }
    }
}
