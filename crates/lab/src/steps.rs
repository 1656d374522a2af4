//! The steps of a verdict, as data; the words are made only when somebody reads them.

use crate::criterion::{Criterion, Matter, MicroPlan, Rule};
use crate::reported::Measured;
use hege_core::units::Unit;
use rust_decimal::Decimal;
use std::fmt::{self, Write};
use std::sync::Arc;

/// One step that a person can repeat on paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Which criterion, of which standard.
    Criterion(Arc<Criterion>),
    /// A field of the criterion that is missing or cannot be read, by its name.
    Field(&'static str),
    /// The row of the catalogue that would decide, and that nobody has verified or accepted.
    Unverified(Arc<Criterion>),
    /// A food or an analyte that is not known, with known names that are like it.
    NotKnown {
        /// As it was given.
        name: String,
        /// The likest first; empty where nothing is like it.
        near: Vec<String>,
    },
    /// What was reported, as read.
    Reported(Measured),
    /// The limits of detection and quantification in the criterion's unit.
    Detection {
        /// Of detection.
        lod: Option<Decimal>,
        /// Of quantification.
        loq: Option<Decimal>,
        /// Their unit.
        unit: Option<Unit>,
    },
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
    /// A value referred to dry matter or to the fresh food: value x left / right, compared without dividing.
    Referred {
        /// To what.
        matter: Matter,
        /// As measured.
        value: Decimal,
        /// By what the value is multiplied.
        left: Decimal,
        /// By what the limit is multiplied.
        right: Decimal,
    },
    /// The label's value and its tolerance.
    Declared {
        /// As declared.
        declared: Decimal,
        /// The largest difference allowed.
        tolerance: Decimal,
    },
    /// `left sign right` holds or does not.
    Compared {
        /// The value.
        left: Decimal,
        /// `<=` or `>=`.
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

/// In which language a step is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Chinese.
    Zh,
    /// English.
    En,
}

impl Language {
    const fn pick(self, zh: &'static str, en: &'static str) -> &'static str {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }
}

impl Step {
    /// In Chinese.
    #[must_use]
    pub fn zh(&self) -> String {
        self.text(Language::Zh)
    }

    /// In English.
    #[must_use]
    pub fn en(&self) -> String {
        self.text(Language::En)
    }

    fn text(&self, language: Language) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _written = self.write(language, &mut text);
        text
    }

    /// Writes it out.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, language: Language, out: &mut impl Write) -> fmt::Result {
        let pick = |zh, en| language.pick(zh, en);
        match self {
            Self::Criterion(criterion) => basis(criterion, language, out),
            Self::Field(name) => {
                write!(
                    out,
                    "{}{name}",
                    pick("判定依据中缺失或不能识别的字段：", "missing or unreadable in the criterion: ")
                )
            }
            Self::Unverified(criterion) => {
                let row = criterion.basis.row.as_deref().unwrap_or_default();
                write!(out, "{}{row}{}", pick("未经核实的限量：", "not verified: row "), pick("，", ", "))?;
                basis(criterion, language, out)
            }
            Self::NotKnown { name, near } => {
                write!(out, "{}{name}", pick("未知名称：", "not known: "))?;
                let names = near.join(pick("、", ", "));
                if near.is_empty() {
                    Ok(())
                } else {
                    write!(out, "{}{names}", pick("；相近名称：", "; like it: "))
                }
            }
            Self::Reported(measured) => {
                write!(out, "{}{}", pick("检验结果：", "reported: "), InWords(*measured, language))
            }
            Self::Detection { lod, loq, unit } => detection((*lod, *loq, *unit), language, out),
            Self::Converted { from, to } => {
                write!(out, "{}{} {} = {} {}", pick("单位换算：", "converted: "), from.0, from.1, to.0, to.1)
            }
            Self::Rounded { from, to, interval } => match language {
                Language::Zh => write!(out, "按 GB/T 8170 修约（间隔 {interval}）：{from} → {to}"),
                Language::En => write!(out, "rounded by GB/T 8170 to {interval}: {from} -> {to}"),
            },
            Self::Referred { matter, value, left, right } => match language {
                Language::Zh => write!(out, "{}：{value} × {left} ÷ {right}，限量两边同乘", matter.zh()),
                Language::En => write!(out, "{}: {value} x {left} / {right}, compared multiplied", matter.en()),
            },
            Self::Declared { declared, tolerance } => {
                write!(out, "{}{declared} ± {tolerance}", pick("标签明示值：", "declared: "))
            }
            Self::Compared { left, sign, right, holds } => {
                let outcome = if *holds { pick("成立", "holds") } else { pick("不成立", "does not hold") };
                write!(out, "{}{left} {sign} {right} {outcome}", pick("比较：", ""))
            }
            Self::Counted { plan, marginal, unacceptable } => counted((plan, *marginal, *unacceptable), language, out),
            Self::Summed { numerator, denominator, total } => {
                let (sum, at_most) = (pick("比例之和 ", "sum of ratios "), pick("，不得超过 ", ", at most "));
                write!(out, "{sum}{numerator}/{denominator}{at_most}{total}")
            }
            Self::TotalSuffices => out
                .write_str(pick("总量不超过其形态限量，不必再测形态", "the total satisfies the limit of its species")),
            Self::Text { equal: true } => out.write_str(pick("与规定文字一致", "the text is the required one")),
            Self::Text { equal: false } => out.write_str(pick("与规定文字不一致", "the text is not the required one")),
        }
    }
}

fn detection(
    (lod, loq, unit): (Option<Decimal>, Option<Decimal>, Option<Unit>),
    language: Language,
    out: &mut impl Write,
) -> fmt::Result {
    let mut between = "";
    for (value, name) in [(lod, language.pick("检出限：", "LOD: ")), (loq, language.pick("定量限：", "LOQ: "))]
    {
        if let Some(value) = value {
            write!(out, "{between}{name}{value}")?;
            unit.map_or(Ok(()), |unit| write!(out, " {unit}"))?;
            between = language.pick("，", ", ");
        }
    }
    Ok(())
}

fn counted(
    (plan, marginal, unacceptable): (&MicroPlan, (u32, u32), (u32, u32)),
    language: Language,
    out: &mut impl Write,
) -> fmt::Result {
    let (n, c, m) = (plan.n, plan.c, plan.m);
    let (marginal, unacceptable) = (Span(marginal), Span(unacceptable));
    match (language, plan.upper) {
        (Language::Zh, None) => write!(out, "n={n}，超过 m={m} 的 {marginal} 份（允许 c={c}）"),
        (Language::Zh, Some(upper)) => {
            write!(out, "n={n}，超过 m={m} 的 {marginal} 份（允许 c={c}），超过 M={upper} 的 {unacceptable} 份")
        }
        (Language::En, None) => write!(out, "n={n}, above m={m}: {marginal} (c={c})"),
        (Language::En, Some(upper)) => {
            write!(out, "n={n}, above m={m}: {marginal} (c={c}), above M={upper}: {unacceptable}")
        }
    }
}

/// A number that is sure, or from surely to possibly.
struct Span((u32, u32));

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (surely, possibly) = self.0;
        if surely == possibly { write!(f, "{surely}") } else { write!(f, "{surely}~{possibly}") }
    }
}

struct InWords(Measured, Language);

impl fmt::Display for InWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pick = |zh, en| self.1.pick(zh, en);
        match self.0 {
            Measured::Number(value) => write!(f, "{value}"),
            Measured::Below(value) => write!(f, "<{value}"),
            Measured::Above(value) => write!(f, ">{value}"),
            Measured::NotDetected(_) => f.write_str(pick("未检出", "not detected")),
            Measured::BelowLoq => f.write_str(pick("低于定量限", "below the limit of quantification")),
            Measured::Detected => f.write_str(pick("检出", "detected")),
        }
    }
}

fn basis(criterion: &Criterion, language: Language, out: &mut impl Write) -> fmt::Result {
    let basis = &criterion.basis;
    write!(out, "{}{}", language.pick("判定依据: ", "criterion: "), basis.standard)?;
    basis.clause.as_deref().map_or(Ok(()), |clause| write!(out, " {clause}"))?;
    if basis.valid_from.is_some() || basis.valid_to.is_some() {
        out.write_str(" [")?;
        basis.valid_from.map_or(Ok(()), |date| write!(out, "{date}"))?;
        out.write_str("~")?;
        basis.valid_to.map_or(Ok(()), |date| write!(out, "{date}"))?;
        out.write_str("]")?;
    }
    out.write_str(", ")?;
    rule(criterion, language, out)?;
    if criterion.matter != Matter::AsIs {
        write!(out, " {}", language.pick(criterion.matter.zh(), criterion.matter.en()))?;
    }
    write!(out, " ({})", language.pick(basis.origin.zh(), basis.origin.en()))
}

fn rule(criterion: &Criterion, language: Language, out: &mut impl Write) -> fmt::Result {
    match &criterion.rule {
        Rule::Max(limit) => write!(out, "≤{limit}")?,
        Rule::Min(limit) => write!(out, "≥{limit}")?,
        Rule::Range { low, high } => write!(out, "{low}~{high}")?,
        Rule::NotDetected { required_lod } | Rule::NotUsed { required_lod } => {
            let kind = criterion.rule.kind();
            out.write_str(language.pick(kind.zh(), kind.en()))?;
            required_lod.map_or(Ok(()), |lod| write!(out, " {}{lod}", language.pick("检出限≤", "LOD ≤ ")))?;
        }
        Rule::Micro(plan) => {
            write!(out, "n={}, c={}, m={}", plan.n, plan.c, plan.m)?;
            plan.upper.map_or(Ok(()), |upper| write!(out, ", M={upper}"))?;
        }
        Rule::Declared { tolerance } => write!(out, "{} ± {tolerance}", language.pick("明示值", "declared"))?,
        Rule::RatioSum { total, .. } => write!(out, "Σ≤{total}")?,
        Rule::Qualitative { required } => out.write_str(required)?,
    }
    criterion.unit.map_or(Ok(()), |unit| write!(out, " {unit}"))
}
