//! Problems with what was given: field by field, all at once, in Chinese and English, each with a stable code.

use std::fmt;

/// One thing wrong (or, as a warning, doubtful) with one field of the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// JSON pointer (RFC 6901) to the field, `/samplers/1`; empty for the whole.
    pub pointer: String,
    /// Stable code, `snake_case`. Clients may rely on it; a code is never given another meaning.
    pub code: &'static str,
    /// For a person, in Chinese.
    pub zh: String,
    /// For a person, in English.
    pub en: String,
}

impl Problem {
    /// A problem at a field.
    pub fn new(pointer: impl Into<String>, code: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code, zh: zh.into(), en: en.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {} / {}", self.pointer, self.code, self.zh, self.en)
    }
}

/// Collects every problem of an input before answering.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// None yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds one.
    pub fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Adds one unless `holds`.
    pub fn check(&mut self, holds: bool, problem: impl FnOnce() -> Problem) {
        if !holds {
            self.0.push(problem());
        }
    }

    /// Adds all of another collection.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// True when something stands at exactly this pointer: a missing value is then not reported a second time.
    #[must_use]
    pub fn at(&self, pointer: &str) -> bool {
        self.0.iter().any(|problem| problem.pointer == pointer)
    }

    /// True when nothing was found.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What was found, in the order of finding.
    #[must_use]
    pub fn as_slice(&self) -> &[Problem] {
        &self.0
    }

    /// What was found.
    #[must_use]
    pub fn into_vec(self) -> Vec<Problem> {
        self.0
    }

    /// The value when nothing was found.
    ///
    /// # Errors
    /// The problems, when there are any.
    pub fn into_result<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}
