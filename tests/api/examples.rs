//! The examples of the document: a request's is one that its reader takes, an answer's has the shape of its schema.

use crate::contract::{self, Operation, operations};
use crate::on_both;
use crate::people::Who;
use hege_api::access::TABLE;
use serde_json::Value;

const JSON: &str = "application/json";
/// An id that nothing has.
const NOTHING: &str = "3301-00000000-0000-7000-8000-000000000000";
/// What a reader says; anything else is said by a rule that knows more than the body.
const BY_THE_READER: [&str; 14] = [
    "required",
    "wrong_type",
    "unknown_field",
    "unknown_word",
    "bad_text",
    "bad_id",
    "bad_date",
    "bad_instant",
    "bad_month",
    "bad_region",
    "bad_decimal",
    "out_of_range",
    "too_many",
    "given_twice",
];

#[test]
fn every_example_of_a_request_is_one_that_its_reader_takes() {
    on_both(|server| {
        let mut tried = 0;
        let takes_json = |operation: &&Operation<'_>| operation.says["requestBody"]["content"][JSON].is_object();
        for operation in operations().iter().filter(takes_json) {
            let example = &operation.says["requestBody"]["content"][JSON]["example"];
            assert!(example.is_object(), "{} has no example", operation.id);
            let roles = TABLE.iter().find(|(id, _)| *id == operation.id).and_then(|(_, roles)| roles.first());
            let client = roles.map_or_else(|| server.stranger(), |role| server.who(Who::with_only(*role)));
            let body = example.to_string();
            let body = Some((JSON, body.as_bytes()));
            let answer = client.send(&operation.method, &operation.path_with(NOTHING), body);
            assert!(answer.status != 400 && answer.status != 415 && answer.status != 403, "{answer:#?}");
            let errors = answer.body["errors"].as_array().cloned().unwrap_or_default();
            let unread = |error: &Value| error["code"].as_str().is_some_and(|code| BY_THE_READER.contains(&code));
            assert!(!errors.iter().any(unread), "{}: {answer:#?}", operation.id);
            tried += 1;
        }
        assert!(tried >= 20, "{tried}");
    });
}

#[test]
fn every_example_of_an_answer_has_the_shape_of_its_schema() {
    let mut seen = 0;
    for operation in operations() {
        for (status, answer) in operation.says["responses"].as_object().unwrap() {
            let contents = answer["content"].as_object().into_iter().flatten();
            for (kind, content) in
                contents.filter(|(kind, content)| kind.ends_with("json") && content["schema"].is_object())
            {
                assert!(!content["example"].is_null(), "{} {status} {kind} has no example", operation.id);
                contract::fits_schema(&content["example"], &content["schema"], &format!("{} {status}", operation.id));
                seen += 1;
            }
        }
    }
    assert!(seen >= 100, "{seen}");
}
