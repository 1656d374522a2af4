//! Stored alerts against what a replay finds.

use hege_alerts::cusum::{Chart, Signal};
use hege_alerts::plan::{Excursion, Grade, Step};
use hege_alerts::reconcile::{self, Change, Stored, StoredWarning, Warning, WarningChange};
use hege_alerts::{Ending, Evidence, Happening, Window};
use hege_rates::{BasisPoints, Tally};
use jiff::Timestamp;
use proptest::prelude::*;

fn day(n: i64) -> Timestamp {
    Timestamp::from_second(n * 86_400).unwrap()
}

fn evidence(k: u32) -> Evidence {
    Evidence::of(Window::YearToDate, Tally::new(k, 100).unwrap(), BasisPoints::new(9600).unwrap())
}

fn step(at: i64) -> Step {
    Step { at: day(at), evidence: evidence(50) }
}

/// A notice from a day on, of version 1.
fn excursion(opened: i64) -> Excursion {
    let (opened_at, grade, evidence) = (day(opened), Grade::Notice, evidence(90));
    Excursion { opened_at, version: 1, grade, evidence, escalated: None, ended: None }
}

fn ended(opened: i64, ending: Ending, at: i64) -> Excursion {
    Excursion { ended: Some((ending, step(at))), ..excursion(opened) }
}

fn stored(id: u32, opened: i64) -> Stored<u32> {
    Stored { id, opened_at: day(opened), version: 1, grade: Grade::Notice, ended: None }
}

fn stored_ended(id: u32, opened: i64, ending: Ending, at: i64) -> Stored<u32> {
    Stored { ended: Some((ending, day(at))), ..stored(id, opened) }
}

fn plan(stored: &[Stored<u32>], excursions: &[Excursion]) -> Vec<Change<u32>> {
    let changes = reconcile::plan(stored, excursions, day(1000));
    let mut applied = stored.to_vec();
    changes.iter().for_each(|change| apply(&mut applied, change));
    assert_eq!(reconcile::plan(&applied, excursions, day(1001)), [], "applied, there is nothing to change");
    changes
}

/// What the caller does with a change.
fn apply(stored: &mut Vec<Stored<u32>>, change: &Change<u32>) {
    let find = |stored: &mut Vec<Stored<u32>>, id: u32| stored.iter().position(|alert| alert.id == id).unwrap();
    match *change {
        Change::Raise(excursion) => {
            let same =
                |alert: &Stored<u32>| (alert.version, alert.opened_at) == (excursion.version, excursion.opened_at);
            assert!(!stored.iter().any(same), "an alert of this key is stored");
            let id = 1 + stored.iter().map(|alert| alert.id).max().unwrap_or_default();
            let ended = excursion.ended.map(|(ending, step)| (ending, step.at));
            let Excursion { opened_at, version, .. } = excursion;
            stored.push(Stored { id, opened_at, version, grade: excursion.reached(), ended });
        }
        Change::Reopen { id, .. } => {
            let place = find(stored, id);
            assert!(stored[place].ended.take().is_some());
        }
        Change::Escalate { id, .. } => {
            let place = find(stored, id);
            assert_eq!(stored[place].grade, Grade::Notice);
            stored[place].grade = Grade::Significant;
            if matches!(stored[place].ended, Some((Ending::ByPerson, _))) {
                stored[place].ended = None;
            }
        }
        Change::Lower { id, .. } => {
            let place = find(stored, id);
            stored[place].grade = Grade::Notice;
        }
        Change::End { id, ending, at, .. } => {
            let place = find(stored, id);
            stored[place].ended = Some((ending, at));
        }
    }
}

#[test]
fn an_excursion_that_nobody_told_is_raised_as_it_stands() {
    let told = ended(10, Ending::Recovered, 90);
    assert_eq!(plan(&[], &[told, excursion(100)]), [Change::Raise(told), Change::Raise(excursion(100))]);
    assert_eq!(plan(&[stored_ended(1, 10, Ending::Recovered, 90), stored(2, 100)], &[told, excursion(100)]), []);
    assert_eq!(plan(&[], &[]), []);
}

#[test]
fn an_open_alert_follows_its_excursion() {
    let significant = Excursion { escalated: Some(step(20)), ..excursion(10) };
    let escalate = Change::Escalate { id: 1, at: day(20), evidence: evidence(50) };
    assert_eq!(plan(&[stored(1, 10)], &[significant]), [escalate]);
    let at_once = Excursion { grade: Grade::Significant, ..excursion(10) };
    let escalate = Change::Escalate { id: 1, at: day(10), evidence: evidence(90) };
    assert_eq!(plan(&[stored(1, 10)], &[at_once]), [escalate]);
    for ending in [Ending::Recovered, Ending::YearMet, Ending::YearUnmet, Ending::TargetChanged] {
        let end = Change::End { id: 1, ending, at: day(90), evidence: Some(evidence(50)) };
        assert_eq!(plan(&[stored(1, 10)], &[ended(10, ending, 90)]), [end]);
    }
}

#[test]
fn an_alert_survives_a_small_change_of_its_opening() {
    for opening in [8, 9, 11, 12] {
        assert_eq!(plan(&[stored(1, 10)], &[excursion(opening)]), []);
        let told = ended(opening, Ending::Recovered, 90);
        assert_eq!(plan(&[stored_ended(1, 10, Ending::Recovered, 90)], &[told]), []);
    }
    let moved = plan(&[stored_ended(1, 10, Ending::Recovered, 90)], &[ended(11, Ending::Recovered, 60)]);
    assert_eq!(moved, [Change::End { id: 1, ending: Ending::Recovered, at: day(60), evidence: Some(evidence(50)) }]);
}

#[test]
fn overlap_is_seen_on_both_sides_of_its_bounds() {
    let alert = stored_ended(1, 10, Ending::Recovered, 20);
    let raised = |excursion: Excursion| plan(&[alert], &[excursion]).contains(&Change::Raise(excursion));
    assert!(!raised(excursion(20)));
    assert!(raised(excursion(21)));
    assert!(!raised(ended(5, Ending::Recovered, 10)));
    assert!(raised(ended(5, Ending::Recovered, 9)));
    assert!(raised(Excursion { version: 2, ..excursion(10) }), "another target's");
}

#[test]
fn the_same_opening_goes_before_an_overlap() {
    let alerts = [stored_ended(1, 10, Ending::Recovered, 60), stored(2, 60)];
    assert_eq!(plan(&alerts, &[ended(10, Ending::Recovered, 60), excursion(60)]), []);
    let reversed = [alerts[1], alerts[0]];
    assert_eq!(plan(&reversed, &[ended(10, Ending::Recovered, 60), excursion(60)]), []);
}

#[test]
fn an_alert_without_an_excursion_is_withdrawn_and_comes_back_with_it() {
    let withdrawn = Change::End { id: 1, ending: Ending::Unfounded, at: day(1000), evidence: None };
    assert_eq!(plan(&[stored(1, 10)], &[]), [withdrawn]);
    assert_eq!(plan(&[stored_ended(1, 10, Ending::Recovered, 90)], &[]), [withdrawn]);
    let gone = stored_ended(1, 10, Ending::Unfounded, 50);
    assert_eq!(plan(&[gone], &[]), []);
    let back = plan(&[gone], &[excursion(10)]);
    assert_eq!(back, [Change::Reopen { id: 1, evidence: evidence(90) }]);
    assert_eq!(plan(&[gone], &[excursion(11)]), [Change::Raise(excursion(11))], "another excursion");
    let over = plan(&[gone], &[ended(10, Ending::YearUnmet, 400)]);
    let end = Change::End { id: 1, ending: Ending::YearUnmet, at: day(400), evidence: Some(evidence(50)) };
    assert_eq!(over, [end]);
}

#[test]
fn a_recovery_or_a_significance_that_is_no_longer_founded_is_taken_back() {
    let reopened = plan(&[stored_ended(1, 10, Ending::Recovered, 90)], &[excursion(10)]);
    assert_eq!(reopened, [Change::Reopen { id: 1, evidence: evidence(90) }]);
    let significant = Stored { grade: Grade::Significant, ..stored(1, 10) };
    assert_eq!(plan(&[significant], &[excursion(10)]), [Change::Lower { id: 1, evidence: evidence(90) }]);
}

#[test]
fn a_persons_closing_stands() {
    let closed = stored_ended(1, 10, Ending::ByPerson, 15);
    for found in [vec![], vec![excursion(10)], vec![ended(9, Ending::YearUnmet, 400)]] {
        assert_eq!(plan(&[closed], &found), []);
    }
    assert_eq!(plan(&[closed], &[excursion(16)]), [Change::Raise(excursion(16))], "another excursion");
    let both = [closed, stored(2, 40)];
    assert_eq!(plan(&both, &[excursion(10)]), [], "two excursions became one, of which one alert is still open");
}

#[test]
fn what_a_person_closed_as_a_notice_speaks_again_when_it_is_significant_and_not_a_third_time() {
    let closed = stored_ended(1, 10, Ending::ByPerson, 15);
    let significant = Excursion { escalated: Some(step(20)), ..excursion(10) };
    let escalated = Change::Escalate { id: 1, at: day(20), evidence: step(20).evidence };
    assert_eq!(plan(&[closed], &[significant]), [escalated]);
    let known = Stored { grade: Grade::Significant, ..closed };
    assert_eq!(plan(&[known], &[significant]), [], "they closed it as significant");
    let over = Excursion { ended: Some((Ending::Recovered, step(60))), ..significant };
    let end = Change::End { id: 1, ending: Ending::Recovered, at: day(60), evidence: Some(step(60).evidence) };
    assert_eq!(plan(&[closed], &[over]), [escalated, end]);
    let earlier = Excursion { escalated: Some(step(20)), ..excursion(9) };
    assert_eq!(plan(&[closed], &[earlier]), [Change::Raise(earlier)], "of another opening it is an alert of its own");
    assert_eq!(plan(&[known], &[earlier]), []);
    assert_eq!(plan(&[closed, Stored { id: 2, ..known }], &[significant]), [], "one of two closings knew it");
    let later = Stored { ended: Some((Ending::ByPerson, day(100))), ..closed };
    let two = [over, excursion(70)];
    assert_eq!(
        plan(&[later], &two),
        [escalated, end, Change::Raise(excursion(70))],
        "the closing answers nothing any more"
    );
}

#[test]
fn each_change_has_its_word_in_the_alerts_record() {
    let word = |change: Change<u32>| change.happening();
    assert_eq!(word(Change::Raise(excursion(1))), Happening::Raised);
    assert_eq!(word(Change::Reopen { id: 1, evidence: evidence(1) }), Happening::Reopened);
    assert_eq!(word(Change::Escalate { id: 1, at: day(1), evidence: evidence(1) }), Happening::Escalated);
    assert_eq!(word(Change::Lower { id: 1, evidence: evidence(1) }), Happening::Lowered);
    let end = |ending| word(Change::End { id: 1, ending, at: day(1), evidence: None });
    assert_eq!(end(Ending::Recovered), Happening::Cleared);
    assert_eq!(end(Ending::Unfounded), Happening::Withdrawn);
    assert_eq!(
        [Ending::YearMet, Ending::YearUnmet, Ending::TargetChanged, Ending::ByPerson].map(end),
        [Happening::Closed; 4]
    );
    let word = |change: WarningChange<u32>| change.happening();
    let warning = warning(&[signal(1)]);
    assert_eq!(word(WarningChange::Raise(warning)), Happening::Raised);
    assert_eq!(word(WarningChange::Reopen { id: 1, warning }), Happening::Reopened);
    assert_eq!(word(WarningChange::Signals { id: 1, warning }), Happening::Signalled);
    assert_eq!(word(WarningChange::End { id: 1, ending: Ending::TargetChanged, at: day(1) }), Happening::Closed);
}

/// A signal under the target that is held from day 0 on.
fn signal(at: i64) -> Signal {
    Signal {
        at: day(at),
        score: 95,
        chart: Chart { m: 17, h: 91 },
        target: BasisPoints::new(9600).unwrap(),
        target_since: day(0),
        target_until: None,
        run_since: day(at),
        run: Tally::new(1, 2).unwrap(),
    }
}

/// A signal under the target that was held from day 0 until before day 100.
fn old(at: i64) -> Signal {
    Signal { target_until: Some(day(100)), ..signal(at) }
}

/// A signal under the target that is held from day 100 on.
fn new(at: i64) -> Signal {
    Signal { target_since: day(100), ..signal(at) }
}

fn warning(signals: &[Signal]) -> Warning {
    let count = u32::try_from(signals.len()).unwrap();
    Warning { first: signals[0], last: *signals.last().unwrap(), signals: count }
}

fn warned(id: u32, opened: i64, signals: u32, last: i64) -> StoredWarning<u32> {
    StoredWarning { id, opened_at: day(opened), signals, last_at: day(last), ended: None }
}

fn warnings(stored: &[StoredWarning<u32>], signals: &[Signal]) -> Vec<WarningChange<u32>> {
    let changes = reconcile::warnings(stored, signals, day(1000));
    let mut applied = stored.to_vec();
    changes.iter().for_each(|change| apply_warning(&mut applied, change));
    assert_eq!(reconcile::warnings(&applied, signals, day(1001)), [], "applied, there is nothing to change");
    changes
}

fn apply_warning(stored: &mut Vec<StoredWarning<u32>>, change: &WarningChange<u32>) {
    let find = |stored: &mut Vec<StoredWarning<u32>>, id: u32| stored.iter().position(|alert| alert.id == id).unwrap();
    match *change {
        WarningChange::Raise(warning) => {
            assert!(!stored.iter().any(|alert| alert.opened_at == warning.first.at), "an alert of this key is stored");
            let id = 1 + stored.iter().map(|alert| alert.id).max().unwrap_or_default();
            let Warning { first, last, signals } = warning;
            let ended = warning.ended();
            stored.push(StoredWarning { id, opened_at: first.at, signals, last_at: last.at, ended });
        }
        WarningChange::Reopen { id, .. } => {
            let place = find(stored, id);
            assert!(stored[place].ended.take().is_some());
        }
        WarningChange::Signals { id, warning } => {
            let place = find(stored, id);
            (stored[place].signals, stored[place].last_at) = (warning.signals, warning.last.at);
        }
        WarningChange::End { id, ending, at } => {
            let place = find(stored, id);
            stored[place].ended = Some((ending, at));
        }
    }
}

#[test]
fn further_signals_add_to_the_open_alert() {
    let signals = [signal(10), signal(20), signal(30)];
    assert_eq!(warnings(&[], &signals), [WarningChange::Raise(warning(&signals))]);
    let more = WarningChange::Signals { id: 1, warning: warning(&signals) };
    assert_eq!(warnings(&[warned(1, 10, 1, 10)], &signals), [more]);
    assert_eq!(warnings(&[warned(1, 10, 3, 30)], &signals), []);
    let fewer = WarningChange::Signals { id: 1, warning: warning(&signals[1..]) };
    assert_eq!(warnings(&[warned(1, 10, 3, 30)], &signals[1..]), [fewer], "the first conclusion changed");
}

#[test]
fn a_signal_after_a_persons_closing_raises_a_new_alert() {
    let closed = StoredWarning { ended: Some((Ending::ByPerson, day(20))), ..warned(1, 10, 2, 20) };
    assert_eq!(warnings(&[closed], &[signal(10), signal(20)]), []);
    assert_eq!(warnings(&[closed], &[]), [], "a person's closing stands");
    let later = [signal(10), signal(20), signal(21), signal(22)];
    assert_eq!(warnings(&[closed], &later), [WarningChange::Raise(warning(&later[2..]))]);
    assert_eq!(warnings(&[closed, warned(2, 21, 2, 22)], &later), []);
}

#[test]
fn a_changed_target_closes_the_warning_and_the_next_is_its_own() {
    let closing = WarningChange::End { id: 1, ending: Ending::TargetChanged, at: day(100) };
    assert_eq!(warnings(&[warned(1, 10, 1, 10)], &[old(10)]), [closing]);
    let over = StoredWarning { ended: Some((Ending::TargetChanged, day(100))), ..warned(1, 10, 1, 10) };
    assert_eq!(warnings(&[over], &[old(10)]), []);
    assert_eq!(warnings(&[over], &[old(10), new(100)]), [WarningChange::Raise(warning(&[new(100)]))]);
    assert_eq!(warnings(&[over, warned(2, 100, 1, 100)], &[old(10), new(100)]), []);
    let both = [WarningChange::Raise(warning(&[old(10)])), WarningChange::Raise(warning(&[new(120)]))];
    assert_eq!(warnings(&[], &[old(10), new(120)]), both);
    let reopened = WarningChange::Reopen { id: 1, warning: warning(&[signal(10)]) };
    assert_eq!(warnings(&[over], &[signal(10)]), [reopened], "the change of target was taken back");
}

#[test]
fn a_closing_answers_only_signals_of_its_target() {
    let closed = StoredWarning { ended: Some((Ending::ByPerson, day(120))), ..warned(1, 10, 1, 10) };
    assert_eq!(warnings(&[closed], &[old(10), new(110)]), [WarningChange::Raise(warning(&[new(110)]))]);
    let closed = StoredWarning { ended: Some((Ending::ByPerson, day(120))), ..warned(1, 100, 1, 100) };
    assert_eq!(warnings(&[closed], &[new(100), new(110)]), []);
    assert_eq!(warnings(&[closed], &[old(99)]), [WarningChange::Raise(warning(&[old(99)]))]);
}

#[test]
fn a_warning_without_a_signal_is_withdrawn_and_comes_back_with_it() {
    let withdrawn = WarningChange::End { id: 1, ending: Ending::Unfounded, at: day(1000) };
    assert_eq!(warnings(&[warned(1, 10, 1, 10)], &[]), [withdrawn]);
    let gone = StoredWarning { ended: Some((Ending::Unfounded, day(50))), ..warned(1, 10, 1, 10) };
    assert_eq!(warnings(&[gone], &[]), []);
    let back = WarningChange::Reopen { id: 1, warning: warning(&[signal(10)]) };
    assert_eq!(warnings(&[gone], &[signal(10)]), [back]);
    assert_eq!(warnings(&[gone], &[signal(11)]), [WarningChange::Raise(warning(&[signal(11)]))]);
    let second = WarningChange::End { id: 2, ending: Ending::Unfounded, at: day(1000) };
    let both = [warned(2, 9, 1, 10), warned(1, 10, 1, 10)];
    assert_eq!(warnings(&both, &[signal(10)]), [second], "one alert for one warning, that of the same opening");
}

prop_compose! {
    /// Excursions as a history gives them: one after the other, only the last of them perhaps open.
    fn histories()(lengths in proptest::collection::vec((1_i64..20, 0_i64..20, 0_usize..5, any::<bool>()), 0..6)) -> Vec<Excursion> {
        let endings = [Ending::Recovered, Ending::TargetChanged, Ending::YearMet, Ending::YearUnmet];
        let last = lengths.len().saturating_sub(1);
        let (mut at, mut version) = (0, 1);
        let mut excursions = Vec::new();
        for (place, (gap, length, ending, escalated)) in lengths.into_iter().enumerate() {
            at += gap;
            let escalated = escalated.then(|| step(at));
            let ending = endings.get(ending).copied().or((place < last).then_some(Ending::Recovered));
            let ended = ending.map(|ending| (ending, step(at + length)));
            excursions.push(Excursion { version, escalated, ended, ..excursion(at) });
            at += length;
            version += i32::from(ending == Some(Ending::TargetChanged));
        }
        excursions
    }
}

prop_compose! {
    fn signal_histories()(days in proptest::collection::btree_set(1_i64..200, 0..8), changed: bool) -> Vec<Signal> {
        let under = |at| if !changed { signal(at) } else if at < 100 { old(at) } else { new(at) };
        days.into_iter().map(under).collect()
    }
}

proptest! {
    /// A stream's life: the replay finds this, then that; in between a person closes what is open.
    #[test]
    fn applying_the_changes_and_asking_again_gives_nothing(found in proptest::collection::vec((histories(), 0_i64..100, any::<bool>()), 1..6)) {
        let mut alerts: Vec<Stored<u32>> = Vec::new();
        for (excursions, closed_at, closes) in found {
            let changes = reconcile::plan(&alerts, &excursions, day(1000));
            changes.iter().for_each(|change| apply(&mut alerts, change));
            prop_assert_eq!(reconcile::plan(&alerts, &excursions, day(1001)), []);
            for open in excursions.iter().filter(|excursion| excursion.ended.is_none()) {
                let tells = |alert: &&Stored<u32>| alert.version == open.version && alert.ended.is_none_or(|(ending, _)| ending == Ending::ByPerson);
                prop_assert!(alerts.iter().any(|alert| tells(&alert)), "an open excursion is told, or was answered by a person");
            }
            let expected = excursions.iter().filter(|excursion| excursion.ended.is_none()).count();
            let open = alerts.iter_mut().filter(|alert| alert.ended.is_none());
            let mut open: Vec<_> = open.collect();
            prop_assert!(open.len() <= expected);
            if closes && let Some(alert) = open.pop() {
                alert.ended = Some((Ending::ByPerson, alert.opened_at.max(day(closed_at))));
            }
        }
    }

    #[test]
    fn applying_the_changes_to_warnings_and_asking_again_gives_nothing(found in proptest::collection::vec((signal_histories(), 0_i64..300, any::<bool>()), 1..6)) {
        let mut alerts: Vec<StoredWarning<u32>> = Vec::new();
        for (signals, closed_at, closes) in found {
            let changes = reconcile::warnings(&alerts, &signals, day(1000));
            changes.iter().for_each(|change| apply_warning(&mut alerts, change));
            prop_assert_eq!(reconcile::warnings(&alerts, &signals, day(1001)), []);
            let mut open: Vec<_> = alerts.iter_mut().filter(|alert| alert.ended.is_none()).collect();
            prop_assert!(open.len() <= 1);
            if closes && let Some(alert) = open.pop() {
                alert.ended = Some((Ending::ByPerson, alert.last_at.max(day(closed_at))));
            }
        }
    }
}
