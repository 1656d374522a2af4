//! Plan alerts against the excursions of their year.

use crate::evidence::Evidence;
use crate::plan::{Excursion, Grade, Step};
use crate::words::{Ending, Happening};
use jiff::Timestamp;

/// What is stored of a plan alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored<Id> {
    /// Its id.
    pub id: Id,
    /// When its excursion opened, as it was raised; its id follows from it, so it is never moved.
    pub opened_at: Timestamp,
    /// The version of the target that it was raised under.
    pub version: i32,
    /// Its grade now.
    pub grade: Grade,
    /// How and when it ended; none while it is open or acknowledged.
    pub ended: Option<(Ending, Timestamp)>,
}

/// What has to change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Change<Id> {
    /// A new alert. It is stored as the excursion stands: with the grade it reached, and with its end.
    Raise(Excursion),
    /// The alert is open again: what ended it is no longer founded.
    Reopen {
        /// Which.
        id: Id,
        /// The figures of the excursion's latest step.
        evidence: Evidence,
    },
    /// A notice has become significant. One that a person closed as a notice is open again.
    Escalate {
        /// Which.
        id: Id,
        /// When.
        at: Timestamp,
        /// The figures.
        evidence: Evidence,
    },
    /// A significant alert is a notice again, because a conclusion changed.
    Lower {
        /// Which.
        id: Id,
        /// The figures at the opening.
        evidence: Evidence,
    },
    /// The alert is over, or ended otherwise or at another time than is stored.
    End {
        /// Which.
        id: Id,
        /// How; [`Ending::status`] is its status from now on.
        ending: Ending,
        /// When.
        at: Timestamp,
        /// The figures; none for an alert that is withdrawn.
        evidence: Option<Evidence>,
    },
}

impl<Id> Change<Id> {
    /// The word of the alert's record for it.
    #[must_use]
    pub const fn happening(&self) -> Happening {
        match self {
            Self::Raise(_) => Happening::Raised,
            Self::Reopen { .. } => Happening::Reopened,
            Self::Escalate { .. } => Happening::Escalated,
            Self::Lower { .. } => Happening::Lowered,
            Self::End { ending, .. } => ending.happening(),
        }
    }
}

/// Compares the stored plan alerts of one stream and plan year with the excursions of [`crate::plan::history`].
///
/// An excursion is told by the stored alert of the same opening, else by one of the same target version whose time overlaps,
/// so that an alert survives a change of the conclusion that opened it. An excursion that overlaps only an alert that a person
/// closed is not raised again, unless it is significant and they closed no more than a notice: then it speaks again, in the
/// alert of its own opening. A stored alert without an excursion is withdrawn; it comes back when its excursion does.
#[must_use]
pub fn plan<Id: Copy>(stored: &[Stored<Id>], excursions: &[Excursion], now: Timestamp) -> Vec<Change<Id>> {
    let mut untold: Vec<&Stored<Id>> = stored.iter().collect();
    let mut changes = Vec::new();
    let tellers = tellers(&mut untold, excursions);
    let untold_excursions = excursions.iter().zip(&tellers).filter(|(_, teller)| teller.is_none());
    let speaks = |alert: &&Stored<Id>| {
        let mut own = untold_excursions.clone().filter(|(excursion, _)| same_opening(alert, excursion));
        is_closed_notice(alert) && own.any(|(excursion, _)| speaks_again(stored, excursion))
    };
    let (speaking, silent): (Vec<_>, Vec<_>) = stored.iter().filter(|alert| by_person(alert)).partition(speaks);
    for (excursion, teller) in excursions.iter().zip(&tellers) {
        let again = speaking.iter().find(|alert| same_opening(alert, excursion));
        match (teller, again) {
            (Some(alert), _) => changes.extend(between(alert, excursion)),
            (None, Some(alert)) => changes.extend(again_significant(alert, excursion)),
            (None, None)
                if silent.iter().any(|alert| overlap(alert, excursion)) && !speaks_again(stored, excursion) => {}
            (None, None) => changes.push(Change::Raise(*excursion)),
        }
    }
    let withdrawn =
        |alert: &Stored<Id>| Change::End { id: alert.id, ending: Ending::Unfounded, at: now, evidence: None };
    changes.extend(untold.into_iter().filter(|alert| is_live(alert)).map(withdrawn));
    changes
}

/// For each excursion the stored alert that tells it, which is taken out of `untold`.
fn tellers<'a, Id>(untold: &mut Vec<&'a Stored<Id>>, excursions: &[Excursion]) -> Vec<Option<&'a Stored<Id>>> {
    let fits_best_first: [fn(&Stored<Id>, &Excursion) -> bool; 3] = [
        |alert, excursion| is_live(alert) && same_opening(alert, excursion),
        |alert, excursion| is_live(alert) && overlap(alert, excursion),
        |alert, excursion| is_withdrawn(alert) && same_opening(alert, excursion),
    ];
    let mut tellers = vec![None; excursions.len()];
    for fits in fits_best_first {
        for (excursion, teller) in excursions.iter().zip(&mut tellers).filter(|(_, teller)| teller.is_none()) {
            let place = untold.iter().position(|alert| fits(alert, excursion));
            *teller = place.map(|place| untold.remove(place));
        }
    }
    tellers
}

fn by_person<Id>(alert: &Stored<Id>) -> bool {
    matches!(alert.ended, Some((Ending::ByPerson, _)))
}

fn is_closed_notice<Id>(alert: &Stored<Id>) -> bool {
    by_person(alert) && alert.grade == Grade::Notice
}

/// Whether an excursion is more than the persons knew who closed its alerts.
fn speaks_again<Id>(stored: &[Stored<Id>], excursion: &Excursion) -> bool {
    let mut closed = stored.iter().filter(|alert| by_person(alert) && overlap(alert, excursion)).peekable();
    excursion.reached() == Grade::Significant && closed.peek().is_some() && closed.all(is_closed_notice)
}

fn is_withdrawn<Id>(alert: &Stored<Id>) -> bool {
    matches!(alert.ended, Some((Ending::Unfounded, _)))
}

/// Neither withdrawn nor closed by a person.
fn is_live<Id>(alert: &Stored<Id>) -> bool {
    !by_person(alert) && !is_withdrawn(alert)
}

fn same_opening<Id>(alert: &Stored<Id>, excursion: &Excursion) -> bool {
    alert.version == excursion.version && alert.opened_at == excursion.opened_at
}

fn overlap<Id>(alert: &Stored<Id>, excursion: &Excursion) -> bool {
    let alert_begins_in_time = excursion.ended.is_none_or(|(_, end)| alert.opened_at <= end.at);
    let excursion_begins_in_time = alert.ended.is_none_or(|(_, at)| excursion.opened_at <= at);
    alert.version == excursion.version && alert_begins_in_time && excursion_begins_in_time
}

fn escalation<Id>(id: Id, excursion: &Excursion) -> Change<Id> {
    let (at, evidence) =
        excursion.escalated.map_or((excursion.opened_at, excursion.evidence), |step| (step.at, step.evidence));
    Change::Escalate { id, at, evidence }
}

/// What opens an alert again that a person closed as a notice.
fn again_significant<Id: Copy>(alert: &Stored<Id>, excursion: &Excursion) -> Vec<Change<Id>> {
    let end = |(ending, step): (Ending, Step)| Change::End {
        id: alert.id,
        ending,
        at: step.at,
        evidence: Some(step.evidence),
    };
    std::iter::once(escalation(alert.id, excursion)).chain(excursion.ended.map(end)).collect()
}

/// What makes a stored alert say what its excursion says.
fn between<Id: Copy>(alert: &Stored<Id>, excursion: &Excursion) -> Vec<Change<Id>> {
    let id = alert.id;
    let mut changes = Vec::new();
    if alert.ended.is_some() && excursion.ended.is_none() {
        changes.push(Change::Reopen { id, evidence: excursion.latest() });
    }
    match (alert.grade, excursion.reached()) {
        (Grade::Notice, Grade::Significant) => changes.push(escalation(id, excursion)),
        (Grade::Significant, Grade::Notice) => changes.push(Change::Lower { id, evidence: excursion.evidence }),
        (Grade::Notice, Grade::Notice) | (Grade::Significant, Grade::Significant) => {}
    }
    if let Some((ending, step)) = excursion.ended.filter(|(ending, step)| alert.ended != Some((*ending, step.at))) {
        changes.push(Change::End { id, ending, at: step.at, evidence: Some(step.evidence) });
    }
    changes
}
