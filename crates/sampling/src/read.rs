//! From what was typed to canonical values, field by field.

use crate::fields::{FIELDS, Field, Kind};
use hege_core::{OrganisationId, Problem, Problems, RegionCode, SampleId, TaskId, UserId, decimal};
use jiff::Timestamp;
use jiff::civil::Date;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::str::FromStr;

/// A value of a form: as it came in, or canonical as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Raw {
    /// Text. Decimals, dates, words and ids are text too.
    Text(String),
    /// True or false.
    Flag(bool),
    /// A list of texts.
    List(Vec<String>),
    /// A number, a null, an object, or a list of other things than texts: no field is of such a type.
    Other,
}

/// A form, or a part of one, by the fields' codes.
pub type Fields = BTreeMap<String, Raw>;

/// Entries of a list.
const LIST_MAX: usize = 20;
/// Characters of a text in a list.
const ENTRY_MAX: usize = 200;
/// Characters of a form number.
const FORM_NO_MAX: usize = 40;
/// Unknown fields that are told; a client that sends more is told of these.
const UNKNOWN_MAX: usize = 20;

/// The canonical values of a form by the fields' codes. What could not be read is not in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Values(pub(crate) BTreeMap<&'static str, Raw>);

impl Values {
    /// Whether the field is given, be it as `/`.
    pub(crate) fn is_given(&self, code: &str) -> bool {
        self.0.contains_key(code)
    }

    /// A text, `/` included.
    pub(crate) fn text(&self, code: &str) -> Option<&str> {
        if let Some(Raw::Text(text)) = self.0.get(code) { Some(text) } else { None }
    }

    /// A text that states something.
    pub(crate) fn stated(&self, code: &str) -> Option<&str> {
        self.text(code).filter(|text| *text != "/")
    }

    /// The value that a text stands for.
    pub(crate) fn get<T: FromStr>(&self, code: &str) -> Option<T> {
        self.text(code)?.parse().ok()
    }

    /// True or false.
    pub(crate) fn flag(&self, code: &str) -> Option<bool> {
        if let Some(Raw::Flag(flag)) = self.0.get(code) { Some(*flag) } else { None }
    }

    /// The values of a list.
    pub(crate) fn list<T: FromStr>(&self, code: &str) -> Vec<T> {
        let Some(Raw::List(texts)) = self.0.get(code) else { return Vec::new() };
        texts.iter().filter_map(|text| text.parse().ok()).collect()
    }
}

/// Why a value cannot be read: code, Chinese, English.
type Fault = (&'static str, Cow<'static, str>, Cow<'static, str>);

const fn fault(code: &'static str, zh: &'static str, en: &'static str) -> Fault {
    (code, Cow::Borrowed(zh), Cow::Borrowed(en))
}

/// Reads every field and tells of each that is unknown or cannot be read.
pub(crate) fn read(raw: &Fields, problems: &mut Problems) -> Values {
    for code in raw.keys().filter(|code| Field::find(code).is_none()).take(UNKNOWN_MAX) {
        let shown: String = code.chars().take(ENTRY_MAX).collect();
        let pointer = format!("/{}", shown.replace('~', "~0").replace('/', "~1"));
        problems.push(Problem::new(pointer, "unknown_field", "抽样单没有此字段", "the form has no such field"));
    }
    let mut values = Values::default();
    for field in FIELDS {
        let Some(raw) = raw.get(field.code) else { continue };
        match canonical(&field.kind, raw) {
            Ok(Some(value)) => {
                values.0.insert(field.code, value);
            }
            Ok(None) => {}
            Err((code, zh, en)) => problems.push(Problem::new(field.pointer(), code, zh, en)),
        }
    }
    values
}

/// The canonical value; none for what is blank.
fn canonical(kind: &Kind, raw: &Raw) -> Result<Option<Raw>, Fault> {
    let value = match (kind, raw) {
        (Kind::Flag, Raw::Flag(flag)) => Some(Raw::Flag(*flag)),
        (Kind::Texts | Kind::Persons, Raw::List(texts)) => list(kind, texts)?,
        (Kind::Words(_), Raw::List(texts)) => words(kind, texts)?,
        (Kind::Words(_), Raw::Text(text)) => words(kind, std::slice::from_ref(text))?,
        (Kind::Flag | Kind::Texts | Kind::Persons, _) | (_, Raw::Flag(_) | Raw::List(_) | Raw::Other) => {
            return Err(fault("wrong_type", "值的类型不正确", "the value has the wrong type"));
        }
        (_, Raw::Text(text)) => match text.trim() {
            "" => None,
            text => single(kind, text)?.map(Raw::Text),
        },
    };
    Ok(value)
}

/// The canonical text of a kind that is one text; none for a `/` where there is nothing to state.
fn single(kind: &Kind, text: &str) -> Result<Option<String>, Fault> {
    match kind {
        Kind::Text(max) | Kind::Label(max) => {
            clean(text, *max)?;
            let is_slash = matches!(text, "/" | "／");
            match kind {
                Kind::Label(_) if is_slash => Ok(Some("/".to_owned())),
                _ => Ok((!is_slash).then(|| text.to_owned())),
            }
        }
        Kind::FoodClass => clean(text, ENTRY_MAX).map(|()| (text != "/").then(|| text.to_owned())),
        Kind::FormNo if text == "/" => Ok(None),
        _ => strict(kind, text).map(Some),
    }
}

/// The canonical text of what has one spelling.
fn strict(kind: &Kind, text: &str) -> Result<String, Fault> {
    match kind {
        Kind::FormNo => {
            let printable = text.len() <= FORM_NO_MAX && text.bytes().all(|b| b.is_ascii_graphic());
            printable.then(|| text.to_owned()).ok_or(fault(
                "bad_form_no",
                "须为 40 位以内的字母、数字或符号",
                "at most 40 printable characters, no spaces",
            ))
        }
        Kind::Decimal { max, zero } => amount(text, *max, *zero),
        Kind::Date => {
            let date: Option<Date> = (text.len() == 10).then(|| text.parse().ok()).flatten();
            date.map(|date| date.to_string()).ok_or(fault("bad_date", "日期须写作 2025-06-15", "a date is 2025-06-15"))
        }
        Kind::Instant => instant(text),
        Kind::Word(list) => {
            let known = list().iter().any(|[code, _, _]| *code == text);
            known.then(|| text.to_owned()).ok_or_else(|| unknown_word(&list()))
        }
        Kind::Region => parsed::<RegionCode>(text).ok_or(fault("bad_region", "须为六位行政区划代码", "six digits")),
        Kind::SampleId | Kind::Task => {
            let id = if matches!(kind, Kind::Task) { parsed::<TaskId>(text) } else { parsed::<SampleId>(text) };
            id.ok_or(fault("bad_id", "须为城市代码加 UUID", "four digits of its city, a hyphen and a UUID"))
        }
        _ => uuid::<OrganisationId>(text),
    }
}

fn clean(text: &str, max: usize) -> Result<(), Fault> {
    if text.chars().count() <= max && !text.chars().any(is_hidden) {
        return Ok(());
    }
    let zh = format!("超过 {max} 字或含控制字符、不可见字符");
    let en = format!("more than {max} characters, or control or invisible characters");
    Err(("bad_text", zh.into(), en.into()))
}

/// Control characters, and those that are not seen but make texts differ or turn them round on a screen.
pub(crate) fn is_hidden(c: char) -> bool {
    let is_invisible =
        matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    c.is_control() || is_invisible
}

fn parsed<T: FromStr + ToString>(text: &str) -> Option<String> {
    text.parse::<T>().ok().map(|value| value.to_string())
}

/// Only the hyphenated form, so that one person has one spelling.
fn uuid<T: FromStr + ToString>(text: &str) -> Result<String, Fault> {
    let value = if text.len() == 36 { parsed::<T>(text) } else { None };
    value.ok_or(fault("bad_id", "须为 UUID", "a UUID is needed"))
}

fn amount(text: &str, max: u32, zero: bool) -> Result<String, Fault> {
    let value = decimal::parse(text).map_err(|bad| match bad {
        decimal::BadDecimal::Form => fault("bad_decimal", "须为普通小数", "not a plain decimal number"),
        decimal::BadDecimal::Digits => fault("bad_decimal", "位数过多", "more digits than can be kept exactly"),
    })?;
    let least = if zero { value.is_zero() || value.is_sign_positive() } else { value > 0.into() };
    if least && value <= max.into() {
        return Ok(value.to_string());
    }
    let (zh, en) = if zero { ("不小于 0", "not below 0") } else { ("大于 0", "above 0") };
    Err(("out_of_range", format!("须{zh}且不超过 {max}").into(), format!("{en}, at most {max}").into()))
}

/// To the microsecond, which is what both databases keep.
fn instant(text: &str) -> Result<String, Fault> {
    let read = || {
        let at: Timestamp = (text.len() <= 40).then(|| text.parse().ok())??;
        Timestamp::from_microsecond(at.as_microsecond()).ok()
    };
    read().map(|at| at.to_string()).ok_or(fault(
        "bad_instant",
        "时间须写作 2025-06-15T10:00:00+08:00",
        "an instant is 2025-06-15T10:00:00+08:00",
    ))
}

fn unknown_word(list: &[[&str; 3]]) -> Fault {
    let names = |index: usize| list.iter().filter_map(|word| word.get(index).copied()).collect::<Vec<_>>();
    let zh = format!("只能为 {}（{}）", names(0).join("、"), names(1).join("、"));
    ("unknown_word", zh.into(), format!("one of {}", names(0).join(", ")).into())
}

fn list(kind: &Kind, texts: &[String]) -> Result<Option<Raw>, Fault> {
    if texts.len() > LIST_MAX {
        return Err(fault("too_many", "超过 20 项", "more than 20 entries"));
    }
    let mut kept: Vec<String> = Vec::with_capacity(texts.len());
    for text in texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty()) {
        let text = match kind {
            Kind::Persons => uuid::<UserId>(text)?,
            _ => clean(text, ENTRY_MAX).map(|()| text.to_owned())?,
        };
        if !kept.contains(&text) {
            kept.push(text);
        }
    }
    Ok((!kept.is_empty()).then_some(Raw::List(kept)))
}

/// The words of a list in the order of the glossary.
fn words(kind: &Kind, texts: &[String]) -> Result<Option<Raw>, Fault> {
    let Kind::Words(known) = kind else { return Ok(None) };
    let given: Vec<&str> = texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty()).collect();
    let known = known();
    if given.iter().any(|text| !known.iter().any(|[code, _, _]| code == text)) {
        return Err(unknown_word(&known));
    }
    let kept: Vec<String> =
        known.iter().filter(|[code, _, _]| given.contains(code)).map(|[code, _, _]| (*code).to_owned()).collect();
    Ok((!kept.is_empty()).then_some(Raw::List(kept)))
}
