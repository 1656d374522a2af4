//! Values read back from how Rust prints them: Diesel shows what it sends in no other way.

/// A value as it was sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Bind {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a point.
    Float(f64),
    /// A text; also a word of the glossary.
    Text(String),
    /// An id.
    Id(uuid::Uuid),
    /// An instant.
    Instant(jiff::Timestamp),
    /// A day.
    Day(jiff::civil::Date),
    /// A JSON document, as text.
    Document(String),
    /// Bytes, or several values at once.
    List(Vec<Bind>),
    /// Something that nobody has taught this module yet; a bench that meets it fails and names it.
    Unknown(String),
}

/// Reads what stands between the brackets of `[..]`.
pub(super) fn binds(text: &str) -> Vec<Bind> {
    match (Reader { rest: text }).value() {
        Bind::List(binds) => binds,
        other => vec![other],
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn value(&mut self) -> Bind {
        self.rest = self.rest.trim_start();
        if self.took("[") {
            return Bind::List(self.list());
        }
        if self.rest.starts_with('"') {
            return self.text().map_or_else(|| self.unknown(), Bind::Text);
        }
        let word = self.word();
        if self.took("(") { self.wrapped(word) } else { plain(word) }
    }

    fn took(&mut self, what: &str) -> bool {
        let rest = self.rest.strip_prefix(what);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Everything up to what may end a value.
    fn word(&mut self) -> &'a str {
        let end = self.rest.find(['(', ')', ',', ']']).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word.trim()
    }

    fn list(&mut self) -> Vec<Bind> {
        let mut values = Vec::new();
        while !self.rest.is_empty() && !self.took("]") {
            values.push(self.value());
            let _more = self.took(",");
            self.rest = self.rest.trim_start();
        }
        values
    }

    /// What stands in the brackets of a type.
    fn wrapped(&mut self, name: &str) -> Bind {
        let inner = match name {
            "Id" => self.word().parse().map(Bind::Id).ok(),
            "Ts" => self.word().parse().map(Bind::Instant).ok(),
            "Day" => self.word().parse().map(Bind::Day).ok(),
            "Doc" => self.text().map(Bind::Document),
            _ => Some(self.value()),
        };
        let closed = self.took(")");
        inner.filter(|_| closed).unwrap_or_else(|| self.unknown())
    }

    fn unknown(&mut self) -> Bind {
        Bind::Unknown(std::mem::take(&mut self.rest).to_owned())
    }

    /// A text with the escapes that Rust prints.
    fn text(&mut self) -> Option<String> {
        let mut read = String::new();
        let mut chars = self.rest.strip_prefix('"')?.chars();
        loop {
            match chars.next()? {
                '"' => break,
                '\\' => read.push(match chars.next()? {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    '0' => '\0',
                    'u' => {
                        let (code, rest) = chars.as_str().strip_prefix('{')?.split_once('}')?;
                        chars = rest.chars();
                        char::from_u32(u32::from_str_radix(code, 16).ok()?)?
                    }
                    other => other,
                }),
                other => read.push(other),
            }
        }
        self.rest = chars.as_str();
        Some(read)
    }
}

fn plain(word: &str) -> Bind {
    match word {
        "None" => Bind::Null,
        "true" => Bind::Bool(true),
        "false" => Bind::Bool(false),
        _ => {
            let number = word.parse().map(Bind::Int).or_else(|_| word.parse().map(Bind::Float));
            number.unwrap_or_else(|_| Bind::Unknown(word.to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Day, Doc, Id, Ts, Word};
    use proptest::prelude::*;
    use serde_json::json;
    use uuid::Uuid;

    #[test]
    fn what_rust_prints_is_read_back() {
        let (id, at) = (Uuid::from_u128(7), jiff::Timestamp::UNIX_EPOCH);
        let day = jiff::civil::date(2025, 9, 1);
        let document = json!({"a": ["b\"]", 1.5]});
        let printed = format!(
            "[{:?}, {:?}, {:?}, {:?}, {:?}, {:?}, {:?}, {:?}, {:?}, {:?}, {:?}]",
            Some(Id(id)),
            None::<Id>,
            Ts(at),
            Day(day),
            Doc(document.clone()),
            Some(Word(hege_core::Stage::Farm)),
            vec![0_u8, 255],
            -5_i64,
            0.25_f64,
            true,
            "",
        );
        let expected = [
            Bind::Id(id),
            Bind::Null,
            Bind::Instant(at),
            Bind::Day(day),
            Bind::Document(document.to_string()),
            Bind::Text("farm".to_owned()),
            Bind::List(vec![Bind::Int(0), Bind::Int(255)]),
            Bind::Int(-5),
            Bind::Float(0.25),
            Bind::Bool(true),
            Bind::Text(String::new()),
        ];
        assert_eq!(binds(&printed), expected);
    }

    #[test]
    fn what_is_not_known_is_named_and_not_guessed() {
        assert_eq!(binds("[Strange]"), [Bind::Unknown("Strange".to_owned())]);
        assert!(matches!(binds("[Id(7)]").first(), Some(Bind::Unknown(_))));
    }

    proptest! {
        #[test]
        fn any_text_is_read_back(text in any::<String>(), after in any::<i64>()) {
            let printed = format!("[{text:?}, {after:?}]");
            prop_assert_eq!(binds(&printed), [Bind::Text(text), Bind::Int(after)]);
        }
    }
}
