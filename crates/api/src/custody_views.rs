//! Where custody and proof are wanting, as it goes over the wire.

use hege_core::date::CHINA;
use hege_sampling::custody::{Gap, Holder};
use hege_sampling::evidence::Wanting;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// A place in a custody where something is wanting.
#[derive(Serialize, ToSchema)]
pub(crate) struct GapView {
    /// `holder_unknown`, `out_of_order` or `seals_differ`.
    #[schema(example = "holder_unknown")]
    kind: &'static str,
    /// The last step of who had it.
    from: String,
    /// The next step.
    until: String,
    /// Who had it last: `samplers`, `laboratory`, a person's id, or a carrier with its waybill.
    #[schema(example = "samplers")]
    last_holder: String,
    /// Who acted next.
    next_person_id: String,
    /// For a person, in Chinese.
    zh: String,
    /// For a person, in English.
    en: String,
}

fn minute(at: Timestamp) -> String {
    CHINA.to_datetime(at).strftime("%F %H:%M").to_string()
}

impl From<&Gap> for GapView {
    fn from(gap: &Gap) -> Self {
        let between = format!("{} – {}", minute(gap.from), minute(gap.until));
        Self {
            kind: gap.kind.code(),
            from: gap.from.to_string(),
            until: gap.until.to_string(),
            last_holder: match &gap.last {
                Holder::Samplers => "samplers".to_owned(),
                Holder::Laboratory => "laboratory".to_owned(),
                Holder::Person(person) => person.to_string(),
                Holder::Carrier(carrier) => carrier.clone(),
            },
            next_person_id: gap.next.to_string(),
            zh: format!("{between}：{}", gap.kind.zh()),
            en: format!("{between}: {}", gap.kind.en()),
        }
    }
}

/// What proof is wanting.
#[derive(Serialize, ToSchema)]
pub(crate) struct WantingView {
    #[schema(example = "seal_photo")]
    code: &'static str,
    zh: &'static str,
    en: &'static str,
}

impl From<Wanting> for WantingView {
    fn from(wanting: Wanting) -> Self {
        Self { code: wanting.code(), zh: wanting.zh(), en: wanting.en() }
    }
}
