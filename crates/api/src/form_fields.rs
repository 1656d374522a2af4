//! 抽样单字段: what a sampling form holds, so that a client asks for exactly that.

use crate::access::{Allowed, FormFieldList};
use crate::answers::Stranger;
use actix_web::{HttpResponse, get, web};
use hege_sampling::fields::{Condition, FIELDS, Field, Kind, Needed};
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(form_field_list);
}

/// A code with its names.
#[derive(Serialize, ToSchema)]
pub(crate) struct CodeView {
    code: &'static str,
    zh: &'static str,
    en: &'static str,
}

/// Something another field says.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConditionView {
    /// That field.
    field: &'static str,
    /// One of these; empty when it must merely be given.
    any_of: Vec<&'static str>,
}

impl From<&Condition> for ConditionView {
    fn from(condition: &Condition) -> Self {
        Self { field: condition.asks_of(), any_of: condition.any_of() }
    }
}

/// A field of the sampling form.
#[derive(Serialize, ToSchema)]
pub(crate) struct FormFieldView {
    /// Its name in `form`.
    #[schema(example = "sampled_unit")]
    code: &'static str,
    #[schema(example = "被抽样单位名称")]
    zh: &'static str,
    en: &'static str,
    /// How its value is written; every value is a text, but `flag` (true or false) and the lists.
    #[schema(example = "text")]
    kind: &'static str,
    /// Most characters of a text, or the largest decimal.
    max: Option<usize>,
    /// The codes of a word.
    codes: Vec<CodeView>,
    /// Must be given on every form.
    always: bool,
    /// Must be given when all of these hold; empty where nothing makes it needed.
    needed_when: Vec<ConditionView>,
    /// May be given only when all of these hold.
    only_when: Vec<ConditionView>,
    /// Stored encrypted and apart.
    personal: bool,
    /// An amendment does not change it.
    fixed: bool,
}

impl From<&Field> for FormFieldView {
    fn from(field: &Field) -> Self {
        let (kind, max) = match field.kind {
            Kind::SampleId => ("sample_id", None),
            Kind::FormNo => ("form_no", Some(40)),
            Kind::Text(max) => ("text", Some(max)),
            Kind::Label(max) => ("label", Some(max)),
            Kind::Decimal { max, .. } => ("decimal", usize::try_from(max).ok()),
            Kind::Date => ("date", None),
            Kind::Instant => ("instant", None),
            Kind::Word(_) => ("word", None),
            Kind::Words(_) => ("words", None),
            Kind::Flag => ("flag", None),
            Kind::Texts => ("texts", None),
            Kind::Persons => ("persons", None),
            Kind::Task => ("task", None),
            Kind::Organisation => ("organisation", None),
            Kind::Region => ("region", None),
            Kind::FoodClass => ("food_class", None),
        };
        let codes = match field.kind {
            Kind::Word(codes) | Kind::Words(codes) => codes(),
            _ => Vec::new(),
        };
        let conditions = match field.needed {
            Needed::When(conditions) => conditions,
            Needed::Always | Needed::Optional => &[],
        };
        Self {
            code: field.code,
            zh: field.zh,
            en: field.en,
            kind,
            max,
            codes: codes.into_iter().map(|[code, zh, en]| CodeView { code, zh, en }).collect(),
            always: matches!(field.needed, Needed::Always),
            needed_when: conditions.iter().map(ConditionView::from).collect(),
            only_when: field.only.iter().map(ConditionView::from).collect(),
            personal: field.personal,
            fixed: field.fixed,
        }
    }
}

/// Fields.
#[derive(Serialize, ToSchema)]
pub(crate) struct FormFieldListView {
    items: Vec<FormFieldView>,
}

/// List the fields of the sampling form.
///
/// With their names, how a value is written, and when it must be given: what `POST /samples` checks a form by.
#[utoipa::path(operation_id = "form_field_list", tag = "samples", security(("bearer" = [])),
    responses((status = 200, description = "every field, in the form's order", body = FormFieldListView),
        Stranger))]
#[get("/form-fields")]
pub(crate) async fn form_field_list(_asked: Allowed<FormFieldList>) -> HttpResponse {
    HttpResponse::Ok().json(FormFieldListView { items: FIELDS.iter().map(FormFieldView::from).collect() })
}
