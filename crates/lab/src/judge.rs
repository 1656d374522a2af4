//! One result against one criterion. Fails closed: what is not sure is `not_judgeable` with its reason.

use crate::criterion::{Compare, Criterion, Matter, MicroPlan, Rule};
use crate::reported::{Measured, Unreadable, read, read_counts};
use crate::rounding::round;
use crate::steps::Step;
use crate::verdict::{ItemVerdict, Reason};
use hege_core::decimal;
use hege_core::units::{Refusal, Unit, fold};
use rust_decimal::Decimal;

/// What the laboratory entered for an item.
#[derive(Debug, Clone, Copy, Default)]
pub struct Entry<'a> {
    /// The result as typed.
    pub result: &'a str,
    /// Its unit, when stated apart.
    pub unit: Option<&'a str>,
    /// The limit of detection of the laboratory's method.
    pub lod: Option<&'a str>,
    /// The unit of `lod`; that of the result when none.
    pub lod_unit: Option<&'a str>,
    /// Percent of water, for criteria on dry matter.
    pub moisture: Option<Decimal>,
    /// The total, for a criterion of a species that a total may satisfy, in the result's unit.
    pub total: Option<&'a str>,
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
}

/// Judges an entry. Both a national and a declared standard may apply: judge each and take [`stricter`].
#[must_use]
pub fn judge(entry: &Entry<'_>, criterion: &Criterion) -> Judgement {
    let mut steps = vec![Step::Criterion(Box::new(criterion.clone()))];
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

/// The worse of two judgements of one item: nonconforming under either is nonconforming, and not judgeable under either
/// holds back a conforming one.
#[must_use]
pub fn stricter(national: Judgement, declared: Judgement) -> Judgement {
    let rank = |judgement: &Judgement| match judgement.verdict {
        ItemVerdict::Nonconforming => 2,
        ItemVerdict::NotJudgeable => 1,
        ItemVerdict::Conforming => 0,
    };
    if rank(&declared) > rank(&national) { declared } else { national }
}

type Decision = Result<(ItemVerdict, Reason), Reason>;

fn total_conforms(entry: &Entry<'_>, criterion: &Criterion, steps: &mut Vec<Step>) -> bool {
    let Some(total) = entry.total else {
        return false;
    };
    let of_total = Entry { result: total, total: None, ..*entry };
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
            not_detected(&quantity, *required_lod, criterion.unit.is_some_and(Unit::is_portion))
        }
        Rule::Max(limit) => bounded(entry, criterion, (None, Some(*limit)), steps),
        Rule::Min(limit) => bounded(entry, criterion, (Some(*limit), None), steps),
        Rule::Range { low, high } => bounded(entry, criterion, (Some(*low), Some(*high)), steps),
        Rule::Declared { declared, tolerance } => {
            let declared = declared.ok_or(Reason::DeclaredMissing)?;
            if tolerance.is_sign_negative() {
                return Err(Reason::BadCriterion);
            }
            let low = declared.checked_sub(*tolerance).ok_or(Reason::TooManyDigits)?;
            let high = declared.checked_add(*tolerance).ok_or(Reason::TooManyDigits)?;
            bounded(entry, criterion, (Some(low), Some(high)), steps)
        }
    }
}

/// A single value and the laboratory's limit of detection, both in the criterion's unit.
struct Quantity {
    measured: Measured,
    lod: Option<Decimal>,
}

impl Quantity {
    fn read(entry: &Entry<'_>, target: Option<Unit>, steps: &mut Vec<Step>) -> Result<Self, Reason> {
        let reported = read(entry.result).map_err(unreadable)?;
        let unit = one_unit(reported.unit, stated_unit(entry)?)?;
        steps.push(Step::Reported(reported.measured.clone()));
        let lod_unit = match entry.lod_unit.filter(|unit| !unit.trim().is_empty()) {
            Some(text) => Some(Unit::parse(text).ok_or(Reason::LodUnreadable)?),
            None => unit,
        };
        let lod = match entry.lod.filter(|lod| !lod.trim().is_empty()) {
            None => None,
            Some(text) => {
                let lod =
                    decimal::parse(text.trim()).ok().filter(|lod| *lod > Decimal::ZERO).ok_or(Reason::LodUnreadable)?;
                Some(into_unit(lod, lod_unit, target, &mut Vec::new())?)
            }
        };
        let mut convert = |value| into_unit(value, unit, target, steps);
        let measured = match reported.measured {
            Measured::Number(value) => Measured::Number(convert(value)?),
            Measured::Below(value) => Measured::Below(convert(value)?),
            Measured::Above(value) => Measured::Above(convert(value)?),
            Measured::NotDetected(Some(value)) => Measured::NotDetected(Some(convert(value)?)),
            other => other,
        };
        match &measured {
            Measured::Below(value) if *value <= Decimal::ZERO => Err(Reason::NotAValue),
            Measured::NotDetected(Some(lod)) if *lod <= Decimal::ZERO => Err(Reason::LodUnreadable),
            _ => Ok(Self { measured, lod }),
        }
    }

    /// Between which bounds the true value lies: an interval, closed above unless `open`.
    fn interval(&self) -> Result<Interval, Reason> {
        let zero = Decimal::ZERO;
        Ok(match &self.measured {
            Measured::Number(value) => {
                if self.lod.is_some_and(|lod| *value < lod) {
                    return Err(Reason::BelowOwnLod);
                }
                Interval { low: *value, low_open: false, high: Some(*value), high_open: false }
            }
            Measured::Below(value) => Interval { low: zero, low_open: false, high: Some(*value), high_open: true },
            Measured::NotDetected(own) => {
                let lod = own.or(self.lod).ok_or(Reason::LodMissing)?;
                Interval { low: zero, low_open: false, high: Some(lod), high_open: false }
            }
            Measured::BelowLoq => return Err(Reason::Trace),
            Measured::Detected => Interval { low: zero, low_open: true, high: None, high_open: true },
            Measured::Above(value) => Interval { low: *value, low_open: true, high: None, high_open: true },
        })
    }
}

/// The unit stated beside the result.
fn stated_unit(entry: &Entry<'_>) -> Result<Option<Unit>, Reason> {
    let stated = entry.unit.filter(|unit| !unit.trim().is_empty());
    stated.map(|unit| Unit::parse(unit).ok_or(Reason::UnknownUnit)).transpose()
}

/// The unit glued to a value and the one stated beside it must not contradict each other.
fn one_unit(glued: Option<Unit>, stated: Option<Unit>) -> Result<Option<Unit>, Reason> {
    match (glued, stated) {
        (Some(glued), Some(stated)) if glued != stated => Err(Reason::UnitsConflict),
        (glued, stated) => Ok(glued.or(stated)),
    }
}

/// A limit of detection as typed.
fn positive(text: &str) -> Result<Decimal, Reason> {
    decimal::parse(text.trim()).ok().filter(|lod| *lod > Decimal::ZERO).ok_or(Reason::LodUnreadable)
}

struct Interval {
    low: Decimal,
    low_open: bool,
    high: Option<Decimal>,
    high_open: bool,
}

impl Interval {
    fn all_at_most(&self, limit: Decimal) -> bool {
        self.high.is_some_and(|high| high <= limit)
    }
    fn all_above(&self, limit: Decimal) -> bool {
        self.low > limit || (self.low == limit && self.low_open)
    }
    fn all_at_least(&self, limit: Decimal) -> bool {
        self.low >= limit
    }
    fn all_below(&self, limit: Decimal) -> bool {
        self.high.is_some_and(|high| high < limit || (high == limit && self.high_open))
    }
}

fn into_unit(value: Decimal, from: Option<Unit>, to: Option<Unit>, steps: &mut Vec<Step>) -> Result<Decimal, Reason> {
    match (from, to) {
        (None, None) => Ok(value),
        (None, Some(_)) => Err(Reason::UnitMissing),
        (Some(_), None) => Err(Reason::UnitMismatch),
        (Some(from), Some(to)) if from == to => Ok(value),
        (Some(from), Some(to)) => {
            let converted = from.convert(value, to).map_err(|refusal| match refusal {
                Refusal::Dimension => Reason::UnitMismatch,
                Refusal::Digits => Reason::TooManyDigits,
            })?;
            steps.push(Step::Converted { from: (value, from), to: (converted, to) });
            Ok(converted)
        }
    }
}

fn unreadable(why: Unreadable) -> Reason {
    match why {
        Unreadable::Empty => Reason::Empty,
        Unreadable::Comma => Reason::AmbiguousComma,
        Unreadable::Slash => Reason::AmbiguousSlash,
        Unreadable::LostExponent => Reason::LostExponent,
        Unreadable::Unit => Reason::UnknownUnit,
        Unreadable::Digits => Reason::TooManyDigits,
        Unreadable::Text => Reason::NotAValue,
    }
}

fn bounded(
    entry: &Entry<'_>,
    criterion: &Criterion,
    bounds: (Option<Decimal>, Option<Decimal>),
    steps: &mut Vec<Step>,
) -> Decision {
    let mut quantity = Quantity::read(entry, criterion.unit, steps)?;
    // The value as reported is held against its own limit of detection, before any rounding.
    quantity.interval()?;
    if let (Compare::Rounded(interval), Measured::Number(value)) = (criterion.compare, &quantity.measured) {
        let limit = bounds.1.or(bounds.0).ok_or(Reason::BadCriterion)?;
        let interval = interval.unwrap_or_else(|| decimal::last_digit(limit));
        let rounded = round(*value, interval).ok_or(Reason::BadCriterion)?;
        steps.push(Step::Rounded { from: *value, to: rounded, interval });
        quantity = Quantity { measured: Measured::Number(rounded), lod: None };
    }
    let interval = quantity.interval()?;
    if criterion.matter == Matter::AsIs {
        return within(&interval, bounds, &quantity, steps);
    }
    // Below the limit as it is, it is below it on dry matter only after the water is taken off; what is already beyond a
    // maximum stays beyond it. So the value is always converted, by multiplying both sides: value x 100 against
    // limit x (100 - moisture), which divides nothing and rounds nothing.
    let moisture = entry
        .moisture
        .filter(|water| *water >= Decimal::ZERO && *water < Decimal::ONE_HUNDRED)
        .ok_or(Reason::MoistureMissing)?;
    steps.push(Step::Dry { value: interval.low, moisture });
    let scaled = |value: Decimal, factor: Decimal| {
        value.checked_mul(factor).filter(|product| is_exact(value, factor, *product)).ok_or(Reason::TooManyDigits)
    };
    let dry = Decimal::ONE_HUNDRED - moisture;
    let interval = Interval {
        low: scaled(interval.low, Decimal::ONE_HUNDRED)?,
        high: interval.high.map(|high| scaled(high, Decimal::ONE_HUNDRED)).transpose()?,
        ..interval
    };
    let bound = |bound: Option<Decimal>| bound.map(|bound| scaled(bound, dry)).transpose();
    within(&interval, (bound(bounds.0)?, bound(bounds.1)?), &quantity, steps)
}

/// `rust_decimal` rounds a product of more than 28 digits; only exact products may decide.
fn is_exact(a: Decimal, b: Decimal, product: Decimal) -> bool {
    product.scale() == a.scale() + b.scale()
        || product.is_zero()
        || a.mantissa().checked_mul(b.mantissa()).is_some_and(|exact| {
            let lost = (a.scale() + b.scale()).saturating_sub(product.scale());
            10_i128.checked_pow(lost).and_then(|power| product.mantissa().checked_mul(power)) == Some(exact)
        })
}

fn within(
    interval: &Interval,
    (low, high): (Option<Decimal>, Option<Decimal>),
    quantity: &Quantity,
    steps: &mut Vec<Step>,
) -> Decision {
    let conforms =
        low.is_none_or(|limit| interval.all_at_least(limit)) && high.is_none_or(|limit| interval.all_at_most(limit));
    let fails =
        low.is_some_and(|limit| interval.all_below(limit)) || high.is_some_and(|limit| interval.all_above(limit));
    let top = interval.high.unwrap_or(interval.low);
    for (left, sign, limit) in [(interval.low, ">=", low), (top, "<=", high)] {
        if let Some(right) = limit {
            let holds = if sign == ">=" { left >= right } else { left <= right && interval.high.is_some() };
            steps.push(Step::Compared { left, sign, right, holds });
        }
    }
    if conforms {
        Ok((ItemVerdict::Conforming, Reason::WithinLimit))
    } else if fails {
        Ok((ItemVerdict::Nonconforming, Reason::BeyondLimit))
    } else if matches!(quantity.measured, Measured::NotDetected(_)) {
        Err(Reason::LodAboveLimit)
    } else {
        Err(Reason::Undecided)
    }
}

fn not_detected(quantity: &Quantity, required: Option<Decimal>, in_portion: bool) -> Decision {
    let seen = |lod: Option<Decimal>| match (lod, required) {
        (Some(lod), Some(required)) if lod > required => Err(Reason::LodAboveRequired),
        (None, _) if !in_portion => Err(Reason::LodMissing),
        _ => Ok((ItemVerdict::Conforming, Reason::NotDetected)),
    };
    match &quantity.measured {
        Measured::NotDetected(own) => seen(own.or(quantity.lod)),
        // `<x` is not detected when x is the limit of detection itself, or lies below it.
        Measured::Below(value) => match quantity.lod {
            Some(lod) if *value > lod => Err(Reason::Trace),
            lod => seen(lod.or(Some(*value))),
        },
        Measured::Number(value) if quantity.lod.is_some_and(|lod| *value < lod) => Err(Reason::BelowOwnLod),
        Measured::Number(value) if value.is_zero() => seen(quantity.lod),
        Measured::Number(value) if value.is_sign_negative() => Err(Reason::NotAValue),
        Measured::Number(_) | Measured::Above(_) | Measured::Detected => {
            Ok((ItemVerdict::Nonconforming, Reason::Detected))
        }
        Measured::BelowLoq => Err(Reason::Trace),
    }
}

fn micro(entry: &Entry<'_>, (plan, unit): (&MicroPlan, Option<Unit>), steps: &mut Vec<Step>) -> Decision {
    if plan.c >= plan.n || plan.m.is_sign_negative() || plan.upper.is_some_and(|upper| upper < plan.m) {
        return Err(Reason::BadCriterion);
    }
    let counts = read_counts(entry.result).map_err(unreadable)?;
    if u32::try_from(counts.len()) != Ok(plan.n) {
        return Err(Reason::CountNumber);
    }
    let stated = stated_unit(entry)?;
    let lod = entry.lod.filter(|lod| !lod.trim().is_empty()).map(positive).transpose()?;
    let mut above_m = (0_u32, 0_u32);
    let mut above_upper = (0_u32, 0_u32);
    for count in counts {
        // Counts convert to nothing else: the unit must be the criterion's own.
        into_unit(Decimal::ZERO, one_unit(count.unit, stated)?, unit, steps)?;
        let interval = Quantity { measured: count.measured, lod }.interval_of_count()?;
        tally(&mut above_m, &interval, plan.m);
        tally(&mut above_upper, &interval, plan.upper.unwrap_or(plan.m));
    }
    // A two-class plan has no upper bound: c units may lie above m, however high.
    if plan.upper.is_none() {
        above_upper = (0, 0);
    }
    steps.push(Step::Counted { plan: *plan, marginal: above_m, unacceptable: above_upper });
    if above_upper.0 > 0 || above_m.0 > plan.c {
        Ok((ItemVerdict::Nonconforming, Reason::BeyondLimit))
    } else if above_upper.1 == 0 && above_m.1 <= plan.c {
        Ok((ItemVerdict::Conforming, Reason::WithinLimit))
    } else {
        Err(Reason::Undecided)
    }
}

impl Quantity {
    /// A count that was not detected is 0 in the portion taken, unless a limit of detection is stated.
    fn interval_of_count(&self) -> Result<Interval, Reason> {
        match &self.measured {
            Measured::NotDetected(None) if self.lod.is_none() => {
                Ok(Interval { low: Decimal::ZERO, low_open: false, high: Some(Decimal::ZERO), high_open: false })
            }
            Measured::Number(value) if value.is_sign_negative() => Err(Reason::NotAValue),
            _ => self.interval(),
        }
    }
}

/// Counts a unit as surely or possibly above a bound.
fn tally(above: &mut (u32, u32), interval: &Interval, bound: Decimal) {
    above.0 += u32::from(interval.all_above(bound));
    above.1 += u32::from(!interval.all_at_most(bound));
}

fn ratio_sum(
    entry: &Entry<'_>,
    (maxima, total, unit): (&[Decimal], Decimal, Option<Unit>),
    steps: &mut Vec<Step>,
) -> Decision {
    let stated = stated_unit(entry)?;
    let parts: Vec<&str> = entry.result.split([';', '；']).map(str::trim).collect();
    if parts.len() != maxima.len() || parts.is_empty() {
        return Err(Reason::PartNumber);
    }
    let lods: Vec<&str> = entry.lod.map(|lod| lod.split([';', '；']).map(str::trim).collect()).unwrap_or_default();
    let exact = |a: Decimal, b: Decimal| {
        a.checked_mul(b).filter(|product| is_exact(a, b, *product)).ok_or(Reason::TooManyDigits)
    };
    let (mut numerator, mut denominator) = (Decimal::ZERO, Decimal::ONE);
    for (index, (part, maximum)) in parts.iter().zip(maxima).enumerate() {
        if *maximum <= Decimal::ZERO {
            return Err(Reason::BadCriterion);
        }
        let lod = lods.get(index).or_else(|| lods.first().filter(|_| lods.len() == 1)).filter(|lod| !lod.is_empty());
        let lod = lod.map(|lod| positive(lod)).transpose()?;
        let value = part_value(part, (*maximum, unit), (lod, stated))?;
        // n/d + v/m = (n*m + v*d) / (d*m): exact, where a quotient would have to be rounded.
        let left = exact(numerator, *maximum)?;
        numerator = left.checked_add(exact(value, denominator)?).ok_or(Reason::TooManyDigits)?;
        denominator = exact(denominator, *maximum)?;
    }
    let allowed = exact(total, denominator)?;
    steps.push(Step::Summed { numerator, denominator, total });
    if numerator <= allowed {
        Ok((ItemVerdict::Conforming, Reason::WithinLimit))
    } else {
        Ok((ItemVerdict::Nonconforming, Reason::BeyondLimit))
    }
}

/// A part in the maxima's unit. One that was not detected counts 0, but only when its limit of detection is no larger than its
/// own maximum; `<x` is not detected only where x is at most the limit of detection.
fn part_value(
    part: &str,
    (maximum, unit): (Decimal, Option<Unit>),
    (lod, stated): (Option<Decimal>, Option<Unit>),
) -> Result<Decimal, Reason> {
    let reported = read(part).map_err(|_why| Reason::BadPart)?;
    let from = one_unit(reported.unit, stated)?;
    let convert = |value| into_unit(value, from, unit, &mut Vec::new());
    let bound = match reported.measured {
        Measured::Number(value) if !value.is_sign_negative() => return convert(value),
        Measured::Below(value) if lod.is_some_and(|lod| value <= lod) => value,
        Measured::Below(_) => return Err(Reason::Undecided),
        Measured::NotDetected(own) => own.or(lod).ok_or(Reason::LodMissing)?,
        _ => return Err(Reason::BadPart),
    };
    if convert(bound)? <= maximum { Ok(Decimal::ZERO) } else { Err(Reason::LodAboveLimit) }
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
    } else if result == format!("不{required}") {
        Ok((ItemVerdict::Nonconforming, Reason::BeyondLimit))
    } else {
        Err(Reason::NotAValue)
    }
}
