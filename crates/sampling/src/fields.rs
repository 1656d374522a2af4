//! 抽样单 as data: every field of the form, how its text is read and when it is needed (docs/DOMAIN.md 2.1).
//!
//! One table serves the check, the stored document, the amendments and the screens: a field that is not here does not exist.

use crate::read::Values;
use crate::words::{
    Aseptic, DateKind, Objection, OriginKind, Packaging, PhysicalForm, PlaceType, RegionType, SampleProperty,
    SamplingKind, Signing, Storage, ThirdPartyKind,
};
use hege_core::{SampleKind, Sector, Stage, TaskType};

/// A field of the form.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its key in the API and in the stored document.
    pub code: &'static str,
    /// As the paper form calls it.
    pub zh: &'static str,
    /// In English.
    pub en: &'static str,
    /// How its value is read.
    pub kind: Kind,
    /// When it must be given.
    pub needed: Needed,
    /// Conditions that must hold for it to be given at all; none for most.
    pub only: &'static [Condition],
    /// Personal data: stored apart, under the data key.
    pub personal: bool,
    /// An amendment does not change it.
    pub fixed: bool,
    /// A pre-packed product's label states it, so `/` would hide what can be read.
    pub on_label: bool,
}

/// How a value is read. Text is trimmed at its ends.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// `3301-0190b6c1-...`.
    SampleId,
    /// Up to 40 printable ASCII characters without spaces.
    FormNo,
    /// Text of at most so many characters; `/` is no text.
    Text(usize),
    /// Text of at most so many characters, or `/` for "not stated".
    Label(usize),
    /// A plain decimal as text, its digits kept; above 0 (or from 0 on, with `zero`) up to `max`.
    Decimal {
        /// The largest.
        max: u32,
        /// Whether 0 is allowed.
        zero: bool,
    },
    /// `2025-06-15`.
    Date,
    /// RFC 3339 with an offset.
    Instant,
    /// A word's code; the codes with their names.
    Word(fn() -> Vec<[&'static str; 3]>),
    /// One or several codes of a word.
    Words(fn() -> Vec<[&'static str; 3]>),
    /// True or false.
    Flag,
    /// A list of texts.
    Texts,
    /// A list of persons' UUIDs.
    Persons,
    /// A task's id: `3301-0190b6c1-...`.
    Task,
    /// An organisation's UUID.
    Organisation,
    /// Six digits of GB/T 2260.
    Region,
    /// Code of a food class.
    FoodClass,
}

/// When a field must be given. For a label field `/` is given.
#[derive(Debug, Clone, Copy)]
pub enum Needed {
    /// On every form.
    Always,
    /// When all of these hold.
    When(&'static [Condition]),
    /// May be left out.
    Optional,
}

/// Something another field says. One that is not given says nothing, so no condition on it holds.
#[derive(Debug, Clone, Copy)]
pub enum Condition {
    /// The stage is one of these.
    Stage(&'static [Stage]),
    /// The task type is one of these.
    TaskType(&'static [TaskType]),
    /// The packaging is one of these.
    Packaging(&'static [Packaging]),
    /// The sample kind is one of these.
    SampleKind(&'static [SampleKind]),
    /// The sampling kind is one of these.
    SamplingKind(&'static [SamplingKind]),
    /// Another field is given.
    Given(&'static str),
}

impl Condition {
    /// The field that it asks of.
    #[must_use]
    pub const fn asks_of(&self) -> &'static str {
        match self {
            Self::Stage(_) => "stage",
            Self::TaskType(_) => "task_type",
            Self::Packaging(_) => "packaging",
            Self::SampleKind(_) => "sample_kind",
            Self::SamplingKind(_) => "sampling_kind",
            Self::Given(code) => code,
        }
    }

    /// The codes of which the field must say one; none when it must merely be given.
    #[must_use]
    pub fn any_of(&self) -> Vec<&'static str> {
        match self {
            Self::Stage(any) => any.iter().map(|word| word.code()).collect(),
            Self::TaskType(any) => any.iter().map(|word| word.code()).collect(),
            Self::Packaging(any) => any.iter().map(|word| word.code()).collect(),
            Self::SampleKind(any) => any.iter().map(|word| word.code()).collect(),
            Self::SamplingKind(any) => any.iter().map(|word| word.code()).collect(),
            Self::Given(_) => Vec::new(),
        }
    }

    /// Whether it holds on a form.
    pub(crate) fn holds(&self, values: &Values) -> bool {
        let code = self.asks_of();
        match self {
            Self::Stage(any) => values.get(code).is_some_and(|stage| any.contains(&stage)),
            Self::TaskType(any) => values.get(code).is_some_and(|task_type| any.contains(&task_type)),
            Self::Packaging(any) => values.get(code).is_some_and(|packaging| any.contains(&packaging)),
            Self::SampleKind(any) => values.get(code).is_some_and(|kind| any.contains(&kind)),
            Self::SamplingKind(any) => values.get(code).is_some_and(|kind| any.contains(&kind)),
            Self::Given(_) => values.is_given(code),
        }
    }
}

impl Needed {
    /// Whether the field must be given on this form.
    pub(crate) fn holds(&self, values: &Values) -> bool {
        match self {
            Self::Always => true,
            Self::When(all) => all.iter().all(|condition| condition.holds(values)),
            Self::Optional => false,
        }
    }
}

impl Field {
    /// The field of a code.
    #[must_use]
    pub fn find(code: &str) -> Option<&'static Self> {
        FIELDS.iter().find(|field| field.code == code)
    }

    /// JSON pointer to it.
    #[must_use]
    pub fn pointer(&self) -> String {
        format!("/{}", self.code)
    }

    const fn new(code: &'static str, zh: &'static str, en: &'static str, kind: Kind, needed: Needed) -> Self {
        Self { code, zh, en, kind, needed, only: &[], personal: false, fixed: false, on_label: false }
    }

    const fn only(self, only: &'static [Condition]) -> Self {
        Self { only, ..self }
    }

    const fn personal(self) -> Self {
        Self { personal: true, ..self }
    }

    const fn fixed(self) -> Self {
        Self { fixed: true, ..self }
    }

    const fn on_label(self) -> Self {
        Self { on_label: true, ..self }
    }
}

macro_rules! word {
    ($word:ident) => {
        Kind::Word(|| $word::ALL.iter().map(|word| [word.code(), word.zh(), word.en()]).collect())
    };
}

use Needed::{Always, Optional, When};

/// What a form may say of why it was filled in.
fn stated_task_types() -> Vec<[&'static str; 3]> {
    let stated = TaskType::ALL.iter().filter(|word| word.is_stated());
    stated.map(|word| [word.code(), word.zh(), word.en()]).collect()
}

const FARM: &[Condition] = &[Condition::Stage(&[Stage::Farm])];
const PRODUCTION: &[Condition] = &[Condition::Stage(&[Stage::Production])];
/// Where the sample is bought from somebody who sells. On a farm there is often no price.
const BOUGHT: &[Condition] = &[Condition::Stage(&[Stage::Production, Stage::Circulation, Stage::Catering])];
const ONLINE: &[Condition] = &[Condition::SamplingKind(&[SamplingKind::Online])];
const PREPACKAGED: &[Condition] = &[Condition::Packaging(&[Packaging::Prepackaged])];
const INDUSTRIAL: &[SampleKind] = &[SampleKind::IndustriallyProcessed, SampleKind::Additive];
const PROCESSED: &[Condition] = &[Condition::SampleKind(INDUSTRIAL)];
/// Industrially made and pre-packed: the label carries standard, licence and shelf life.
const LABELLED: &[Condition] = &[Condition::Packaging(&[Packaging::Prepackaged]), Condition::SampleKind(INDUSTRIAL)];
/// Tasks that come from a programme; a complaint or an emergency has none.
const PLANNED: &[Condition] = &[Condition::TaskType(&[
    TaskType::Evaluation,
    TaskType::RoutineMonitoring,
    TaskType::Supervision,
    TaskType::Campaign,
    TaskType::RiskMonitoring,
])];

const LICENCE_TYPE: &[Condition] = &[Condition::Given("licence_type")];
const LICENCE_NO: &[Condition] = &[Condition::Given("licence_no")];
const THIRD_PARTY: &[Condition] = &[Condition::Given("third_party")];
const THIRD_PARTY_KIND: &[Condition] = &[Condition::Given("third_party_kind")];
const PRICE: &[Condition] = &[Condition::Given("unit_price")];

const NAME: usize = 200;
const CODE: usize = 40;
const fn money(max: u32) -> Kind {
    Kind::Decimal { max, zero: true }
}
const QTY: Kind = Kind::Decimal { max: 1_000_000, zero: false };

/// Every field of the form, in the order of the paper form.
pub const FIELDS: &[Field] = &[
    Field::new("id", "样品标识", "sample id", Kind::SampleId, Always).fixed(),
    Field::new("form_no", "抽样单编号", "form number", Kind::FormNo, Always).fixed(),
    Field::new("print_no", "流水号", "printed serial", Kind::Text(CODE), Optional),
    Field::new("task_type", "任务类别", "task type", Kind::Word(stated_task_types), Always).fixed(),
    Field::new("task", "抽检任务", "task", Kind::Task, Optional),
    Field::new("task_source", "任务来源", "department that issued the task", Kind::Organisation, When(PLANNED)),
    Field::new("deploying_org", "部署机构", "deploying organisation", Kind::Organisation, When(PLANNED)),
    Field::new("programme_a", "报送分类A", "programme", Kind::Label(NAME), When(PLANNED)),
    Field::new("programme_b", "报送分类B", "package", Kind::Label(NAME), When(PLANNED)),
    Field::new("sampling_kind", "抽样类型", "sampling kind", word!(SamplingKind), Always),
    Field::new("stage", "抽样环节", "stage", word!(Stage), Always).fixed(),
    Field::new("sector", "农、林、渔", "sector", word!(Sector), When(FARM)).only(FARM),
    Field::new("food_class", "食品分类", "food class", Kind::FoodClass, Always),
    Field::new("place_type", "抽样地点", "kind of place", word!(PlaceType), Always),
    Field::new(
        "region_type",
        "区域类型",
        "kind of region",
        Kind::Words(|| RegionType::ALL.iter().map(|word| [word.code(), word.zh(), word.en()]).collect()),
        Always,
    ),
    Field::new("region", "所在地", "county", Kind::Region, Always),
    Field::new("sampled_unit", "被抽样单位名称", "sampled unit", Kind::Text(NAME), Always),
    Field::new("address", "单位地址", "its address", Kind::Text(NAME), Always),
    Field::new("uscc", "统一社会信用代码", "credit code", Kind::Label(NAME), When(PRODUCTION)),
    Field::new("licence_type", "许可证类型", "kind of licence", Kind::Label(CODE), When(LICENCE_NO)),
    Field::new("licence_no", "许可证号", "licence", Kind::Label(CODE), When(LICENCE_TYPE)),
    Field::new("legal_person", "法定代表人", "legal representative", Kind::Label(NAME), Optional).personal(),
    Field::new("contact_name", "联系人", "contact", Kind::Label(NAME), When(PRODUCTION)).personal(),
    Field::new("contact_phone", "电话", "its telephone", Kind::Label(CODE), When(PRODUCTION)).personal(),
    Field::new("contact_fax", "传真", "its fax", Kind::Label(CODE), Optional).personal(),
    Field::new("contact_postcode", "邮编", "its postcode", Kind::Label(CODE), Optional).personal(),
    Field::new("stall", "摊位号或姓名", "stall or holder's name", Kind::Label(NAME), Optional).personal(),
    Field::new("id_card", "身份证号", "identity card", Kind::Label(CODE), Optional).personal(),
    Field::new("annual_sales", "年销售额（万元）", "annual sales, 10,000 yuan", money(100_000_000), Optional)
        .only(PRODUCTION),
    Field::new("platform", "网络平台名称", "platform", Kind::Text(NAME), When(ONLINE)).only(ONLINE),
    Field::new("shop_url", "网店地址", "shop's address", Kind::Text(500), When(ONLINE)).only(ONLINE),
    Field::new("order_no", "订单号", "order", Kind::Text(NAME), When(ONLINE)).only(ONLINE),
    Field::new("buyer_account", "买样账户", "account that bought", Kind::Text(NAME), Optional).only(ONLINE),
    Field::new("payment_no", "付款流水号", "payment", Kind::Text(NAME), Optional).only(ONLINE),
    Field::new("delivered_at", "网购样品到货时间", "time of its arrival", Kind::Instant, Optional).only(ONLINE),
    Field::new("product_name", "样品名称", "product", Kind::Text(NAME), Always),
    Field::new("brand", "商标", "brand", Kind::Label(NAME), Always),
    Field::new("spec", "规格型号", "specification", Kind::Label(NAME), Always),
    Field::new("batch_no", "样品批号", "batch", Kind::Label(NAME), Always).on_label(),
    Field::new("grade", "质量等级", "grade", Kind::Label(NAME), Always),
    Field::new("date_kind", "日期类型", "kind of date", word!(DateKind), Always),
    Field::new("date", "日期", "date", Kind::Date, Always),
    Field::new("shelf_life", "保质期", "shelf life", Kind::Label(NAME), When(LABELLED)),
    Field::new("declared_standard", "执行标准/技术文件", "declared standard", Kind::Label(NAME), When(LABELLED)),
    Field::new("production_licence", "生产许可证编号", "production licence", Kind::Label(NAME), When(LABELLED)),
    Field::new("producer", "标称生产者", "stated producer", Kind::Label(NAME), Always).on_label(),
    Field::new("producer_address", "生产者地址", "producer's address", Kind::Label(NAME), When(PREPACKAGED)),
    Field::new("producer_region", "生产者省市县", "producer's county", Kind::Label(NAME), Optional),
    Field::new("producer_contact", "生产者联系人", "producer's contact", Kind::Label(NAME), Optional).personal(),
    Field::new("producer_phone", "生产者电话", "producer's telephone", Kind::Label(CODE), Optional).personal(),
    Field::new("third_party_kind", "第三方企业性质", "kind of third party", word!(ThirdPartyKind), When(THIRD_PARTY)),
    Field::new("third_party", "第三方企业名称", "third party", Kind::Text(NAME), When(THIRD_PARTY_KIND)),
    Field::new("third_party_address", "第三方企业地址", "third party's address", Kind::Label(NAME), Optional),
    Field::new("third_party_licence", "第三方企业许可证编号", "third party's licence", Kind::Label(NAME), Optional),
    Field::new("third_party_contact", "第三方企业联系人", "third party's contact", Kind::Label(NAME), Optional)
        .personal(),
    Field::new("third_party_phone", "第三方企业电话", "third party's telephone", Kind::Label(CODE), Optional)
        .personal(),
    Field::new("barcode", "样品条码", "barcode", Kind::Label(CODE), Optional),
    Field::new("origin_kind", "样品来源", "how the unit came by it", word!(OriginKind), Always),
    Field::new("sample_kind", "样品类型", "sample kind", word!(SampleKind), Always),
    Field::new("sample_property", "样品属性", "sample property", word!(SampleProperty), Always),
    Field::new("physical_form", "样品形态", "physical form", word!(PhysicalForm), Always),
    Field::new("packaging", "包装分类", "packaging", word!(Packaging), Always),
    Field::new("imported", "是否进口", "imported", Kind::Flag, Always),
    Field::new("origin", "原产地", "country or place of origin", Kind::Label(NAME), Always),
    Field::new("exported", "是否整批出口", "the whole lot is for export", Kind::Flag, Always),
    Field::new("produce_certificate", "承诺达标合格证", "produce certificate", Kind::Flag, Optional),
    Field::new("storage_at_sampling", "抽样时样品储存条件", "storage at sampling", word!(Storage), Always),
    Field::new("aseptic", "抽样方式", "way of sampling", word!(Aseptic), Always),
    Field::new("unit_price", "单价", "unit price, yuan", money(1_000_000), When(BOUGHT)),
    Field::new("price_unit", "单价单位", "unit of the price", Kind::Text(CODE), When(PRICE)),
    Field::new(
        "lot_size",
        "抽样基数/批量",
        "lot size",
        Kind::Decimal { max: 1_000_000_000, zero: false },
        When(PREPACKAGED),
    ),
    Field::new("sample_qty", "抽样数量", "amount of the sample", QTY, Always),
    Field::new("backup_qty", "备样数量", "amount of the backup", QTY, When(PROCESSED)),
    Field::new("qty_unit", "单位", "unit of the amounts", Kind::Text(CODE), Always),
    Field::new("backup_place", "备样封存地点", "where the backup is kept", Kind::Label(NAME), Optional),
    Field::new("sampled_at", "抽样时间", "time of sampling", Kind::Instant, Always),
    Field::new("send_by", "寄送样品截止日期", "to be sent by", Kind::Date, Optional),
    Field::new("send_to", "寄送样品地址", "to be sent to", Kind::Label(NAME), Optional),
    Field::new("sampling_org", "抽样单位", "sampling organisation", Kind::Organisation, Optional).fixed(),
    Field::new("samplers", "抽样人员", "samplers", Kind::Persons, Always),
    Field::new("seal_no", "封条号", "seal numbers", Kind::Texts, Optional),
    Field::new("objection_at_sampling", "被抽样单位有无异议", "the unit's objection", word!(Objection), Always),
    Field::new("unit_signature", "被抽样单位签字", "the unit's signature", word!(Signing), Optional),
    Field::new("objection_of_producer", "生产者有无异议", "the producer's objection", word!(Objection), Optional),
    Field::new("remark", "备注", "remark", Kind::Text(500), Optional),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_field_has_a_code_and_names_of_its_own() {
        let unique = |name: fn(&Field) -> &'static str| FIELDS.iter().map(name).collect::<BTreeSet<_>>().len();
        assert_eq!(unique(|field| field.code), FIELDS.len());
        assert_eq!(unique(|field| field.zh), FIELDS.len());
        assert_eq!(unique(|field| field.en), FIELDS.len());
        assert!(FIELDS.iter().all(|field| field.code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')));
    }

    #[test]
    fn what_names_or_reaches_a_person_is_personal() {
        let personal: Vec<&str> = FIELDS.iter().filter(|field| field.personal).map(|field| field.code).collect();
        let expected = [
            "legal_person",
            "contact_name",
            "contact_phone",
            "contact_fax",
            "contact_postcode",
            "stall",
            "id_card",
            "producer_contact",
            "producer_phone",
            "third_party_contact",
            "third_party_phone",
        ];
        assert_eq!(personal, expected);
        assert!(FIELDS.iter().all(|field| field.personal || !field.code.ends_with("phone")));
    }

    #[test]
    fn what_a_condition_asks_of_is_another_field() {
        for field in FIELDS {
            let needed = if let Needed::When(all) = field.needed { all } else { &[] };
            for condition in needed.iter().chain(field.only) {
                let asked = Field::find(condition.asks_of());
                assert!(asked.is_some_and(|asked| asked.code != field.code), "{}", field.code);
            }
        }
    }
}
