//! Bodies and queries: read whole, bounded, with every problem at once.
//!
//! A derive would stop at the first wrong field; an inspector on a bad network wants to know all of them.

use crate::edge::patience::Patience;
use crate::json::parse;
use crate::problem::Failure;
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{FromRequest, HttpRequest, web};
use hege_core::{Problem, Problems};
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::str::FromStr;

/// Most bytes of a JSON body: a form or the results of a large sample fit a hundred times.
pub const BYTES_MAX: usize = 1024 * 1024;
/// Most characters of a text where the field says nothing stricter.
const TEXT_MAX: usize = 2_000;
const BAD_TEXT: (&str, &str) =
    ("须为 2000 字以内、不含控制字符的文字", "text of at most 2000 characters, no control characters");
/// The largest whole number that every JSON client keeps exactly (RFC 8259, 6).
pub(crate) const REVISION_MAX: i64 = (1 << 53) - 1;
/// Most entries of a list.
pub const LIST_MAX: usize = 500;

fn fits(text: &str) -> bool {
    text.chars().count() <= TEXT_MAX && !text.chars().any(|c| c.is_control() && c != '\n' && c != '\t')
}

/// The fields of an object that is read: each is asked for by name, what nobody asked for is a problem.
pub struct Fields<'a> {
    map: &'a Map<String, Value>,
    /// Pointer of the object itself.
    at: String,
    /// From a query: everything is text, and pointers are `?name`.
    is_query: bool,
    asked: RefCell<BTreeSet<&'static str>>,
    problems: &'a RefCell<Problems>,
}

/// Something that is read from an object's fields. All fields are read before the first missing one gives none.
pub trait FromFields: Sized {
    /// Reads it; none when there is a problem, which is then noted.
    fn read(fields: &Fields<'_>) -> Option<Self>;
}

impl Fields<'_> {
    fn pointer(&self, name: &str) -> String {
        if self.is_query { format!("?{name}") } else { format!("{}/{name}", self.at) }
    }

    /// Notes a problem at a field.
    pub fn problem(&self, name: &str, code: &'static str, (zh, en): (&str, &str)) {
        self.problems.borrow_mut().push(Problem::new(self.pointer(name), code, zh, en));
    }

    /// A field's value; none when it is absent or null.
    pub fn value(&self, name: &'static str) -> Option<&Value> {
        self.asked.borrow_mut().insert(name);
        self.map.get(name).filter(|value| !value.is_null())
    }

    /// Marks a field as needed. Null and blank text are as good as absent.
    pub fn needed<T>(&self, name: &'static str, value: Option<T>) -> Option<T> {
        let is_blank = |value: &Value| value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty());
        if value.is_none() && self.map.get(name).is_none_or(is_blank) {
            self.problem(name, "required", ("必填", "required"));
        }
        value
    }

    fn wrong_type(&self, name: &str, (zh, en): (&str, &str)) {
        self.problem(name, "wrong_type", (&format!("须为{zh}"), &format!("must be {en}")));
    }

    /// A text without control characters, its ends trimmed; an empty one is absent.
    pub fn text(&self, name: &'static str) -> Option<String> {
        let Some(text) = self.value(name)?.as_str() else {
            self.wrong_type(name, ("字符串", "a string"));
            return None;
        };
        let text = text.trim();
        if !fits(text) {
            self.problem(name, "bad_text", BAD_TEXT);
        }
        (fits(text) && !text.is_empty()).then(|| text.to_owned())
    }

    /// A list of texts, each by the rules of [`Fields::text`]; an empty one is no text.
    pub fn texts(&self, name: &'static str) -> Option<Vec<String>> {
        let entries = self.entries(name)?;
        let mut texts = Vec::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            match entry.as_str().map(str::trim).filter(|text| fits(text) && !text.is_empty()) {
                Some(text) => texts.push(text.to_owned()),
                None => self.problem(&format!("{name}/{index}"), "bad_text", BAD_TEXT),
            }
        }
        (texts.len() == entries.len()).then_some(texts)
    }

    /// The revision that was seen of what is to be changed.
    pub fn revision(&self) -> Option<i64> {
        self.needed("revision", self.within("revision", (1, REVISION_MAX)))
    }

    /// A secret exactly as typed.
    pub fn secret(&self, name: &'static str) -> Option<String> {
        let text = self.value(name)?.as_str();
        if text.is_none() {
            self.wrong_type(name, ("字符串", "a string"));
        }
        text.filter(|text| text.len() <= TEXT_MAX).map(str::to_owned)
    }

    /// A text that has a meaning: a word's code, an id, a date.
    pub fn parsed<T: FromStr>(&self, name: &'static str, code: &'static str, words: (&str, &str)) -> Option<T> {
        let text = self.text(name)?;
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.problem(name, code, words);
        }
        parsed
    }

    /// A word of the glossary by its code.
    pub fn word<T: FromStr>(&self, name: &'static str) -> Option<T> {
        self.parsed(name, "unknown_word", ("不是规定的代码", "not one of the codes"))
    }

    /// An id.
    pub fn id<T: FromStr>(&self, name: &'static str) -> Option<T> {
        self.parsed(name, "bad_id", ("不是有效的编号", "not an id"))
    }

    /// A whole number.
    pub fn integer(&self, name: &'static str) -> Option<i64> {
        let value = self.value(name)?;
        let number = match value {
            Value::String(text) if self.is_query => text.parse().ok(),
            other => other.as_i64(),
        };
        if number.is_none() {
            self.wrong_type(name, ("整数", "a whole number"));
        }
        number
    }

    /// A whole number within bounds, both included.
    pub fn within(&self, name: &'static str, (low, high): (i64, i64)) -> Option<i64> {
        let number = self.integer(name)?;
        let fits = (low..=high).contains(&number);
        if !fits {
            let (zh, en) = (format!("须为 {low} 至 {high}"), format!("must be {low} to {high}"));
            self.problem(name, "out_of_range", (&zh, &en));
        }
        fits.then_some(number)
    }

    /// Yes or no.
    pub fn flag(&self, name: &'static str) -> Option<bool> {
        let value = self.value(name)?;
        let flag = match value {
            Value::String(text) if self.is_query => text.parse().ok(),
            other => other.as_bool(),
        };
        if flag.is_none() {
            self.wrong_type(name, ("true 或 false", "true or false"));
        }
        flag
    }

    /// A list of texts or of their meanings.
    pub fn parsed_list<T: FromStr>(
        &self,
        name: &'static str,
        code: &'static str,
        (zh, en): (&str, &str),
    ) -> Option<Vec<T>> {
        let entries = self.entries(name)?;
        let mut parsed = Vec::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            match entry.as_str().and_then(|text| text.trim().parse().ok()) {
                Some(value) => parsed.push(value),
                None => self.problem(&format!("{name}/{index}"), code, (zh, en)),
            }
        }
        (parsed.len() == entries.len()).then_some(parsed)
    }

    /// A list of objects.
    pub fn objects<T: FromFields>(&self, name: &'static str) -> Option<Vec<T>> {
        let entries = self.entries(name)?;
        let mut objects = Vec::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            let at = format!("{}/{name}/{index}", self.at);
            objects.extend(read_object(entry, at, self.problems));
        }
        (objects.len() == entries.len()).then_some(objects)
    }

    /// An object inside.
    pub fn object<T: FromFields>(&self, name: &'static str) -> Option<T> {
        let value = self.value(name)?;
        read_object(value, format!("{}/{name}", self.at), self.problems)
    }

    fn entries(&self, name: &'static str) -> Option<&[Value]> {
        let Some(entries) = self.value(name)?.as_array() else {
            self.wrong_type(name, ("数组", "a list"));
            return None;
        };
        if entries.len() > LIST_MAX {
            self.problem(name, "too_many", ("条目超过 500 个", "more than 500 entries"));
            return None;
        }
        Some(entries)
    }

    /// Every field of the object: for what is checked by a table of its own.
    pub fn rest(&self, names: impl Iterator<Item = &'static str>) -> Map<String, Value> {
        self.asked.borrow_mut().extend(names);
        self.map.clone()
    }

    fn finish(&self) {
        let asked = self.asked.borrow();
        for name in self.map.keys().filter(|name| !asked.contains(name.as_str())) {
            let escaped = name.replace('~', "~0").replace('/', "~1");
            self.problem(&escaped, "unknown_field", ("未知字段", "not a known field"));
        }
    }
}

fn read_object<T: FromFields>(value: &Value, at: String, problems: &RefCell<Problems>) -> Option<T> {
    let Some(map) = value.as_object() else {
        let problem = Problem::new(at, "wrong_type", "须为对象", "must be an object");
        problems.borrow_mut().push(problem);
        return None;
    };
    let fields = Fields { map, at, is_query: false, asked: RefCell::default(), problems };
    let read = T::read(&fields);
    fields.finish();
    read
}

/// Reads an object that came as JSON.
///
/// # Errors
/// Every problem at once.
pub fn read<T: FromFields>(value: &Value) -> Result<T, Problems> {
    let problems = RefCell::new(Problems::new());
    let read = read_object(value, String::new(), &problems);
    decided(read, problems.into_inner())
}

fn decided<T>(read: Option<T>, problems: Problems) -> Result<T, Problems> {
    match (read, problems.is_empty()) {
        (Some(read), true) => Ok(read),
        // A reader that gives none notes why; one that forgot must not let the request through.
        (None, true) => Err(Problem::new("", "invalid", "内容有误", "not valid").into()),
        (_, false) => Err(problems),
    }
}

pub(crate) fn bad_request(code: &'static str, zh: &str, en: &str) -> Failure {
    Failure::new(StatusCode::BAD_REQUEST, code, (zh, en))
}

async fn bytes(request: HttpRequest, payload: Payload) -> Result<Vec<u8>, Failure> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        let words = ("内容类型须为 application/json", "the content type must be application/json");
        return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content_type", words));
    }
    let mut payload = web::Payload::from_request(&request, &mut { payload })
        .await
        .map_err(|_no_payload| bad_request("body_missing", "没有内容", "there is no body"))?;
    let (mut bytes, mut patience) = (Vec::new(), Patience::with(&request));
    while let Some(chunk) = patience.next(&mut payload).await? {
        if bytes.len() + chunk.len() > BYTES_MAX {
            let words = ("内容超过 1 MiB", "the body is larger than 1 MiB");
            return Err(Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", words));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// A body that was read without a problem.
pub struct Body<T>(pub T);

impl<T: FromFields + 'static> FromRequest for Body<T> {
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Failure>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let value = parse(&bytes(request, payload).await?)?;
            read(&value).map(Self).map_err(|problems| Failure::invalid(&problems))
        })
    }
}

/// A query that was read without a problem.
pub struct Query<T>(pub T);

impl<T: FromFields> FromRequest for Query<T> {
    type Error = Failure;
    type Future = std::future::Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        std::future::ready(query(request.query_string()))
    }
}

fn query<T: FromFields>(text: &str) -> Result<Query<T>, Failure> {
    let pairs = web::Query::<Vec<(String, String)>>::from_query(text)
        .map_err(|_unreadable| bad_request("query_unreadable", "查询参数不能识别", "the query cannot be read"))?;
    let problems = RefCell::new(Problems::new());
    let mut map = Map::new();
    for (name, value) in pairs.into_inner() {
        if map.insert(name.clone(), Value::String(value)).is_some() {
            let problem = Problem::new(format!("?{name}"), "given_twice", "参数出现两次", "given twice");
            problems.borrow_mut().push(problem);
        }
    }
    let fields =
        Fields { map: &map, at: String::new(), is_query: true, asked: RefCell::default(), problems: &problems };
    let read = T::read(&fields);
    fields.finish();
    drop(fields);
    decided(read, problems.into_inner()).map(Query).map_err(|problems| Failure::invalid(&problems))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Debug, PartialEq)]
    struct Part {
        name: String,
    }
    #[derive(Debug, PartialEq)]
    struct Thing {
        name: String,
        count: Option<i64>,
        yes: Option<bool>,
        parts: Vec<Part>,
        codes: Option<Vec<u8>>,
    }
    impl FromFields for Part {
        fn read(fields: &Fields<'_>) -> Option<Self> {
            Some(Self { name: fields.needed("name", fields.text("name"))? })
        }
    }
    impl FromFields for Thing {
        fn read(fields: &Fields<'_>) -> Option<Self> {
            let name = fields.needed("name", fields.text("name"));
            let (count, yes) = (fields.within("count", (1, 5)), fields.flag("yes"));
            let parts = fields.objects("parts").or_else(|| fields.value("parts").is_none().then(Vec::new));
            let codes = fields.parsed_list("codes", "bad_code", ("错误", "wrong"));
            Some(Self { name: name?, count, yes, parts: parts?, codes })
        }
    }

    fn problems(value: &Value) -> Vec<(String, &'static str)> {
        let problems = read::<Thing>(value).unwrap_err();
        problems.into_vec().into_iter().map(|problem| (problem.pointer, problem.code)).collect()
    }

    #[test]
    fn a_good_object_is_read() {
        let thing = read::<Thing>(
            &json!({"name": " 菠菜 ", "count": 5, "yes": true, "parts": [{"name": "a"}], "codes": ["7"]}),
        );
        let parts = vec![Part { name: "a".to_owned() }];
        let expected =
            Thing { name: "菠菜".to_owned(), count: Some(5), yes: Some(true), parts, codes: Some(vec![7]) };
        assert_eq!(thing, Ok(expected));
    }

    #[test]
    fn every_problem_is_told_at_once_each_at_its_field() {
        let value = json!({"name": 1, "count": 6, "yes": "no", "parts": [{}, 3], "codes": ["x", "1"], "a/b": 1});
        let found = problems(&value);
        let expected = [
            ("/name", "wrong_type"),
            ("/count", "out_of_range"),
            ("/yes", "wrong_type"),
            ("/parts/0/name", "required"),
            ("/parts/1", "wrong_type"),
            ("/codes/0", "bad_code"),
            ("/a~1b", "unknown_field"),
        ];
        let found: Vec<(&str, &str)> = found.iter().map(|(pointer, code)| (pointer.as_str(), *code)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn null_and_blank_are_absent_and_control_characters_are_refused() {
        assert_eq!(problems(&json!({"name": null})), [("/name".to_owned(), "required")]);
        assert_eq!(problems(&json!({"name": "a\u{0}"})), [("/name".to_owned(), "bad_text")]);
        assert_eq!(problems(&json!([])), [(String::new(), "wrong_type")]);
        assert_eq!(problems(&json!({"name": "a", "parts": vec![0; 501]})), [("/parts".to_owned(), "too_many")]);
        assert_eq!(problems(&json!({"name": "a".repeat(2001)})), [("/name".to_owned(), "bad_text")]);
        assert!(read::<Thing>(&json!({"name": "a".repeat(2000)})).is_ok());
    }

    #[test]
    fn a_query_is_read_by_the_same_rules() {
        struct Page(Option<i64>, Option<bool>);
        impl FromFields for Page {
            fn read(fields: &Fields<'_>) -> Option<Self> {
                Some(Self(fields.within("limit", (1, 100)), fields.flag("all")))
            }
        }
        let good = query::<Page>("limit=10&all=true").unwrap_or_else(|failure| panic!("{failure}")).0;
        assert_eq!((good.0, good.1), (Some(10), Some(true)));
        for text in ["limit=ten", "limit=0", "limit=1&limit=2", "other=1", "all=maybe"] {
            assert!(query::<Page>(text).is_err(), "{text}");
        }
    }
}
