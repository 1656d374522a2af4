//! The words of the sampling form (docs/DOMAIN.md 2.1 and 5.2).

use hege_core::{SampleKind, Stage, words};

words! {
    /// 日期类型: which date the form states. It decides the edition (docs/DOMAIN.md 3.6).
    pub enum DateKind {
        Production = "production", "生产日期", "production";
        Processing = "processing", "加工日期", "processing";
        Purchase = "purchase", "购进日期", "purchase";
        Quarantine = "quarantine", "检疫日期", "quarantine";
        Disinfection = "disinfection", "消毒日期", "disinfection";
        Harvest = "harvest", "采收日期", "harvest";
        Slaughter = "slaughter", "屠宰日期", "slaughter";
    }
}

words! {
    /// 包装分类.
    pub enum Packaging {
        Prepackaged = "prepackaged", "预包装", "pre-packaged";
        Bulk = "bulk", "散装", "bulk";
        Unpackaged = "unpackaged", "无包装", "unpackaged";
    }
}

words! {
    /// 抽样类型.
    pub enum SamplingKind {
        Regular = "regular", "常规抽样", "regular";
        Produce = "produce", "农产品抽样", "produce";
        Online = "online", "网络抽样", "online";
    }
}

words! {
    /// 区域类型 (paper form, rule 8): a scenic spot is always one of the two others as well.
    pub enum RegionType {
        Urban = "urban", "城市", "urban";
        Rural = "rural", "乡村", "rural";
        Scenic = "scenic", "景点", "scenic spot";
    }
}

words! {
    /// 抽样地点 (docs/DOMAIN.md 5.2).
    pub enum PlaceType {
        GrowingBase = "growing_base", "生产基地", "growing base";
        LivestockFarm = "livestock_farm", "养殖场", "livestock or fish farm";
        Slaughterhouse = "slaughterhouse", "屠宰场", "slaughterhouse";
        TransportVehicle = "transport_vehicle", "运输车", "transport vehicle";
        RawMaterialStore = "raw_material_store", "原辅料库", "raw material store";
        ProductionLine = "production_line", "生产线", "production line";
        SemiFinishedStore = "semi_finished_store", "半成品库", "store of semi-finished goods";
        FinishedUnchecked = "finished_unchecked", "成品库（待检区）", "finished goods before their check";
        FinishedChecked = "finished_checked", "成品库（已检区）", "finished goods after their check";
        FarmersMarket = "farmers_market", "农贸市场", "farmers' market";
        FoodMarket = "food_market", "菜市场", "food market";
        WholesaleMarket = "wholesale_market", "批发市场", "wholesale market";
        DepartmentStore = "department_store", "商场", "department store";
        Supermarket = "supermarket", "超市", "supermarket";
        Grocery = "grocery", "小食杂店", "small grocery";
        OnlineShop = "online_shop", "网购", "online shop";
        RestaurantHuge = "restaurant_huge", "特大型餐馆", "very large restaurant";
        RestaurantLarge = "restaurant_large", "大型餐馆", "large restaurant";
        RestaurantMedium = "restaurant_medium", "中型餐馆", "medium restaurant";
        RestaurantSmall = "restaurant_small", "小型餐馆", "small restaurant";
        CanteenOffice = "canteen_office", "机关食堂", "office canteen";
        CanteenSchool = "canteen_school", "学校/托幼食堂", "school or nursery canteen";
        CanteenCompany = "canteen_company", "企事业单位食堂", "company canteen";
        CanteenSite = "canteen_site", "建筑工地食堂", "building site canteen";
        SnackBar = "snack_bar", "小吃店", "snack bar";
        FastFood = "fast_food", "快餐店", "fast food";
        DrinksShop = "drinks_shop", "饮品店", "drinks shop";
        MealDelivery = "meal_delivery", "集体用餐配送单位", "delivery of group meals";
        CentralKitchen = "central_kitchen", "中央厨房", "central kitchen";
        Other = "other", "其他", "other";
    }
}

words! {
    /// 样品来源.
    pub enum OriginKind {
        SelfMade = "self_made", "加工自制", "made by the unit";
        Commissioned = "commissioned", "委托生产", "made for the unit";
        Purchased = "purchased", "外购", "bought";
        Other = "other", "其他", "other";
    }
}

words! {
    /// 样品属性.
    pub enum SampleProperty {
        Ordinary = "ordinary", "普通食品", "ordinary";
        SpecialDiet = "special_diet", "特殊膳食食品", "special diet";
        Seasonal = "seasonal", "节令食品", "seasonal";
        Event = "event", "重大活动保障食品", "for a major event";
    }
}

words! {
    /// 样品形态 (paper form, rule 16).
    pub enum PhysicalForm {
        Solid = "solid", "固体", "solid";
        SemiSolid = "semi_solid", "半固体", "semi-solid";
        Liquid = "liquid", "液体", "liquid";
        Gas = "gas", "气体", "gas";
    }
}

words! {
    /// 抽样时样品储存条件.
    pub enum Storage {
        Ambient = "ambient", "常温", "ambient";
        Chilled = "chilled", "冷藏", "chilled";
        Frozen = "frozen", "冷冻", "frozen";
        Dark = "dark", "避光", "away from light";
        Sealed = "sealed", "密封", "sealed";
        Moist = "moist", "保湿", "kept moist";
        Other = "other", "其他", "other";
    }
}

words! {
    /// 抽样方式.
    pub enum Aseptic {
        Aseptic = "aseptic", "无菌抽样", "aseptic";
        NonAseptic = "non_aseptic", "非无菌抽样", "not aseptic";
    }
}

words! {
    /// 第三方企业性质.
    pub enum ThirdPartyKind {
        Commissioning = "commissioning", "委托", "commissioning";
        Agent = "agent", "代理", "agent";
        Distributor = "distributor", "经销", "distributor";
        Importer = "importer", "进口", "importer";
        Supplier = "supplier", "供应商", "supplier";
    }
}

words! {
    /// 有无异议, at the sampling.
    pub enum Objection {
        Unopposed = "none", "无异议", "no objection";
        Opposed = "objects", "有异议", "objects";
    }
}

words! {
    /// 被抽样单位签字: whether who was sampled signed the form. Two samplers sign either way, and a refusal is recorded.
    pub enum Signing {
        Signed = "signed", "已签字", "signed";
        Refused = "refused", "拒绝签字", "refused to sign";
    }
}

impl PlaceType {
    /// Whether samples of this stage's programme are taken in such a place (docs/DOMAIN.md 5.2).
    #[must_use]
    pub const fn fits(self, stage: Stage) -> bool {
        match self {
            Self::GrowingBase | Self::LivestockFarm | Self::Slaughterhouse | Self::TransportVehicle => {
                matches!(stage, Stage::Farm)
            }
            Self::RawMaterialStore
            | Self::ProductionLine
            | Self::SemiFinishedStore
            | Self::FinishedUnchecked
            | Self::FinishedChecked => matches!(stage, Stage::Production),
            Self::FarmersMarket | Self::WholesaleMarket | Self::Supermarket => {
                matches!(stage, Stage::Farm | Stage::Circulation)
            }
            Self::FoodMarket | Self::DepartmentStore | Self::Grocery | Self::OnlineShop => {
                matches!(stage, Stage::Circulation)
            }
            Self::Other => matches!(stage, Stage::Circulation | Stage::Catering),
            Self::RestaurantHuge
            | Self::RestaurantLarge
            | Self::RestaurantMedium
            | Self::RestaurantSmall
            | Self::CanteenOffice
            | Self::CanteenSchool
            | Self::CanteenCompany
            | Self::CanteenSite
            | Self::SnackBar
            | Self::FastFood
            | Self::DrinksShop
            | Self::MealDelivery
            | Self::CentralKitchen => matches!(stage, Stage::Catering),
        }
    }
}

impl DateKind {
    /// The kinds of date that such goods carry (paper form, rule 13; docs/DOMAIN.md 2.1): the label's for pre-packed goods,
    /// the delivery note's for bulk, the making date of what a kitchen made, the purchase date of produce in a kitchen, and
    /// the disinfection date of tableware.
    #[must_use]
    pub const fn fitting(packaging: Packaging, sample_kind: SampleKind, stage: Stage) -> &'static [Self] {
        use DateKind::{Disinfection, Harvest, Processing, Production, Purchase, Quarantine, Slaughter};
        match (sample_kind, packaging, stage) {
            (SampleKind::FoodRelatedProduct, _, _) => &[Disinfection, Production, Purchase],
            (SampleKind::CateringMade, _, _) => &[Processing, Production],
            (SampleKind::PrimaryProduce, _, Stage::Catering) => &[Purchase, Quarantine],
            (SampleKind::PrimaryProduce, Packaging::Prepackaged, _) => {
                &[Production, Processing, Harvest, Slaughter, Quarantine]
            }
            (SampleKind::PrimaryProduce, _, _) => &[Purchase, Harvest, Slaughter, Quarantine, Production],
            (_, Packaging::Prepackaged, _) => &[Production, Processing],
            (_, Packaging::Bulk | Packaging::Unpackaged, _) => &[Production, Processing, Purchase],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_belongs_to_its_stage_and_markets_to_farm_monitoring_too() {
        let places = |stage| PlaceType::ALL.iter().filter(|place| place.fits(stage)).count();
        assert_eq!([Stage::Farm, Stage::Production, Stage::Circulation, Stage::Catering].map(places), [7, 5, 8, 14]);
        assert!(PlaceType::FarmersMarket.fits(Stage::Farm) && PlaceType::FarmersMarket.fits(Stage::Circulation));
        assert!(!PlaceType::FarmersMarket.fits(Stage::Catering) && !PlaceType::FoodMarket.fits(Stage::Farm));
    }

    #[test]
    fn the_label_dates_pre_packed_goods_and_the_purchase_dates_produce_in_a_kitchen() {
        use DateKind::{Processing, Production, Purchase, Quarantine};
        let kinds = |packaging, kind, stage| DateKind::fitting(packaging, kind, stage);
        let packed = kinds(Packaging::Prepackaged, SampleKind::IndustriallyProcessed, Stage::Circulation);
        assert_eq!(packed, [Production, Processing]);
        assert!(
            kinds(Packaging::Bulk, SampleKind::IndustriallyProcessed, Stage::Circulation).contains(&Purchase),
            "a delivery note may state nothing else"
        );
        let kitchen = kinds(Packaging::Unpackaged, SampleKind::PrimaryProduce, Stage::Catering);
        assert_eq!(kitchen, [Purchase, Quarantine]);
        assert!(!kinds(Packaging::Unpackaged, SampleKind::CateringMade, Stage::Catering).contains(&Purchase));
    }
}
