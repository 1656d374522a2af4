//! Early warnings against the signals of their stream.

use crate::cusum::Signal;
use crate::words::{Ending, Happening};
use jiff::Timestamp;

/// What is stored of an early warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredWarning<Id> {
    /// Its id.
    pub id: Id,
    /// Its first signal, as it was raised; its id follows from it, so it is never moved.
    pub opened_at: Timestamp,
    /// How many signals it holds.
    pub signals: u32,
    /// The last of them.
    pub last_at: Timestamp,
    /// How and when it ended; none while it is open or acknowledged.
    pub ended: Option<(Ending, Timestamp)>,
}

/// Signals that one alert tells: those under one target since a person closed the alert before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Warning {
    /// The first signal.
    pub first: Signal,
    /// The last.
    pub last: Signal,
    /// How many.
    pub signals: u32,
}

impl Warning {
    /// Early warnings end only by a person, or when another target takes the place of theirs.
    #[must_use]
    pub fn ended(&self) -> Option<(Ending, Timestamp)> {
        self.last.target_until.map(|at| (Ending::TargetChanged, at))
    }
}

/// What has to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WarningChange<Id> {
    /// A new alert, stored as the warning stands: with all its signals, and with its end.
    Raise(Warning),
    /// The alert is open again: what ended it is no longer founded.
    Reopen {
        /// Which.
        id: Id,
        /// As it stands.
        warning: Warning,
    },
    /// The alert's signals are not those that are stored: there is a later one, or a conclusion changed.
    Signals {
        /// Which.
        id: Id,
        /// As it stands: how many signals, and the last.
        warning: Warning,
    },
    /// The alert is over.
    End {
        /// Which.
        id: Id,
        /// How; [`Ending::status`] is its status from now on.
        ending: Ending,
        /// When.
        at: Timestamp,
    },
}

impl<Id> WarningChange<Id> {
    /// The word of the alert's record for it.
    #[must_use]
    pub const fn happening(&self) -> Happening {
        match self {
            Self::Raise(_) => Happening::Raised,
            Self::Reopen { .. } => Happening::Reopened,
            Self::Signals { .. } => Happening::Signalled,
            Self::End { ending, .. } => ending.happening(),
        }
    }
}

/// Compares the stored early warnings of one stream, of all plan years, with the signals of [`crate::cusum::history`].
///
/// All signals under one target are one alert, until a person closes it: signals up to the closing are answered, later ones
/// raise a new alert. When the target changes the alert closes, and nothing recovered. An alert of which no signal is left is
/// withdrawn; it comes back when its first signal does.
#[must_use]
pub fn warnings<Id: Copy>(stored: &[StoredWarning<Id>], signals: &[Signal], now: Timestamp) -> Vec<WarningChange<Id>> {
    let mut untold: Vec<&StoredWarning<Id>> = stored.iter().collect();
    let mut changes = Vec::new();
    for warning in unanswered(stored, signals) {
        match teller(&mut untold, &warning) {
            Some(alert) => changes.extend(between(alert, warning)),
            None => changes.push(WarningChange::Raise(warning)),
        }
    }
    let withdrawn = |alert: &StoredWarning<Id>| WarningChange::End { id: alert.id, ending: Ending::Unfounded, at: now };
    changes.extend(untold.into_iter().filter(|alert| is_live(alert)).map(withdrawn));
    changes
}

/// One warning for each target under which there are signals that no person has answered.
fn unanswered<Id>(stored: &[StoredWarning<Id>], signals: &[Signal]) -> Vec<Warning> {
    let mut warnings: Vec<Warning> = Vec::new();
    for signal in signals {
        let answered = stored.iter().any(|alert| {
            matches!(alert.ended, Some((Ending::ByPerson, at)) if signal.at <= at) && is_under(alert, signal)
        });
        match warnings.last_mut().filter(|warning| warning.last.target_since == signal.target_since) {
            _ if answered => {}
            Some(warning) => {
                warning.last = *signal;
                warning.signals += 1;
            }
            None => warnings.push(Warning { first: *signal, last: *signal, signals: 1 }),
        }
    }
    warnings
}

/// Whether the alert was raised while the signal's target was held.
fn is_under<Id>(alert: &StoredWarning<Id>, signal: &Signal) -> bool {
    alert.opened_at >= signal.target_since && signal.target_until.is_none_or(|until| alert.opened_at < until)
}

/// The stored alert that tells a warning, which is taken out of `untold`: a live one under the same target, the one of the
/// same opening first, else a withdrawn one of the same opening.
fn teller<'a, Id>(untold: &mut Vec<&'a StoredWarning<Id>>, warning: &Warning) -> Option<&'a StoredWarning<Id>> {
    let same_opening = |alert: &StoredWarning<Id>| alert.opened_at == warning.first.at;
    let live = |alert: &StoredWarning<Id>| is_live(alert) && is_under(alert, &warning.first);
    let place = |fits: &dyn Fn(&StoredWarning<Id>) -> bool| untold.iter().position(|alert| fits(alert));
    let place = place(&|alert| live(alert) && same_opening(alert))
        .or_else(|| place(&live))
        // Withdrawn: what a person closed has answered its opening.
        .or_else(|| place(&same_opening))?;
    Some(untold.remove(place))
}

/// Neither withdrawn nor closed by a person.
fn is_live<Id>(alert: &StoredWarning<Id>) -> bool {
    !matches!(alert.ended, Some((Ending::Unfounded | Ending::ByPerson, _)))
}

/// What makes a stored alert say what its warning says.
fn between<Id: Copy>(alert: &StoredWarning<Id>, warning: Warning) -> Vec<WarningChange<Id>> {
    let id = alert.id;
    let mut changes = Vec::new();
    if alert.ended.is_some() && warning.ended().is_none() {
        changes.push(WarningChange::Reopen { id, warning });
    }
    if (alert.signals, alert.last_at) != (warning.signals, warning.last.at) {
        changes.push(WarningChange::Signals { id, warning });
    }
    if let Some((ending, at)) = warning.ended().filter(|ended| alert.ended != Some(*ended)) {
        changes.push(WarningChange::End { id, ending, at });
    }
    changes
}
