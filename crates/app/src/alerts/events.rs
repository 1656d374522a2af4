//! Event alerts: what a single nonconforming sample asks for.

use super::change::{Changes, New};
use super::condition::region;
use super::plan::open_anew;
use crate::Error;
use crate::catalogue::shipped_analytes;
use hege_alerts::event::{FailedItem, FailedSample, Finding, REPEAT_DAYS, findings};
use hege_alerts::plan::Grade;
use hege_alerts::{AlertKind, Ending, Happening, Key, Rule};
use hege_core::Month;
use hege_core::date::china_date;
use hege_lab::catalogue::Analytes;
use hege_rates::Standing;
use hege_store::alerts::AlertRow;
use hege_store::samples::{Failed, failed_items};
use hege_store::types::Ts;
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::{Value, json};

/// Looks at the nonconforming samples of the plan year. Those of the months before it tell only whether a producer fails again.
pub(super) fn refresh(changes: &mut Changes<'_>, stored: &[AlertRow]) -> Result<(), Error> {
    let first = Month { year: changes.plan.year, month: 1 };
    let before = first.first_day().checked_sub(i64::from(REPEAT_DAYS).days()).map_or(first, Month::of);
    let last = Month { year: changes.plan.year, month: 12 };
    let items = changes.store.read(|conn| Ok::<_, Error>(failed_items(conn, (before.yyyymm(), last.yyyymm()))?))?;
    let samples: Vec<&[Failed]> = items.chunk_by(|a, b| (a.city, a.id) == (b.city, b.id)).collect();
    let analytes = shipped_analytes()?;
    let mut told: Vec<String> = Vec::new();
    for sample in &samples {
        let Some(head) = sample.first().filter(|head| head.decided_at.is_some_and(|at| at.0 <= changes.now)) else {
            continue;
        };
        if Month::of(china_date(head.sampled_at.0)) < first {
            continue;
        }
        for finding in found(sample, &samples, analytes) {
            let subject = format!("{:04}-{}", head.city, head.id.0);
            told.push(name(finding.rule, &subject));
            tell(changes, stored, (head, &finding, &subject))?;
        }
    }
    withdraw(changes, stored, &told)
}

fn name(rule: Rule, subject: &str) -> String {
    format!("{} {subject}", rule.code())
}

fn found(sample: &[Failed], all: &[&[Failed]], analytes: &Analytes) -> Vec<Finding> {
    let Some(head) = sample.first() else { return Vec::new() };
    let known = |item: &'_ Failed| analytes.get(&item.analyte);
    let items: Vec<FailedItem<'_>> = sample
        .iter()
        .map(|item| FailedItem {
            analyte: known(item).map_or(item.analyte.as_str(), |analyte| analyte.zh.as_str()),
            banned: known(item).is_some_and(|analyte| analyte.banned),
            pathogen: known(item).is_some_and(|analyte| analyte.pathogen),
        })
        .collect();
    // Who rightly denied to have made it has no part in it.
    let maker = |of: &'_ Failed| of.producer.clone().filter(|_| of.standing.0 != Standing::Voided);
    let of_producer = |other: &&&[Failed]| {
        let other = other.first().filter(|other| other.id != head.id);
        other.is_some_and(|other| maker(head).is_some() && maker(other) == maker(head))
    };
    let day = |other: &&[Failed]| other.first().map(|other| china_date(other.sampled_at.0));
    let other_failures: Vec<Date> = all.iter().filter(of_producer).filter_map(day).collect();
    findings(&FailedSample {
        items: &items,
        urgent: false,
        confirmed: sample.iter().all(|item| item.confirmation.is_some()),
        sampled_on: china_date(head.sampled_at.0),
        other_failures: &other_failures,
    })
}

fn tell(
    changes: &mut Changes<'_>,
    stored: &[AlertRow],
    (head, finding, subject): (&Failed, &Finding, &str),
) -> Result<(), Error> {
    let is_it = |row: &&AlertRow| row.rule == finding.rule.code() && row.subject == subject;
    let evidence = json!({
        "form_no": head.form_no,
        "product_name": head.product_name,
        "audience": finding.audience.code(),
        "zh": finding.zh,
        "en": finding.en,
    });
    match stored.iter().find(is_it) {
        Some(row) if row.ended_why.as_deref() == Some(Ending::Unfounded.code()) => {
            let mut row = row.clone();
            open_anew(&mut row);
            changes.change(row, Happening::Reopened, evidence)
        }
        Some(_) => Ok(()),
        None => {
            let stream = format!("{}/{subject}", changes.plan.id);
            let opened_at = head.decided_at.map_or(changes.now, |at| at.0);
            changes.raise(&New {
                key: Key { rule: finding.rule, stream: &stream, version: 0, opened_at },
                stage: Some(head.stage.0),
                region: region(head.region)?,
                subject,
                grade: grade(finding.rule),
                evidence,
                ended: None,
            })
        }
    }
}

/// A banned substance and a pathogen are significant by themselves.
const fn grade(rule: Rule) -> Grade {
    match rule {
        Rule::BannedSubstance | Rule::Pathogen => Grade::Significant,
        _ => Grade::Notice,
    }
}

/// What no sample tells any longer, because a conclusion changed, is withdrawn and never deleted.
fn withdraw(changes: &mut Changes<'_>, stored: &[AlertRow], told: &[String]) -> Result<(), Error> {
    let is_event = |row: &&AlertRow| row.kind == AlertKind::Event.code() && row.ended_at.is_none();
    for row in stored.iter().filter(is_event) {
        let rule: Option<Rule> = row.rule.parse().ok();
        if rule.is_some_and(|rule| !told.contains(&name(rule, &row.subject))) {
            let mut row = row.clone();
            let ending = Ending::Unfounded;
            ending.status().code().clone_into(&mut row.status);
            (row.ended_at, row.ended_why) = (Some(Ts(changes.now)), Some(ending.code().to_owned()));
            changes.change(row, ending.happening(), Value::Null)?;
        }
    }
    Ok(())
}
