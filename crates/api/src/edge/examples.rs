//! Examples of every body in the OpenAPI document: requests written by hand where the fields' own examples do not make one that the
//! reader takes, everything else put together from the schemas.

use serde_json::{Map, Value, json};

/// How deep schemas are followed: deeper than any of them goes, and an end for one that holds itself.
const DEPTH: u32 = 32;

/// Requests by operation.
fn written(operation: &str) -> Option<Value> {
    let organisation = "0190b6c1-0000-7000-8000-000000000002";
    let profile = json!({
        "name": "李检验", "organisation_id": organisation, "region": "330000", "roles": ["tester"], "stages": [],
    });
    let target = json!({
        "stage": "farm", "target_bp": 9600, "min_n": 30, "planned_n": 12000, "task_types": ["routine_monitoring"],
        "sample_kinds": ["primary_produce"], "clause": "一(一)",
    });
    Some(match operation {
        "alert_assign" => json!({"revision": 1, "person_id": organisation, "note": "请核查"}),
        "alert_rule_preview" => json!({"stage": "farm", "target_bp": 9700}),
        "plan_add" => json!({"year": 2027, "title": "二〇二七年质量提升计划", "current": false, "targets": [target]}),
        "password_change" => json!({"old_password": "the-old-password", "new_password": "another-password-2026"}),
        "organisation_add" => json!({"kind": "inspecting", "name": "杭州市食品抽样中心", "region": "330100"}),
        "target_change" => json!({
            "stage": "farm", "version": 1, "target_bp": 9600, "min_n": 30, "planned_n": 12000,
            "task_types": ["routine_monitoring"], "sample_kinds": ["primary_produce"], "clause": "一(一)",
        }),
        "sample_register" => {
            let form = Value::Object(hege_app::fields::object_of(&hege_sampling::examples::produce()));
            json!({"form": form, "items": [{"analyte": "lead"}]})
        }
        "sample_amend" => json!({"revision": 1, "changes": {"product_name": "菠菜"}, "reason": "品名误写"}),
        "sample_approve" => json!({"revision": 6}),
        "sample_check" => json!({"revision": 5, "confirms": ["lead"]}),
        "sample_custody" => json!({"revision": 1, "kind": "sealed", "lab_id": organisation, "seals": ["F250001"]}),
        "sample_receipt" => json!({"revision": 3, "accepted": true}),
        "result_enter" => json!({"revision": 4, "results": [
            {"analyte": "lead", "reported": "0.050", "unit": "mg/kg", "lod": "0.02", "method": "GB 5009.12-2023"},
        ]}),
        "sample_void" => json!({"revision": 2, "reason": "样品重复登记"}),
        "session_begin" => json!({"login": "inspector1", "password": "demo-password-2025"}),
        "session_refresh" => json!({"refresh_token": "0f".repeat(32)}),
        "user_add" => json!({
            "login": "tester2", "password": "a-long-password", "name": "李检验", "organisation_id": organisation,
            "region": "330000", "roles": ["tester"], "stages": [],
        }),
        "user_change" => json!({"revision": 1, "profile": profile}),
        _ => return None,
    })
}

/// Puts an example beside every body of the document.
pub(crate) fn fill(document: &mut Value) {
    let schemas = document.pointer("/components/schemas").cloned().unwrap_or_default();
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    let operations =
        paths.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut).flat_map(Map::values_mut);
    for operation in operations {
        let id = operation.get("operationId").and_then(Value::as_str).unwrap_or_default().to_owned();
        if let Some(body) = operation.get_mut("requestBody") {
            beside(body, written(&id), &schemas);
        }
        let answers = operation.get_mut("responses").and_then(Value::as_object_mut);
        answers.into_iter().flat_map(Map::values_mut).for_each(|answer| beside(answer, None, &schemas));
    }
}

/// Puts an example beside each JSON schema of a body.
fn beside(body: &mut Value, written: Option<Value>, schemas: &Value) {
    let kinds = body.get_mut("content").and_then(Value::as_object_mut);
    for (kind, content) in kinds.into_iter().flatten().filter(|(kind, _)| kind.ends_with("json")) {
        let Some(schema) = content.get("schema") else { continue };
        let made = match (written.as_ref(), kind.as_str()) {
            (Some(written), "application/json") => written.clone(),
            _ => example(schema, schemas, DEPTH),
        };
        if let Some(content) = content.as_object_mut() {
            content.insert("example".to_owned(), made);
        }
    }
}

/// An example of a schema.
fn example(schema: &Value, schemas: &Value, depth: u32) -> Value {
    let Some(depth) = depth.checked_sub(1) else { return Value::Null };
    if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next()) {
        return schemas.get(name).map_or(Value::Null, |schema| example(schema, schemas, depth));
    }
    let first = |field: &str| schema.get(field).and_then(Value::as_array).and_then(|values| values.first()).cloned();
    if let Some(given) = schema.get("example").cloned().or_else(|| first("examples")).or_else(|| first("enum")) {
        return given;
    }
    if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
        let parts = parts.iter().map(|part| example(part, schemas, depth));
        let fields = parts.filter_map(|part| part.as_object().cloned()).flatten();
        return Value::Object(fields.collect());
    }
    let choices = ["oneOf", "anyOf"].into_iter().filter_map(|field| schema.get(field).and_then(Value::as_array));
    if let Some(choice) = choices.flatten().find(|choice| choice.get("type").is_none_or(|kind| kind != "null")) {
        return example(choice, schemas, depth);
    }
    plain(schema, schemas, depth)
}

/// An example of a schema that says its type.
fn plain(schema: &Value, schemas: &Value, depth: u32) -> Value {
    let kind = match schema.get("type") {
        Some(Value::Array(several)) => several.iter().find(|kind| *kind != "null").and_then(Value::as_str),
        one => one.and_then(Value::as_str),
    };
    match kind {
        Some("object") => {
            let fields = schema.get("properties").and_then(Value::as_object);
            let fields = fields.into_iter().flatten();
            Value::Object(fields.map(|(name, schema)| (name.clone(), example(schema, schemas, depth))).collect())
        }
        Some("array") => schema.get("items").map_or_else(|| json!([]), |items| json!([example(items, schemas, depth)])),
        Some("integer") => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        Some("number") => json!(0.5),
        Some("boolean") => json!(true),
        Some("string") => json!(match schema.get("format").and_then(Value::as_str) {
            Some("date") => "2025-06-15",
            Some("date-time") => "2025-06-15T02:00:00Z",
            Some("uuid") => "0190b6c1-0000-7000-8000-000000000001",
            _ => "文字",
        }),
        _ => Value::Null,
    }
}
