//! 限量: what an item is held against, and the dated law it rests on.

use hege_core::units::Unit;
use jiff::civil::Date;
use rust_decimal::Decimal;

/// A limit with its unit, its way of comparing and its basis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Criterion {
    /// What the value must satisfy.
    pub rule: Rule,
    /// The limit's unit; none for ratios and texts.
    pub unit: Option<Unit>,
    /// How a value is compared.
    pub compare: Compare,
    /// What the value refers to.
    pub matter: Matter,
    /// True for a limit of a species (methylmercury, inorganic arsenic) that a total at or below it already satisfies
    /// (GB 2762, notes to the tables of mercury and arsenic).
    pub total_suffices: bool,
    /// The dated law.
    pub basis: Basis,
}

/// The nine kinds of criterion (docs/DOMAIN.md 3.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// `value <= limit`.
    Max(Decimal),
    /// `value >= limit`.
    Min(Decimal),
    /// `low <= value <= high`.
    Range {
        /// The lower bound, included.
        low: Decimal,
        /// The upper bound, included.
        high: Decimal,
    },
    /// 不得检出: not detected by a method that sees at least `required_lod`.
    NotDetected {
        /// The largest limit of detection that answers the question, in the criterion's unit.
        required_lod: Option<Decimal>,
    },
    /// 不得使用: judged as not detected; a natural background is a person's decision, not a rule's.
    NotUsed {
        /// As for not detected.
        required_lod: Option<Decimal>,
    },
    /// n, c, m, M of a microbiological plan (GB 29921).
    Micro(MicroPlan),
    /// The value declared on the label, within a tolerance. The limit exists only after the label has been entered.
    Declared {
        /// The declared value.
        declared: Option<Decimal>,
        /// The largest difference allowed, included.
        tolerance: Decimal,
    },
    /// The sum of each part's share of its own maximum (GB 2760, A.2).
    RatioSum {
        /// The parts' maxima, in the order of the parts.
        maxima: Vec<Decimal>,
        /// The largest sum, included: 1.
        total: Decimal,
    },
    /// A text that must be equal (商业无菌: 符合).
    Qualitative {
        /// The required text.
        required: String,
    },
}

/// A sampling plan of `n` units of one batch: none above `upper`, at most `c` above `m`. Two-class when `upper` is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MicroPlan {
    /// How many units.
    pub n: u32,
    /// How many of them may lie above `m`.
    pub c: u32,
    /// Satisfactory up to here, included.
    pub m: Decimal,
    /// Acceptable up to here, included.
    pub upper: Option<Decimal>,
}

/// GB/T 8170-2008, 4.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    /// 全数值比较法, the default.
    Full,
    /// 修约值比较法, only where the standard says so: to this interval, or to the limit's own last digit.
    Rounded(Option<Decimal>),
}

/// What a value refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matter {
    /// The sample as it is.
    AsIs,
    /// Dry matter: the value as measured is divided by what remains without water.
    Dry,
}

/// 判定依据.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basis {
    /// The standard with its edition: `GB 2763-2021`.
    pub standard: String,
    /// The clause or table, where it is known.
    pub clause: Option<String>,
    /// First deciding date it applies to.
    pub valid_from: Option<Date>,
    /// Last deciding date it applies to.
    pub valid_to: Option<Date>,
    /// Where the criterion comes from.
    pub origin: Origin,
}

/// Where a criterion comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The catalogue of limits.
    Catalogue,
    /// The standard that the product declares.
    Declared,
    /// Stated by the laboratory for this product, with its basis, and confirmed by a second person.
    Laboratory,
}
