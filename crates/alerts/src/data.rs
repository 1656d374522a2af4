//! Data alerts: the figures themselves are doubtful, because something is missing or too good to be true (docs/DOMAIN.md 7.7).
//!
//! Each condition is asked again and again and is told whether its alert is open: it opens beyond its bound and closes only
//! well inside it, so that it does not flap at the bound. The caller raises an alert when there is a finding and none is open,
//! and clears it when there is none.

use crate::words::Rule;
use hege_rates::Tally;
use jiff::civil::Date;

/// Days without a registration after which a stage of which the plan expects samples is silent. The longest public holiday
/// has eight days.
pub const SILENT_DAYS: u32 = 10;
/// Expected failures from which on none at all is too good to be true: by chance it happens in fewer than 7 of 1,000 cases.
pub const EXPECTED_FAILURES: u32 = 5;
/// Expected failures below which the alert closes.
pub const EXPECTED_FAILURES_OPEN: u32 = 4;

/// What is too much of something, as a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShareRule {
    /// The rule.
    pub rule: Rule,
    /// It opens above this share, in hundredths of a percent.
    pub opens_above: u32,
    /// It stays open above this one.
    pub stays_above: u32,
    /// The fewest of which the share is looked at for opening.
    pub least: u32,
}

/// 作废: of the samples registered in a window, those voided; more than 5 %.
pub const VOIDS: ShareRule = ShareRule { rule: Rule::Voids, opens_above: 500, stays_above: 400, least: 40 };
/// 待结论: of the samples registered long enough ago to be reported, those without a conclusion; more than 20 %.
pub const PENDING: ShareRule = ShareRule { rule: Rule::Pending, opens_above: 2_000, stays_above: 1_600, least: 20 };
/// 超期: of the steps that fell due in a window, those not done in time; more than 10 %.
pub const OVERDUE: ShareRule = ShareRule { rule: Rule::Overdue, opens_above: 1_000, stays_above: 800, least: 20 };
/// Of one laboratory's measured numbers of an analyte with at least three significant digits, those that are the commonest
/// number; more than 20 %.
pub const REPEATED_VALUES: ShareRule =
    ShareRule { rule: Rule::RepeatedValues, opens_above: 2_000, stays_above: 1_600, least: 30 };
/// Results that one person typed, to the seconds that it took; more than one in a second. What came by file is not meant.
pub const ENTRY_SPEED: ShareRule =
    ShareRule { rule: Rule::EntrySpeed, opens_above: 10_000, stays_above: 8_000, least: 30 };

/// Why the figures are doubtful.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// Nothing was registered.
    Silence {
        /// For so many days.
        days: u32,
        /// While the plan expects so many samples in that time.
        expected: u32,
    },
    /// A share is too high.
    Share {
        /// Which.
        rule: ShareRule,
        /// So many.
        part: u32,
        /// Of so many.
        whole: u32,
    },
    /// The working days of this year are unknown, so that deadlines are undetermined.
    CalendarMissing {
        /// The year.
        year: i16,
    },
    /// No failure where some are expected.
    NoFailures {
        /// Among so many samples.
        n: u32,
        /// What the others found.
        others: Tally,
    },
}

impl ShareRule {
    /// The finding while `part` of `whole` is too much; `open` tells whether its alert is open.
    #[must_use]
    pub fn look(self, part: u32, whole: u32, open: bool) -> Option<Finding> {
        let bound = if open { self.stays_above } else { self.opens_above };
        let enough = open || whole >= self.least;
        let above = u64::from(part) * 10_000 > u64::from(bound) * u64::from(whole);
        (enough && above).then_some(Finding::Share { rule: self, part, whole })
    }
}

/// Silence of a stage: no registration for more than ten days, while the plan expects `expected` samples in them.
/// `last` is the day of the last registration, or the day on which the plan began. A registration ends it.
#[must_use]
pub fn silence(last: Date, today: Date, expected: u32) -> Option<Finding> {
    let days = u32::try_from((today - last).get_days()).unwrap_or_default();
    (days > SILENT_DAYS && expected > 0).then_some(Finding::Silence { days, expected })
}

/// A calendar that is missing for a year of which working days are asked. It ends when the calendar is loaded.
#[must_use]
pub const fn calendar_missing(year: i16, loaded: bool) -> Option<Finding> {
    if loaded { None } else { Some(Finding::CalendarMissing { year }) }
}

/// No failure among `n` samples of a laboratory or a city, where the share that failed elsewhere lets five be expected.
/// It ends with the first failure.
#[must_use]
pub fn no_failures(own: Tally, others: Tally, open: bool) -> Option<Finding> {
    let bound = if open { EXPECTED_FAILURES_OPEN } else { EXPECTED_FAILURES };
    // n * failures / n of the others >= bound, in integers.
    let expected = u64::from(own.n) * u64::from(others.failures()) >= u64::from(bound) * u64::from(others.n);
    (own.n > 0 && others.n > 0 && own.failures() == 0 && expected).then_some(Finding::NoFailures { n: own.n, others })
}

impl Finding {
    /// The rule that found it.
    #[must_use]
    pub const fn rule(&self) -> Rule {
        match self {
            Self::Silence { .. } => Rule::Silence,
            Self::Share { rule, .. } => rule.rule,
            Self::CalendarMissing { .. } => Rule::CalendarMissing,
            Self::NoFailures { .. } => Rule::NoFailures,
        }
    }

    /// The figures, in Chinese.
    #[must_use]
    pub fn zh(&self) -> String {
        match *self {
            Self::Silence { days, expected } => {
                format!("{days} 天无登记（上限 {SILENT_DAYS} 天），期间计划抽样 {expected} 批")
            }
            Self::Share { rule: ShareRule { rule: Rule::EntrySpeed, .. }, part, whole } => {
                format!("{whole} 秒内手工录入 {part} 个结果（上限每秒 1 个）")
            }
            Self::Share { rule, part, whole } => {
                let (share, bound) = (hundredths(part, whole), percent(rule.opens_above));
                let of = match rule.rule {
                    Rule::Voids => "批样品中作废",
                    Rule::Pending => "批到期样品中待结论",
                    Rule::Overdue => "个到期环节中超期",
                    _ => "个测定值中最常见的同一数值",
                };
                format!("{whole} {of} {part}，占 {share} %（上限 {bound} %）")
            }
            Self::CalendarMissing { year } => format!("缺少 {year} 年工作日历，期限无法确定"),
            Self::NoFailures { n, others } => format!(
                "{n} 批无一不合格；其他样品 {} 批中 {} 批不合格，应有约 {} 批",
                others.n,
                others.failures(),
                expected(n, others)
            ),
        }
    }

    /// The figures, in English.
    #[must_use]
    pub fn en(&self) -> String {
        match *self {
            Self::Silence { days, expected } => {
                format!("no registration for {days} days (at most {SILENT_DAYS}), {expected} samples planned meanwhile")
            }
            Self::Share { rule: ShareRule { rule: Rule::EntrySpeed, .. }, part, whole } => {
                format!("{part} results typed within {whole} seconds (at most one a second)")
            }
            Self::Share { rule, part, whole } => {
                let (share, bound) = (hundredths(part, whole), percent(rule.opens_above));
                let of = match rule.rule {
                    Rule::Voids => "samples voided",
                    Rule::Pending => "samples due still pending",
                    Rule::Overdue => "steps overdue",
                    _ => "measured numbers the same",
                };
                format!("{part} of {whole} {of}, {share} % (at most {bound} %)")
            }
            Self::CalendarMissing { year } => format!("no calendar of {year}: deadlines are undetermined"),
            Self::NoFailures { n, others } => format!(
                "none of {n} samples failed; of the others {} of {} did, so about {} are expected",
                others.failures(),
                others.n,
                expected(n, others)
            ),
        }
    }
}

/// A bound of whole percents, as printed.
const fn percent(basis_points: u32) -> u32 {
    basis_points / 100
}

/// The share in percent with two decimals, cut and not rounded.
fn hundredths(part: u32, whole: u32) -> String {
    let share = (u64::from(part) * 10_000).checked_div(u64::from(whole)).unwrap_or_default();
    format!("{}.{:02}", share / 100, share % 100)
}

/// The whole number of failures that are expected of `n`.
fn expected(n: u32, others: Tally) -> u64 {
    (u64::from(n) * u64::from(others.failures())).checked_div(u64::from(others.n)).unwrap_or_default()
}
