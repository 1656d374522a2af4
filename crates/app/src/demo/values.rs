//! What the laboratory reports: values that pass or fail against a criterion, with the digits that a method gives.

use super::dice::Dice;
use super::people::TESTER;
use crate::results::{Beside, Confirmation, Value};
use hege_lab::criterion::Matter;
use hege_lab::{Criterion, MicroPlan, Rule};
use rust_decimal::Decimal;

/// Always there to be measured, in some amount; residues and what may not be used mostly are not.
const PRESENT: [&str; 12] = [
    "acid-value",
    "aluminium",
    "amino-nitrogen",
    "cadmium",
    "fructose-glucose",
    "lead",
    "methanol",
    "moisture",
    "moulds",
    "osmophilic-yeast",
    "peroxide-value",
    "polar-compounds",
];

/// Whether a value can be made up for such a criterion.
pub(super) fn is_supported(criterion: &Criterion) -> bool {
    matches!(
        criterion.rule,
        Rule::Max(_)
            | Rule::Min(_)
            | Rule::Range { .. }
            | Rule::NotDetected { .. }
            | Rule::NotUsed { .. }
            | Rule::Micro(_)
            | Rule::Qualitative { .. }
    )
}

/// A result that the criterion judges as intended.
pub(super) fn result(analyte: &str, criterion: &Criterion, fails: bool, dice: &mut Dice) -> Option<Value> {
    let moisture = (criterion.matter == Matter::Dry).then(|| Decimal::new(i64::from(dice.between(250, 380)), 1));
    let (reported, lod) = match &criterion.rule {
        Rule::Max(limit) if unit(criterion).starts_with("CFU") => (colonies(*limit, fails, dice)?, None),
        Rule::Max(limit) => at_most((analyte, criterion, *limit, moisture), fails, dice)?,
        Rule::Min(limit) => (digits(*limit * share(dice, if fails { (800, 970) } else { (1_010, 1_300) }))?, None),
        Rule::Range { low, high } => {
            let value = if fails { *high * share(dice, (1_050, 1_300)) } else { (*low + *high) / Decimal::TWO };
            (digits(value)?, None)
        }
        Rule::NotDetected { required_lod } | Rule::NotUsed { required_lod } => {
            absent((analyte, criterion, *required_lod), fails, dice)?
        }
        Rule::Micro(plan) => (counts(plan, fails, dice)?, None),
        Rule::Qualitative { required } => (if fails { format!("不{required}") } else { required.clone() }, None),
        Rule::Declared { .. } | Rule::RatioSum { .. } => return None,
    };
    let confirmation = Confirmation {
        value: retest(&reported, dice)?,
        person: TESTER.to_string(),
        qc_batch: Some("演示质控批".to_owned()),
        at: None,
    };
    Some(Value {
        analyte: analyte.to_owned(),
        reported,
        unit: criterion.unit.map(|unit| unit.to_string()),
        lod: lod.map(|lod| lod.to_string()),
        method: Some("演示方法".to_owned()),
        beside: Beside { moisture: moisture.map(|moisture| moisture.to_string()), ..Beside::default() },
        criterion: None,
        confirmation: fails.then_some(confirmation),
    })
}

/// The unit as printed; nothing for ratios and texts.
fn unit(criterion: &Criterion) -> String {
    criterion.unit.map(|unit| unit.to_string()).unwrap_or_default()
}

/// A second determination, a little beside the first; what is no number is found again as it was.
fn retest(reported: &str, dice: &mut Dice) -> Option<String> {
    match hege_core::decimal::parse(reported) {
        Ok(value) => digits(value * share(dice, (985, 1_015))),
        Err(_text) => Some(reported.to_owned()),
    }
}

/// A share of one, in thousandths.
fn share(dice: &mut Dice, (low, high): (u32, u32)) -> Decimal {
    Decimal::new(i64::from(dice.between(low, high)), 3)
}

/// Three significant digits, two below 0.01, as a method gives them.
fn digits(value: Decimal) -> Option<String> {
    let kept = if value < Decimal::new(1, 2) { 2 } else { 3 };
    Some(value.round_sf(kept)?.normalize().to_string())
}

/// The largest 1, 2 or 5 of a power of ten that is no more than a quarter of the limit.
fn lod_below(limit: Decimal) -> Option<Decimal> {
    let quarter = limit / Decimal::from(4);
    let powers = (0..8).map(|scale| Decimal::new(1, scale));
    let steps = powers.flat_map(|one| [5, 2, 1].map(|step| one * Decimal::from(step)));
    std::iter::once(Decimal::TEN).chain(steps).find(|step| *step <= quarter)
}

/// A residue's usual limit of detection: however high the limit, methods see this much.
fn usual_lod(unit: &str) -> Decimal {
    match unit {
        "g/kg" => Decimal::new(2, 3),
        "mg/kg" => Decimal::new(1, 2),
        "mg/L" => Decimal::new(1, 3),
        _ => Decimal::TWO,
    }
}

fn at_most(
    (analyte, criterion, limit, moisture): (&str, &Criterion, Decimal, Option<Decimal>),
    fails: bool,
    dice: &mut Dice,
) -> Option<(String, Option<Decimal>)> {
    let is_present = PRESENT.contains(&analyte);
    let mut lod = lod_below(limit)?;
    if !is_present {
        lod = lod.min(usual_lod(&unit(criterion)));
    }
    // On dry matter the same amount weighs more, so the value as measured is less.
    let as_measured = |value: Decimal| match moisture {
        Some(water) => value * (Decimal::ONE_HUNDRED - water) / Decimal::ONE_HUNDRED,
        None => value,
    };
    let reported = if fails {
        // Mostly a little above, now and then far.
        let highest = if dice.permille(850) { 1_800 } else { 4_000 };
        digits(as_measured(limit * share(dice, (1_060, highest))))?
    } else if dice.permille(if is_present { 40 } else { 850 }) {
        "未检出".to_owned()
    } else {
        let highest = if dice.permille(900) { 600 } else { 930 };
        // Never below the own limit of detection, with the water taken off.
        let lowest = if lod <= limit * Decimal::new(4, 2) { 80 } else { 420 };
        digits(as_measured(limit * share(dice, (lowest, highest))))?
    };
    Some((reported, Some(lod)))
}

/// A count against a maximum: whole colonies, or none at the first dilution.
fn colonies(limit: Decimal, fails: bool, dice: &mut Dice) -> Option<String> {
    if !fails && dice.permille(500) {
        return Some("<10".to_owned());
    }
    let value = limit * share(dice, if fails { (1_100, 3_000) } else { (100, 900) });
    Some(value.round_sf(2)?.round().normalize().to_string())
}

/// What must not be there.
fn absent(
    (analyte, criterion, required): (&str, &Criterion, Option<Decimal>),
    fails: bool,
    dice: &mut Dice,
) -> Option<(String, Option<Decimal>)> {
    if criterion.unit.is_some_and(hege_core::units::Unit::is_portion) {
        return Some((if fails { "检出" } else { "未检出" }.to_owned(), None));
    }
    // Usual limits of detection (docs/DOMAIN.md 3.4).
    let usual = match (analyte, unit(criterion).as_str()) {
        ("chloramphenicol", _) => Decimal::new(1, 1),
        (_, "g/kg") => Decimal::new(2, 3),
        (_, "mg/kg") => Decimal::TWO,
        (_, "mg/100cm²") => Decimal::new(2, 3),
        _ => Decimal::new(5, 1),
    };
    let lod = required.map_or(usual, |required| required.min(usual));
    let reported = if fails { digits(lod * share(dice, (1_500, 24_000)))? } else { "未检出".to_owned() };
    Some((reported, Some(lod)))
}

/// The counts of a plan's units, one for each.
fn counts(plan: &MicroPlan, fails: bool, dice: &mut Dice) -> Option<String> {
    let beyond = match (fails, plan.upper) {
        (false, _) => 0,
        (true, None) => plan.c + 1,
        // Either one unit above M, or more units above m than may be.
        (true, Some(_)) if dice.permille(400) => 1,
        (true, Some(_)) => plan.c + 1,
    };
    let one_is_enough = fails && beyond == 1;
    let count = |n: u32, dice: &mut Dice| {
        let value = match plan.upper {
            _ if n >= beyond => plan.m * share(dice, (20, 700)),
            Some(upper) if one_is_enough => upper * share(dice, (1_100, 3_000)),
            Some(upper) => plan.m + (upper - plan.m) * share(dice, (100, 800)),
            None => plan.m + Decimal::from(dice.between(3, 40)),
        };
        Some(value.round_sf(2)?.round().normalize().to_string())
    };
    let counts: Option<Vec<String>> = (0..plan.n).map(|n| count(n, dice)).collect();
    counts.map(|counts| counts.join(";"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{catalogue, reference};
    use hege_core::decimal;
    use hege_lab::judge::{Entry, judge};
    use hege_lab::{ItemVerdict, Reason};
    use std::sync::Arc;

    fn verdict(result: &Value, criterion: &Arc<Criterion>) -> (ItemVerdict, Reason) {
        let entry = Entry {
            result: &result.reported,
            unit: result.unit.as_deref(),
            lod: result.lod.as_deref(),
            moisture: result.beside.moisture.as_deref(),
            ..Entry::default()
        };
        let judgement = judge(&entry, criterion);
        (judgement.verdict, judgement.reason)
    }

    /// Every verified limit of every class on the days of the demonstration.
    fn limits(of: &mut dyn FnMut(&str, &Arc<Criterion>)) {
        let catalogue = catalogue::shipped().unwrap();
        let rows = |text, name| reference::rows((name, "code"), text, &mut hege_core::Problems::new());
        let classes = rows(include_str!("../../data/food-classes.csv"), "classes");
        let analytes = rows(include_str!("../../data/analytes.csv"), "analytes");
        for (class, analyte) in classes.iter().flat_map(|class| analytes.iter().map(move |analyte| (class, analyte))) {
            for on in ["2025-01-15", "2025-09-15"] {
                let found = catalogue.find(class.text("code"), analyte.text("code"), on.parse().unwrap(), None);
                if let Ok(criterion) = found.national {
                    of(analyte.text("code"), &criterion);
                }
            }
        }
    }

    #[test]
    fn a_value_passes_or_fails_as_intended_whatever_the_dice_say() {
        let mut dice = Dice::new(7);
        let mut seen = 0;
        limits(&mut |analyte, criterion| {
            for fails in [true, false] {
                for _ in 0..40 {
                    let Some(result) = result(analyte, criterion, fails, &mut dice) else {
                        assert!(!is_supported(criterion), "{analyte} {criterion:?}");
                        continue;
                    };
                    let expected = if fails { ItemVerdict::Nonconforming } else { ItemVerdict::Conforming };
                    let judged = verdict(&result, criterion);
                    assert_eq!(judged.0, expected, "{judged:?} {result:?} {criterion:?}");
                    let confirmation = result.confirmation.clone();
                    let again = confirmation.map(|again| Value { reported: again.value, ..result.clone() });
                    assert_eq!(again.is_some(), fails);
                    assert!(again.is_none_or(|again| verdict(&again, criterion).0 == expected), "{result:?}");
                    seen += 1;
                }
            }
        });
        assert!(seen > 10_000, "{seen}");
    }

    #[test]
    fn values_have_the_digits_of_a_method() {
        let text = |value: &str| digits(decimal::parse(value).unwrap()).unwrap();
        assert_eq!(text("0.012345"), "0.0123");
        assert_eq!(text("0.0012345"), "0.0012");
        assert_eq!(text("123.45"), "123");
        assert_eq!(text("582.4"), "582");
        let lod = |limit: &str| lod_below(decimal::parse(limit).unwrap()).unwrap().to_string();
        assert_eq!([lod("0.02"), lod("0.01"), lod("4"), lod("100")], ["0.005", "0.002", "1", "10"]);
    }
}
