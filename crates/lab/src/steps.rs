//! The steps of a verdict, as data; the words are made only when somebody reads them.

use crate::criterion::{Criterion, MicroPlan, Origin, Rule};
use crate::reported::Measured;
use hege_core::units::Unit;
use rust_decimal::Decimal;

/// One step that a person can repeat on paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Which criterion, of which standard.
    Criterion(Box<Criterion>),
    /// What was reported, as read.
    Reported(Measured),
    /// A value in the criterion's unit.
    Converted {
        /// As reported.
        from: (Decimal, Unit),
        /// In the criterion's unit.
        to: (Decimal, Unit),
    },
    /// A value rounded by GB/T 8170 before it is compared.
    Rounded {
        /// As reported.
        from: Decimal,
        /// As compared.
        to: Decimal,
        /// The interval.
        interval: Decimal,
    },
    /// A value on dry matter: value x 100 / (100 - moisture), compared without dividing.
    Dry {
        /// As measured.
        value: Decimal,
        /// Percent of water.
        moisture: Decimal,
    },
    /// `left sign right` holds or does not.
    Compared {
        /// The value.
        left: Decimal,
        /// `<=`, `>=`, `<` or `>`.
        sign: &'static str,
        /// The limit.
        right: Decimal,
        /// Whether it holds.
        holds: bool,
    },
    /// A microbiological plan counted.
    Counted {
        /// The plan.
        plan: MicroPlan,
        /// Units above `m`: surely, and possibly (censored counts).
        marginal: (u32, u32),
        /// Units above `M`: surely, and possibly.
        unacceptable: (u32, u32),
    },
    /// A ratio sum as an exact fraction: numerator over denominator, against the total.
    Summed {
        /// Numerator.
        numerator: Decimal,
        /// Denominator.
        denominator: Decimal,
        /// The largest sum.
        total: Decimal,
    },
    /// The total satisfies the species' limit, so that the species need not be tested.
    TotalSuffices,
    /// A text was compared.
    Text {
        /// Whether it is the required one.
        equal: bool,
    },
}

impl Step {
    /// In Chinese.
    #[must_use]
    pub fn zh(&self) -> String {
        match self {
            Self::Criterion(criterion) => basis(criterion, "zh"),
            Self::Reported(measured) => format!("检验结果：{}", measured_zh(measured)),
            Self::Converted { from, to } => {
                format!("单位换算：{} {} = {} {}", from.0, from.1, to.0, to.1)
            }
            Self::Rounded { from, to, interval } => {
                format!("按 GB/T 8170 修约（间隔 {interval}）：{from} → {to}")
            }
            Self::Dry { value, moisture } => {
                format!("以干基计：{value} × 100 ÷ (100 − {moisture})")
            }
            Self::Compared { left, sign, right, holds } => {
                format!("比较：{left} {sign} {right} {}", if *holds { "成立" } else { "不成立" })
            }
            Self::Counted { plan, marginal, unacceptable } => format!(
                "n={}，超过 m={} 的 {} 份（允许 c={}），超过 M 的 {} 份",
                plan.n,
                plan.m,
                span(*marginal),
                plan.c,
                span(*unacceptable)
            ),
            Self::Summed { numerator, denominator, total } => {
                format!("比例之和 {numerator}/{denominator}，不得超过 {total}")
            }
            Self::TotalSuffices => "总量不超过其形态限量，不必再测形态".to_owned(),
            Self::Text { equal } => format!("与规定文字{}", if *equal { "一致" } else { "不一致" }),
        }
    }

    /// In English.
    #[must_use]
    pub fn en(&self) -> String {
        match self {
            Self::Criterion(criterion) => basis(criterion, "en"),
            Self::Reported(measured) => format!("reported: {}", measured_en(measured)),
            Self::Converted { from, to } => {
                format!("converted: {} {} = {} {}", from.0, from.1, to.0, to.1)
            }
            Self::Rounded { from, to, interval } => {
                format!("rounded by GB/T 8170 to {interval}: {from} -> {to}")
            }
            Self::Dry { value, moisture } => {
                format!("on dry matter: {value} x 100 / (100 - {moisture})")
            }
            Self::Compared { left, sign, right, holds } => {
                format!("{left} {sign} {right} {}", if *holds { "holds" } else { "does not hold" })
            }
            Self::Counted { plan, marginal, unacceptable } => format!(
                "n={}, above m={}: {} (c={}), above M: {}",
                plan.n,
                plan.m,
                span(*marginal),
                plan.c,
                span(*unacceptable)
            ),
            Self::Summed { numerator, denominator, total } => {
                format!("sum of ratios {numerator}/{denominator}, at most {total}")
            }
            Self::TotalSuffices => "the total satisfies the limit of its species".to_owned(),
            Self::Text { equal } => format!("the text is {}the required one", if *equal { "" } else { "not " }),
        }
    }
}

fn span((surely, possibly): (u32, u32)) -> String {
    if surely == possibly { surely.to_string() } else { format!("{surely}~{possibly}") }
}

fn measured_zh(measured: &Measured) -> String {
    match measured {
        Measured::NotDetected(_) => "未检出".to_owned(),
        Measured::BelowLoq => "低于定量限".to_owned(),
        Measured::Detected => "检出".to_owned(),
        other => measured_en(other),
    }
}

fn measured_en(measured: &Measured) -> String {
    match measured {
        Measured::Number(value) => value.to_string(),
        Measured::Below(value) => format!("<{value}"),
        Measured::Above(value) => format!(">{value}"),
        Measured::NotDetected(_) => "not detected".to_owned(),
        Measured::BelowLoq => "below the limit of quantification".to_owned(),
        Measured::Detected => "detected".to_owned(),
    }
}

fn basis(criterion: &Criterion, language: &str) -> String {
    let basis = &criterion.basis;
    let clause = basis.clause.as_deref().map(|clause| format!(" {clause}")).unwrap_or_default();
    let day = |date: Option<jiff::civil::Date>| date.map(|date| date.to_string()).unwrap_or_default();
    let validity = match (basis.valid_from, basis.valid_to) {
        (None, None) => String::new(),
        (from, to) => format!(" [{}~{}]", day(from), day(to)),
    };
    let unit = criterion.unit.map(|unit| format!(" {unit}")).unwrap_or_default();
    let (name, origin) = match (language, basis.origin) {
        ("zh", Origin::Catalogue) => ("判定依据", "限量库"),
        ("zh", Origin::Declared) => ("判定依据", "明示标准"),
        ("zh", Origin::Laboratory) => ("判定依据", "检验机构给出"),
        (_, Origin::Catalogue) => ("criterion", "catalogue"),
        (_, Origin::Declared) => ("criterion", "declared standard"),
        (_, Origin::Laboratory) => ("criterion", "stated by the laboratory"),
    };
    format!(
        "{name}: {}{clause}{validity}, {}{unit} ({origin})",
        basis.standard,
        rule(&criterion.rule, language == "zh")
    )
}

fn rule(rule: &Rule, zh: bool) -> String {
    let missing = if zh { "未填" } else { "missing" };
    match rule {
        Rule::Max(limit) => format!("≤{limit}"),
        Rule::Min(limit) => format!("≥{limit}"),
        Rule::Range { low, high } => format!("{low}~{high}"),
        Rule::NotDetected { .. } => if zh { "不得检出" } else { "not detected" }.to_owned(),
        Rule::NotUsed { .. } => if zh { "不得使用" } else { "not to be used" }.to_owned(),
        Rule::Micro(plan) => {
            let upper = plan.upper.map(|upper| format!(", M={upper}")).unwrap_or_default();
            format!("n={}, c={}, m={}{upper}", plan.n, plan.c, plan.m)
        }
        Rule::Declared { declared, tolerance } => {
            format!("{}±{tolerance}", declared.map_or(missing.to_owned(), |value| value.to_string()))
        }
        Rule::RatioSum { total, .. } => format!("Σ≤{total}"),
        Rule::Qualitative { required } => required.clone(),
    }
}
