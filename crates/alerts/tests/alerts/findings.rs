//! Event alerts, data alerts and notices to cities.

use hege_alerts::Rule;
use hege_alerts::cities::{self, City};
use hege_alerts::data::{self, ENTRY_SPEED, OVERDUE, PENDING, REPEATED_VALUES, ShareRule, VOIDS};
use hege_alerts::event::{Audience, FailedItem, FailedSample, Finding, findings};
use hege_rates::{BasisPoints, Tally};
use jiff::civil::{Date, date};
use proptest::prelude::*;

const PLAIN: FailedItem<'static> = FailedItem { analyte: "铅", banned: false, pathogen: false };
const BANNED: FailedItem<'static> = FailedItem { analyte: "克伦特罗", banned: true, pathogen: false };
const PATHOGEN: FailedItem<'static> = FailedItem { analyte: "沙门氏菌", banned: false, pathogen: true };

fn failed<'a>(items: &'a [FailedItem<'a>], other_failures: &'a [Date]) -> FailedSample<'a> {
    FailedSample { items, urgent: false, confirmed: true, sampled_on: date(2025, 6, 30), other_failures }
}

fn rules(sample: &FailedSample<'_>) -> Vec<Rule> {
    findings(sample).iter().map(|finding| finding.rule).collect()
}

#[test]
fn a_failure_on_a_banned_substance_or_a_pathogen_names_it() {
    assert_eq!(rules(&failed(&[PLAIN], &[])), []);
    let found = findings(&failed(&[PLAIN, BANNED, PATHOGEN, FailedItem { analyte: "孔雀石绿", ..BANNED }], &[]));
    let words: Vec<(Rule, &str, &str)> =
        found.iter().map(|Finding { rule, zh, en, .. }| (*rule, &**zh, &**en)).collect();
    let banned = (Rule::BannedSubstance, "检出禁用物质：克伦特罗、孔雀石绿", "banned substance: 克伦特罗, 孔雀石绿");
    assert_eq!(words, [banned, (Rule::Pathogen, "检出致病菌：沙门氏菌", "pathogen: 沙门氏菌")]);
}

#[test]
fn a_24_hour_report_speaks_for_itself_only_when_nothing_else_says_why() {
    let urgent = |items| rules(&FailedSample { urgent: true, ..failed(items, &[]) });
    assert_eq!(urgent(&[PLAIN]), [Rule::UrgentReport]);
    assert_eq!(urgent(&[BANNED]), [Rule::BannedSubstance]);
    assert_eq!(urgent(&[PATHOGEN]), [Rule::Pathogen]);
    let told = findings(&FailedSample { urgent: true, ..failed(&[PLAIN], &[]) });
    assert_eq!((told[0].zh.as_str(), told[0].en.as_str()), ("24小时限时报告", "report due within 24 hours"));
}

#[test]
fn a_producer_fails_again_within_ninety_days_on_another_day() {
    let at = |other: Date| rules(&failed(&[PLAIN], &[other]));
    assert_eq!(at(date(2025, 4, 1)), [Rule::RepeatProducer], "90 days");
    assert_eq!(at(date(2025, 3, 31)), [], "91 days");
    assert_eq!(at(date(2025, 6, 29)), [Rule::RepeatProducer]);
    assert_eq!(at(date(2025, 6, 30)), [], "one occasion");
    assert_eq!(at(date(2025, 9, 28)), [Rule::RepeatProducer], "sampled later, reported first");
    assert_eq!(at(date(2025, 9, 29)), []);
    let days = [date(2025, 1, 1), date(2025, 5, 1), date(2025, 7, 5), date(2025, 6, 30)];
    let found = findings(&failed(&[PLAIN], &days));
    assert_eq!(found[0].zh, "该生产者 90 天内另有 2 批不合格，最近一批抽样于 2025-07-05");
    assert_eq!(found[0].en, "2 more failures of this producer within 90 days, the nearest sampled on 2025-07-05");
}

#[test]
fn what_is_not_confirmed_reaches_only_those_who_must_act() {
    let audience = |confirmed| findings(&FailedSample { confirmed, ..failed(&[BANNED], &[]) })[0].audience;
    assert_eq!(audience(false), Audience::Closed);
    assert_eq!(audience(true), Audience::Subscribers);
}

#[test]
fn a_share_opens_above_its_bound_and_closes_well_inside_it() {
    // (rule, whole, the part at the bound, the part at which it closes)
    for (rule, whole, bound, inside) in [
        (VOIDS, 200, 10, 8),
        (PENDING, 100, 20, 16),
        (OVERDUE, 100, 10, 8),
        (REPEATED_VALUES, 100, 20, 16),
        (ENTRY_SPEED, 60, 60, 48),
    ] {
        assert_eq!(rule.look(bound, whole, false), None, "{rule:?}");
        let found = rule.look(bound + 1, whole, false).unwrap();
        assert_eq!(found, data::Finding::Share { rule, part: bound + 1, whole });
        assert_eq!(found.rule(), rule.rule);
        assert!(rule.look(bound, whole, true).is_some() && rule.look(inside + 1, whole, true).is_some(), "{rule:?}");
        assert_eq!(rule.look(inside, whole, true), None, "{rule:?}");
        assert_eq!(rule.look(0, 0, true), None, "nothing left");
    }
}

#[test]
fn a_share_of_few_opens_nothing() {
    for rule in [VOIDS, PENDING, OVERDUE, REPEATED_VALUES, ENTRY_SPEED] {
        let ShareRule { least, .. } = rule;
        assert_eq!(rule.look(2 * least, least - 1, false), None);
        assert!(rule.look(2 * least, least, false).is_some());
        assert!(rule.look(2 * least, least - 1, true).is_some(), "what is open stays");
    }
}

#[test]
fn a_stage_of_which_samples_are_expected_is_silent_after_ten_days() {
    let days = |days: i8, expected| data::silence(date(2025, 6, 1), date(2025, 6, 1 + days), expected);
    assert_eq!(days(10, 50), None);
    assert_eq!(days(11, 50), Some(data::Finding::Silence { days: 11, expected: 50 }));
    assert_eq!(days(11, 0), None, "the plan expects nothing");
    assert_eq!(data::silence(date(2025, 6, 20), date(2025, 6, 1), 50), None, "a day to come");
}

#[test]
fn no_failure_where_five_are_expected_is_too_good_to_be_true() {
    let (clean, others) = (|n| Tally::new(n, n).unwrap(), Tally::new(950, 1000).unwrap());
    assert_eq!(data::no_failures(clean(99), others, false), None);
    assert_eq!(data::no_failures(clean(100), others, false), Some(data::Finding::NoFailures { n: 100, others }));
    assert_eq!(data::no_failures(Tally::new(99, 100).unwrap(), others, true), None, "the first failure ends it");
    assert_eq!(data::no_failures(clean(79), others, true), None);
    assert!(data::no_failures(clean(80), others, true).is_some());
    assert_eq!(data::no_failures(clean(100), Tally::default(), false), None, "nobody to compare with");
    assert_eq!(data::no_failures(Tally::default(), others, true), None);
    assert_eq!(data::no_failures(clean(5000), clean(5000), false), None, "nobody fails");
}

#[test]
fn a_missing_calendar_is_told_until_it_is_loaded() {
    assert_eq!(data::calendar_missing(2026, false), Some(data::Finding::CalendarMissing { year: 2026 }));
    assert_eq!(data::calendar_missing(2026, true), None);
}

#[test]
fn a_data_alert_gives_its_figures_in_two_languages() {
    use data::Finding::{CalendarMissing, NoFailures, Share, Silence};
    let share = |rule, part, whole| Share { rule, part, whole };
    let cases = [
        (
            share(VOIDS, 13, 240),
            Rule::Voids,
            "240 批样品中作废 13，占 5.41 %（上限 5 %）",
            "13 of 240 samples voided, 5.41 % (at most 5 %)",
        ),
        (
            share(PENDING, 1, 4),
            Rule::Pending,
            "4 批到期样品中待结论 1，占 25.00 %（上限 20 %）",
            "1 of 4 samples due still pending, 25.00 % (at most 20 %)",
        ),
        (
            share(OVERDUE, 1, 4),
            Rule::Overdue,
            "4 个到期环节中超期 1，占 25.00 %（上限 10 %）",
            "1 of 4 steps overdue, 25.00 % (at most 10 %)",
        ),
        (
            share(REPEATED_VALUES, 1, 4),
            Rule::RepeatedValues,
            "4 个测定值中最常见的同一数值 1，占 25.00 %（上限 20 %）",
            "1 of 4 measured numbers the same, 25.00 % (at most 20 %)",
        ),
        (
            share(ENTRY_SPEED, 90, 60),
            Rule::EntrySpeed,
            "60 秒内手工录入 90 个结果（上限每秒 1 个）",
            "90 results typed within 60 seconds (at most one a second)",
        ),
        (
            Silence { days: 12, expected: 50 },
            Rule::Silence,
            "12 天无登记（上限 10 天），期间计划抽样 50 批",
            "no registration for 12 days (at most 10), 50 samples planned meanwhile",
        ),
        (
            CalendarMissing { year: 2026 },
            Rule::CalendarMissing,
            "缺少 2026 年工作日历，期限无法确定",
            "no calendar of 2026: deadlines are undetermined",
        ),
        (
            NoFailures { n: 110, others: Tally::new(950, 1000).unwrap() },
            Rule::NoFailures,
            "110 批无一不合格；其他样品 1000 批中 50 批不合格，应有约 5 批",
            "none of 110 samples failed; of the others 50 of 1000 did, so about 5 are expected",
        ),
    ];
    for (finding, rule, zh, en) in cases {
        assert_eq!((finding.rule(), finding.zh().as_str(), finding.en().as_str()), (rule, zh, en));
    }
}

fn city(id: u32, k: u32, n: u32) -> City<u32> {
    City { id, tally: Tally::new(k, n).unwrap(), open: false }
}

fn noticed(cities: &[City<u32>]) -> Vec<u32> {
    cities::look(cities, BasisPoints::new(9000).unwrap()).iter().map(|notice| notice.id).collect()
}

#[test]
fn a_city_below_the_target_is_told_after_correction_for_all_that_were_looked_at() {
    let alone = [city(1, 85, 100)];
    assert_eq!(noticed(&alone), [1], "p = 0.0726");
    let among: Vec<City<u32>> = alone.into_iter().chain((2..=11).map(|id| city(id, 93, 100))).collect();
    assert!(noticed(&among).is_empty(), "one of eleven");
    let worse: Vec<City<u32>> = [city(1, 80, 100)].into_iter().chain((2..=11).map(|id| city(id, 93, 100))).collect();
    let notices = cities::look(&worse, BasisPoints::new(9000).unwrap());
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0].zh(), "80/100 = 80.00 %，目标 90 %，p = 0.001979，校正后 0.02176");
    assert_eq!(notices[0].en(), "80/100 = 80.00 %, target 90 %, p = 0.001979, adjusted 0.02176");
}

#[test]
fn a_city_with_nine_samples_is_not_looked_at() {
    assert!(noticed(&[city(1, 0, 9)]).is_empty());
    assert_eq!(noticed(&[city(1, 0, 10)]), [1]);
}

#[test]
fn a_notice_stays_until_the_city_meets_the_target() {
    let open = |k| City { open: true, ..city(1, k, 100) };
    assert_eq!(noticed(&[open(89)]), [1]);
    assert!(noticed(&[open(90)]).is_empty());
    assert!(noticed(&[city(1, 89, 100)]).is_empty());
}

proptest! {
    #[test]
    fn only_cities_below_the_target_are_told(tallies in proptest::collection::vec((0_u32..60, 0_u32..20, any::<bool>()), 0..12)) {
        let target = BasisPoints::new(9000).unwrap();
        let cities: Vec<City<u32>> = (0..).zip(tallies).map(|(id, (k, failures, open))| City { open, ..city(id, k, k + failures) }).collect();
        let notices = cities::look(&cities, target);
        for notice in &notices {
            prop_assert_eq!(notice.tally.meets(target), Some(false));
            prop_assert!(notice.p_low <= notice.adjusted);
        }
        // Noticed once, noticed again with the same figures.
        let reopened: Vec<City<u32>> = cities.iter().map(|city| City { open: notices.iter().any(|notice| notice.id == city.id), ..*city }).collect();
        prop_assert_eq!(cities::look(&reopened, target), notices);
    }
}
