//! Problems as answers (RFC 9457): a stable code, words in Chinese and English, every field at once.

use actix_web::http::StatusCode;
use actix_web::http::header::{ContentType, HeaderValue, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use hege_app::Error as AppError;
use hege_app::sessions::Refusal;
use hege_core::{Problem, Problems};
use hege_sampling::disposal::DisposalDenial;
use hege_sampling::life_cycle::Denial;
use hege_sampling::objection::ObjectionDenial;
use hege_sampling::publication::PublicationDenial;
use hege_sampling::reinspection::ReinspectionDenial;
use serde::Serialize;
use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;
use std::time::Duration;
use utoipa::ToSchema;

/// One thing wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldProblem {
    /// JSON pointer (RFC 6901) to the field, or `?name` for a parameter of the query.
    #[schema(example = "/samplers")]
    pub pointer: String,
    /// Stable code.
    #[schema(example = "two_samplers_needed")]
    pub code: String,
    /// For a person, in Chinese.
    pub zh: String,
    /// For a person, in English.
    pub en: String,
}

impl From<&Problem> for FieldProblem {
    fn from(problem: &Problem) -> Self {
        Self {
            pointer: problem.pointer.clone(),
            code: problem.code.to_owned(),
            zh: problem.zh.clone(),
            en: problem.en.clone(),
        }
    }
}

/// What is wrong, as a client gets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProblemBody {
    /// `about:blank`: the code tells which problem it is.
    #[serde(rename = "type")]
    #[schema(example = "about:blank")]
    pub kind: String,
    /// The HTTP status again.
    #[schema(example = 422)]
    pub status: u16,
    /// Stable code.
    #[schema(example = "invalid")]
    pub code: String,
    /// For a person, in Chinese.
    pub title_zh: String,
    /// For a person, in English.
    pub title_en: String,
    /// Field by field; empty where no field is at fault.
    pub errors: Vec<FieldProblem>,
}

/// Why a request was not done. Nothing has changed then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    status: StatusCode,
    code: &'static str,
    zh: String,
    en: String,
    errors: Vec<FieldProblem>,
    /// A header with its number: after how many seconds whoever comes again is listened to, or how many bytes of an upload are there.
    header: Option<(&'static str, u64)>,
}

impl Failure {
    /// A failure without fields.
    pub(crate) fn new(status: StatusCode, code: &'static str, (zh, en): (&str, &str)) -> Self {
        Self { status, code, zh: zh.to_owned(), en: en.to_owned(), errors: Vec::new(), header: None }
    }

    /// The same about an upload of which so many bytes are there.
    pub(crate) fn with_offset(self, there: u64) -> Self {
        Self { header: Some(("upload-offset", there)), ..self }
    }

    /// What was given is wrong, field by field.
    pub(crate) fn invalid(problems: &Problems) -> Self {
        let errors = problems.as_slice().iter().map(FieldProblem::from).collect();
        let words = ("提交的内容有误", "what was given is not valid");
        Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", words) }
    }

    /// No such thing, or not for this person.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", ("不存在或无权查看", "not there, or not for you"))
    }

    /// The person's roles do not include the one that is needed.
    pub(crate) fn role_missing() -> Self {
        Self::new(StatusCode::FORBIDDEN, "role_missing", ("没有此操作的角色", "your roles do not allow this"))
    }

    /// Too many ask for the same at once.
    pub(crate) fn busy() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", ("系统繁忙，请稍后重试", "too many at once; try again"))
    }

    /// An address asks too often.
    pub(crate) fn too_many_requests(wait: Duration) -> Self {
        let words = ("请求过于频繁，请稍后重试", "too many requests; try again later");
        Self::too_many("too_many_requests", words, wait)
    }

    fn too_many(code: &'static str, words: (&str, &str), wait: Duration) -> Self {
        let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1);
        Self { header: Some(("retry-after", seconds)), ..Self::new(StatusCode::TOO_MANY_REQUESTS, code, words) }
    }

    /// A browser's cookie came with a request that no page of this site sent.
    pub(crate) fn origin_mismatch() -> Self {
        let words = ("请求来源不符", "the request was not sent by a page of this site");
        Self::new(StatusCode::FORBIDDEN, "origin_mismatch", words)
    }

    /// What keeps the server from working, all of it.
    pub(crate) fn not_ready(problems: &Problems) -> Self {
        let words = ("系统未就绪", "not ready");
        Self {
            errors: Self::invalid(problems).errors,
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", words)
        }
    }

    pub(crate) fn internal() -> Self {
        let words = ("系统内部错误，已记录", "an error inside the system; it has been logged");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", words)
    }

    fn unauthorized(refusal: Refusal) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, refusal.code(), (refusal.zh(), refusal.en()))
    }

    /// Denials of the life cycle: a missing role or the separation of people is 403, a wrong moment 409, a missing datum 422.
    fn denied(denial: Denial) -> Self {
        let status = match denial {
            Denial::WrongRole | Denial::SampledIt | Denial::EnteredIt | Denial::CheckedIt => StatusCode::FORBIDDEN,
            Denial::ReasonMissing
            | Denial::SealsMissing
            | Denial::LabMissing
            | Denial::SamePerson
            | Denial::CarrierMissing
            | Denial::PlaceMissing
            | Denial::WitnessSame => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::CONFLICT,
        };
        Self::new(status, denial.code(), (denial.zh(), denial.en()))
    }

    fn reinspection(denial: ReinspectionDenial) -> Self {
        let status = match denial {
            ReinspectionDenial::WrongRole => StatusCode::FORBIDDEN,
            ReinspectionDenial::ItemsMissing
            | ReinspectionDenial::ItemNotFailing
            | ReinspectionDenial::SameLaboratory
            | ReinspectionDenial::ResultMissing
            | ReinspectionDenial::NotJudgeable
            | ReinspectionDenial::ReasonMissing => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::CONFLICT,
        };
        Self::new(status, denial.code(), (denial.zh(), denial.en()))
    }

    fn objection(denial: ObjectionDenial) -> Self {
        let status = match denial {
            ObjectionDenial::WrongRole => StatusCode::FORBIDDEN,
            ObjectionDenial::ReasonMissing | ObjectionDenial::NotTheirs => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::CONFLICT,
        };
        Self::new(status, denial.code(), (denial.zh(), denial.en()))
    }

    fn publication(denial: PublicationDenial) -> Self {
        let is_role = denial == PublicationDenial::WrongRole;
        let status = if is_role { StatusCode::FORBIDDEN } else { StatusCode::CONFLICT };
        Self::new(status, denial.code(), (denial.zh(), denial.en()))
    }

    fn disposal(denial: DisposalDenial) -> Self {
        let status = match denial {
            DisposalDenial::WrongRole => StatusCode::FORBIDDEN,
            DisposalDenial::SideAbsent => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::CONFLICT,
        };
        Self::new(status, denial.code(), (denial.zh(), denial.en()))
    }

    /// A denial that is about items, each told at its analyte.
    fn denied_for(denial: Denial, items: &BTreeSet<String>) -> Self {
        let told = |item: &String| FieldProblem {
            pointer: format!("/items/{item}"),
            code: denial.code().to_owned(),
            zh: format!("{item}：{}", denial.zh()),
            en: format!("{item}: {}", denial.en()),
        };
        Self { errors: items.iter().map(told).collect(), ..Self::denied(denial) }
    }

    fn files(error: &hege_app::attachments::FilesError) -> Self {
        if matches!(error, hege_app::attachments::FilesError::Taken) {
            let words = ("此段内容正由另一请求上传", "another request brings the same bytes");
            return Self::new(StatusCode::CONFLICT, "upload_raced", words);
        }
        let words = ("附件存储读写出错，请稍后重试", "the storage of files failed; try again");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "files_failed", words)
    }

    fn store(error: &hege_app::StoreError) -> Self {
        let (code, words) = match error {
            hege_app::StoreError::Duplicate(_) => {
                return Self::new(StatusCode::CONFLICT, "duplicate", ("已存在", "it is there already"));
            }
            hege_app::StoreError::Pool(_)
            | hege_app::StoreError::Connection(_)
            | hege_app::StoreError::Busy(_)
            | hege_app::StoreError::Crowded
            | hege_app::StoreError::Retry(_) => {
                ("busy", ("数据库繁忙或不可用，请稍后重试", "the database is busy or away; try again"))
            }
            hege_app::StoreError::Full(_) => {
                ("storage_full", ("存储空间已满，未作任何保存", "the storage is full; nothing was saved"))
            }
            hege_app::StoreError::ReadOnly(_) => {
                ("read_only", ("数据库当前只读，未作任何保存", "the database is read-only now; nothing was saved"))
            }
            hege_app::StoreError::Io(_) => {
                ("storage_failed", ("存储设备读写出错，未作任何保存", "the storage failed; nothing was saved"))
            }
            hege_app::StoreError::Gone => (
                "storage_gone",
                (
                    "数据库文件已被移走或替换，未作任何保存",
                    "the database file was moved or replaced; nothing was saved",
                ),
            ),
            hege_app::StoreError::Uncertain(_) => (
                "outcome_unknown",
                (
                    "是否已保存尚不确定，请刷新核对后重试",
                    "it may have been saved or not; read it again, then try again",
                ),
            ),
            _ => return Self::internal(),
        };
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, words)
    }
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Invalid(problems) => Self::invalid(&problems),
            AppError::NotFound => Self::not_found(),
            AppError::Denied(denial) => Self::denied(denial),
            AppError::DeniedFor(denial, items) => Self::denied_for(denial, &items),
            AppError::Reinspection(denial) => Self::reinspection(denial),
            AppError::Objection(denial) => Self::objection(denial),
            AppError::Publication(denial) => Self::publication(denial),
            AppError::Disposal(denial) => Self::disposal(denial),
            AppError::OutsideScope => Self::new(
                StatusCode::FORBIDDEN,
                "outside_scope",
                ("超出您的权限范围", "this reaches beyond your scope"),
            ),
            AppError::Conflict => Self::new(
                StatusCode::CONFLICT,
                "revision_conflict",
                ("内容已被他人更新，请刷新后再试", "somebody changed it meanwhile; read it again"),
            ),
            AppError::Idempotency => Self::new(
                StatusCode::CONFLICT,
                "idempotency_conflict",
                ("该编号已用于另一次登记", "the id was used for another registration"),
            ),
            AppError::Taken => Self::new(
                StatusCode::CONFLICT,
                "attachment_taken",
                ("该附件编号已用于另一文件", "another file has this number"),
            ),
            AppError::Masked => Self::new(
                StatusCode::FORBIDDEN,
                "masked",
                ("含个人信息，您的角色不可查看", "it shows a person, and is masked from your roles"),
            ),
            AppError::Files(error) => {
                let failure = Self::files(&error);
                tracing::error!(error = chain(&error), code = failure.code, "the storage of files failed");
                failure
            }
            AppError::Personal => {
                tracing::error!("personal data could not be sealed or opened");
                Self::internal()
            }
            AppError::Wait(wait) => Self::too_many(
                "too_many_attempts",
                ("尝试次数过多，请稍后重试", "too many attempts; try again later"),
                Duration::try_from(wait).unwrap_or_default(),
            ),
            AppError::Unauthorized(refusal) => Self::unauthorized(refusal),
            AppError::Store(error) => {
                // The chain is logged here, once; a client learns nothing of the inside.
                let failure = Self::store(&error);
                tracing::error!(error = chain(&error), code = failure.code, "the store failed");
                failure
            }
            AppError::Internal(why) => {
                tracing::error!(%why, "a use case failed");
                Self::internal()
            }
        }
    }
}

/// An error with everything that caused it.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status.as_u16(), self.code)
    }
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponseBuilder::new(self.status);
        answer.insert_header(ContentType("application/problem+json".parse().unwrap_or(ContentType::json().0)));
        if self.status == StatusCode::UNAUTHORIZED {
            answer.insert_header((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
        }
        if let Some(header) = self.header {
            answer.insert_header(header);
        }
        answer.json(ProblemBody {
            kind: "about:blank".to_owned(),
            status: self.status.as_u16(),
            code: self.code.to_owned(),
            title_zh: self.zh.clone(),
            title_en: self.en.clone(),
            errors: self.errors.clone(),
        })
    }
}
