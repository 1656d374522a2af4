//! Names that lead to codes: of food classes with their tree, and of analytes.

use hege_core::units::fold;
use hege_core::{Problem, Problems};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

/// A food class as it is listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoodClass {
    /// Its code.
    pub code: String,
    /// Code of the class above it; empty at the top.
    pub parent: String,
    /// Its Chinese name.
    pub zh: String,
}

/// An analyte as it is listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Analyte {
    /// Its code.
    pub code: String,
    /// Its Chinese name.
    pub zh: String,
    /// Its English name.
    pub en: String,
    /// A finding alerts by itself: its use in food is forbidden.
    pub banned: bool,
    /// A finding alerts by itself: it makes people ill.
    pub pathogen: bool,
}

/// Things by code, and the folded names that lead to the codes.
#[derive(Debug, Clone)]
struct Names<T> {
    things: BTreeMap<String, T>,
    names: BTreeMap<String, String>,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self { things: BTreeMap::new(), names: BTreeMap::new() }
    }
}

impl<T> Names<T> {
    fn thing(&mut self, code: &str, thing: T, (list, problems): (&str, &mut Problems)) {
        let pointer = pointer(&[list, code, "code"]);
        problems
            .check(!code.is_empty(), || Problem::new(pointer.clone(), "missing", "缺少代码", "the code is missing"));
        let twice = self.things.insert(code.to_owned(), thing).is_some();
        problems.check(!twice, || Problem::new(pointer, "twice", "代码重复", "the code stands twice"));
    }

    /// A name that leads to one code only, and to one that is there.
    fn name(&mut self, name: &str, code: &str, (list, problems): (&str, &mut Problems)) {
        let at = || pointer(&[list, name]);
        problems.check(!fold(name).is_empty(), || Problem::new(at(), "missing", "缺少名称", "the name is missing"));
        problems.check(self.things.contains_key(code), || {
            Problem::new(
                at(),
                "unknown",
                format!("指向未知代码 {code}"),
                format!("leads to {code}, which is not known"),
            )
        });
        let other = self.names.insert(fold(name), code.to_owned()).filter(|other| other != code);
        // A name may be another thing's code as little as another thing's name.
        let other =
            other.or_else(|| self.things.contains_key(name).then(|| name.to_owned()).filter(|other| other != code));
        if let Some(other) = other {
            let (zh, en) = (format!("同时指向 {other} 与 {code}"), format!("leads to both {other} and {code}"));
            problems.push(Problem::new(at(), "two_meanings", zh, en));
        }
    }

    fn resolve(&self, text: &str) -> Option<&str> {
        let code = self.things.get_key_value(text).map(|(code, _)| code);
        let named = || self.names.get(text).or_else(|| self.names.get(&fold(text)));
        code.or_else(named).map(String::as_str)
    }

    /// The further names of a code, folded.
    fn names_of<'a>(&'a self, code: &'a str) -> impl Iterator<Item = &'a str> {
        self.names.iter().filter(move |(_, of)| *of == code).map(|(name, _)| name.as_str())
    }

    /// Things whose code or a name of which has this text in it, in the order of the codes.
    fn holding(&self, text: &str) -> Vec<&T> {
        let text = fold(text);
        let holds = |code: &str| code.contains(&text) || self.names_of(code).any(|name| name.contains(&text));
        self.things.iter().filter(|(code, _)| holds(code)).map(|(_, thing)| thing).collect()
    }

    /// Codes and names that are most like a text, the likest first: at most `most`, and none that shares too little with it.
    fn near(&self, text: &str, most: usize) -> Vec<String> {
        let asked = pairs(&fold(text));
        let known = self.names.keys().chain(self.things.keys());
        let mut likest: Vec<(u64, &String)> = known
            .filter_map(|name| {
                let own = pairs(name);
                let shared = u64::try_from(own.iter().filter(|pair| asked.contains(*pair)).count()).ok()?;
                let of = u64::try_from(own.len() + asked.len()).ok()?;
                // Dice's coefficient in thousandths.
                let likeness = (2_000 * shared).checked_div(of)?;
                (likeness >= NEAR).then_some((likeness, name))
            })
            .collect();
        likest.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
        likest.into_iter().take(most).map(|(_, name)| name.clone()).collect()
    }

    /// Things whose code or a name of which begins so, in the order of the names, each once.
    fn starting(&self, prefix: &str, most: usize) -> Vec<&T> {
        let prefix = fold(prefix);
        let from = (Bound::Included(prefix.as_str()), Bound::Unbounded);
        let named = self.names.range::<str, _>(from).take_while(|(name, _)| name.starts_with(&prefix));
        let coded = self.things.range::<str, _>(from).take_while(|(code, _)| code.starts_with(&prefix));
        let mut codes: Vec<&str> = Vec::new();
        for code in coded.map(|(code, _)| code.as_str()).chain(named.map(|(_, code)| code.as_str())) {
            if codes.len() < most && !codes.contains(&code) {
                codes.push(code);
            }
        }
        codes.into_iter().filter_map(|code| self.things.get(code)).collect()
    }
}

/// From which likeness on two names are near, in thousandths.
const NEAR: u64 = 400;

/// The pairs of neighbours in a text, its ends included, so that a text of one character has some too.
fn pairs(text: &str) -> BTreeSet<(char, char)> {
    let before = std::iter::once('^').chain(text.chars());
    before.zip(text.chars().chain(std::iter::once('$'))).collect()
}

/// Food classes with their tree and names.
#[derive(Debug, Clone, Default)]
pub struct FoodTree(Names<FoodClass>);

impl FoodTree {
    /// Builds the tree. `synonyms` are further names, each with the code of its class.
    ///
    /// # Errors
    /// At `/food_classes/{code}` and `/food_synonyms/{name}`: a code or name that stands twice for different classes, a parent
    /// or class that is not there, a class above itself.
    pub fn build(classes: &[FoodClass], synonyms: &[(String, String)]) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let mut names = Names::default();
        for class in classes {
            names.thing(&class.code, class.clone(), ("food_classes", &mut problems));
        }
        for class in classes {
            names.name(&class.zh, &class.code, ("food_classes", &mut problems));
        }
        for (name, code) in synonyms {
            names.name(name, code, ("food_synonyms", &mut problems));
        }
        let tree = Self(names);
        for class in classes {
            let at = || pointer(&["food_classes", &class.code, "parent"]);
            let known = class.parent.is_empty() || tree.0.things.contains_key(&class.parent);
            problems.check(known, || Problem::new(at(), "unknown", "上级类别未知", "the parent is not known"));
            // A path longer than there are classes comes back to itself.
            let endless = tree.path(&class.code).nth(classes.len()).is_some();
            problems.check(!endless, || Problem::new(at(), "cycle", "类别互为上级", "the class stands above itself"));
        }
        problems.into_result(tree)
    }

    /// The code of a class, by its code or a name.
    #[must_use]
    pub fn resolve(&self, text: &str) -> Option<&str> {
        self.0.resolve(text)
    }

    /// A class by its code.
    #[must_use]
    pub fn class(&self, code: &str) -> Option<&FoodClass> {
        self.0.things.get(code)
    }

    /// At most `most` classes whose code or a name of which begins with `prefix`.
    #[must_use]
    pub fn starting(&self, prefix: &str, most: usize) -> Vec<&FoodClass> {
        self.0.starting(prefix, most)
    }

    /// The further names of a class, folded.
    pub fn names_of<'a>(&'a self, code: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.names_of(code)
    }

    /// Every class whose code or a name of which has `text` in it, in the order of the codes: all for an empty text.
    #[must_use]
    pub fn holding(&self, text: &str) -> Vec<&FoodClass> {
        self.0.holding(text)
    }

    /// At most `most` known codes and names that are like a text that leads nowhere, the likest first.
    #[must_use]
    pub fn near(&self, text: &str, most: usize) -> Vec<String> {
        self.0.near(text, most)
    }

    /// The class and those above it, most specific first.
    pub fn path<'a>(&'a self, code: &'a str) -> impl Iterator<Item = &'a str> {
        let above = |code: &&'a str| self.class(&self.class(code)?.parent).map(|class| class.code.as_str());
        std::iter::successors(Some(code), above)
    }
}

/// Analytes with their names.
#[derive(Debug, Clone, Default)]
pub struct Analytes(Names<Analyte>);

impl Analytes {
    /// Builds the list; `synonyms` are further names, each with the code of its analyte.
    ///
    /// # Errors
    /// At `/analytes/{code}` and `/analyte_synonyms/{name}`: a code or name that stands twice for different analytes, a synonym
    /// of an analyte that is not there.
    pub fn build(analytes: &[Analyte], synonyms: &[(String, String)]) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let mut names = Names::default();
        for analyte in analytes {
            names.thing(&analyte.code, analyte.clone(), ("analytes", &mut problems));
        }
        for analyte in analytes {
            names.name(&analyte.zh, &analyte.code, ("analytes", &mut problems));
            names.name(&analyte.en, &analyte.code, ("analytes", &mut problems));
        }
        for (name, code) in synonyms {
            names.name(name, code, ("analyte_synonyms", &mut problems));
        }
        problems.into_result(Self(names))
    }

    /// The code of an analyte, by its code or a name.
    #[must_use]
    pub fn resolve(&self, text: &str) -> Option<&str> {
        self.0.resolve(text)
    }

    /// An analyte by its code.
    #[must_use]
    pub fn get(&self, code: &str) -> Option<&Analyte> {
        self.0.things.get(code)
    }

    /// At most `most` analytes whose code or a name of which begins with `prefix`.
    #[must_use]
    pub fn starting(&self, prefix: &str, most: usize) -> Vec<&Analyte> {
        self.0.starting(prefix, most)
    }

    /// The further names of a analyte, folded.
    pub fn names_of<'a>(&'a self, code: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.names_of(code)
    }

    /// Every analyte whose code or a name of which has `text` in it, in the order of the codes: all for an empty text.
    #[must_use]
    pub fn holding(&self, text: &str) -> Vec<&Analyte> {
        self.0.holding(text)
    }

    /// At most `most` known codes and names that are like a text that leads nowhere, the likest first.
    #[must_use]
    pub fn near(&self, text: &str, most: usize) -> Vec<String> {
        self.0.near(text, most)
    }
}

/// A JSON pointer of its parts (RFC 6901, 3).
pub(super) fn pointer(parts: &[&str]) -> String {
    parts.iter().map(|part| format!("/{}", part.replace('~', "~0").replace('/', "~1"))).collect()
}
