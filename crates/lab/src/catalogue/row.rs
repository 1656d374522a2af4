//! A row of the catalogue as text.

use crate::criterion::{Basis, Criterion, Origin};
use crate::written::{Written, given};
use jiff::civil::Date;

/// A struct of texts that knows the names of its fields.
macro_rules! row {
    ($($(#[$doc:meta])+ $field:ident,)+) => {
        /// A row of the catalogue as text; an empty field is none.
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub struct Row { $($(#[$doc])+ pub $field: String,)+ }

        impl Row {
            /// The names of its fields.
            pub const FIELDS: &[&str] = &[$(stringify!($field)),+];

            /// The row that `field` gives text for, by name.
            pub fn read<'a>(field: impl Fn(&'static str) -> &'a str) -> Self {
                Self { $($field: field(stringify!($field)).to_owned()),+ }
            }

            /// Its fields by name, in the order of [`Row::FIELDS`].
            pub fn fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
                [$((stringify!($field), self.$field.as_str())),+].into_iter()
            }
        }
    };
}

row! {
    /// Its id: `L018`, with a letter where a row of merged editions was split.
    id,
    /// Code of the food class.
    food_class,
    /// Code of the analyte.
    analyte,
    /// The standard that a product must declare for the row to apply; empty for national limits.
    declared_standard,
    /// Code of a [`crate::criterion::Kind`].
    kind,
    /// The limit, lower bound, required LOD, or required text.
    limit,
    /// Upper bound of a range.
    limit_high,
    /// Tolerance of a declared value.
    tolerance,
    /// Units of a plan.
    n,
    /// Of them, allowed above m.
    c,
    /// m of a plan.
    m,
    /// M of a plan.
    upper,
    /// Unit of the limit.
    unit,
    /// Code of a [`crate::criterion::Matter`].
    matter,
    /// `yes` where a total at or below the limit suffices.
    total_suffices,
    /// The standard with its edition.
    standard,
    /// The clause or table in it, where it is known.
    clause,
    /// First date in force.
    valid_from,
    /// Last date in force; empty while it is.
    valid_to,
    /// How sure the row is: A read in the standard or published three times, B once or twice, C and D general knowledge.
    confidence,
    /// What it rests on.
    evidence,
    /// `yes` when it may judge before an administrator has accepted it.
    verified,
    /// Why it may not.
    unverified_why,
}

impl Row {
    /// The criterion.
    ///
    /// # Errors
    /// The field that is missing or cannot be read.
    pub fn criterion(&self) -> Result<Criterion, &'static str> {
        let date = |text: &str, field| {
            given(Some(text)).map(|text| text.parse::<Date>().map_err(|_bad_date| field)).transpose()
        };
        let valid_from = date(&self.valid_from, "valid_from")?;
        let valid_to = date(&self.valid_to, "valid_to")?;
        if valid_from.zip(valid_to).is_some_and(|(from, to)| to < from) {
            return Err("valid_to");
        }
        let standard = given(Some(&self.standard)).ok_or("standard")?.to_owned();
        if !matches!(self.verified.as_str(), "yes" | "no") {
            return Err("verified");
        }
        let national = given(Some(&self.declared_standard)).is_none();
        let basis = Basis {
            row: Some(self.id.clone()),
            standard,
            clause: given(Some(&self.clause)).map(str::to_owned),
            valid_from,
            valid_to,
            origin: if national { Origin::Catalogue } else { Origin::Declared },
        };
        self.written().criterion(basis)
    }

    fn written(&self) -> Written<'_> {
        let text = |text| given(Some(text));
        Written {
            kind: text(&self.kind),
            limit: text(&self.limit),
            limit_high: text(&self.limit_high),
            tolerance: text(&self.tolerance),
            n: text(&self.n),
            c: text(&self.c),
            m: text(&self.m),
            upper: text(&self.upper),
            unit: text(&self.unit),
            matter: text(&self.matter),
            total_suffices: text(&self.total_suffices),
            compare: None,
        }
    }
}
