//! 结论: from the items of a sample to the sample.

use crate::verdict::ItemVerdict;
use hege_core::words;

words! {
    /// 结论 of a sample, by revision.
    pub enum Conclusion {
        Conforming = "conforming", "合格", "conforming";
        Nonconforming = "nonconforming", "不合格", "nonconforming";
        NotJudgeable = "not_judgeable", "未能判定", "not judgeable";
        Problem = "problem", "问题样品", "problem found";
        NoProblem = "no_problem", "未见问题", "no problem found";
    }
}

/// An item of the order as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Ordered for supervision; none when nothing is judged yet.
    Supervised(Option<ItemVerdict>),
    /// Ordered for risk monitoring: never enters the conclusion of a sample that has supervised items.
    Risk(Option<ItemVerdict>),
    /// Left out as 不判定 by checker and approver, with their reason.
    LeftOut,
}

/// The conclusion (docs/DOMAIN.md 3.3): one nonconforming supervised item makes the sample nonconforming, even while others
/// are open; a missing or not judgeable one holds back a conforming conclusion; a sample with risk items alone is a problem
/// sample or not.
#[must_use]
pub fn conclude(items: &[Standing]) -> Conclusion {
    use ItemVerdict::{Conforming, Nonconforming};
    let supervised =
        || items.iter().filter_map(|item| if let Standing::Supervised(verdict) = item { Some(*verdict) } else { None });
    let risk =
        || items.iter().filter_map(|item| if let Standing::Risk(verdict) = item { Some(*verdict) } else { None });
    if supervised().any(|verdict| verdict == Some(Nonconforming)) {
        return Conclusion::Nonconforming;
    }
    if supervised().next().is_some() {
        return if supervised().all(|verdict| verdict == Some(Conforming)) {
            Conclusion::Conforming
        } else {
            Conclusion::NotJudgeable
        };
    }
    if risk().any(|verdict| verdict == Some(Nonconforming)) {
        return Conclusion::Problem;
    }
    if risk().next().is_some() && risk().all(|verdict| verdict == Some(Conforming)) {
        Conclusion::NoProblem
    } else {
        Conclusion::NotJudgeable
    }
}

#[cfg(test)]
mod tests {
    use super::Conclusion as C;
    use super::Standing::{LeftOut, Risk, Supervised};
    use super::*;
    use ItemVerdict::{Conforming, Nonconforming, NotJudgeable};

    #[test]
    fn the_worst_supervised_item_decides_and_an_open_one_holds_back() {
        let check = |items: &[Standing], expected| assert_eq!(conclude(items), expected, "{items:?}");
        check(&[Supervised(Some(Conforming)), Supervised(Some(Conforming))], C::Conforming);
        check(&[Supervised(Some(Conforming)), Supervised(Some(Nonconforming))], C::Nonconforming);
        check(&[Supervised(Some(Nonconforming)), Supervised(None), Supervised(Some(NotJudgeable))], C::Nonconforming);
        check(&[Supervised(Some(Conforming)), Supervised(None)], C::NotJudgeable);
        check(&[Supervised(Some(Conforming)), Supervised(Some(NotJudgeable))], C::NotJudgeable);
        check(&[Supervised(Some(Conforming)), LeftOut], C::Conforming);
        check(&[LeftOut], C::NotJudgeable);
        check(&[], C::NotJudgeable);
    }

    #[test]
    fn risk_items_decide_only_where_nothing_is_supervised() {
        let check = |items: &[Standing], expected| assert_eq!(conclude(items), expected, "{items:?}");
        check(&[Supervised(Some(Conforming)), Risk(Some(Nonconforming))], C::Conforming);
        check(&[Risk(Some(Nonconforming)), Risk(None)], C::Problem);
        check(&[Risk(Some(Conforming))], C::NoProblem);
        check(&[Risk(Some(Conforming)), Risk(None)], C::NotJudgeable);
        check(&[Risk(Some(NotJudgeable))], C::NotJudgeable);
        check(&[LeftOut, Risk(Some(Conforming))], C::NoProblem);
    }
}
