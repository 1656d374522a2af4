//! One result against one criterion. Fails closed: what is not sure is `not_judgeable` with its reason.

use crate::criterion::{Compare, Criterion, Matter, Rule};
use crate::quantity::{Interval, Quantity, product, sum};
use crate::reported::Measured;
use crate::rounding::round;
use crate::several::{micro, ratio_sum};
use crate::steps::Step;
use crate::verdict::{ItemVerdict, Reason};
use crate::written::{given, number};
use hege_core::decimal;
use hege_core::units::{Unit, fold};
use rust_decimal::Decimal;
use std::sync::Arc;

/// What the laboratory entered for an item, as typed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Entry<'a> {
    /// The result.
    pub result: &'a str,
    /// Its unit, when stated apart.
    pub unit: Option<&'a str>,
    /// The limit of detection of the laboratory's method.
    pub lod: Option<&'a str>,
    /// Its limit of quantification.
    pub loq: Option<&'a str>,
    /// The unit of `lod` and `loq`; that of the result when none.
    pub lod_unit: Option<&'a str>,
    /// Percent of water in the sample, for limits on dry matter and on the fresh food.
    pub moisture: Option<&'a str>,
    /// Percent of water in the fresh food that a dried sample was made of.
    pub fresh_moisture: Option<&'a str>,
    /// 脱水率: percent of the fresh food's mass that was lost in drying; goes before the two moistures.
    pub dehydration: Option<&'a str>,
    /// The total, for a criterion of a species that a total may satisfy, in the result's unit.
    pub total: Option<&'a str>,
    /// 标签明示值, in the criterion's unit.
    pub declared: Option<&'a str>,
}

/// A verdict with its reason and the steps that lead to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: ItemVerdict,
    /// Why.
    pub reason: Reason,
    /// How, step by step.
    pub steps: Vec<Step>,
}

impl Judgement {
    /// Not judgeable for a reason.
    #[must_use]
    pub const fn refused(reason: Reason) -> Self {
        Self { verdict: ItemVerdict::NotJudgeable, reason, steps: Vec::new() }
    }

    /// The criteria it was made by: one, or the national one and that of the declared standard.
    pub fn criteria(&self) -> impl Iterator<Item = &Criterion> {
        self.steps
            .iter()
            .filter_map(|step| if let Step::Criterion(criterion) = step { Some(&**criterion) } else { None })
    }
}

/// Judges an entry. Both a national and a declared standard may apply: judge each and take [`stricter`].
#[must_use]
pub fn judge(entry: &Entry<'_>, criterion: &Arc<Criterion>) -> Judgement {
    let mut steps = Vec::with_capacity(4);
    steps.push(Step::Criterion(Arc::clone(criterion)));
    // Where the species was measured too, its value decides: a total cannot excuse it.
    let by_total = criterion.total_suffices && entry.result.trim().is_empty();
    let outcome = if by_total && total_conforms(entry, criterion, &mut steps) {
        Ok((ItemVerdict::Conforming, Reason::WithinLimit))
    } else {
        decide(entry, criterion, &mut steps)
    };
    let (verdict, reason) = outcome.unwrap_or_else(|reason| (ItemVerdict::NotJudgeable, reason));
    Judgement { verdict, reason, steps }
}

/// The worse of two judgements of one item, with the steps of both: nonconforming under either is nonconforming, and not
/// judgeable under either holds back a conforming one.
#[must_use]
pub fn stricter(national: Judgement, declared: Judgement) -> Judgement {
    let rank = |judgement: &Judgement| match judgement.verdict {
        ItemVerdict::Nonconforming => 2,
        ItemVerdict::NotJudgeable => 1,
        ItemVerdict::Conforming => 0,
    };
    let worse = if rank(&declared) > rank(&national) { &declared } else { &national };
    let (verdict, reason) = (worse.verdict, worse.reason);
    let mut steps = national.steps;
    steps.extend(declared.steps);
    Judgement { verdict, reason, steps }
}

pub(crate) type Decision = Result<(ItemVerdict, Reason), Reason>;

fn total_conforms(entry: &Entry<'_>, criterion: &Criterion, steps: &mut Vec<Step>) -> bool {
    let Some(total) = given(entry.total) else {
        return false;
    };
    let of_total = Entry { result: total, ..*entry };
    let mut own = Vec::new();
    let conforms = matches!(decide(&of_total, criterion, &mut own), Ok((ItemVerdict::Conforming, _)));
    if conforms {
        steps.append(&mut own);
        steps.push(Step::TotalSuffices);
    }
    conforms
}

fn decide(entry: &Entry<'_>, criterion: &Criterion, steps: &mut Vec<Step>) -> Decision {
    match &criterion.rule {
        Rule::Qualitative { required } => qualitative(entry.result, required, steps),
        Rule::Micro(plan) => micro(entry, (plan, criterion.unit), steps),
        Rule::RatioSum { maxima, total } => ratio_sum(entry, (maxima, *total, criterion.unit), steps),
        Rule::NotDetected { required_lod } | Rule::NotUsed { required_lod } => {
            let quantity = Quantity::read(entry, criterion.unit, steps)?;
            // What is looked for in a portion (/25g, /50cm2) is found or not; it has no limit of detection.
            let in_portion = criterion.unit.is_some_and(Unit::is_portion);
            not_detected(&quantity, (*required_lod, in_portion), steps)
        }
        Rule::Max(limit) => bounded(entry, criterion, (None, Some(*limit)), steps),
        Rule::Min(limit) => bounded(entry, criterion, (Some(*limit), None), steps),
        Rule::Range { low, high } => bounded(entry, criterion, (Some(*low), Some(*high)), steps),
        Rule::Declared { tolerance } => {
            let declared = given(entry.declared).and_then(number).ok_or(Reason::DeclaredMissing)?;
            if *tolerance < Decimal::ZERO {
                return Err(Reason::BadCriterion);
            }
            steps.push(Step::Declared { declared, tolerance: *tolerance });
            let bounds = (Some(sum(declared, -*tolerance)?), Some(sum(declared, *tolerance)?));
            bounded(entry, criterion, bounds, steps)
        }
    }
}

type Bounds = (Option<Decimal>, Option<Decimal>);

fn bounded(entry: &Entry<'_>, criterion: &Criterion, bounds: Bounds, steps: &mut Vec<Step>) -> Decision {
    let mut quantity = Quantity::read(entry, criterion.unit, steps)?;
    // The value as reported is held against its own limit of detection, before any rounding.
    let mut interval = quantity.interval()?;
    if let (Compare::Rounded(to), Measured::Number(value)) = (criterion.compare, quantity.measured) {
        let limit = bounds.1.or(bounds.0).ok_or(Reason::BadCriterion)?;
        let to = to.unwrap_or_else(|| decimal::last_digit(limit));
        let rounded = round(value, to).ok_or(Reason::BadCriterion)?;
        steps.push(Step::Rounded { from: value, to: rounded, interval: to });
        quantity = Quantity { measured: Measured::Number(rounded), lod: None, loq: None };
        interval = quantity.interval()?;
    }
    let settled = criterion.matter == Matter::AsIs
        // What is within the fresh food's limit even after drying needs no conversion (GB 2762, 3.5).
        || (criterion.matter == Matter::Fresh && within(&interval, bounds) == Some(true) && bounds.0.is_none());
    if settled {
        return compared(&interval, bounds, &quantity, steps);
    }
    let (left, right) = factors(criterion.matter, entry)?;
    let value = interval.high.unwrap_or(interval.low);
    steps.push(Step::Referred { matter: criterion.matter, value, left, right });
    let interval = Interval {
        low: product(interval.low, left)?,
        high: interval.high.map(|high| product(high, left)).transpose()?,
        ..interval
    };
    let bound = |bound: Option<Decimal>| bound.map(|bound| product(bound, right)).transpose();
    compared(&interval, (bound(bounds.0)?, bound(bounds.1)?), &quantity, steps)
}

/// By what value and limit are multiplied, so that nothing is divided and nothing rounded: on dry matter value x 100 against
/// limit x (100 - moisture); of the fresh food value x what was left of it in drying against limit x 100.
fn factors(matter: Matter, entry: &Entry<'_>) -> Result<(Decimal, Decimal), Reason> {
    let hundred = Decimal::ONE_HUNDRED;
    let rest = |text: Option<&str>, why| match given(text) {
        None => Ok(None),
        Some(text) => {
            let percent = number(text.trim_end_matches(['%', '％']).trim_end());
            let percent = percent.filter(|percent| *percent >= Decimal::ZERO && *percent < hundred).ok_or(why)?;
            sum(hundred, -percent).map(Some)
        }
    };
    match matter {
        Matter::AsIs => Ok((Decimal::ONE, Decimal::ONE)),
        Matter::Dry => {
            let solids = rest(entry.moisture, Reason::MoistureMissing)?;
            Ok((hundred, solids.ok_or(Reason::MoistureMissing)?))
        }
        Matter::Fresh => {
            let missing = Reason::DryingMissing;
            if let Some(left) = rest(entry.dehydration, missing)? {
                return Ok((left, hundred));
            }
            let (dried, fresh) = (rest(entry.moisture, missing)?, rest(entry.fresh_moisture, missing)?);
            let (dried, fresh) = dried.zip(fresh).ok_or(missing)?;
            if fresh <= dried { Ok((fresh, dried)) } else { Err(missing) }
        }
    }
}

/// Whether all of an interval lies within bounds, or none of it; none when neither is sure.
fn within(interval: &Interval, (low, high): Bounds) -> Option<bool> {
    let conforms =
        low.is_none_or(|limit| interval.all_at_least(limit)) && high.is_none_or(|limit| interval.all_at_most(limit));
    let fails =
        low.is_some_and(|limit| interval.all_below(limit)) || high.is_some_and(|limit| interval.all_above(limit));
    if conforms { Some(true) } else { fails.then_some(false) }
}

fn compared(interval: &Interval, bounds: Bounds, quantity: &Quantity, steps: &mut Vec<Step>) -> Decision {
    let top = interval.high.unwrap_or(interval.low);
    if let Some(right) = bounds.0 {
        steps.push(Step::Compared { left: interval.low, sign: ">=", right, holds: interval.low >= right });
    }
    if let Some(right) = bounds.1 {
        let holds = interval.all_at_most(right);
        steps.push(Step::Compared { left: top, sign: "<=", right, holds });
    }
    match within(interval, bounds) {
        Some(true) => Ok((ItemVerdict::Conforming, Reason::WithinLimit)),
        Some(false) => Ok((ItemVerdict::Nonconforming, Reason::BeyondLimit)),
        None if matches!(quantity.measured, Measured::NotDetected(_)) => Err(Reason::LodAboveLimit),
        None => Err(Reason::Undecided),
    }
}

/// Not detected by a method that sees enough. A value from the limit of detection up is a finding, but one that is not sure
/// to be quantified (below the limit of quantification) is a trace and goes to a person (docs/DOMAIN.md 3.4).
fn not_detected(
    quantity: &Quantity,
    (required, in_portion): (Option<Decimal>, bool),
    steps: &mut Vec<Step>,
) -> Decision {
    let mut seen = |lod: Option<Decimal>| {
        if let Some((left, right)) = lod.zip(required) {
            steps.push(Step::Compared { left, sign: "<=", right, holds: left <= right });
        }
        match (lod, required) {
            (Some(lod), Some(required)) if lod > required => Err(Reason::LodAboveRequired),
            (None, _) if !in_portion => Err(Reason::LodMissing),
            _ => Ok((ItemVerdict::Conforming, Reason::NotDetected)),
        }
    };
    match quantity.measured {
        Measured::NotDetected(_) => seen(quantity.own_lod()),
        // `<x` is not detected when x is the limit of detection itself, or lies below it.
        Measured::Below(value) => match (quantity.lod, quantity.loq) {
            (Some(lod), _) if value > lod => Err(Reason::Trace),
            (None, Some(loq)) if value >= loq => Err(Reason::Trace),
            (lod, _) => seen(lod.or(Some(value))),
        },
        Measured::Number(value) if quantity.lod.is_some_and(|lod| value < lod) => Err(Reason::BelowOwnLod),
        Measured::Number(value) if value < Decimal::ZERO => Err(Reason::NotAValue),
        // With a limit of detection a zero lies below it.
        Measured::Number(value) if value.is_zero() => seen(None),
        Measured::Number(value) if quantity.loq.is_some_and(|loq| value < loq) => Err(Reason::Trace),
        Measured::Number(_) | Measured::Above(_) | Measured::Detected => {
            Ok((ItemVerdict::Nonconforming, Reason::Detected))
        }
        Measured::BelowLoq => Err(Reason::Trace),
    }
}

fn qualitative(result: &str, required: &str, steps: &mut Vec<Step>) -> Decision {
    let (result, required) = (fold(result), fold(required));
    if result.is_empty() {
        return Err(Reason::Empty);
    }
    if required.is_empty() {
        return Err(Reason::BadCriterion);
    }
    // Equal, never "contains": 不符合 contains 符合. Only the plain denial is a failure; any other text is a person's to read.
    let equal = result == required;
    steps.push(Step::Text { equal });
    if equal {
        Ok((ItemVerdict::Conforming, Reason::WithinLimit))
    } else if result.strip_prefix('不') == Some(&required) {
        Ok((ItemVerdict::Nonconforming, Reason::BeyondLimit))
    } else {
        Err(Reason::NotAValue)
    }
}
