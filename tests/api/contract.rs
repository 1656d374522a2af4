//! The OpenAPI document as a contract: every answer of every test is one that it describes.

use crate::client::Answer;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// The kind of a problem document (RFC 9457).
pub(crate) const PROBLEM: &str = "application/problem+json";
/// The kind of a stream of events.
pub(crate) const STREAM: &str = "text/event-stream";

/// The kind of a table.
pub(crate) const TABLE: &str = "text/csv";

/// The kind of a feed.
pub(crate) const FEED: &str = "application/atom+xml";

/// The document.
pub(crate) static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(&hege_api::openapi::document().unwrap()).unwrap());

/// An operation of the document.
pub(crate) struct Operation<'a> {
    pub(crate) id: &'a str,
    /// In capitals.
    pub(crate) method: String,
    /// With its `{parameters}`.
    pub(crate) path: &'a str,
    /// What the document says of it.
    pub(crate) says: &'a Value,
}

impl Operation<'_> {
    /// The path with every parameter filled in.
    /// Its path about something, and of what hangs on it the first.
    pub(crate) fn path_with(&self, parameter: &str) -> String {
        let filled = |part| match part {
            "{seq}" => "1",
            "{side}" => "producer",
            "{book}" => "results",
            "{code}" => "renewed_markets",
            _ => parameter,
        };
        let parts = self.path.split('/').map(|part| if part.starts_with('{') { filled(part) } else { part });
        parts.collect::<Vec<_>>().join("/")
    }

    pub(crate) fn needs_login(&self) -> bool {
        self.says["security"].as_array().is_some_and(|schemes| !schemes.is_empty())
    }

    pub(crate) fn takes_body(&self) -> bool {
        self.says["requestBody"].is_object()
    }
}

/// Every operation, in the order of the document.
pub(crate) fn operations() -> Vec<Operation<'static>> {
    let mut operations = Vec::new();
    for (path, methods) in DOCUMENT["paths"].as_object().unwrap() {
        for (method, says) in methods.as_object().unwrap() {
            let id = says["operationId"].as_str().unwrap_or_else(|| panic!("{method} {path} has no operationId"));
            operations.push(Operation { id, method: method.to_uppercase(), path, says });
        }
    }
    operations
}

/// The operation that a request asks for.
fn operation(method: &str, path: &str) -> Option<Operation<'static>> {
    let path = path.split('?').next().unwrap_or_default();
    let fits = |template: &str| {
        let (mut parts, mut asked) = (template.split('/'), path.split('/'));
        let same = parts.by_ref().zip(asked.by_ref()).all(|(part, asked)| part.starts_with('{') || part == asked);
        same && template.split('/').count() == path.split('/').count()
    };
    operations().into_iter().find(|operation| operation.method == method && fits(operation.path))
}

/// Codes of storage that failed, which a test has to bring about.
const STORAGE: [&str; 3] = ["storage_full", "read_only", "storage_failed"];

/// Holds an answer against the document: its status, its kind, its shape.
#[track_caller]
pub(crate) fn hold((method, path): (&str, &str), answer: &Answer, kind: &str) {
    let kind = kind.split(';').next().unwrap_or_default();
    let is_of_storage = answer.status == 503 && STORAGE.contains(&answer.code());
    assert!(answer.status < 500 || is_of_storage, "{answer:#?}");
    if answer.status >= 400 {
        assert_eq!(kind, PROBLEM, "{answer:#?}");
        is_problem(answer);
    }
    let Some(operation) = operation(method, path) else {
        return assert_eq!(answer.status, 404, "what is no operation is not there: {answer:#?}");
    };
    let described = &operation.says["responses"][answer.status.to_string()];
    assert!(described.is_object(), "{} does not say that it answers {}: {answer:#?}", operation.id, answer.status);
    match described["content"].as_object() {
        None => assert_eq!(answer.body, Value::Null, "{} says that there is no body: {answer:#?}", operation.id),
        Some(content) => {
            let described = content.get(kind);
            let described = described.unwrap_or_else(|| panic!("{} does not say {kind}: {answer:#?}", operation.id));
            fits(&answer.body, &described["schema"], &answer.asked);
        }
    }
}

fn is_problem(answer: &Answer) {
    let body = &answer.body;
    assert_eq!(body["type"], "about:blank", "{answer:#?}");
    assert_eq!(body["status"], answer.status, "{answer:#?}");
    for field in ["code", "title_zh", "title_en"] {
        assert!(body[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {answer:#?}");
    }
    for error in body["errors"].as_array().unwrap() {
        for field in ["code", "zh", "en"] {
            assert!(error[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {answer:#?}");
        }
        assert!(error["pointer"].is_string(), "{answer:#?}");
    }
}

/// That an example has the shape of its schema.
pub(crate) fn fits_schema(example: &Value, schema: &Value, at: &str) {
    fits(example, schema, at);
}

/// That a value has the shape of a schema: types, and every property named on one side stands on the other.
fn fits(value: &Value, schema: &Value, at: &str) {
    if let Some(reference) = schema["$ref"].as_str() {
        let pointer = reference.trim_start_matches('#');
        return fits(value, DOCUMENT.pointer(pointer).unwrap_or_else(|| panic!("no {reference}")), at);
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let is = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    assert!(types.is_empty() || types.contains(&is), "{at}: {is}, and the document says {types:?}");
    if let Some(values) = value.as_array() {
        values.iter().for_each(|value| fits(value, &schema["items"], &format!("{at} []")));
    }
    let (named, needed) = properties(schema);
    let Some(object) = value.as_object().filter(|_| !named.is_empty()) else { return };
    let given: BTreeSet<&str> = object.keys().map(String::as_str).collect();
    let unnamed: Vec<_> = given.iter().filter(|name| !named.iter().any(|(known, _)| known == *name)).collect();
    assert!(unnamed.is_empty(), "{at}: the document does not name {unnamed:?}");
    let missing: Vec<_> = needed.iter().filter(|name| !given.contains(*name)).collect();
    assert!(missing.is_empty(), "{at}: {missing:?} are missing");
    for (name, schema) in named.iter().filter(|(name, _)| given.contains(name)) {
        fits(&value[*name], schema, &format!("{at} {name}"));
    }
}

type Properties<'a> = (Vec<(&'a str, &'a Value)>, Vec<&'a str>);

/// The properties of an object with their schemas, and those that it must have.
fn properties(schema: &Value) -> Properties<'_> {
    let of = |schema: &Value, field: &str| schema[field].as_array().cloned().unwrap_or_default().len();
    let (mut named, mut needed) = (Vec::new(), Vec::new());
    if let Some(reference) = schema["$ref"].as_str() {
        return DOCUMENT.pointer(reference.trim_start_matches('#')).map(properties).unwrap_or_default();
    }
    for index in 0..of(schema, "allOf") {
        let (of_part, needed_by_part) = properties(&schema["allOf"][index]);
        named.extend(of_part);
        needed.extend(needed_by_part);
    }
    let own = schema["properties"].as_object();
    named.extend(own.into_iter().flatten().map(|(name, schema)| (name.as_str(), schema)));
    needed.extend(schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str));
    (named, needed)
}
