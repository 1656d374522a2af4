//! Attachments as they are asked for and told of.

use crate::body::{Fields, FromFields};
use hege_app::attachments::AttachmentRow;
use hege_sampling::attachment::{AttachmentKind, BAD_DIGEST, Described, Position, Subject, is_digest};
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

/// What is said of a file.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape of the query for its document; it is read field by field")]
pub(crate) struct DescribedQuery {
    /// `photo`, `signature`, `document` or `recording`.
    #[param(example = "photo")]
    kind: String,
    /// What it shows, or whose a signature is: `place`, `sample`, `label`, `seal`, `licence`, `notice`, `order`, `payment`, `proof`,
    /// `result`; `sampler`, `sampled_unit`, `receiver`; of a recording `refusal` or `unboxing` besides.
    #[param(example = "seal")]
    subject: Option<String>,
    /// What it is called; nothing is kept of it where it shows a person.
    name: Option<String>,
    /// SHA-256 of the whole file, hexadecimal in small letters.
    sha256: String,
    /// Bytes of the whole file.
    bytes: u64,
    /// Whether it shows a person or an identity card; a signature and a recording always do.
    personal: Option<bool>,
    /// When it was taken.
    #[param(example = "2025-06-15T02:00:00Z")]
    taken_at: Option<String>,
    /// Degrees, WGS 84, with the two below or not at all.
    #[param(example = "30.2741")]
    latitude: Option<String>,
    #[param(example = "120.1551")]
    longitude: Option<String>,
    /// Radius in metres within which the device believes itself.
    #[param(example = "12")]
    accuracy_m: Option<String>,
}

pub(crate) struct Describing(pub(crate) Described);

fn position(fields: &Fields<'_>) -> Option<Option<Position>> {
    let number = |name| fields.parsed::<Decimal>(name, "bad_number", ("须为十进制数", "a decimal number"));
    let given = ["latitude", "longitude", "accuracy_m"].map(|name| (fields.value(name).is_some(), number(name)));
    if given.iter().all(|(is_given, _)| !is_given) {
        return Some(None);
    }
    let [latitude, longitude, accuracy_m] = given.map(|(_, number)| number);
    let latitude = fields.needed("latitude", latitude);
    let longitude = fields.needed("longitude", longitude);
    let accuracy_m = fields.needed("accuracy_m", accuracy_m);
    Some(Some(Position { latitude: latitude?, longitude: longitude?, accuracy_m: accuracy_m? }))
}

impl FromFields for Describing {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let kind = fields.needed("kind", fields.word::<AttachmentKind>("kind"));
        let subject = fields.word::<Subject>("subject");
        let (name, sha256) = (fields.text("name"), fields.needed("sha256", fields.text("sha256")));
        let bytes = fields.needed("bytes", fields.integer("bytes"));
        let personal = fields.flag("personal").unwrap_or(false);
        let words = ("须为 RFC 3339 时间", "an instant is written by RFC 3339");
        let taken_at = fields.parsed::<Timestamp>("taken_at", "bad_instant", words);
        let position = position(fields);
        // A number below nothing is none that any kind has.
        let bytes = u64::try_from(bytes?).unwrap_or_default();
        let (kind, sha256, position) = (kind?, sha256?, position?);
        Some(Self(Described { kind, subject, name, sha256, bytes, personal, taken_at, position }))
    }
}

/// Of which file the upload is asked about.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape of the query for its document; it is read field by field")]
pub(crate) struct OffsetQuery {
    /// SHA-256 of the whole file.
    sha256: String,
    /// Bytes of the whole file.
    bytes: u64,
}

pub(crate) struct Offsetting {
    pub(crate) sha256: String,
    pub(crate) bytes: u64,
}

impl FromFields for Offsetting {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let sha256 = fields.needed("sha256", fields.text("sha256"));
        if sha256.as_deref().is_some_and(|text| !is_digest(text)) {
            fields.problem("sha256", "bad_digest", BAD_DIGEST);
        }
        let bytes = fields.needed("bytes", fields.within("bytes", (1, i64::from(u32::MAX))));
        Some(Self { sha256: sha256?, bytes: u64::try_from(bytes?).ok()? })
    }
}

hege_core::words! {
    /// As what a picture is asked for.
    pub(crate) enum Size {
        Original = "original", "原件", "original";
        Preview = "preview", "预览", "preview";
        Thumbnail = "thumbnail", "缩略图", "thumbnail";
    }
}

impl Size {
    /// The most pixels a side; none for the original.
    pub(crate) const fn side(self) -> Option<u32> {
        match self {
            Self::Original => None,
            Self::Preview => Some(1600),
            Self::Thumbnail => Some(320),
        }
    }
}

/// How a file is looked at.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape of the query for its document; it is read field by field")]
pub(crate) struct LookQuery {
    /// `original`, `preview` or `thumbnail`; `original` when absent.
    size: Option<String>,
    /// For what it is opened, in 2 to 200 characters; needed for what shows a person.
    #[param(example = "核对抽样人员签名")]
    purpose: Option<String>,
}

pub(crate) struct Looking {
    pub(crate) size: Size,
    pub(crate) purpose: Option<String>,
}

impl FromFields for Looking {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let size = fields.word("size").or_else(|| fields.value("size").is_none().then_some(Size::Original));
        let purpose = fields.text("purpose");
        Some(Self { size: size?, purpose })
    }
}

/// How far an upload is.
#[derive(Serialize, ToSchema)]
pub(crate) struct UploadView {
    /// Bytes that are there: the next one has this number.
    #[schema(example = 1_048_576)]
    pub(crate) offset: u64,
    /// Bytes of the whole file.
    #[schema(example = 2_500_000)]
    pub(crate) bytes: u64,
    /// Whether it is an attachment by now.
    pub(crate) complete: bool,
}

/// A file beside a sample.
#[derive(Serialize, ToSchema)]
pub(crate) struct AttachmentView {
    seq: i32,
    #[schema(example = "photo")]
    kind: &'static str,
    /// What it shows, or whose a signature is.
    #[schema(example = "seal")]
    subject: Option<&'static str>,
    /// Null where it shows a person.
    #[schema(example = "封样.jpg")]
    name: Option<String>,
    /// By its content.
    #[schema(example = "image/jpeg")]
    media_type: &'static str,
    bytes: i64,
    /// SHA-256 of the file as it is stored: sealed where it shows a person.
    sha256: String,
    /// Whether it shows a person: it is opened for a purpose, which is recorded.
    personal: bool,
    /// As the device says.
    taken_at: Option<String>,
    /// `{latitude, longitude, accuracy_m}`, as the device says.
    #[schema(value_type = Option<Object>)]
    position: Option<Value>,
    /// For whom it was put.
    organisation_id: String,
    recorded_by: String,
    recorded_at: String,
}

impl From<&AttachmentRow> for AttachmentView {
    fn from(row: &AttachmentRow) -> Self {
        Self {
            seq: row.seq,
            kind: row.kind.0.code(),
            subject: row.subject.map(|subject| subject.0.code()),
            name: row.name.clone(),
            media_type: row.media_type.0.code(),
            bytes: row.bytes,
            sha256: row.sha256.clone(),
            personal: row.personal,
            taken_at: row.taken_at.map(|at| at.0.to_string()),
            position: row.position.as_ref().map(|doc| doc.0.clone()),
            organisation_id: row.organisation_id.0.to_string(),
            recorded_by: row.recorded_by.0.to_string(),
            recorded_at: row.recorded_at.0.to_string(),
        }
    }
}
