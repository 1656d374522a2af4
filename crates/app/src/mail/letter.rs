//! A mail's words, from what is stored of the alert until the step it tells of: sent twice it says the same.

use super::Office;
use crate::alerts::ending_of;
use crate::notify::Concern;
use crate::plans::{self, Target, YearPlan};
use crate::{Error, Store};
use hege_alerts::plan::Grade;
use hege_alerts::{AlertKind, Happening, Rule};
use hege_core::PlanId;
use hege_mail::notice::{Figures, Held, Notice, Step, Words};
use hege_mail::post::Letter;
use hege_rates::{BasisPoints, Tally};
use hege_store::Error as StoreError;
use hege_store::alerts::{AlertEvent, AlertRow, alert_events_of, alert_fetch};
use hege_store::mail::Mail;
use hege_store::people::{Person, person_fetch};
use hege_store::regions::regions_list;
use hege_store::subscriptions::subscription_fetch;
use serde_json::Value;

/// What of the database a letter is made of.
struct Found {
    alert: AlertRow,
    /// Until the step that is told.
    events: Vec<AlertEvent>,
    person: Person,
    address: String,
    region: String,
}

fn corrupt<E>(_cause: E) -> Error {
    StoreError::Corrupt("alert").into()
}

/// The letter of a mail; none when it concerns the person no longer or they have no address any more.
pub(super) fn letter(store: &Store, office: &Office, mail: &Mail) -> Result<Option<Letter>, Error> {
    let Some(found) = found(store, mail)? else { return Ok(None) };
    let plan = plans::fetch(store, Some(PlanId(found.alert.plan_id.0)))?;
    let id = format!("{:04}-{}", found.alert.city, found.alert.id.0);
    let notice = notice(&found, &plan, format!("{}/alerts/{id}", office.public_url))?;
    Ok(Some(Letter {
        id: mail.id.0,
        thread: id,
        name: found.person.name,
        address: found.address,
        subject: notice.subject(),
        body: notice.body(),
    }))
}

fn found(store: &Store, mail: &Mail) -> Result<Option<Found>, Error> {
    store.read(|conn| {
        let key = (mail.city, mail.alert_id);
        let alert = alert_fetch(conn, key)?.ok_or(()).map_err(corrupt)?;
        let mut events = alert_events_of(conn, key)?;
        events.retain(|event| event.seq <= mail.seq);
        let told = events.last().ok_or(()).map_err(corrupt)?;
        let concern = Concern::of(conn, &alert, told.kind.parse().map_err(corrupt)?)?;
        let person = person_fetch(conn, mail.person_id)?.filter(|person| concern.has(person));
        let address = subscription_fetch(conn, mail.person_id)?.and_then(|row| row.email);
        let regions = regions_list(conn)?;
        let name = regions.iter().rfind(|region| region.code == alert.region).map_or("", |region| region.name.as_str());
        let region = format!("{name} {:06}", alert.region).trim().to_owned();
        Ok(person.zip(address).map(|(person, address)| Found { alert, events, person, address, region }))
    })
}

fn text(evidence: &Value, field: &str) -> String {
    evidence.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn step(event: &AlertEvent) -> Result<Step, Error> {
    let happening: Happening = event.kind.parse().map_err(corrupt)?;
    let evidence = &event.evidence.0;
    let ending = ending_of(evidence);
    Ok(Step { at: event.at.0, happening, ending, words: Words::new(text(evidence, "zh"), text(evidence, "en")) })
}

fn notice(found: &Found, plan: &YearPlan, link: String) -> Result<Notice, Error> {
    let Found { alert, events, region, .. } = found;
    let rule: Rule = alert.rule.parse().map_err(corrupt)?;
    let stage = alert.stage.map(|stage| stage.0);
    let target = stage.and_then(|stage| {
        let of_version = |target: &&Target| target.stage == stage && Some(target.version) == alert.target_version;
        plan.targets.iter().find(of_version).or_else(|| plan.target(stage, alert.opened_at.0))
    });
    let newest = |field: &str| events.iter().rev().find_map(|event| event.evidence.0.get(field));
    let figures = (rule.kind() == AlertKind::Plan).then(|| figures(&newest, target)).flatten();
    let word = |field: &str| newest(field).and_then(Value::as_str).map(str::to_owned);
    let grade: Option<Grade> = word("grade").and_then(|code| code.parse().ok());
    Ok(Notice {
        rule,
        grade: grade.map_or_else(|| alert.grade.parse().map_err(corrupt), Ok)?,
        stage,
        region: region.clone(),
        opened_at: alert.opened_at.0,
        held: figures.as_ref().and(target).map(|target| Held {
            plan: plan.title.clone(),
            version: target.version,
            counting: Words::new(target.counting.zh(), target.counting.en()),
        }),
        figures,
        sample: word("form_no").zip(word("product_name")).map(|(form_no, product)| format!("{form_no} {product}")),
        life: events.iter().map(step).collect::<Result<_, _>>()?,
        link,
    })
}

fn figures<'a>(newest: &impl Fn(&str) -> Option<&'a Value>, target: Option<&Target>) -> Option<Figures> {
    let number = |field: &str| newest(field).and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok());
    let stated = number("target_bp").and_then(|bp| u16::try_from(bp).ok()).and_then(BasisPoints::new);
    Some(Figures {
        tally: Tally::new(number("k")?, number("n")?)?,
        target: stated.or_else(|| target.and_then(|target| target.basis_points)),
        p: newest("p").and_then(Value::as_str).map(str::to_owned),
    })
}
