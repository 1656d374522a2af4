//! 样品: registered, found, corrected.

use crate::State;
use crate::access::{Allowed, FormNumberLease, SampleAmend, SampleFetch, SampleList, SampleRegister};
use crate::answers::{NoRole, NotThere, NotValid, Stranger, WrongMoment};
use crate::body::{Body, Fields, FromFields, Query};
use crate::named::{named, of_task};
use crate::problem::{Failure, FieldProblem, ProblemBody};
use crate::views::{SampleListView, SampleSummary, SampleView, path_id};
use actix_web::http::header::HeaderMap;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use hege_app::amendments::{Correction, Vault, amend};
use hege_app::fields::{fields_of, object_of};
use hege_app::form_numbers::{Wanted, lease};
use hege_app::known::is_within;
use hege_app::samples::{
    Cursor, Once, Registration, Sample, Search, fetch, is_microbiological, list, register_once, registered_before,
};
use hege_app::{Call, Error, personal};
use hege_core::date::china_date;
use hege_core::names::{Query as SearchQuery, Unsearchable};
use hege_core::{Problem, Problems, RegionCode, SampleId, Stage, TaskType};
use hege_sampling::fields::FIELDS;
use hege_sampling::form::{Context, Fields as FormFields, Raw, RegionKnown, check};
use hege_sampling::life_cycle::Status;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(form_number_lease)
        .service(sample_register)
        .service(sample_list)
        .service(sample_fetch)
        .service(sample_amend);
}

/// A block of form numbers that is wanted.
#[derive(ToSchema)]
pub(crate) struct LeaseBody {
    #[schema(value_type = String, example = "330106")]
    county: RegionCode,
    /// This year or the next.
    #[schema(example = 2026)]
    year: i16,
    #[schema(value_type = String, example = "routine_monitoring")]
    task_type: TaskType,
    #[schema(minimum = 1, maximum = 500, example = 50)]
    count: u32,
}

impl FromFields for LeaseBody {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let words = ("须为六位行政区划代码", "a region code has six digits");
        let county = fields.needed("county", fields.parsed("county", "bad_region", words));
        let year = fields.needed("year", fields.within("year", (2000, 9999)));
        let task_type = fields.needed("task_type", fields.word("task_type"));
        let count = fields.needed("count", fields.within("count", (1, 500)));
        Some(Self {
            county: county?,
            year: i16::try_from(year?).ok()?,
            task_type: task_type?,
            count: u32::try_from(count?).ok()?,
        })
    }
}

/// A block of form numbers that nobody else gets: the prefix and six digits, from `first` to `last`.
#[derive(Serialize, ToSchema)]
pub(crate) struct LeaseView {
    #[schema(example = "NCP26330106")]
    prefix: String,
    first: u32,
    last: u32,
}

/// Lease form numbers.
///
/// A block for a device, so that a form has its number without a network.
#[utoipa::path(operation_id = "form_number_lease", tag = "samples", request_body = LeaseBody, security(("bearer" = [])),
    responses((status = 201, description = "leased", body = LeaseView),
        NoRole, NotValid))]
#[post("/form-number-leases")]
pub(crate) async fn form_number_lease(
    state: web::Data<State>,
    asked: Allowed<FormNumberLease, Body<LeaseBody>>,
) -> Result<HttpResponse, Failure> {
    let Allowed { person, input: Body(LeaseBody { county, year, task_type, count }), .. } = asked;
    let call = state.call(&person);
    let wanted = Wanted { county, year, task_type, count };
    let is_known = state.regions.known(county, china_date(call.at)) == RegionKnown::InForce;
    if !is_known || !call.scope.sees_region(county) {
        let (zh, en) =
            ("行政区划代码未知、已失效或不在您的权限范围内", "not known, not in force, or outside your scope");
        return Err(Failure::invalid(&Problem::new("/county", "region_unknown", zh, en).into()));
    }
    let lease = state.run(move |state| lease(&state.store, &call, wanted)).await?;
    Ok(HttpResponse::Created().json(LeaseView {
        prefix: lease.prefix,
        first: lease.block.first,
        last: lease.block.last,
    }))
}

/// An ordered item.
#[derive(ToSchema)]
pub(crate) struct OrderedBody {
    #[schema(example = "lead")]
    analyte: String,
    /// For risk monitoring only: never enters the conclusion.
    #[schema(default = false, required = false)]
    risk: bool,
}

impl FromFields for OrderedBody {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let analyte = fields.needed("analyte", fields.text("analyte"));
        let risk = fields.flag("risk").unwrap_or(false);
        Some(Self { analyte: analyte?, risk })
    }
}

/// A sampling form with the items that are ordered. Each field of `form` is a text, a flag true or false, and a list of texts
/// where there are several: see `GET /form-fields`.
#[derive(ToSchema)]
pub(crate) struct RegisterBody {
    #[schema(value_type = Object, additional_properties)]
    form: FormFields,
    items: Vec<OrderedBody>,
}

/// The fields of the form as they came in. A JSON null is a field that was not given.
fn form_fields(fields: &Fields<'_>, name: &'static str) -> Option<FormFields> {
    let value = fields.needed(name, fields.value(name))?;
    let Some(object) = value.as_object() else {
        fields.problem(name, "wrong_type", ("须为对象", "must be an object"));
        return None;
    };
    let given: Map<String, Value> = object
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    Some(fields_of(&given))
}

impl FromFields for RegisterBody {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let form = form_fields(fields, "form");
        let items = fields.needed("items", fields.objects("items"));
        Some(Self { form: form?, items: items? })
    }
}

/// Problems of a form stand where its fields do in the body: under `/form` or `/changes`.
fn under(at: &str, problems: Problems) -> Problems {
    let mut moved = Problems::new();
    for problem in problems.into_vec() {
        let of_form = problem.pointer.strip_prefix('/').is_some_and(|rest| {
            let field = rest.split('/').next().unwrap_or_default();
            FIELDS.iter().any(|known| known.code == field) || problem.code == "unknown_field"
        });
        let pointer = if of_form { format!("{at}{}", problem.pointer) } else { problem.pointer };
        moved.push(Problem { pointer, ..problem });
    }
    moved
}

fn with_pointers(at: &str, error: Error) -> Error {
    match error {
        Error::Invalid(problems) => Error::Invalid(under(at, problems)),
        other => other,
    }
}

/// A sample with what is doubtful about it.
#[derive(Serialize, ToSchema)]
pub(crate) struct RegisteredView {
    sample: SampleSummary,
    /// Doubts that did not keep it out.
    warnings: Vec<FieldProblem>,
}

fn registered(state: &State, call: &Call, (body, digest): (&RegisterBody, &[u8])) -> Result<Value, Error> {
    let catalogue = state.catalogues.get(&state.store)?;
    let mut problems = Problems::new();
    let mut items = Vec::new();
    for (index, item) in body.items.iter().enumerate() {
        let known = catalogue.analytes().resolve(&item.analyte).map(str::to_owned);
        problems.check(known.is_some(), || {
            let words = ("检验项目未知", "the analyte is not known");
            Problem::new(format!("/items/{index}/analyte"), "analyte_unknown", words.0, words.1)
        });
        items.push((known.unwrap_or_else(|| item.analyte.clone()), item.risk));
    }
    let context = Context {
        now: call.at,
        region: &|code, on| state.regions.known(code, on),
        food_class: &|code| catalogue.foods().class(code).is_some(),
        microbiological: items.iter().any(|(analyte, _)| is_microbiological(&catalogue, analyte)),
    };
    let checked = check(&body.form, &context).map_err(|problems| under("/form", problems));
    if let Ok((form, _)) = &checked {
        problems.extend(under("/form", named(state, &form.document())?));
    }
    let (form, mut warnings) = match (checked, problems.is_empty()) {
        (Ok(checked), true) => checked,
        (Ok(_), false) => return Err(Error::Invalid(problems)),
        (Err(mut found), _) => {
            found.extend(problems);
            return Err(Error::Invalid(found));
        }
    };
    if let Some(outside) = call.scope.objection(form.stage, form.region) {
        return Err(Error::Invalid(under("/form", outside.into())));
    }
    warnings.extend(of_task(state, call, (&form, &items)).map_err(|error| with_pointers("/form", error))?);
    let sealed = personal::seal(&state.data_key, form.id, &form.personal())?;
    let registration = Registration { form, personal: sealed, items };
    let warnings: Vec<FieldProblem> = under("/form", warnings).as_slice().iter().map(FieldProblem::from).collect();
    let answer = |sample: &Sample| {
        let view = RegisteredView { sample: SampleSummary::of(sample, false)?, warnings: warnings.clone() };
        serde_json::to_value(view).map_err(|error| Error::Internal(error.to_string()))
    };
    let once = Once { digest, answer: &answer };
    register_once(&state.store, call, &registration, &once).map_err(|error| with_pointers("/form", error))
}

/// The id of a form whose id is one.
fn form_id(form: &FormFields) -> Option<SampleId> {
    let Some(Raw::Text(text)) = form.get("id") else { return None };
    text.parse().ok()
}

/// What was answered before to the same request, or what comes of it now. It is looked up before anything is checked: what a
/// check asks for may have lapsed since, and the device must hear what became of its sample all the same.
fn answer(state: &State, call: &Call, body: &RegisterBody) -> Result<Value, Error> {
    let items: Vec<Value> = body.items.iter().map(|item| json!([item.analyte, item.risk])).collect();
    let request = json!([object_of(&body.form), items, call.organisation.to_string()]);
    let digest = personal::digest(&state.data_key, &request)?;
    let before = form_id(&body.form).map(|id| registered_before(&state.store, call, id, &digest)).transpose()?;
    before.flatten().map_or_else(|| registered(state, call, (body, &digest)), Ok)
}

/// The `Idempotency-Key` must be the UUID part of the new sample's id, where it is sent.
fn same_key(headers: &HeaderMap, form: &FormFields) -> Result<(), Failure> {
    let Some(key) = headers.get("Idempotency-Key") else { return Ok(()) };
    let key = key.to_str().ok().and_then(|text| Uuid::try_parse(text).ok());
    let id = form_id(form).map(|id| id.uuid);
    // A wrong id is told of with the other fields.
    if id.is_some() && key != id {
        let (zh, en) = ("Idempotency-Key 须为样品编号的 UUID 部分", "must be the UUID part of the sample's id");
        return Err(Failure::invalid(&Problem::new("Idempotency-Key", "key_differs", zh, en).into()));
    }
    Ok(())
}

/// Register a sample.
///
/// The id is made on the device: the city of the sampling place and a UUIDv7. The same request again gives the
/// answer of the first time and changes nothing; another one under the same id is a conflict.
#[utoipa::path(operation_id = "sample_register", tag = "samples", request_body = RegisterBody, security(("bearer" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "the UUID part of the new sample's id")),
    responses((status = 201, description = "registered", body = RegisteredView),
        (status = 409, description = "the id was used for another registration", body = ProblemBody, content_type = "application/problem+json"),
        NoRole, NotValid))]
#[post("/samples")]
pub(crate) async fn sample_register(
    state: web::Data<State>,
    request: HttpRequest,
    asked: Allowed<SampleRegister, Body<RegisterBody>>,
) -> Result<HttpResponse, Failure> {
    let Allowed { person, input: Body(body), .. } = asked;
    same_key(request.headers(), &body.form)?;
    let call = state.call(&person);
    let view = state.run(move |state| answer(state, &call, &body)).await?;
    Ok(HttpResponse::Created().json(view))
}

/// What samples are asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape of the query for its document; it is read field by field")]
pub(crate) struct SampleQuery {
    stage: Option<String>,
    /// A region's subtree.
    region: Option<String>,
    status: Option<String>,
    task_type: Option<String>,
    /// The beginning of a form number.
    form_no: Option<String>,
    /// Words that must all stand in the names of product, sampled unit or producer, in any order, whole or in part; or the
    /// beginning of a form number, a barcode, a credit code or a sample's id. A page may hold fewer than `limit` samples and
    /// have a next one all the same.
    #[param(max_length = 100, example = "龙井 西湖")]
    q: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 100; 50 when absent.
    limit: Option<u8>,
}

pub(crate) struct Asked {
    search: Search,
    limit: u8,
}

/// A cursor's text: microseconds and id.
pub(crate) fn cursor_text(cursor: Cursor) -> String {
    format!("{}.{}", cursor.at.as_microsecond(), cursor.id.simple())
}

fn parse_cursor(text: &str) -> Option<Cursor> {
    let (at, id) = text.split_once('.')?;
    // Nothing was sampled before 1970, and PostgreSQL knows no instant before -4713.
    let at = jiff::Timestamp::from_microsecond(at.parse().ok().filter(|at| *at >= 0)?).ok()?;
    Some(Cursor { at, id: Uuid::try_parse(id).ok()? })
}

/// Where the page before ended, by the parameter `cursor`.
pub(crate) fn cursor(fields: &Fields<'_>) -> Option<Cursor> {
    let text = fields.text("cursor");
    let cursor = text.as_deref().and_then(parse_cursor);
    if text.is_some() && cursor.is_none() {
        fields.problem("cursor", "bad_cursor", ("不是有效的游标", "not a cursor of this list"));
    }
    cursor
}

/// How many rows of a list are asked for, by the parameter `limit`.
pub(crate) fn limit(fields: &Fields<'_>) -> u8 {
    fields.within("limit", (1, 100)).and_then(|limit| u8::try_from(limit).ok()).unwrap_or(50)
}

/// What is searched for, or what speaks against it.
fn query(fields: &Fields<'_>, text: &str) -> Option<SearchQuery> {
    let (code, words) = match SearchQuery::parse(text) {
        Ok(query) => return Some(query),
        Err(Unsearchable::Nothing) => ("nothing_to_find", ("须含文字或数字", "needs a letter or a digit")),
        Err(Unsearchable::TooLong) => ("bad_text", ("不超过 100 字", "at most 100 characters")),
        Err(Unsearchable::TooManyWords) => ("too_many", ("不超过 8 个词", "at most 8 words")),
    };
    fields.problem("q", code, words);
    None
}

impl FromFields for Asked {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let words = ("须为六位行政区划代码", "a region code has six digits");
        let search = Search {
            stage: fields.word::<Stage>("stage"),
            region: fields.parsed("region", "bad_region", words),
            status: fields.word::<Status>("status"),
            task_type: fields.word("task_type"),
            form_no: fields.text("form_no"),
            query: fields.text("q").and_then(|text| query(fields, &text)),
            after: cursor(fields),
        };
        Some(Self { search, limit: limit(fields) })
    }
}

/// List samples.
///
/// Those that the person sees, the newest sampling first: an inspector what their organisation took, a laboratory what is
/// addressed to it, the others their region's subtree.
#[utoipa::path(operation_id = "sample_list", tag = "samples", params(SampleQuery), security(("bearer" = [])),
    responses((status = 200, description = "a page", body = SampleListView),
        Stranger, NotValid))]
#[get("/samples")]
pub(crate) async fn sample_list(
    state: web::Data<State>,
    asked: Allowed<SampleList, Query<Asked>>,
) -> Result<HttpResponse, Failure> {
    let Allowed { person, input: Query(Asked { search, limit }), .. } = asked;
    let call = state.call(&person);
    let page = state.run(move |state| list(&state.store, &call, &search, limit)).await?;
    Ok(HttpResponse::Ok().json(SampleListView::of(&page).map_err(Failure::from)?))
}

/// See a sample.
///
/// With its form, items, verdicts, custody, amendments and conclusions. A laboratory sees neither seller nor producer.
#[utoipa::path(operation_id = "sample_fetch", tag = "samples", security(("bearer" = [])),
    params(("id" = String, Path, description = "the sample's id")),
    responses((status = 200, description = "the sample", body = SampleView),
        Stranger, NotThere))]
#[get("/samples/{id}")]
pub(crate) async fn sample_fetch(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<SampleFetch>,
) -> Result<HttpResponse, Failure> {
    let id = path_id(&path)?;
    let call = state.call(&asked.person);
    let seen = state.run(move |state| fetch(&state.store, &call, id)).await?;
    Ok(HttpResponse::Ok().json(SampleView::of(&seen, &state.data_key).map_err(Failure::from)?))
}

/// A correction of a form.
#[derive(ToSchema)]
pub(crate) struct AmendBody {
    /// The revision that was seen.
    revision: i64,
    /// The fields with their new values; blank text takes a value away.
    #[schema(value_type = Object, additional_properties)]
    changes: FormFields,
    reason: String,
}

impl FromFields for AmendBody {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let revision = fields.revision();
        let changes = form_fields(fields, "changes");
        let reason = fields.needed("reason", fields.text("reason"));
        Some(Self { revision: revision?, changes: changes?, reason: reason? })
    }
}

fn amended(state: &State, call: &Call, id: SampleId, body: &AmendBody) -> Result<RegisteredView, Error> {
    under("/changes", named(state, &body.changes)?).into_result(()).map_err(Error::Invalid)?;
    let catalogue = state.catalogues.get(&state.store)?;
    let context = Context {
        now: call.at,
        region: &|code, on| state.regions.known(code, on),
        food_class: &|code| catalogue.foods().class(code).is_some(),
        microbiological: false,
    };
    let vault = Vault {
        open: &|sealed| personal::open(&state.data_key, id, sealed),
        seal: &|fields| personal::seal(&state.data_key, id, fields).ok().flatten(),
    };
    let correction = Correction {
        seen: body.revision,
        changes: &body.changes,
        reason: &body.reason,
        context: &context,
        is_within: &|food, class| is_within(&catalogue, food, class),
        vault,
    };
    let amended = amend(&state.store, call, id, &correction);
    let (sample, warnings) = amended.map_err(|error| with_pointers("/changes", error))?;
    Ok(RegisteredView {
        sample: SampleSummary::of(&sample, false)?,
        warnings: under("/changes", warnings).as_slice().iter().map(FieldProblem::from).collect(),
    })
}

/// Correct a form.
///
/// Before the laboratory accepts the sample: old, new and reason are kept.
#[utoipa::path(operation_id = "sample_amend", tag = "samples", request_body = AmendBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the sample's id")),
    responses((status = 200, description = "corrected", body = RegisteredView),
        NoRole, NotThere, WrongMoment, NotValid))]
#[post("/samples/{id}/amendments")]
pub(crate) async fn sample_amend(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<SampleAmend, Body<AmendBody>>,
) -> Result<HttpResponse, Failure> {
    let id = path_id(&path)?;
    let Allowed { person, input: Body(body), .. } = asked;
    let call = state.call(&person);
    let view = state.run(move |state| amended(state, &call, id, &body)).await?;
    Ok(HttpResponse::Ok().json(view))
}
