//! What a sampling form names must be there: people, organisations, the task.

use crate::State;
use hege_app::known::is_within;
use hege_app::{Call, Error, organisations, people, tasks};
use hege_core::{Problem, Problems};
use hege_sampling::form::{Fields as FormFields, Form, Raw};

/// Who of the samplers has no login.
fn unknown_samplers(state: &State, samplers: &[String]) -> Result<Problems, Error> {
    let mut problems = Problems::new();
    for (index, sampler) in samplers.iter().enumerate() {
        let is_known = match sampler.parse() {
            Ok(id) => people::is_active(&state.store, id)?,
            Err(_) => false,
        };
        problems.check(is_known, || {
            let (zh, en) = ("不是在用的人员", "nobody with a login");
            Problem::new(format!("/samplers/{index}"), "sampler_unknown", zh, en)
        });
    }
    Ok(problems)
}

/// People and organisations that a form names must be there: the separation of who samples and who tests rests on them.
pub(crate) fn named(state: &State, fields: &FormFields) -> Result<Problems, Error> {
    let mut problems = Problems::new();
    if let Some(Raw::List(samplers)) = fields.get("samplers") {
        problems.extend(unknown_samplers(state, samplers)?);
    }
    for code in ["task_source", "deploying_org", "sampling_org"] {
        let Some(Raw::Text(text)) = fields.get(code) else { continue };
        let is_known = match text.parse() {
            Ok(id) => organisations::fetch(&state.store, id)?.is_some_and(|found| found.active),
            Err(_) => false,
        };
        problems.check(is_known, || {
            let (zh, en) = ("机构不存在或已停用", "the organisation is not there or does not take part");
            Problem::new(format!("/{code}"), "organisation_unknown", zh, en)
        });
    }
    Ok(problems)
}

/// What is doubtful about a form with its items as one of the task that it names.
pub(crate) fn of_task(
    state: &State,
    call: &Call,
    (form, items): (&Form, &[(String, bool)]),
) -> Result<Problems, Error> {
    let catalogue = state.catalogues.get(&state.store)?;
    let items = items.iter().map(|(analyte, _)| analyte.clone()).collect();
    let within = |food: &str, class: &str| is_within(&catalogue, food, class);
    let (objections, doubts) = tasks::fit(&state.store, call, (form, &items), &within)?;
    objections.into_result(doubts).map_err(Error::Invalid)
}
