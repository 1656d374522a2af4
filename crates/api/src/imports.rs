//! 导入与导出: files of samples in and out.

use crate::State;
use crate::access::{
    Allowed, ExportOfficial, ExportSamples, ExportTemplate, ImportBegin, ImportErrors, ImportFetch, ImportList,
};
use crate::answers::{NoRole, NotThere, NotValid};
use crate::body::{Fields, FromFields, Query};
use crate::pipe;
use crate::problem::{Failure, ProblemBody};
use crate::upload::Upload;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::{HttpResponse, get, post, rt, web};
use hege_app::imports::{self, Book, ExportError, Format, Import, Opened, Surroundings, Which};
use hege_app::{Call, Error};
use jiff::Timestamp;
use serde::Serialize;
use std::io::Write;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(import_begin)
        .service(import_list)
        .service(import_fetch)
        .service(import_errors)
        .service(export_samples)
        .service(export_official)
        .service(export_template);
}

/// What is said of the file as a whole.
#[derive(Serialize, ToSchema)]
pub(crate) struct NoteView {
    #[schema(example = "encoding")]
    code: String,
    zh: String,
    #[schema(example = "the file is gb18030; it was converted")]
    en: String,
}

/// An import. It is counted in rows of the file, but `samples`.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImportView {
    #[schema(example = "0190b6c1-7e3a-7c11-9a5b-0123456789ab")]
    id: String,
    /// `running`, `done`, `failed`, or `interrupted`: it gave no sign of life for a minute. The same file again finishes it.
    #[schema(example = "done")]
    state: String,
    /// No sample was stored.
    dry_run: bool,
    #[schema(example = "2014.xlsx")]
    file_name: String,
    file_sha256: String,
    /// Rows of the file.
    #[schema(example = 1200)]
    total: i64,
    /// Of them dealt with.
    #[schema(example = 1200)]
    rows: i64,
    #[schema(example = 1100)]
    accepted: i64,
    #[schema(example = 100)]
    rejected: i64,
    /// There already with the same content.
    #[schema(example = 0)]
    unchanged: i64,
    /// Accepted with a doubt.
    #[schema(example = 12)]
    warnings: i64,
    /// Samples that went in.
    #[schema(example = 310)]
    samples: i64,
    notes: Vec<NoteView>,
    started_at: String,
    finished_at: Option<String>,
}

impl ImportView {
    fn of(import: &Import, now: Timestamp) -> Self {
        let text = |note: &serde_json::Value, key: &str| {
            note.get(key).and_then(|text| text.as_str()).unwrap_or_default().to_owned()
        };
        let notes = import.notes.0.as_array().into_iter().flatten();
        Self {
            id: import.id.0.to_string(),
            state: imports::state(import, now).to_owned(),
            dry_run: import.dry_run,
            file_name: import.file_name.clone(),
            file_sha256: import.digest.clone(),
            total: import.total,
            rows: import.rows,
            accepted: import.accepted,
            rejected: import.rejected,
            unchanged: import.unchanged,
            warnings: import.warned,
            samples: import.samples,
            notes: notes
                .map(|note| NoteView { code: text(note, "code"), zh: text(note, "zh"), en: text(note, "en") })
                .collect(),
            started_at: import.started_at.0.to_string(),
            finished_at: import.finished_at.map(|at| at.0.to_string()),
        }
    }
}

/// Imports, the newest first, at most a hundred.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImportListView {
    items: Vec<ImportView>,
}

/// How a file is imported.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape of the query for its document; it is read field by field")]
pub(crate) struct ImportQuery {
    /// Check every row and store no sample; false when absent.
    dry_run: Option<bool>,
    /// The sheet of a workbook; the first visible one when absent.
    sheet: Option<String>,
    /// What the file is called, where it is sent without a form.
    name: Option<String>,
}

pub(crate) struct HowImported {
    dry_run: bool,
    sheet: Option<String>,
    name: Option<String>,
}

impl FromFields for HowImported {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let dry_run = fields.flag("dry_run").unwrap_or(false);
        Some(Self { dry_run, sheet: fields.text("sheet"), name: fields.text("name") })
    }
}

/// Import samples of the past.
///
/// CSV or XLSX, one row an item, as a raw body or as the part `file` of a form. The file is gone through before the answer: what
/// refuses it as a whole is told at once. Rows are then checked and stored in the background; `GET /imports/{id}` tells how far it
/// is. Valid samples go in whole, the rows of the others are told with every reason, and the same file again changes nothing.
#[utoipa::path(operation_id = "import_begin", tag = "imports", params(ImportQuery), security(("bearer" = [])),
    request_body(content((Vec<u8> = "text/csv"),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (Vec<u8> = "multipart/form-data")), description = "the file"),
    responses((status = 202, description = "begun", body = ImportView),
        (status = 422, description = "the file is refused as a whole: what it is, or its columns", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "too many imports at once", body = ProblemBody, content_type = "application/problem+json"),
        NoRole))]
#[post("/imports")]
pub(crate) async fn import_begin(
    state: web::Data<State>,
    asked: Allowed<ImportBegin, (Query<HowImported>, Upload)>,
) -> Result<HttpResponse, Failure> {
    let Allowed { person, input: (Query(how), upload), .. } = asked;
    let turn = state.uploads.turn()?;
    let call = state.call(&person);
    let (begun, opened, upload, call) = state
        .run(move |state| {
            let name = how.name.as_deref().unwrap_or(&upload.name);
            let opened = imports::open(upload.file.path(), name, how.sheet.as_deref())?;
            let begun =
                imports::begin(&state.store, &call, &opened, (state.new_id(), how.dry_run, state.machine_now()))?;
            Ok((begun, opened, upload, call))
        })
        .await?;
    let view = ImportView::of(&begun, state.machine_now());
    let state = state.into_inner();
    // Nobody waits for it: what comes of it stands in the import.
    drop(rt::task::spawn_blocking(move || {
        work(&state, &call, (&opened, begun));
        drop((turn, upload));
    }));
    Ok(HttpResponse::Accepted().json(view))
}

fn work(state: &State, call: &Call, (opened, begun): (&Opened, Import)) {
    let id = begun.id.0;
    let outcome = state.catalogues.get(&state.store).and_then(|catalogue| {
        let around = Surroundings {
            store: &state.store,
            data_key: &state.data_key,
            catalogue: &catalogue,
            regions: &state.regions,
            new_id: &|| state.new_id(),
            clock: &|| state.machine_now(),
        };
        imports::run(&around, call, (opened, begun), &|_| !state.hints.is_stopping())
    });
    match outcome {
        Ok(import) => tracing::info!(%id, rows = import.rows, rejected = import.rejected, "imported"),
        Err(error) => tracing::error!(%id, %error, "an import failed"),
    }
}

/// List imports.
///
/// One's own, and everybody's for who sees the whole province; the newest first.
#[utoipa::path(operation_id = "import_list", tag = "imports", security(("bearer" = [])),
    responses((status = 200, description = "imports", body = ImportListView),
        NoRole))]
#[get("/imports")]
pub(crate) async fn import_list(
    state: web::Data<State>,
    asked: Allowed<ImportList>,
) -> Result<web::Json<ImportListView>, Failure> {
    let (call, now) = (state.call(&asked.person), state.machine_now());
    let found = state.run(move |state| imports::list(&state.store, &call, 100)).await?;
    Ok(web::Json(ImportListView { items: found.iter().map(|import| ImportView::of(import, now)).collect() }))
}

async fn found(state: &web::Data<State>, call: Call, id: &str) -> Result<Import, Failure> {
    let id = (id.len() == 36).then(|| Uuid::try_parse(id).ok()).flatten().ok_or_else(Failure::not_found)?;
    state.run(move |state| imports::fetch(&state.store, &call, id)).await
}

/// See an import.
///
/// How far it is and what came of it.
#[utoipa::path(operation_id = "import_fetch", tag = "imports", params(("id" = String, Path, description = "the import's id")),
    security(("bearer" = [])),
    responses((status = 200, description = "the import", body = ImportView),
        NoRole, NotThere))]
#[get("/imports/{id}")]
pub(crate) async fn import_fetch(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<ImportFetch>,
) -> Result<web::Json<ImportView>, Failure> {
    let import = found(&state, state.call(&asked.person), &path).await?;
    Ok(web::Json(ImportView::of(&import, state.machine_now())))
}

/// As what a file is asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape of the query for its document; it is read field by field")]
pub(crate) struct FormatQuery {
    /// `csv` or `xlsx`; `csv` when absent.
    format: Option<String>,
}

pub(crate) struct AskedFormat(Format);

fn format(fields: &Fields<'_>) -> Option<Format> {
    let asked = fields.parsed("format", "unknown_word", ("须为 csv 或 xlsx", "csv or xlsx"));
    asked.or_else(|| fields.value("format").is_none().then_some(Format::Csv))
}

impl FromFields for AskedFormat {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        format(fields).map(Self)
    }
}

/// The rows of an import that did not go in, or went in with a doubt.
///
/// One line for each reason: row, form number, column, value, code, Chinese, English. Values of personal fields are not repeated;
/// in CSV an apostrophe stands before what a spreadsheet would take for a formula.
#[utoipa::path(operation_id = "import_errors", tag = "imports",
    params(("id" = String, Path, description = "the import's id"), FormatQuery), security(("bearer" = [])),
    responses((status = 200, description = "the file", content((String = "text/csv"),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
        NoRole, NotThere, NotValid))]
#[get("/imports/{id}/errors")]
pub(crate) async fn import_errors(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<ImportErrors, Query<AskedFormat>>,
) -> Result<HttpResponse, Failure> {
    let Allowed { person, input: Query(AskedFormat(format)), .. } = asked;
    let call = state.call(&person);
    let import = found(&state, call.clone(), &path).await?;
    let name = imports::file_name("import-errors", &call, format);
    Ok(streamed(&state, (format, &name), move |state, out| imports::errors(&state.store, &import, (out, format))))
}

/// Which samples are exported.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape of the query for its document; it is read field by field")]
pub(crate) struct ExportQuery {
    /// `csv` or `xlsx`; `csv` when absent.
    format: Option<String>,
    stage: Option<String>,
    /// A region's subtree.
    region: Option<String>,
    /// Taken on this day or later.
    from: Option<String>,
    /// Taken on this day or before.
    to: Option<String>,
}

pub(crate) struct AskedExport {
    format: Format,
    which: Which,
}

impl FromFields for AskedExport {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let day = |name| fields.parsed(name, "bad_date", ("日期须写作 2025-06-15", "a date is 2025-06-15"));
        let region = ("须为六位行政区划代码", "a region code has six digits");
        let which = Which {
            stage: fields.word("stage"),
            region: fields.parsed("region", "bad_region", region),
            from: day("from"),
            to: day("to"),
        };
        Some(Self { format: format(fields)?, which })
    }
}

/// Export samples with their results.
///
/// One row an item, within what the person sees, in columns that `POST /imports` takes again. Personal fields are left out.
#[utoipa::path(operation_id = "export_samples", tag = "imports", params(ExportQuery), security(("bearer" = [])),
    responses((status = 200, description = "the file", content((String = "text/csv"),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
        NoRole, NotValid))]
#[get("/exports/samples")]
pub(crate) async fn export_samples(
    state: web::Data<State>,
    asked: Allowed<ExportSamples, Query<AskedExport>>,
) -> Result<HttpResponse, Failure> {
    let Allowed { person, input: Query(AskedExport { format, which }), .. } = asked;
    let call = state.call(&person);
    let name = imports::file_name("samples", &call, format);
    Ok(streamed(&state, (format, &name), move |state, out| {
        imports::samples(&state.store, &call, &which, (out, format), &|_| {}).map(drop)
    }))
}

/// Export samples as an official workbook.
///
/// `sampling_form`: one row a sample, in the 77 columns of the official sampling form; `results`: one row an item, in the 86
/// columns of the result export. Both within what the person sees, and `POST /imports` takes both again. Columns repeat, so their
/// places decide. Cells of personal fields stay empty.
#[utoipa::path(operation_id = "export_official", tag = "imports",
    params(("book" = String, Path, description = "`sampling_form` or `results`", example = "sampling_form"), ExportQuery),
    security(("bearer" = [])),
    responses((status = 200, description = "the file", content((String = "text/csv"),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
        NoRole, NotThere, NotValid))]
#[get("/exports/official/{book}")]
pub(crate) async fn export_official(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<ExportOfficial, Query<AskedExport>>,
) -> Result<HttpResponse, Failure> {
    let Allowed { person, input: Query(AskedExport { format, which }), .. } = asked;
    let book: Book = path.parse().map_err(|_unknown| Error::NotFound)?;
    let call = state.call(&person);
    let name = imports::file_name(book.code(), &call, format);
    Ok(streamed(&state, (format, &name), move |state, out| {
        let catalogue = state.catalogues.get(&state.store)?;
        let known = (&state.store, &state.regions, &*catalogue);
        imports::official(known, &call, (book, &which), (out, format)).map(drop)
    }))
}

/// A file of samples to fill in.
///
/// Every column that `POST /imports` knows, with an example of two rows that is refused until it is deleted.
#[utoipa::path(operation_id = "export_template", tag = "imports", params(FormatQuery), security(("bearer" = [])),
    responses((status = 200, description = "the file", content((String = "text/csv"),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
        NoRole, NotValid))]
#[get("/exports/import-template")]
pub(crate) async fn export_template(
    state: web::Data<State>,
    asked: Allowed<ExportTemplate, Query<AskedFormat>>,
) -> Result<HttpResponse, Failure> {
    let Allowed { person, input: Query(AskedFormat(format)), .. } = asked;
    let name = imports::file_name("import-template", &state.call(&person), format);
    Ok(streamed(&state, (format, &name), move |_, out| Ok(imports::template(out, format)?)))
}

/// Answers with a file while it is written.
fn streamed(
    state: &web::Data<State>,
    (format, name): (Format, &str),
    write: impl FnOnce(&State, &mut (dyn Write + Send)) -> Result<(), ExportError> + Send + 'static,
) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, format.media_type()))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .streaming(pipe::written(state, write))
}
