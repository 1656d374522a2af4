//! The enums of the glossary. Each value has a code (API, database), a Chinese and an English name (screens, reports).

/// Defines an enum of the glossary: `Variant = "code", "中文", "English";`.
///
/// The enum gets `ALL`, `code()`, `zh()`, `en()`, `FromStr` from the code, and `Display` as the code.
#[macro_export]
macro_rules! words {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $($(#[$vmeta:meta])* $variant:ident = $code:literal, $zh:literal, $en:literal;)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $name { $($(#[$vmeta])* #[doc = concat!("`", $code, "` ", $zh, ", ", $en, ".")] $variant),+ }
        impl $name {
            /// Every value, in the order of the glossary.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The code used in the API and the database.
            #[must_use]
            pub const fn code(self) -> &'static str { match self { $(Self::$variant => $code),+ } }
            /// The Chinese name.
            #[must_use]
            pub const fn zh(self) -> &'static str { match self { $(Self::$variant => $zh),+ } }
            /// The English name.
            #[must_use]
            pub const fn en(self) -> &'static str { match self { $(Self::$variant => $en),+ } }
        }
        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result { f.write_str(self.code()) }
        }
        impl ::core::str::FromStr for $name {
            type Err = $crate::words::UnknownWord;
            fn from_str(code: &str) -> Result<Self, Self::Err> {
                match code {
                    $($code => Ok(Self::$variant),)+
                    _ => Err($crate::words::UnknownWord { expected: stringify!($name) }),
                }
            }
        }
    };
}

/// A code that is no value of the word `expected`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a code of {expected}")]
pub struct UnknownWord {
    /// The word whose code was expected, by its name in the glossary.
    pub expected: &'static str,
}

words! {
    /// 环节: the stage of the *programme* that a sample belongs to, not of the place it was taken in: farm monitoring
    /// is partly taken in markets (docs/DOMAIN.md 5.2).
    pub enum Stage {
        Farm = "farm", "种植养殖", "farm";
        Production = "production", "生产", "production";
        Circulation = "circulation", "流通", "circulation";
        Catering = "catering", "餐饮", "catering";
    }
}

words! {
    /// 农、林、渔: divides the farm stage between three departments (plan of 2013, section 一(一)).
    pub enum Sector {
        Agriculture = "agriculture", "农业", "agriculture";
        Forestry = "forestry", "林业", "forestry";
        Fishery = "fishery", "渔业", "fishery";
    }
}

words! {
    /// 任务类别: why a sample was taken. It decides what counts in a pass rate (docs/DOMAIN.md 1.2).
    pub enum TaskType {
        Evaluation = "evaluation", "评价性抽检", "evaluation sampling";
        RoutineMonitoring = "routine_monitoring", "例行监测", "routine monitoring";
        Supervision = "supervision", "监督抽检", "supervision sampling";
        Campaign = "campaign", "专项抽检", "campaign";
        RiskMonitoring = "risk_monitoring", "风险监测", "risk monitoring";
        FollowUp = "follow_up", "跟踪抽检", "follow-up";
        Complaint = "complaint", "投诉举报", "complaint";
        Case = "case", "案件查办", "case";
        Emergency = "emergency", "应急", "emergency";
        /// Of imported history alone, where nobody wrote it down. It counts nowhere, and no form may say it.
        Unstated = "unstated", "未注明", "not stated";
    }
}

words! {
    /// 样品类型 (docs/DOMAIN.md 2.1, `sample_kind`).
    pub enum SampleKind {
        PrimaryProduce = "primary_produce", "食用农产品", "primary produce";
        IndustriallyProcessed = "industrially_processed", "工业加工食品", "industrially processed food";
        CateringMade = "catering_made", "餐饮加工食品", "catering-made food";
        Additive = "additive", "食品添加剂", "food additive";
        FoodRelatedProduct = "food_related_product", "食品相关产品", "food-related product";
    }
}

words! {
    /// 角色: what a person may do. Scope (region, stages, organisation) says to what.
    pub enum Role {
        Inspector = "inspector", "抽样员", "field inspector";
        Receiver = "receiver", "接样员", "receiver";
        Tester = "tester", "检验员", "tester";
        Checker = "checker", "审核员", "checker";
        Approver = "approver", "批准人", "approver";
        Reviewer = "reviewer", "食安委审阅", "commission reviewer";
        Publisher = "publisher", "公示员", "publisher";
        Administrator = "administrator", "管理员", "administrator";
        Auditor = "auditor", "审计员", "auditor";
    }
}

impl Stage {
    /// Where the stage stands in [`Stage::ALL`], for tables indexed by stage.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::Farm => 0,
            Self::Production => 1,
            Self::Circulation => 2,
            Self::Catering => 3,
        }
    }
}

impl TaskType {
    /// Whether somebody said why the sample was taken.
    #[must_use]
    pub const fn is_stated(self) -> bool {
        !matches!(self, Self::Unstated)
    }
}

impl Role {
    /// True for the four roles of a laboratory, which see only what is addressed to their laboratory.
    #[must_use]
    pub const fn is_laboratory(self) -> bool {
        matches!(self, Self::Receiver | Self::Tester | Self::Checker | Self::Approver)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_parses_to_its_word() {
        for stage in Stage::ALL {
            assert_eq!(stage.code().parse(), Ok(*stage));
            assert_eq!(Stage::ALL[stage.index()], *stage);
        }
        for task_type in TaskType::ALL {
            assert_eq!(task_type.to_string().parse(), Ok(*task_type));
        }
    }

    #[test]
    fn a_chinese_name_is_no_code() {
        assert_eq!("种植养殖".parse::<Stage>(), Err(UnknownWord { expected: "Stage" }));
    }
}
