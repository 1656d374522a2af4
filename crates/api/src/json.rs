//! JSON as it comes in: nothing stands twice.

use crate::body::bad_request;
use crate::problem::Failure;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// A JSON value of which no object names a field twice: of two values nobody could say which was meant.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Strict;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON value")
            }
            fn visit_bool<E>(self, value: bool) -> Result<Strict, E> {
                Ok(Strict(value.into()))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Strict, E> {
                Ok(Strict(value.into()))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Strict, E> {
                Ok(Strict(value.into()))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Strict, E> {
                Ok(Strict(value.into()))
            }
            fn visit_str<E>(self, value: &str) -> Result<Strict, E> {
                Ok(Strict(value.into()))
            }
            fn visit_unit<E>(self) -> Result<Strict, E> {
                Ok(Strict(Value::Null))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Strict, A::Error> {
                let mut values = Vec::new();
                while let Some(Strict(value)) = entries.next_element()? {
                    values.push(value);
                }
                Ok(Strict(Value::Array(values)))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Strict, A::Error> {
                let mut map = Map::new();
                while let Some((name, Strict(value))) = entries.next_entry::<String, Strict>()? {
                    if map.insert(name.clone(), value).is_some() {
                        return Err(serde::de::Error::custom(format_args!("the field `{name}` stands twice")));
                    }
                }
                Ok(Strict(Value::Object(map)))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// Reads a body.
///
/// # Errors
/// 400 for what is not UTF-8 or not JSON.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, Failure> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_where| bad_request("body_not_utf8", "内容不是 UTF-8", "the body is not UTF-8"))?;
    let parsed: Result<Strict, _> = serde_json::from_str(text);
    parsed.map(|Strict(value)| value).map_err(|error| {
        let zh = format!("内容不是有效的 JSON（第 {} 行第 {} 列）", error.line(), error.column());
        bad_request("body_not_json", &zh, &format!("the body is not valid JSON: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_field_that_stands_twice_or_text_that_is_no_json_is_refused() {
        let code = |bytes: &[u8]| parse(bytes).map(drop).unwrap_err().to_string();
        assert_eq!(code(br#"{"a": 1, "a": 2}"#), "400 body_not_json");
        assert_eq!(code(br#"{"a": {"b": 1, "b": 1}}"#), "400 body_not_json");
        assert_eq!(code(br#"{"a": 1"#), "400 body_not_json");
        assert_eq!(code(b"{\"a\": 1e999}"), "400 body_not_json");
        assert_eq!(code(b"\"\xff\""), "400 body_not_utf8");
        assert_eq!(code("[".repeat(100_000).as_bytes()), "400 body_not_json");
        assert_eq!(
            parse(br#"{"a": [1, null, "x", true, -2, 1.5]}"#).unwrap(),
            json!({"a": [1, null, "x", true, -2, 1.5]})
        );
    }
}
