//! 复检: from the application to what the body found, which is final and moves the rates.

use super::{Found, let_fall};
use crate::record::{cell, concluded};
use crate::results::{Value, conclusion_of, judged_again};
use crate::{Call, Error, Store};
use hege_core::date::china_date;
use hege_core::{OrganisationId, Problem, Problems, SampleId};
use hege_lab::{Catalogue, ItemVerdict, Judgement};
use hege_rates::Standing;
use hege_sampling::reinspection::{
    Act, Applicant, Application, Finding, Ground, Proceeding, ReinspectionDenial, ReinspectionState, apply,
    signed_by_two,
};
use hege_store::Conn;
use hege_store::audit::Audited;
use hege_store::people::{Organisation, organisation_fetch};
use hege_store::reinspections::{
    ReinspectionItem, ReinspectionRow, reinspection_insert, reinspection_items_insert, reinspection_update,
};
use hege_store::samples::{ConclusionRow, Item, Sample, SampleProgress};
use hege_store::types::{Doc, Id, Ts, Word};
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// An application as it reached the department.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Who applies.
    pub applicant: Applicant,
    /// When it came.
    pub at: Timestamp,
    /// Codes of the items.
    pub items: BTreeSet<String>,
}

/// What a body reports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reported {
    /// The number of its report.
    pub report_no: String,
    /// Who tested.
    pub tested_by: String,
    /// Who checked.
    pub checked_by: String,
    /// A value for each item; criteria are those of the first report.
    pub results: Vec<Value>,
}

/// Records an application. Grounds on which the law refuses it are told with the sample, and the department decides.
///
/// # Errors
/// [`Error::Reinspection`], [`Error::Invalid`], [`Error::Conflict`], [`Error::NotFound`].
pub fn apply_for(store: &Store, call: &Call, id: SampleId, (seen, applied): (i64, &Applied)) -> Result<Sample, Error> {
    store.write(|conn| {
        let found = Found::load(conn, call, id)?;
        let Applied { applicant, at, items } = applied.clone();
        let application = Application { applicant, at, items };
        application.check(&found.facts(conn, applicant)?, &found.actor)?;
        in_time(&found, (at, call.at)).into_result(()).map_err(Error::Invalid)?;
        let row = ReinspectionRow {
            city: found.sample.city,
            sample_id: found.sample.id,
            seq: found.reinspections.last().map_or(1, |last| last.seq + 1),
            state: Word(ReinspectionState::Applied),
            applicant: Word(applicant),
            applied_at: Ts(at),
            items: Doc(json!(application.items)),
            ground: None,
            body_id: None,
            report: None,
            conclusion_revision: found.sample.conclusion_revision,
            revision: 1,
        };
        reinspection_insert(conn, &row)?;
        let detail = json!({"reinspection": row.seq, "applicant": applicant.code(), "items": application.items});
        found.note(conn, (call, id, seen), ("reinspection_applied", detail, vec![row.touched()?]))
    })
}

/// An application comes after the report and not from the future.
fn in_time(found: &Found, (at, now): (Timestamp, Timestamp)) -> Problems {
    let mut problems = Problems::new();
    let is_early = found.sample.decided_at.is_some_and(|decided| at < decided.0);
    problems.check(!is_early, || Problem::new("/applied_at", "before_report", "早于报告批准时间", "before the report"));
    problems.check(at <= now, || Problem::new("/applied_at", "in_future", "时间在将来", "in the future"));
    problems
}

/// The department accepts an application, or refuses it on a ground.
///
/// # Errors
/// As [`apply_for`].
pub fn decide(
    store: &Store,
    call: &Call,
    (id, seq): (SampleId, i32),
    (seen, refused): (i64, Option<Ground>),
) -> Result<Sample, Error> {
    let act = refused.map_or(Act::Accept, Act::Refuse);
    let kind = if refused.is_some() { "reinspection_refused" } else { "reinspection_accepted" };
    store.write(|conn| {
        let opened = Opened::load(conn, call, (id, seq))?;
        let state = opened.apply(call, &act)?;
        let row = ReinspectionRow { state: Word(state), ground: refused.map(Word), ..opened.row.clone() };
        let detail = json!({"reinspection": seq, "ground": refused.map(Ground::code)});
        opened.write(conn, (call, id, seen), (row, kind, detail))
    })
}

/// The department names the body.
///
/// # Errors
/// As [`apply_for`].
pub fn name_body(
    store: &Store,
    call: &Call,
    (id, seq): (SampleId, i32),
    (seen, body): (i64, OrganisationId),
) -> Result<Sample, Error> {
    store.write(|conn| {
        let opened = Opened::load(conn, call, (id, seq))?;
        let state = opened.apply(call, &Act::NameBody(body))?;
        let known = organisation_fetch(conn, Id(body.0))?;
        if !known.is_some_and(|found: Organisation| found.active && found.kind == "laboratory") {
            let (zh, en) = ("不是在用的检验机构", "no laboratory that is active");
            return Err(Error::Invalid(Problem::new("/body_id", "not_a_laboratory", zh, en).into()));
        }
        let row = ReinspectionRow { state: Word(state), body_id: Some(Id(body.0)), ..opened.row.clone() };
        let detail = json!({"reinspection": seq, "body_id": body.to_string()});
        opened.write(conn, (call, id, seen), (row, "reinspection_body_named", detail))
    })
}

/// The first laboratory hands the backup over to the body.
///
/// # Errors
/// As [`apply_for`].
pub fn hand_over(store: &Store, call: &Call, (id, seq): (SampleId, i32), seen: i64) -> Result<Sample, Error> {
    simple(store, call, (id, seq), (seen, &Act::HandOver, "backup_handed_over"))
}

/// The applicant withdraws.
///
/// # Errors
/// As [`apply_for`].
pub fn take_back(
    store: &Store,
    call: &Call,
    (id, seq): (SampleId, i32),
    (seen, reason): (i64, &str),
) -> Result<Sample, Error> {
    let act = Act::Withdraw { reason: reason.to_owned() };
    simple(store, call, (id, seq), (seen, &act, "reinspection_withdrawn"))
}

fn simple(
    store: &Store,
    call: &Call,
    (id, seq): (SampleId, i32),
    (seen, act, kind): (i64, &Act, &str),
) -> Result<Sample, Error> {
    store.write(|conn| {
        let opened = Opened::load(conn, call, (id, seq))?;
        let row = ReinspectionRow { state: Word(opened.apply(call, act)?), ..opened.row.clone() };
        let reason = if let Act::Withdraw { reason } = act { Some(reason) } else { None };
        let detail = json!({"reinspection": seq, "reason": reason});
        opened.write(conn, (call, id, seen), (row, kind, detail))
    })
}

/// The body reports. What it finds is judged by the criteria of the first report and is final: the sample's conclusion is
/// revised where it conforms now.
///
/// # Errors
/// As [`apply_for`]; [`ReinspectionDenial::NotJudgeable`] when a value cannot be judged.
pub fn report(
    store: &Store,
    call: &Call,
    (id, seq): (SampleId, i32),
    (seen, reported): (i64, &Reported),
    catalogue: &Catalogue,
) -> Result<Sample, Error> {
    problems(reported).into_result(()).map_err(Error::Invalid)?;
    store.write(|conn| {
        let opened = Opened::load(conn, call, (id, seq))?;
        let results = opened.judged(&reported.results, catalogue).ok_or(ReinspectionDenial::ResultMissing)?;
        let after = opened.standing_with(&results);
        let finding = Finding {
            items: results.iter().map(|result| result.analyte.clone()).collect(),
            not_judgeable: results.iter().any(|result| result.verdict == ItemVerdict::NotJudgeable.code()),
            conforms: after == Standing::Conforming,
        };
        let state = opened.apply(call, &Act::Report(finding))?;
        let report = json!({
            "report_no": reported.report_no, "tested_by": reported.tested_by, "checked_by": reported.checked_by,
            "at": call.at.to_string(),
        });
        let row = ReinspectionRow { state: Word(state), report: Some(Doc(report)), ..opened.row.clone() };
        opened.concluded(conn, (call, id, seen), (row, &results))
    })
}

/// What is missing in a report.
fn problems(reported: &Reported) -> Problems {
    let mut problems = Problems::new();
    let texts = [
        ("/report_no", &reported.report_no),
        ("/tested_by", &reported.tested_by),
        ("/checked_by", &reported.checked_by),
    ];
    for (at, text) in texts {
        problems.check(!text.trim().is_empty(), || Problem::new(at, "required", "必填", "required"));
    }
    if let Err(fault) = signed_by_two(&reported.tested_by, &reported.checked_by) {
        problems.push(Problem::new("/checked_by", fault.code(), fault.zh(), fault.en()));
    }
    for (index, value) in reported.results.iter().enumerate() {
        let twice = reported.results.iter().take(index).any(|other| other.analyte == value.analyte);
        let (zh, en) = ("同一项目出现两次", "the item stands twice");
        problems.check(!twice, || Problem::new(format!("/results/{index}/analyte"), "item_twice", zh, en));
        let is_plain = value.criterion.is_none() && value.confirmation.is_none();
        let (zh, en) =
            ("复检按初检的判定依据，不另列依据或确认", "the criteria are those of the first report, and final");
        problems.check(is_plain, || Problem::new(format!("/results/{index}"), "not_for_reinspection", zh, en));
        problems.extend(value.problems(index));
    }
    problems
}

/// A re-inspection with its sample.
struct Opened {
    found: Found,
    row: ReinspectionRow,
    proceeding: Proceeding,
    facts: hege_sampling::reinspection::Facts,
}

impl Opened {
    fn load(conn: &mut Conn, call: &Call, (id, seq): (SampleId, i32)) -> Result<Self, Error> {
        let found = Found::load(conn, call, id)?;
        let row = found.reinspections.iter().find(|row| row.seq == seq).cloned().ok_or(Error::NotFound)?;
        let facts = found.facts(conn, row.applicant.0)?;
        let items = row.items.0.as_array().into_iter().flatten();
        let items = items.filter_map(Json::as_str).map(str::to_owned).collect();
        let application = Application { applicant: row.applicant.0, at: row.applied_at.0, items };
        let body = row.body_id.map(|body| OrganisationId(body.0));
        let proceeding = Proceeding { state: row.state.0, application, body };
        Ok(Self { found, row, proceeding, facts })
    }

    fn apply(&self, call: &Call, act: &Act) -> Result<ReinspectionState, Error> {
        let who = (&self.found.actor, call.organisation);
        Ok(apply(&self.proceeding, (act, &self.facts), who, china_date(call.at))?)
    }

    fn put(&self, conn: &mut Conn, row: ReinspectionRow) -> Result<ReinspectionRow, Error> {
        let row = ReinspectionRow { revision: self.row.revision + 1, ..row };
        if reinspection_update(conn, self.row.revision, &row)? { Ok(row) } else { Err(Error::Conflict) }
    }

    fn write(
        &self,
        conn: &mut Conn,
        asked: (&Call, SampleId, i64),
        (row, kind, detail): (ReinspectionRow, &str, Json),
    ) -> Result<Sample, Error> {
        let row = self.put(conn, row)?;
        self.found.note(conn, asked, (kind, detail, vec![row.touched()?]))
    }

    /// What the body's values come to; none when a value is of no item applied for.
    fn judged(&self, values: &[Value], catalogue: &Catalogue) -> Option<Vec<ReinspectionItem>> {
        let of = |value: &Value| {
            let item = self.found.items.iter().find(|item| item.analyte == value.analyte)?;
            Some(self.result(value, &judged_again(&self.found.sample, item, value, catalogue)))
        };
        values.iter().map(of).collect()
    }

    fn result(&self, value: &Value, judgement: &Judgement) -> ReinspectionItem {
        ReinspectionItem {
            city: self.row.city,
            sample_id: self.row.sample_id,
            seq: self.row.seq,
            analyte: value.analyte.clone(),
            reported: value.reported.clone(),
            unit: value.unit.clone(),
            lod: value.lod.clone(),
            method: value.method.clone(),
            verdict: judgement.verdict.code().to_owned(),
            reason: judgement.reason.code().to_owned(),
            judgement: Doc(crate::results::judgement_json(judgement)),
        }
    }

    /// How the sample stands with these results in place of the first ones.
    fn standing_with(&self, results: &[ReinspectionItem]) -> Standing {
        let in_force = |item: &Item| {
            let again =
                results.iter().find(|result| result.analyte == item.analyte).map(|result| result.verdict.clone());
            let before = || self.found.verdict(item).map(str::to_owned);
            Item { verdict: again.or_else(before), ..item.clone() }
        };
        let items: Vec<Item> = self.found.items.iter().map(in_force).collect();
        conclusion_of(&self.found.sample, &items)
    }

    /// Writes what the body found, and the conclusion that follows from it.
    fn concluded(
        &self,
        conn: &mut Conn,
        (call, id, seen): (&Call, SampleId, i64),
        (row, results): (ReinspectionRow, &[ReinspectionItem]),
    ) -> Result<Sample, Error> {
        let row = self.put(conn, row)?;
        reinspection_items_insert(conn, results)?;
        let mut touched = vec![row.touched()?];
        for result in results {
            touched.push(result.touched()?);
        }
        let before = &self.found.sample;
        let is_overturned = row.state.0 == ReinspectionState::Overturned;
        let mut change = SampleProgress::of(before);
        let conclusion = is_overturned.then(|| ConclusionRow {
            city: before.city,
            sample_id: before.id,
            revision: before.conclusion_revision + 1,
            standing: Word(Standing::Conforming),
            decided_at: Ts(call.at),
            decided_by: Id(call.user().0),
            reason: "reinspection".to_owned(),
        });
        if let Some(conclusion) = &conclusion {
            change.standing = conclusion.standing;
            change.decided_at = Some(conclusion.decided_at);
            change.conclusion_revision = conclusion.revision;
        }
        let mut detail = json!({"reinspection": row.seq, "state": row.state.0.code()});
        if is_overturned {
            let_fall(conn, call, (id, ("reinspection", "reinspection"), None), (&mut touched, &mut detail))?;
        }
        let what = ("reinspection_reported", detail, touched);
        let sample = self.found.write(conn, (call, id, seen), (&change, conclusion.as_ref()), what)?;
        if is_overturned {
            concluded(conn, call, id, &sample)?;
        }
        cell(conn, &sample, Some(before.standing.0))?;
        Ok(sample)
    }
}
