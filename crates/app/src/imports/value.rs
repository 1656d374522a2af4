//! The items of a sample as values that a laboratory might have entered, with the criterion that the file states.

use super::rows::{FileRow, Said};
use crate::results::{Beside, StatedCriterion, Value};
use hege_core::units::fold;
use hege_lab::Reason;
use hege_lab::catalogue::Analytes;

/// What a file's word says of an item or a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stated {
    Conforming,
    Nonconforming,
    /// 不判定 and the like.
    Open,
}

/// A word that stands for a verdict, never a part of one: 不合格 contains 合格.
pub(super) fn stated(word: &str) -> Option<Stated> {
    Some(match fold(word).as_str() {
        "合格"
        | "合格项"
        | "符合"
        | "符合要求"
        | "纯抽检合格样品"
        | "未见问题"
        | "conforming"
        | "no_problem"
        | "pass" => Stated::Conforming,
        "不合格"
        | "不合格项"
        | "不符合"
        | "不符合要求"
        | "纯抽检不合格样品"
        | "问题样品"
        | "问题项"
        | "nonconforming"
        | "problem"
        | "fail" => Stated::Nonconforming,
        "不判定" | "不判定项" | "未判定" | "未能判定" | "not_judgeable" => Stated::Open,
        _ => return None,
    })
}

/// Results that have no single reading: a person has to look, and nothing is kept until then.
pub(super) fn is_unreadable(reason: &str) -> bool {
    use Reason::{
        AmbiguousComma, AmbiguousSlash, BadCriterion, BadPart, Empty, LodUnreadable, LoqUnreadable, LostExponent,
        NotAValue, TooManyDigits, UnitsConflict, UnknownUnit,
    };
    let unreadable = [
        AmbiguousComma,
        AmbiguousSlash,
        BadCriterion,
        BadPart,
        Empty,
        LodUnreadable,
        LoqUnreadable,
        LostExponent,
        NotAValue,
        TooManyDigits,
        UnitsConflict,
        UnknownUnit,
    ];
    unreadable.iter().any(|unreadable| unreadable.code() == reason)
}

/// The column of a field of [`Value`], by the pointer of what is wrong with it.
pub(super) fn column_of(field: &str) -> &'static str {
    match field {
        "analyte" => "analyte",
        "criterion/kind" => "kind",
        "criterion/limit" => "limit",
        "criterion/limit_high" => "limit_high",
        "criterion/tolerance" => "tolerance",
        "criterion/n" => "n",
        "criterion/c" => "c",
        "criterion/m" => "m",
        "criterion/upper" => "M",
        "criterion/unit" => "limit_unit",
        "criterion/matter" => "matter",
        "criterion/total_suffices" => "total_suffices",
        "criterion/compare" => "compare",
        "criterion/standard" => "standard",
        _ => "result",
    }
}

/// The value of a row; what keeps it from being one is said of the row.
pub(super) fn value(row: &mut FileRow, analytes: &Analytes) -> Value {
    alone(row);
    let criterion = criterion(row);
    let printed = row.stated("analyte").unwrap_or_default().to_owned();
    if printed.is_empty() {
        row.said.push(Said::refusal("analyte", "required", ("必填", "required")));
    }
    let known = analytes.resolve(&printed).map(str::to_owned);
    // A criterion of its own judges also what the catalogue does not know.
    if known.is_none() && criterion.is_none() && !printed.is_empty() {
        let words =
            ("检验项目未知，且本行未列限量", "the analyte is not known, and the row states no limit of its own");
        row.said.push(Said::refusal("analyte", "analyte_unknown", words));
    }
    let text = |code: &str| row.stated(code).map(str::to_owned);
    Value {
        analyte: known.unwrap_or(printed),
        reported: row.get("result").unwrap_or_default().to_owned(),
        unit: text("unit"),
        lod: text("lod"),
        method: text("method"),
        beside: Beside {
            lod_unit: text("lod_unit"),
            loq: text("loq"),
            moisture: text("moisture"),
            fresh_moisture: text("fresh_moisture"),
            dehydration: text("dehydration"),
            total: text("total"),
            declared: text("declared"),
            parts: text("parts"),
        },
        criterion,
        confirmation: None,
    }
}

/// Bulletins put several items of a sample into one cell: none of them is taken for the name of an item, or for a unit.
fn alone(row: &mut FileRow) {
    for column in ["analyte", "result", "limit", "max_limit", "min_limit"] {
        if row.get(column).is_some_and(|text| text.contains(['║', '‖', '|', '｜'])) {
            let words =
                ("一格内有多个项目或数值，须一行一项", "several items or values in one cell: a row for each is needed");
            row.said.push(Said::refusal(column, "several_in_cell", words));
        }
    }
}

/// Why the criterion is the file's own, where the file does not say it.
const REASON: &str = "导入文件所列";

/// The criterion that a row states, by its kind or by its smallest and largest permitted value; it needs the law it rests on.
fn criterion(row: &mut FileRow) -> Option<StatedCriterion> {
    let text = |code: &str| row.stated(code).map(str::to_owned);
    let mut own = StatedCriterion {
        tolerance: text("tolerance"),
        n: text("n"),
        c: text("c"),
        m: text("m"),
        upper: text("M"),
        matter: text("matter"),
        total_suffices: text("total_suffices"),
        compare: text("compare"),
        standard: text("standard").unwrap_or_default(),
        clause: text("clause"),
        reason: text("criterion_reason").unwrap_or_else(|| REASON.to_owned()),
        limit: text("limit"),
        limit_high: text("limit_high"),
        unit: text("limit_unit"),
        kind: String::new(),
    };
    match (text("kind"), text("min_limit"), text("max_limit")) {
        (Some(kind), None, None) => own.kind = kind,
        (None, None, None) if own.limit.is_none() && own.limit_high.is_none() => return None,
        (None, low, high) if own.limit.is_none() && own.limit_high.is_none() => {
            let units = [low.as_ref().and(text("min_limit_unit")), high.as_ref().and(text("max_limit_unit"))];
            own.unit = units.iter().flatten().next().cloned();
            if let [Some(one), Some(other)] = &units
                && fold(one) != fold(other)
            {
                let words = ("最小与最大允许限的单位不一致", "the two limits have different units");
                row.said.push(Said::refusal("max_limit_unit", "limit_units_differ", words));
            }
            bounds(&mut own, low.as_deref(), high.as_deref());
        }
        _ => {
            let words = ("限量写了两次，或缺少限量类型", "the limit is stated twice, or its kind is missing");
            row.said.push(Said::refusal("kind", "limit_ambiguous", words));
            return None;
        }
    }
    if own.standard.is_empty() {
        let words = ("列出限量的，须写明判定依据", "a limit needs the standard it rests on");
        row.said.push(Said::refusal("standard", "basis_missing", words));
    }
    Some(own)
}

/// Kind and limits of the smallest and the largest permitted value.
fn bounds(own: &mut StatedCriterion, low: Option<&str>, high: Option<&str>) {
    let number = |text: &str, signs: [&str; 3]| {
        let text = text.trim();
        signs.iter().find_map(|sign| text.strip_prefix(sign)).unwrap_or(text).trim().to_owned()
    };
    let (least, most) = (["≥", ">=", "不小于"], ["≤", "<=", "不大于"]);
    match (low, high) {
        (None, Some(word)) if fold(word) == "不得检出" => own.kind = "not_detected".to_owned(),
        (None, Some(word)) if fold(word) == "不得使用" => own.kind = "not_used".to_owned(),
        (Some(low), Some(high)) => {
            own.kind = "range".to_owned();
            (own.limit, own.limit_high) = (Some(number(low, least)), Some(number(high, most)));
        }
        (None, Some(high)) => (own.kind, own.limit) = ("max".to_owned(), Some(number(high, most))),
        (Some(low), None) => (own.kind, own.limit) = ("min".to_owned(), Some(number(low, least))),
        (None, None) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[(&'static str, &str)]) -> FileRow {
        FileRow { cells: cells.iter().map(|(code, text)| (*code, (*text).to_owned())).collect(), ..FileRow::default() }
    }

    /// Kind and limits.
    type Own = (String, Option<String>, Option<String>);

    fn stated_of(cells: &[(&'static str, &str)]) -> (Option<Own>, Vec<String>) {
        let mut row = row(cells);
        let criterion = criterion(&mut row).map(|own| (own.kind, own.limit, own.limit_high));
        (criterion, row.said.into_iter().map(|said| said.code).collect())
    }

    #[test]
    fn a_word_for_a_verdict_is_the_whole_word() {
        assert_eq!(stated("合格"), Some(Stated::Conforming));
        assert_eq!(stated("不合格"), Some(Stated::Nonconforming));
        assert_eq!(stated("不合格项"), Some(Stated::Nonconforming));
        for word in ["基本合格", "合格/不合格", "", "?"] {
            assert_eq!(stated(word), None, "{word}");
        }
    }

    #[test]
    fn permitted_values_make_a_criterion_when_they_name_their_law() {
        let standard = ("standard", "GB 2763-2019");
        let some = |kind: &str, low: &str| Some((kind.to_owned(), Some(low.to_owned()), None));
        assert_eq!(stated_of(&[("max_limit", "≤0.2"), standard]), (some("max", "0.2"), vec![]));
        assert_eq!(stated_of(&[("min_limit", "5"), ("max_limit", "/"), standard]), (some("min", "5"), vec![]));
        assert_eq!(stated_of(&[("max_limit", "不得检出"), standard]).0, Some(("not_detected".to_owned(), None, None)));
        let range = Some(("range".to_owned(), Some("1".to_owned()), Some("2".to_owned())));
        assert_eq!(stated_of(&[("min_limit", "1"), ("max_limit", "2"), standard]).0, range);
        assert_eq!(stated_of(&[("max_limit", "0.2")]).1, ["basis_missing"]);
        assert_eq!(stated_of(&[("limit", "0.2"), standard]), (None, vec!["limit_ambiguous".to_owned()]));
        assert_eq!(
            stated_of(&[("kind", "max"), ("limit", "0.2"), ("max_limit", "0.2"), standard]).1,
            ["limit_ambiguous"]
        );
        let units =
            [("min_limit", "1"), ("min_limit_unit", "g/kg"), ("max_limit", "2"), ("max_limit_unit", "mg/kg"), standard];
        assert_eq!(stated_of(&units).1, ["limit_units_differ"]);
        assert_eq!(stated_of(&[standard]), (None, vec![]));
    }
}
