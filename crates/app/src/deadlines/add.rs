//! Rules of deadlines that an administrator adds: law of its own day, and never an edit of another.

use super::rules::{domain, stored};
use crate::given::placed;
use crate::record::audit_own;
use crate::{Error, Mark, Store};
use hege_core::{Problem, Problems};
use hege_sampling::deadlines::{Rule, Rules};
use hege_store::Error as StoreError;
use hege_store::audit::Audited;
use hege_store::deadlines::{DeadlineRule, deadline_rule_end, deadline_rules_insert, deadline_rules_list};
use hege_store::types::Day;
use jiff::civil::Date;
use serde_json::json;

/// A rule to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct New {
    /// The rule.
    pub rule: Rule,
    /// Code and seen revision of the rule that ends on the day before this one begins.
    pub supersedes: Option<(String, i64)>,
}

/// Every rule, by code.
///
/// # Errors
/// Those of the store.
pub fn all(store: &Store) -> Result<Vec<(Rule, i64)>, Error> {
    let rows = store.read(|conn| Ok::<_, Error>(deadline_rules_list(conn)?))?;
    rows.iter().map(|row| Ok((read(row)?, row.revision))).collect()
}

fn read(row: &DeadlineRule) -> Result<Rule, Error> {
    domain(row).ok_or_else(|| StoreError::Corrupt("deadline_rule").into())
}

/// Adds rules, all or none.
///
/// # Errors
/// [`Error::Invalid`] with every problem at `/rows/{index}/{field}`: a code that is taken, two rules in force on one day, a period of
/// nothing, a succession that fits not; [`Error::Conflict`] when a rule that is superseded changed meanwhile.
pub fn add(store: &Store, new: &[New], mark: Mark) -> Result<Vec<(Rule, i64)>, Error> {
    let put = store.write(|conn| {
        let known = deadline_rules_list(conn)?;
        let mut rules = known.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let (mut problems, mut ended) = (Problems::new(), Vec::new());
        for (index, new) in new.iter().enumerate() {
            let Some((code, seen)) = &new.supersedes else { continue };
            if known.iter().any(|row| row.code == *code && row.revision != *seen) {
                return Err(Error::Conflict);
            }
            match rules
                .iter_mut()
                .find(|old| old.code == *code)
                .ok_or(NOT_THERE)
                .and_then(|old| succeeded(old, &new.rule))
            {
                Ok(last) => ended.push((code.as_str(), *seen, Day(last))),
                Err((field, code, zh, en)) => {
                    problems.push(Problem::new(format!("/rows/{index}/{field}"), code, zh, en))
                }
            }
        }
        rules.extend(new.iter().map(|new| new.rule.clone()));
        if let Err(found) = Rules::new(rules) {
            let in_new = |code: &str| new.iter().rposition(|new| new.rule.code == code);
            found.into_vec().into_iter().for_each(|problem| problems.push(placed(problem, in_new)));
        }
        problems.into_result(()).map_err(Error::Invalid)?;
        let mut touched = Vec::new();
        for (code, seen, until) in ended {
            touched.push(deadline_rule_end(conn, (code, seen), until)?.ok_or(Error::Conflict)?.touched()?);
        }
        let rows: Vec<DeadlineRule> = new.iter().map(|new| stored(&new.rule)).collect();
        deadline_rules_insert(conn, &rows)?;
        for row in &rows {
            touched.push(row.touched()?);
        }
        let superseded: Vec<_> = new.iter().filter_map(|new| new.supersedes.as_ref().map(|(code, _)| code)).collect();
        let codes: Vec<_> = rows.iter().map(|row| &row.code).collect();
        audit_own(conn, &mark, ("deadline_rules_added", touched, json!({"codes": codes, "superseded": superseded})))?;
        Ok(new.iter().map(|new| (new.rule.clone(), 1)).collect())
    });
    match put {
        // Somebody took a code after we had looked.
        Err(Error::Store(StoreError::Duplicate(_))) => Err(Error::Conflict),
        outcome => outcome,
    }
}

/// The field at fault, a code, and words.
type Fault = (&'static str, &'static str, &'static str, &'static str);

const NOT_THERE: Fault = ("supersedes/code", "rule_unknown", "期限规则不存在", "there is no such rule");

/// Ends a rule on the day before another begins.
fn succeeded(old: &mut Rule, new: &Rule) -> Result<Date, Fault> {
    if old.clock != new.clock {
        return Err(("supersedes/code", "other_clock", "不是同一期限的规则", "not a rule of the same clock"));
    }
    let last = new.from.yesterday().unwrap_or(Date::MIN);
    if last < old.from || old.until.is_some_and(|until| until < last) {
        let words = ("被取代的规则前一日不在有效期内", "the rule that is superseded is not in force on the day before");
        return Err(("from", "not_in_force", words.0, words.1));
    }
    old.until = Some(last);
    Ok(last)
}
