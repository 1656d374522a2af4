//! 限量: what an item is held against, and the dated law it rests on.

use hege_core::units::Unit;
use hege_core::words;
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
    /// What the limit refers to.
    pub matter: Matter,
    /// True for a limit of a species (methylmercury, inorganic arsenic) that a total at or below it already satisfies
    /// (GB 2762, notes to the tables of mercury and arsenic).
    pub total_suffices: bool,
    /// The dated law.
    pub basis: Basis,
}

words! {
    /// The nine kinds of criterion (docs/DOMAIN.md 3.3).
    pub enum Kind {
        Max = "max", "最大限量", "maximum";
        Min = "min", "最小限量", "minimum";
        Range = "range", "范围", "range";
        NotDetected = "not_detected", "不得检出", "not detected";
        NotUsed = "not_used", "不得使用", "not to be used";
        Micro = "micro", "微生物采样方案", "microbiological plan";
        Declared = "declared", "标签明示值", "declared value";
        RatioSum = "ratio_sum", "比例之和", "sum of ratios";
        Qualitative = "qualitative", "定性", "qualitative";
    }
}

/// What a value must satisfy, by [`Kind`].
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
    /// The value declared on the label, within a tolerance. The label's value is entered with the result.
    Declared {
        /// The largest difference allowed, included.
        tolerance: Decimal,
    },
    /// The sum of each part's share of its own maximum (GB 2760, A.2).
    RatioSum {
        /// The parts' maxima, in the order of the parts; empty where they are the parts' own in the catalogue.
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

impl Rule {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Max(_) => Kind::Max,
            Self::Min(_) => Kind::Min,
            Self::Range { .. } => Kind::Range,
            Self::NotDetected { .. } => Kind::NotDetected,
            Self::NotUsed { .. } => Kind::NotUsed,
            Self::Micro(_) => Kind::Micro,
            Self::Declared { .. } => Kind::Declared,
            Self::RatioSum { .. } => Kind::RatioSum,
            Self::Qualitative { .. } => Kind::Qualitative,
        }
    }
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

words! {
    /// What a limit refers to.
    pub enum Matter {
        /// The sample as it is.
        AsIs = "as_is", "以样品计", "as it is";
        /// Dry matter: the value as measured is divided by what remains without water.
        Dry = "dry", "以干基计", "on dry matter";
        /// The fresh food, of which the sample is the dried one (GB 2762, 3.5).
        Fresh = "fresh", "以鲜品计", "as fresh food";
    }
}

/// 判定依据.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basis {
    /// The row of the catalogue; none for a criterion that the laboratory states.
    pub row: Option<String>,
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

impl Basis {
    /// True when the criterion applies to a deciding date; both ends are included.
    #[must_use]
    pub fn in_force(&self, on: Date) -> bool {
        self.valid_from.is_none_or(|from| from <= on) && self.valid_to.is_none_or(|to| on <= to)
    }
}

words! {
    /// Where a criterion comes from.
    pub enum Origin {
        /// The catalogue of limits.
        Catalogue = "catalogue", "限量库", "catalogue";
        /// The standard that the product declares.
        Declared = "declared", "明示标准", "declared standard";
        /// Stated by the laboratory for this product, with its basis, and confirmed by a second person.
        Laboratory = "laboratory", "检验机构给出", "stated by the laboratory";
    }
}
