//! What people do about an alert, and what is told when nobody does anything.

use super::change::store_change;
use super::{NewId, is_visible, key};
use crate::people::{scope, words};
use crate::{Call, Error, Mark, Store, setup};
use hege_alerts::plan::Grade;
use hege_alerts::{AlertStatus, Ending, Happening};
use hege_core::calendar::{Calendar, MissingYear};
use hege_core::date::CHINA;
use hege_core::{Problem, Role, SampleId, UserId};
use hege_store::Conn;
use hege_store::alerts::{AlertEvent, AlertRow, alert_events_of, alert_fetch, alerts_unanswered};
use hege_store::people::{Person, person_fetch};
use hege_store::types::{Id, Ts};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// What a person does to an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Takes note; reminders stop.
    Acknowledge,
    /// Ends it.
    Close,
    /// Says who shall answer it.
    Assign(UserId),
}

/// Acknowledges, assigns or closes an alert, with a note. `seen` is the revision that the person saw.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Conflict`] when it changed meanwhile, is over, or was answered so already; [`Error::Invalid`]
/// for an assignee who does not see it.
pub fn act(store: &Store, call: &Call, id: SampleId, (seen, act, note): (i64, Act, &str)) -> Result<AlertRow, Error> {
    store.write(|conn| {
        let alert = alert_fetch(conn, key(id))?.filter(|alert| is_visible(alert, &call.scope));
        let alert = alert.ok_or(Error::NotFound)?;
        let is_twice = match act {
            Act::Acknowledge => alert.status == AlertStatus::Acknowledged.code(),
            Act::Close => false,
            Act::Assign(to) => alert.assigned_to == Some(Id(to.0)),
        };
        if alert.revision != seen || alert.ended_at.is_some() || is_twice {
            return Err(Error::Conflict);
        }
        let mut next = AlertRow { revision: seen + 1, ..alert };
        let (happening, evidence) = acted(conn, &mut next, call, (act, note))?;
        store_change(conn, &next, (happening, evidence), call.mark())?;
        Ok(next)
    })
}

fn acted(
    conn: &mut Conn,
    alert: &mut AlertRow,
    call: &Call,
    (act, note): (Act, &str),
) -> Result<(Happening, Value), Error> {
    let by = Some(Id(call.user().0));
    match act {
        Act::Acknowledge => {
            alert.status = AlertStatus::Acknowledged.code().to_owned();
            (alert.acknowledged_by, alert.acknowledged_at) = (by, Some(Ts(call.at)));
            alert.note = Some(note.to_owned());
            Ok((Happening::Acknowledged, json!({"note": note})))
        }
        Act::Close => {
            alert.status = Ending::ByPerson.status().code().to_owned();
            (alert.ended_at, alert.ended_why) = (Some(Ts(call.at)), Some(Ending::ByPerson.code().to_owned()));
            (alert.closed_by, alert.closing_note) = (by, Some(note.to_owned()));
            Ok((Happening::Closed, json!({"note": note})))
        }
        Act::Assign(to) => {
            let assignee = person_fetch(conn, Id(to.0))?;
            let answers = assignee.map(|person| may_answer(&person, alert)).transpose()?.unwrap_or_default();
            if !answers {
                let words = ("须为能看到该预警的审核人员", "a reviewer who sees the alert is needed");
                return Err(Error::Invalid(Problem::new("/person_id", "not_a_reviewer", words.0, words.1).into()));
            }
            alert.assigned_to = Some(Id(to.0));
            Ok((Happening::Assigned, json!({"note": note, "assigned_to": to.to_string()})))
        }
    }
}

/// Whether a person reviews and sees the alert.
fn may_answer(person: &Person, alert: &AlertRow) -> Result<bool, Error> {
    let reviews = words::<Role>(&person.roles)?.contains(&Role::Reviewer);
    Ok(person.active && reviews && is_visible(alert, &scope(person)?))
}

/// Within how many working days somebody acknowledges an alert: a significant one by the next, a notice by the third.
const fn working_days(grade: Grade) -> u16 {
    match grade {
        Grade::Significant => 1,
        Grade::Notice => 3,
    }
}

/// By when somebody acknowledges an alert that was told of at an instant: the same time of the day.
fn deadline(calendar: &Calendar, told_at: Timestamp, grade: Grade) -> Result<Timestamp, MissingYear> {
    let told = CHINA.to_datetime(told_at);
    let last = calendar.add_working_days(told.date(), working_days(grade))?;
    CHINA.to_timestamp(last.to_datetime(told.time())).map_err(|_end_of_time| MissingYear(last.year()))
}

/// When an alert was told last: raised, escalated or reopened.
fn told_at(events: &[AlertEvent]) -> Option<Timestamp> {
    let told = [Happening::Raised, Happening::Escalated, Happening::Reopened].map(Happening::code);
    events.iter().rfind(|event| told.contains(&event.kind.as_str())).map(|event| event.at.0)
}

/// Tells once of each open alert that nobody acknowledged in time. Without the year's calendar of working days the time is
/// undetermined, and nothing is told; that the calendar is missing is an alert of its own. How many.
///
/// # Errors
/// Those of the store.
pub fn remind(store: &Store, now: Timestamp, new_id: NewId<'_>) -> Result<usize, Error> {
    // No deadline is shorter than a day.
    let raised_until = now.checked_sub(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MIN);
    let open = store.read(|conn| Ok::<_, Error>(alerts_unanswered(conn, Ts(raised_until))?))?;
    if open.is_empty() {
        return Ok(0);
    }
    let calendar = setup::calendar(store)?;
    let mut told = 0;
    for alert in open {
        let mark = Mark { person: None, at: now, audit_id: new_id() };
        match store.write(|conn| unanswered(conn, &alert, &calendar, mark)) {
            Ok(is_told) => told += usize::from(is_told),
            // Somebody answered it meanwhile.
            Err(Error::Conflict) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(told)
}

fn unanswered(conn: &mut Conn, alert: &AlertRow, calendar: &Calendar, mark: Mark) -> Result<bool, Error> {
    let grade = alert.grade.parse().map_err(super::plan::corrupt)?;
    let events = alert_events_of(conn, (alert.city, alert.id))?;
    let due = told_at(&events).and_then(|told_at| deadline(calendar, told_at, grade).ok());
    if due.is_none_or(|due| mark.at < due) {
        return Ok(false);
    }
    let row = AlertRow { unanswered_at: Some(Ts(mark.at)), revision: alert.revision + 1, ..alert.clone() };
    store_change(conn, &row, (Happening::Unanswered, json!({"working_days": working_days(grade)})), mark)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_deadline_is_at_the_same_time_of_a_working_day() {
        let mut calendar = Calendar::default();
        calendar.load(2025, [date(2025, 10, 1)], [date(2025, 9, 28)]);
        let at = |day, hour| CHINA.to_timestamp(date(2025, 9, day).at(hour, 30, 0, 0)).unwrap();
        // Friday the 26th; the 27th is a Saturday and the 28th a Sunday that is worked.
        assert_eq!(deadline(&calendar, at(26, 9), Grade::Significant), Ok(at(28, 9)));
        assert_eq!(deadline(&calendar, at(26, 9), Grade::Notice), Ok(at(30, 9)));
        let new_year = CHINA.to_timestamp(date(2025, 12, 31).at(9, 0, 0, 0)).unwrap();
        assert_eq!(deadline(&calendar, new_year, Grade::Significant), Err(MissingYear(2026)));
    }
}
