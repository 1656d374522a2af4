//! Two forms that hold, for descriptions of the API and for tests of every layer. Units and numbers in them are made up.

use crate::read::{Fields, Raw};

fn fields(texts: &[(&str, &str)]) -> Fields {
    let mut fields: Fields =
        texts.iter().map(|(code, text)| ((*code).to_owned(), Raw::Text((*text).to_owned()))).collect();
    fields.insert("imported".to_owned(), Raw::Flag(false));
    fields.insert("exported".to_owned(), Raw::Flag(false));
    let samplers = [1, 2].map(|n| format!("00000000-0000-0000-0000-00000000000{n}"));
    fields.insert("samplers".to_owned(), Raw::List(samplers.to_vec()));
    fields
}

/// Spinach of a market stall, taken for farm monitoring: unpackaged, so its label data are `/`.
#[must_use]
pub fn produce() -> Fields {
    fields(&[
        ("id", "3301-0190b6c1-7e3a-7c11-9a5b-0123456789ab"),
        ("form_no", "NCP25330106000001"),
        ("task_type", "routine_monitoring"),
        ("task_source", "00000000-0000-0000-0000-000000000101"),
        ("deploying_org", "00000000-0000-0000-0000-000000000101"),
        ("programme_a", "例行监测"),
        ("programme_b", "蔬菜"),
        ("sampling_kind", "produce"),
        ("stage", "farm"),
        ("sector", "agriculture"),
        ("food_class", "33.01.02.03"),
        ("place_type", "farmers_market"),
        ("region_type", "urban"),
        ("region", "330106"),
        ("sampled_unit", "演示市场 12 号摊"),
        ("address", "演示路 1 号"),
        ("stall", "12 号摊"),
        ("product_name", "菠菜"),
        ("brand", "/"),
        ("spec", "/"),
        ("batch_no", "/"),
        ("grade", "/"),
        ("date_kind", "purchase"),
        ("date", "2025-06-15"),
        ("producer", "/"),
        ("origin_kind", "purchased"),
        ("sample_kind", "primary_produce"),
        ("sample_property", "ordinary"),
        ("physical_form", "solid"),
        ("packaging", "unpackaged"),
        ("origin", "/"),
        ("storage_at_sampling", "ambient"),
        ("aseptic", "non_aseptic"),
        ("sample_qty", "2"),
        ("backup_qty", "1"),
        ("qty_unit", "kg"),
        ("sampled_at", "2025-06-15T02:00:00Z"),
        ("objection_at_sampling", "none"),
    ])
}

/// Bread of a store of finished goods, taken for supervision: pre-packed, so the label is read.
#[must_use]
pub fn packaged() -> Fields {
    let mut form = produce();
    for code in ["sector", "stall"] {
        form.remove(code);
    }
    form.extend(fields(&[
        ("form_no", "JD25330106000001"),
        ("task_type", "supervision"),
        ("programme_a", "监督抽检"),
        ("programme_b", "糕点"),
        ("sampling_kind", "regular"),
        ("stage", "production"),
        ("food_class", "24.03"),
        ("place_type", "finished_checked"),
        ("sampled_unit", "演示食品厂"),
        ("uscc", "91310110666007217T"),
        ("contact_name", "演示联系人"),
        ("contact_phone", "00000000000"),
        ("product_name", "演示面包"),
        ("brand", "演示"),
        ("spec", "100 g/袋"),
        ("batch_no", "20250601"),
        ("date_kind", "production"),
        ("date", "2025-06-01"),
        ("shelf_life", "30天"),
        ("declared_standard", "GB 7099-2015"),
        ("production_licence", "SC10633019702613"),
        ("producer", "演示食品厂"),
        ("producer_address", "演示路 2 号"),
        ("origin_kind", "self_made"),
        ("sample_kind", "industrially_processed"),
        ("packaging", "prepackaged"),
        ("unit_price", "5.00"),
        ("price_unit", "元/袋"),
        ("lot_size", "500"),
        ("sample_qty", "12"),
        ("backup_qty", "6"),
        ("qty_unit", "袋"),
    ]));
    form
}
