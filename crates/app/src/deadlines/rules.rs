//! The rules of deadlines as they ship with the program (`data/deadline-rules.csv`) and as the database holds them.

use crate::record::audit_own;
use crate::reference::{Row, rows};
use crate::{Error, Mark, Store};
use hege_core::Problems;
use hege_sampling::deadlines::{Period, Rule, Rules};
use hege_store::audit::Audited;
use hege_store::deadlines::{DeadlineRule, deadline_rules_insert, deadline_rules_list, deadline_rules_on};
use hege_store::types::Day;
use hege_store::{Conn, Error as StoreError};
use jiff::civil::Date;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// The rules that ship with the program.
///
/// # Errors
/// [`Error::Internal`]; a test holds that there is none.
pub fn shipped() -> Result<&'static Rules, Error> {
    static SHIPPED: LazyLock<Result<Rules, Problems>> = LazyLock::new(|| {
        let mut problems = Problems::new();
        let table = rows(("deadline-rules", "code"), include_str!("../../data/deadline-rules.csv"), &mut problems);
        let read: Vec<Rule> = table.iter().filter_map(|row| rule(row, &mut problems)).collect();
        match Rules::new(read) {
            Ok(rules) => problems.into_result(rules),
            Err(found) => {
                problems.extend(found);
                Err(problems)
            }
        }
    });
    SHIPPED.as_ref().map_err(|problems| {
        Error::Internal(format!("the shipped rules of deadlines have {} problems", problems.as_slice().len()))
    })
}

fn rule(row: &Row, problems: &mut Problems) -> Option<Rule> {
    let (clock, amount, unit) =
        (row.parse("clock", problems), row.parse("amount", problems), row.parse("unit", problems));
    let (rolls, extension) = (row.flag("rolls", problems), row.parse("extension", problems));
    let (stages, department) = (row.words("stages", problems), row.parse("department", problems));
    let (from, until) = (row.parse("from", problems), row.optional("until", problems));
    let confidence = row.parse("confidence", problems);
    Some(Rule {
        code: row.needed("code", problems),
        clock: clock?,
        stages: stages?,
        regime: row.needed("regime", problems),
        department: department?,
        from: from?,
        until: until?,
        period: Period { amount: amount?, unit: unit?, rolls: rolls? },
        extension: extension?,
        clause: row.needed("clause", problems),
        confidence: confidence?,
    })
}

/// Loads the shipped rules that are not there yet; those that are stay as they are.
///
/// # Errors
/// Those of the store; [`Error::Internal`] when those that are there leave no room for a new one.
pub fn load(store: &Store, mark: Mark) -> Result<(), Error> {
    let shipped: Vec<DeadlineRule> = shipped()?.as_slice().iter().map(stored).collect();
    let put = store.write(|conn| {
        let known = deadline_rules_list(conn)?;
        let codes: BTreeSet<&str> = known.iter().map(|row| row.code.as_str()).collect();
        let new: Vec<DeadlineRule> = shipped.iter().filter(|row| !codes.contains(row.code.as_str())).cloned().collect();
        if new.is_empty() {
            return Ok(());
        }
        read(known.iter().chain(&new))?;
        deadline_rules_insert(conn, &new)?;
        let touched = new.iter().map(Audited::touched).collect::<Result<Vec<_>, StoreError>>()?;
        audit_own(conn, &mark, ("deadline_rules_loaded", touched, json!({"rows": new.len()})))
    });
    match put {
        // Another server that starts at the same time has put them.
        Err(Error::Store(StoreError::Duplicate(_))) => Ok(()),
        outcome => outcome,
    }
}

/// The rules as the database holds them.
///
/// # Errors
/// Those of the store; [`Error::Internal`] when two rows hold at once.
pub fn rules(conn: &mut Conn) -> Result<Rules, Error> {
    read(deadline_rules_list(conn)?.iter())
}

/// Those of them that hold for what is sampled on a day: no other decides a clock of it.
///
/// # Errors
/// Those of [`rules`].
pub(crate) fn rules_on(conn: &mut Conn, sampled_on: Date) -> Result<Rules, Error> {
    read(deadline_rules_on(conn, Day(sampled_on))?.iter())
}

fn read<'a>(rows: impl Iterator<Item = &'a DeadlineRule>) -> Result<Rules, Error> {
    let rules = rows.map(|row| domain(row).ok_or(StoreError::Corrupt("deadline_rule"))).collect::<Result<_, _>>()?;
    Rules::new(rules).map_err(|problems| {
        Error::Internal(format!("the rules of deadlines have {} problems", problems.as_slice().len()))
    })
}

pub(super) fn stored(rule: &Rule) -> DeadlineRule {
    DeadlineRule {
        code: rule.code.clone(),
        clock: rule.clock.code().to_owned(),
        amount: i32::from(rule.period.amount),
        unit: rule.period.unit.code().to_owned(),
        rolls: rule.period.rolls,
        extension: i32::from(rule.extension),
        stages: rule.stages.iter().map(|stage| stage.code()).collect::<Vec<_>>().join(" "),
        regime: rule.regime.clone(),
        department: rule.department.code().to_owned(),
        valid_from: Day(rule.from),
        valid_until: rule.until.map(Day),
        clause: rule.clause.clone(),
        confidence: rule.confidence.code().to_owned(),
        revision: 1,
    }
}

pub(super) fn domain(row: &DeadlineRule) -> Option<Rule> {
    let amount = u16::try_from(row.amount).ok()?;
    Some(Rule {
        code: row.code.clone(),
        clock: row.clock.parse().ok()?,
        stages: row.stages.split_whitespace().map(|stage| stage.parse().ok()).collect::<Option<_>>()?,
        regime: row.regime.clone(),
        department: row.department.parse().ok()?,
        from: row.valid_from.0,
        until: row.valid_until.map(|day| day.0),
        period: Period { amount, unit: row.unit.parse().ok()?, rolls: row.rolls },
        extension: u16::try_from(row.extension).ok()?,
        clause: row.clause.clone(),
        confidence: row.confidence.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use hege_core::Stage;
    use hege_sampling::deadlines::{Clock, Confidence, Unit};

    #[test]
    fn the_shipped_rules_fit_together_and_read_back_as_they_were_stored() {
        let shipped = shipped().unwrap();
        assert_eq!(shipped.as_slice().len(), 39);
        let rows: Vec<DeadlineRule> = shipped.as_slice().iter().map(stored).collect();
        assert_eq!(&read(rows.iter()).unwrap(), shipped);
        let bent = DeadlineRule { unit: "weeks".to_owned(), ..rows[0].clone() };
        assert!(matches!(read([bent].iter()), Err(Error::Store(StoreError::Corrupt("deadline_rule")))));
    }

    #[test]
    fn the_sampling_day_decides_the_period() {
        let told = |clock, stage, on: &str| {
            let rule = shipped().unwrap().find(clock, stage, on.parse().unwrap());
            rule.map(|rule| (rule.period.amount, rule.period.unit, rule.confidence))
        };
        use Clock::{Delivery, Disposal, ReinspectionApplication, Report};
        use Confidence::{High, Low, Medium, Read};
        use Stage::{Catering, Farm, Production};
        use Unit::{Days, Months, WorkingDays};
        assert_eq!(told(ReinspectionApplication, Production, "2013-06-01"), Some((15, Days, High)));
        assert_eq!(told(ReinspectionApplication, Production, "2015-01-31"), Some((15, Days, High)));
        assert_eq!(told(ReinspectionApplication, Production, "2015-02-01"), Some((5, Days, Read)));
        assert_eq!(told(ReinspectionApplication, Production, "2019-09-30"), Some((5, Days, Read)));
        assert_eq!(told(ReinspectionApplication, Production, "2019-10-01"), Some((7, WorkingDays, Read)));
        assert_eq!(told(ReinspectionApplication, Farm, "2022-12-31"), Some((5, Days, High)));
        assert_eq!(told(ReinspectionApplication, Farm, "2023-01-01"), Some((5, WorkingDays, Read)));
        assert_eq!(told(ReinspectionApplication, Catering, "2013-06-01"), None, "no period is known");
        assert_eq!(told(Disposal, Catering, "2019-09-30"), Some((3, Months, Medium)));
        assert_eq!(told(Disposal, Catering, "2019-10-01"), Some((90, Days, High)));
        assert_eq!(told(Report, Catering, "2025-06-01"), Some((20, WorkingDays, Read)));
        assert_eq!(told(Delivery, Farm, "2025-06-01"), Some((5, WorkingDays, Low)));
        assert_eq!(told(Delivery, Catering, "2013-06-01"), None);
    }
}
