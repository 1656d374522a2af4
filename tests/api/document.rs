//! The OpenAPI document: what it must say of each operation, and a copy of it that shows in review what changed.

use crate::contract::{DOCUMENT, operations};
use serde_json::Value;

#[test]
fn every_operation_has_a_summary_a_description_a_tag_and_an_answer() {
    let operations = operations();
    assert!(operations.len() >= 30, "the document was not read");
    for operation in operations {
        for field in ["summary", "description"] {
            let is_said = operation.says[field].as_str().is_some_and(|text| !text.trim().is_empty());
            assert!(is_said, "{} has no {field}", operation.id);
        }
        assert!(operation.says["tags"].as_array().is_some_and(|tags| tags.len() == 1), "{}", operation.id);
        let answers = operation.says["responses"].as_object().unwrap();
        assert!(answers.keys().any(|status| status.starts_with('2')), "{} never succeeds", operation.id);
        // What has not changed has no body.
        let refusals = answers.iter().filter(|(status, _)| !status.starts_with('2') && *status != "304");
        for (status, answer) in refusals {
            let problem = &answer["content"]["application/problem+json"]["schema"]["$ref"];
            assert_eq!(problem, "#/components/schemas/ProblemBody", "{} {status}", operation.id);
        }
        let parameters = operation.path.matches('{').count();
        let named = operation.says["parameters"].as_array().into_iter().flatten();
        assert_eq!(named.filter(|parameter| parameter["in"] == "path").count(), parameters, "{}", operation.id);
    }
}

#[test]
fn every_reference_of_the_document_leads_somewhere() {
    fn look(value: &Value) {
        match value {
            Value::Object(object) => {
                if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
                    assert!(DOCUMENT.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
                }
                object.values().for_each(look);
            }
            Value::Array(values) => values.iter().for_each(look),
            _ => {}
        }
    }
    look(&DOCUMENT);
}

#[test]
fn the_document_is_the_copy_that_was_reviewed() {
    let copy: Value = serde_json::from_str(include_str!("openapi.json")).unwrap();
    let now = &*DOCUMENT;
    assert!(
        copy == *now,
        "the API's document changed at {:?}: look at what changes for clients, then renew the copy by\n  \
         cargo run -p hege -- openapi > tests/api/openapi.json",
        first_difference(&copy, now, "")
    );
}

/// Where two documents differ first.
fn first_difference(old: &Value, new: &Value, at: &str) -> Option<String> {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            let names = old.keys().chain(new.keys());
            names.into_iter().find_map(|name| {
                let of = |object: &serde_json::Map<String, Value>| object.get(name).cloned().unwrap_or_default();
                first_difference(&of(old), &of(new), &format!("{at}/{name}"))
            })
        }
        _ => (old != new).then(|| at.to_owned()),
    }
}
