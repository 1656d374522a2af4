//! What an alert says of itself.

use hege_alerts::evidence::probability;
use hege_alerts::{AlertKind, AlertStatus, Ending, Evidence, Key, Rule, Window};
use hege_rates::{BasisPoints, Tally};
use jiff::Timestamp;
use std::collections::BTreeSet;

fn evidence(window: Window, k: u32, n: u32, target: u16) -> Evidence {
    Evidence::of(window, Tally::new(k, n).unwrap(), BasisPoints::new(target).unwrap())
}

#[test]
fn evidence_defends_itself_in_two_languages() {
    let year = evidence(Window::YearToDate, 92, 100, 9600);
    assert_eq!(year.zh(), "年初至今 92/100 = 92.00 %，目标 96 %，p = 0.04751");
    assert_eq!(year.en(), "year to date 92/100 = 92.00 %, target 96 %, p = 0.04751");
    let near = evidence(Window::TrailingThree, 95_996, 100_000, 9600);
    assert!(near.zh().starts_with("近三个月 95996/100000 = 95.99 %，目标 96 %，p = 0.4"), "{}", near.zh());
    assert!(evidence(Window::YearToDate, 0, 0, 9250).zh().starts_with("年初至今 0/0，目标 92.5 %"));
}

#[test]
fn a_probability_has_four_significant_digits() {
    let printed =
        [1.0, 0.5, 0.099_996, 0.012_3, 0.001, 0.000_123_44, 0.000_099_994, 4.567_89e-7, 1e-300, 0.0].map(probability);
    let expected = [
        "1.000",
        "0.5000",
        "0.1000",
        "0.01230",
        "0.001000",
        "0.0001234",
        "9.999e-5",
        "4.568e-7",
        "1.000e-300",
        "0.000",
    ];
    assert_eq!(printed, expected);
}

#[test]
fn only_a_recovery_clears_and_only_what_is_unfounded_is_withdrawn() {
    for ending in Ending::ALL {
        let expected = match ending {
            Ending::Recovered => AlertStatus::Cleared,
            Ending::Unfounded => AlertStatus::Withdrawn,
            _ => AlertStatus::Closed,
        };
        assert_eq!(ending.status(), expected, "{ending}");
    }
}

#[test]
fn every_rule_has_its_kind() {
    let of = |kind| Rule::ALL.iter().filter(|rule| rule.kind() == kind).map(|rule| rule.code()).collect::<Vec<_>>();
    assert_eq!(of(AlertKind::Plan), ["below_target", "city_below"]);
    assert_eq!(of(AlertKind::EarlyWarning), ["cusum"]);
    assert_eq!(of(AlertKind::Event), ["banned_substance", "pathogen", "repeat_producer", "urgent_report"]);
    assert_eq!(of(AlertKind::Data).len(), 8);
}

#[test]
fn keys_of_different_alerts_are_different_texts() {
    let at = |second| Timestamp::from_second(second).unwrap();
    let key = Key { rule: Rule::BelowTarget, stream: "2025/farm/330000", version: 1, opened_at: at(1) };
    assert_eq!(key.to_string(), "below_target|2025/farm/330000|1|1000000");
    let others = [
        key,
        Key { rule: Rule::Cusum, ..key },
        Key { stream: "2025/farm/330100", ..key },
        Key { version: 2, ..key },
        Key { opened_at: at(2), ..key },
    ];
    assert_eq!(others.map(|key| key.to_string()).into_iter().collect::<BTreeSet<_>>().len(), 5);
}
