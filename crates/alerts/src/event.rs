//! Event alerts: what one approved nonconforming sample asks for, without any statistics (docs/DOMAIN.md 7.7).

use crate::words::Rule;
use hege_core::words;
use jiff::civil::Date;

/// Within how many days another failure of a producer is a repeated one.
pub const REPEAT_DAYS: u32 = 90;

words! {
    /// Whom an event alert reaches.
    pub enum Audience {
        Closed = "closed", "检验机构负责人和组织抽检部门", "the laboratory's head and the organising department";
        Subscribers = "subscribers", "订阅人", "subscribers";
    }
}

/// An item on which the sample failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailedItem<'a> {
    /// The analyte's name.
    pub analyte: &'a str,
    /// The analyte may not be used at all: notice 250 of the Ministry of Agriculture, clenbuterol and its kin, malachite green,
    /// nitrofurans, chloramphenicol.
    pub banned: bool,
    /// The analyte is a pathogen.
    pub pathogen: bool,
}

/// An approved nonconforming sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailedSample<'a> {
    /// The items on which it failed.
    pub items: &'a [FailedItem<'a>],
    /// Its report is of the kind that is due within 24 hours (24小时限时报告).
    pub urgent: bool,
    /// The result was confirmed by a retest.
    pub confirmed: bool,
    /// The day of sampling, in China.
    pub sampled_on: Date,
    /// The days of sampling of the producer's other nonconforming samples, in any order. Empty when nobody knows the producer.
    pub other_failures: &'a [Date],
}

/// An event alert to be raised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which rule.
    pub rule: Rule,
    /// Whom it reaches.
    pub audience: Audience,
    /// What was found, in Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

/// The findings of a sample, in the order of the rules. The same sample gives the same findings, so that an alert whose
/// finding is gone after a revision is to be withdrawn.
///
/// A 24 hour report is a finding of its own only where no banned substance and no pathogen says why it was urgent. A producer
/// fails again when another failure was sampled on another day within 90 days, whichever was reported first; samples of one
/// day are one occasion.
#[must_use]
pub fn findings(sample: &FailedSample<'_>) -> Vec<Finding> {
    let audience = if sample.confirmed { Audience::Subscribers } else { Audience::Closed };
    let finding = |rule: Rule, (zh, en): (String, String)| Finding { rule, audience, zh, en };
    let banned = names(sample.items, |item| item.banned);
    let pathogens = names(sample.items, |item| item.pathogen);
    let urgent = sample.urgent && banned.is_none() && pathogens.is_none();
    let repeated = repeated(sample);
    let found = [
        banned.map(|(zh, en)| {
            (Rule::BannedSubstance, (format!("检出禁用物质：{zh}"), format!("banned substance: {en}")))
        }),
        pathogens.map(|(zh, en)| (Rule::Pathogen, (format!("检出致病菌：{zh}"), format!("pathogen: {en}")))),
        repeated.map(|words| (Rule::RepeatProducer, words)),
        urgent.then(|| (Rule::UrgentReport, ("24小时限时报告".to_owned(), "report due within 24 hours".to_owned()))),
    ];
    found.into_iter().flatten().map(|(rule, words)| finding(rule, words)).collect()
}

/// The names of the items that are meant, for both languages; none when there are none.
fn names(items: &[FailedItem<'_>], meant: impl Fn(&FailedItem<'_>) -> bool) -> Option<(String, String)> {
    let names: Vec<&str> = items.iter().filter(|item| meant(item)).map(|item| item.analyte).collect();
    (!names.is_empty()).then(|| (names.join("、"), names.join(", ")))
}

fn repeated(sample: &FailedSample<'_>) -> Option<(String, String)> {
    let days_apart = |other: &Date| (sample.sampled_on - *other).get_days().unsigned_abs();
    let near = |other: &&Date| (1..=REPEAT_DAYS).contains(&days_apart(other));
    let count = sample.other_failures.iter().filter(near).count();
    let nearest = sample.other_failures.iter().filter(near).min_by_key(|other| days_apart(other))?;
    Some((
        format!("该生产者 {REPEAT_DAYS} 天内另有 {count} 批不合格，最近一批抽样于 {nearest}"),
        format!("{count} more failures of this producer within {REPEAT_DAYS} days, the nearest sampled on {nearest}"),
    ))
}
