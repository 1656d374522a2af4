//! The sampling form of a made-up sample, field by field under the keys of docs/DOMAIN.md 2.1.

use super::dice::Dice;
use super::foods::Food;
use super::people::INSPECTORS;
use super::places::{Unit, barcode};
use crate::reference::Region;
use hege_core::{OrganisationId, SampleId, SampleKind, Stage, TaskType};
use hege_sampling::form::{Fields, Raw};
use jiff::Timestamp;
use jiff::civil::Date;

/// What a form is made of.
pub(super) struct Taken<'a> {
    pub(super) id: SampleId,
    pub(super) form_no: String,
    pub(super) task_type: TaskType,
    pub(super) department: OrganisationId,
    pub(super) inspecting: OrganisationId,
    pub(super) county: &'a Region,
    pub(super) food: &'a Food,
    /// Kind of place, and the unit.
    pub(super) place: (&'a str, Unit),
    /// Who made it, where a label or the place says so.
    pub(super) producer: Option<Unit>,
    pub(super) date: Date,
    pub(super) sampled_at: Timestamp,
    /// Microbiological items are ordered.
    pub(super) aseptic: bool,
}

pub(super) fn form(taken: &Taken<'_>, dice: &mut Dice) -> Option<Fields> {
    let mut form = Fields::new();
    let food = taken.food;
    let mut text = |code: &'static str, value: &str| {
        form.insert(code.to_owned(), Raw::Text(value.to_owned()));
    };
    text("id", &taken.id.to_string());
    text("form_no", &taken.form_no);
    text("task_type", taken.task_type.code());
    text("task_source", &taken.department.to_string());
    text("deploying_org", &taken.department.to_string());
    text("programme_a", "演示抽检计划");
    text("programme_b", food.stage.zh());
    text("sampling_kind", if food.kind == SampleKind::PrimaryProduce { "produce" } else { "regular" });
    text("stage", food.stage.code());
    if let Some(sector) = food.sector {
        text("sector", sector.code());
    }
    text("food_class", &food.class);
    text("product_name", dice.pick(&food.names)?);
    text("sample_kind", food.kind.code());
    text("sample_property", "ordinary");
    text("physical_form", &food.physical_form);
    text("storage_at_sampling", &food.storage);
    text("packaging", if food.is_packed { "prepackaged" } else { "unpackaged" });
    text("date_kind", date_kind(food, taken.place.0));
    text("date", &taken.date.to_string());
    text("origin", "浙江");
    text("aseptic", if taken.aseptic { "aseptic" } else { "non_aseptic" });
    text("sample_qty", &food.qty.to_string());
    text("backup_qty", &(food.qty / 3).max(1).to_string());
    text("qty_unit", &food.unit);
    text("sampled_at", &taken.sampled_at.to_string());
    text("sampling_org", &taken.inspecting.to_string());
    text("objection_at_sampling", "none");
    text("remark", "演示数据");
    place(taken, &mut text);
    label(taken, dice, &mut text)?;
    form.insert("imported".to_owned(), Raw::Flag(false));
    form.insert("exported".to_owned(), Raw::Flag(false));
    form.insert("samplers".to_owned(), Raw::List(INSPECTORS.map(|id| id.to_string()).to_vec()));
    if food.stage == Stage::Farm {
        form.insert("produce_certificate".to_owned(), Raw::Flag(dice.permille(800)));
    }
    Some(form)
}

fn place(taken: &Taken<'_>, text: &mut impl FnMut(&'static str, &str)) {
    let (kind, unit) = &taken.place;
    let name = &taken.county.name;
    text("place_type", kind);
    text("region_type", if name.ends_with('县') { "rural" } else { "urban" });
    text("region", &taken.county.code.to_string());
    text("sampled_unit", &unit.name);
    text("address", &unit.address);
    text("uscc", &unit.uscc);
    if taken.food.stage == Stage::Production {
        text("contact_name", "演示联系人");
        text("contact_phone", "0570-00000000");
    }
    if taken.food.stage != Stage::Farm {
        text("unit_price", &taken.food.price.to_string());
        text("price_unit", &format!("元/{}", taken.food.unit));
    }
    let is_made_here = taken.food.stage == Stage::Production || taken.food.kind == SampleKind::CateringMade;
    let origin = match *kind {
        _ if is_made_here => "self_made",
        "growing_base" | "livestock_farm" => "other",
        _ => "purchased",
    };
    text("origin_kind", origin);
}

/// What a label says; `/` where there is none.
fn label(taken: &Taken<'_>, dice: &mut Dice, text: &mut impl FnMut(&'static str, &str)) -> Option<()> {
    let food = taken.food;
    text("grade", "/");
    text("producer", taken.producer.as_ref().map_or("/", |producer| &producer.name));
    let (true, Some(producer)) = (food.is_packed, &taken.producer) else {
        for code in ["brand", "spec", "batch_no"] {
            text(code, "/");
        }
        return Some(());
    };
    text("brand", "演示牌");
    text("spec", &food.spec);
    text("batch_no", &taken.date.strftime("%Y%m%d").to_string());
    text("shelf_life", &food.shelf_life);
    text("declared_standard", "/");
    text("production_licence", &producer.production_licence(&food.class)?);
    text("producer_address", &producer.address);
    text("barcode", &barcode(dice)?);
    text("lot_size", &dice.between(100, 3_000).to_string());
    Some(())
}

/// Rule 13 of the paper form.
fn date_kind(food: &Food, place: &str) -> &'static str {
    match (food.kind, place) {
        (SampleKind::PrimaryProduce, "growing_base") => "harvest",
        (SampleKind::PrimaryProduce, "slaughterhouse") => "slaughter",
        (SampleKind::PrimaryProduce, "livestock_farm") => "production",
        (SampleKind::PrimaryProduce, _) => "purchase",
        (SampleKind::CateringMade, _) => "processing",
        (SampleKind::FoodRelatedProduct, _) => "disinfection",
        (SampleKind::IndustriallyProcessed | SampleKind::Additive, _) => "production",
    }
}
