//! Names as they are searched: folded, in runs of letters and digits, cut into pairs of characters. A pair finds words of two
//! characters, which Chinese is full of, and the same pairs are made for names and for what is asked.

use std::collections::BTreeSet;
use unicode_normalization::UnicodeNormalization as _;

crate::words! {
    /// What of a sample bears a name.
    pub enum NameKind {
        Product = "product", "样品名称", "product";
        Unit = "unit", "被抽样单位", "sampled unit";
        Producer = "producer", "标称生产者", "producer";
    }
}

/// Characters of what is searched for.
pub const QUERY_MAX: usize = 100;
/// Words of what is searched for.
pub const WORDS_MAX: usize = 8;

/// A name in the form in which names are compared: compatibility forms are one (NFKC: `Ａ` is `A`), letters small, and whatever
/// is neither letter nor digit a single space.
#[must_use]
pub fn folded(name: &str) -> String {
    let small = name.nfkc().flat_map(char::to_lowercase);
    let spaced: String = small.map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The pairs of neighbouring characters of a name's runs, and the last character of each run alone, so that the pairs that begin
/// with a character find every name which holds it.
#[must_use]
pub fn grams(name: &str) -> BTreeSet<String> {
    folded(name).split(' ').flat_map(pairs).collect()
}

/// The pairs of a run, and its last character.
fn pairs(run: &str) -> impl Iterator<Item = String> {
    let next = run.chars().skip(1).map(Some).chain([None]);
    run.chars()
        .zip(next)
        .map(|(one, next)| [Some(one), next].into_iter().flatten().collect())
        .collect::<Vec<_>>()
        .into_iter()
}

/// A word of what is searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// As typed, NFKC, in capitals: form numbers and codes are written so.
    pub code: String,
    /// Its runs, folded; at least one.
    pub runs: Vec<String>,
}

impl Word {
    /// Whether the word is found in names: each of its runs in one of them.
    #[must_use]
    pub fn is_in(&self, folded_names: &[String]) -> bool {
        self.runs.iter().all(|run| folded_names.iter().any(|name| name.contains(run.as_str())))
    }
}

/// What a name that holds the run has: its pairs, or for a single character the beginning of a pair.
#[must_use]
pub fn needles(run: &str) -> Vec<Needle> {
    let mut whole: Vec<String> = pairs(run).collect();
    // The last character alone stands for the end of a name, and a word may end before it.
    let last = whole.pop().unwrap_or_default();
    if whole.is_empty() { vec![Needle::Beginning(last)] } else { whole.into_iter().map(Needle::Pair).collect() }
}

/// What to look up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Needle {
    /// A whole pair.
    Pair(String),
    /// What a pair, or a last character, begins with.
    Beginning(String),
}

/// What is searched for: every word of it must be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// As typed, without space around it.
    pub text: String,
    /// At least one.
    pub words: Vec<Word>,
}

/// Why nothing can be searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsearchable {
    /// More than [`QUERY_MAX`] characters.
    #[error("more than {QUERY_MAX} characters")]
    TooLong,
    /// More than [`WORDS_MAX`] words.
    #[error("more than {WORDS_MAX} words")]
    TooManyWords,
    /// Neither a letter nor a digit in some word.
    #[error("neither a letter nor a digit")]
    Nothing,
}

impl Query {
    /// Reads what was typed.
    ///
    /// # Errors
    /// [`Unsearchable`].
    pub fn parse(text: &str) -> Result<Self, Unsearchable> {
        let text = text.trim();
        if text.chars().count() > QUERY_MAX {
            return Err(Unsearchable::TooLong);
        }
        let typed: String = text.nfkc().collect();
        let mut words = Vec::new();
        for word in typed.split_whitespace() {
            let runs: Vec<String> = folded(word).split_whitespace().map(str::to_owned).collect();
            // Punctuation between words is not asked for.
            if !runs.is_empty() {
                words.push(Word { code: word.to_uppercase(), runs });
            }
        }
        match words.len() {
            0 => Err(Unsearchable::Nothing),
            count if count > WORDS_MAX => Err(Unsearchable::TooManyWords),
            _ => Ok(Self { text: text.to_owned(), words }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn set(grams: &[&str]) -> BTreeSet<String> {
        grams.iter().map(|gram| (*gram).to_owned()).collect()
    }

    fn word(text: &str) -> Word {
        Query::parse(text).unwrap().words.remove(0)
    }

    #[test]
    fn a_name_is_cut_into_pairs_and_the_last_character_of_each_run() {
        assert_eq!(grams("西湖龙井"), set(&["西湖", "湖龙", "龙井", "井"]));
        assert_eq!(grams("茶"), set(&["茶"]));
        assert_eq!(grams("红茶(散装)"), set(&["红茶", "茶", "散装", "装"]));
        assert_eq!(grams(" / "), set(&[]));
    }

    #[test]
    fn full_width_and_capital_letters_are_the_same_as_narrow_and_small_ones() {
        assert_eq!(folded("ＣＯＣＡ－Cola  ３３０ｍｌ"), "coca cola 330ml");
        assert_eq!(grams("ＡＢ"), grams("ab"));
    }

    #[test]
    fn a_character_alone_is_looked_up_as_the_beginning_of_a_pair() {
        assert_eq!(needles("井"), [Needle::Beginning("井".to_owned())]);
        assert_eq!(needles("龙井茶"), ["龙井", "井茶"].map(|pair| Needle::Pair(pair.to_owned())));
    }

    #[test]
    fn a_word_with_punctuation_has_a_run_for_each_part_and_keeps_its_code() {
        let word = word("coca-cola");
        assert_eq!(
            (word.code.as_str(), word.runs.as_slice()),
            ("COCA-COLA", &["coca".to_owned(), "cola".to_owned()][..])
        );
        assert!(word.is_in(&[folded("Cola, Coca")]) && !word.is_in(&[folded("Coca")]));
    }

    #[test]
    fn what_cannot_be_searched_for_says_why_and_the_most_that_can_be_is_taken() {
        assert_eq!(Query::parse(" -- ，。 "), Err(Unsearchable::Nothing));
        assert_eq!(Query::parse(""), Err(Unsearchable::Nothing));
        assert_eq!(Query::parse(&"茶".repeat(101)), Err(Unsearchable::TooLong));
        assert!(Query::parse(&"茶".repeat(100)).is_ok());
        assert_eq!(Query::parse("a b c d e f g h i"), Err(Unsearchable::TooManyWords));
        assert_eq!(Query::parse("a b c d e f g h").unwrap().words.len(), 8);
    }

    proptest! {
        /// Whoever searches for a part of a name finds it: the look-up misses no name that holds the word.
        #[test]
        fn every_needle_of_a_part_is_among_the_grams_of_the_whole(name in "[a-zA-Z0-9龙井茶湖 ＡＢ-]{1,12}", from in 0_usize..12, len in 1_usize..6) {
            let part: String = folded(&name).chars().skip(from).take(len).collect();
            let Ok(query) = Query::parse(&part) else { return Ok(()) };
            let grams = grams(&name);
            for needle in query.words.iter().flat_map(|word| &word.runs).flat_map(|run| needles(run)) {
                let is_there = match &needle {
                    Needle::Pair(pair) => grams.contains(pair),
                    Needle::Beginning(first) => grams.iter().any(|gram| gram.starts_with(first.as_str())),
                };
                prop_assert!(is_there, "{needle:?} of {part:?} in {grams:?}");
            }
        }
    }
}
