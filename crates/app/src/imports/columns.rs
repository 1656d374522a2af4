//! The columns of a file of samples: by code or by the name that official workbooks use, in any order.

use super::official::{Book, Place};
use hege_core::units::fold;
use hege_core::{Problem, Problems};
use hege_sampling::fields::Field;
use hege_sampling::history;
use hege_tables::Row;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// A column that a file may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its code.
    pub code: &'static str,
    /// Its Chinese name.
    pub zh: &'static str,
    /// Other names that official workbooks have for it.
    pub also: &'static [&'static str],
    /// What it belongs to.
    pub of: Of,
}

/// What a column belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// A field of the sampling form: it is the same in every row of a sample.
    Form,
    /// A personal field: its value is repeated nowhere.
    Personal,
    /// What the file says of the sample beside its form: the same in every row too.
    Sample,
    /// A result, a limit or a word beside them, of one item.
    Item,
    /// A measured value or a limit: digits decide.
    Value,
}

/// Other names of the form's fields (the national system's workbooks of 2020 and 2022).
const ALSO: &[(&str, &[&str])] = &[
    ("form_no", &["抽样编号", "抽样单号"]),
    ("task_type", &["检验目的", "检验目的/任务类别"]),
    ("programme_a", &["报送分类-1"]),
    ("programme_b", &["报送分类-2"]),
    ("stage", &["环节"]),
    ("food_class", &["食品细类"]),
    ("place_type", &["抽样场所"]),
    ("region", &["县(市、区)", "行政区划代码"]),
    ("sampled_unit", &["被抽样单位"]),
    ("address", &["单位地址(被抽样单位)", "被抽样单位地址"]),
    ("uscc", &["营业执照/社会信用代码", "营业执照号"]),
    ("licence_no", &["经营许可证号"]),
    ("legal_person", &["单位法人"]),
    ("annual_sales", &["年销售额"]),
    ("product_name", &["食品名称"]),
    ("brand", &["样品商标"]),
    ("spec", &["样品规格"]),
    ("date", &["生产/加工/购进日期", "生产日期", "购进日期"]),
    ("declared_standard", &["执行标准"]),
    ("production_licence", &["生产许可证号"]),
    ("producer", &["标识生产企业名称", "标称生产企业名称", "生产者名称"]),
    ("producer_address", &["标识生产企业地址", "标称生产企业地址"]),
    ("origin", &["原产国"]),
    ("produce_certificate", &["食用农产品合格证"]),
    ("lot_size", &["抽样基数"]),
    ("qty_unit", &["抽样数量单位"]),
    ("sampled_at", &["抽样日期"]),
    ("remark", &["备注(样品)"]),
];

const fn own(code: &'static str, zh: &'static str, of: Of, also: &'static [&'static str]) -> Column {
    Column { code, zh, also, of }
}

/// What stands beside the form, in the order of the template.
const BESIDE: [Column; 55] = [
    own("task_source_name", "任务来源", Of::Sample, &[]),
    own("deploying_org_name", "部署机构", Of::Sample, &[]),
    own("sampling_org_name", "抽样单位名称", Of::Sample, &["抽样单位"]),
    own("has_third_party", "是否存在第三方企业信息", Of::Sample, &[]),
    own("sampler_names", "抽样人员", Of::Personal, &[]),
    own("sampling_org_address", "抽样单位地址", Of::Sample, &[]),
    own("sampling_org_province", "抽样单位所在省份", Of::Sample, &["所在省份"]),
    own("sampling_org_contact", "抽样单位联系人", Of::Personal, &[]),
    own("sampling_org_email", "抽样单位电子邮箱", Of::Personal, &["电子邮箱"]),
    own("sampling_org_phone", "抽样单位电话", Of::Personal, &[]),
    own("sampling_org_fax", "抽样单位传真", Of::Personal, &[]),
    own("sampling_org_postcode", "抽样单位邮编", Of::Sample, &[]),
    own("third_party_province", "第三方企业省份", Of::Sample, &[]),
    own("third_party_city", "第三方企业市区", Of::Sample, &[]),
    own("third_party_county", "第三方企业县区", Of::Sample, &[]),
    own("sample_packing", "样品包装", Of::Sample, &[]),
    own("sampling_tools", "抽样工具", Of::Sample, &[]),
    own("laboratory", "检验机构名称", Of::Sample, &["检验机构"]),
    own("report_no", "报告书编号", Of::Sample, &["报告编号"]),
    own("received_on", "收检日期", Of::Sample, &[]),
    own("reported_on", "报告日期", Of::Sample, &[]),
    own("conclusion", "结论", Of::Sample, &["检验结论"]),
    own("analyte", "检验项目", Of::Item, &["不合格项目"]),
    own("result", "检验结果", Of::Value, &[]),
    own("unit", "结果单位", Of::Item, &[]),
    own("lod", "检出限", Of::Value, &[]),
    own("loq", "定量限", Of::Value, &[]),
    own("lod_unit", "检出限单位", Of::Item, &[]),
    own("method", "检验依据", Of::Item, &["检验方法"]),
    own("standard", "判定依据", Of::Item, &[]),
    own("clause", "判定条款", Of::Item, &[]),
    own("min_limit", "最小允许限", Of::Value, &[]),
    own("min_limit_unit", "最小允许限单位", Of::Item, &[]),
    own("max_limit", "最大允许限", Of::Value, &[]),
    own("max_limit_unit", "最大允许限单位", Of::Item, &[]),
    own("kind", "限量类型", Of::Item, &[]),
    own("limit", "限量", Of::Value, &[]),
    own("limit_high", "限量上限", Of::Value, &[]),
    own("limit_unit", "限量单位", Of::Item, &[]),
    own("tolerance", "允许偏差", Of::Value, &[]),
    own("n", "采样方案n", Of::Value, &[]),
    own("c", "采样方案c", Of::Value, &[]),
    own("m", "采样方案m", Of::Value, &[]),
    own("M", "采样方案最高限", Of::Value, &[]),
    own("compare", "比较方法", Of::Item, &[]),
    own("matter", "限量基准", Of::Item, &[]),
    own("total_suffices", "总量合格即可", Of::Item, &[]),
    own("declared", "标签明示值", Of::Value, &[]),
    own("moisture", "水分", Of::Value, &[]),
    own("fresh_moisture", "鲜品水分", Of::Value, &[]),
    own("dehydration", "脱水率", Of::Value, &[]),
    own("total", "总量", Of::Value, &[]),
    own("parts", "组分", Of::Item, &[]),
    own("criterion_reason", "判定说明", Of::Item, &[]),
    own("item_verdict", "结果判定", Of::Item, &[]),
];

/// Columns of official workbooks that say nothing a sample keeps. They are passed over, and told.
const PASSED_OVER: [&str; 36] = [
    "更新时间",
    "被抽样省份",
    "被抽样地市",
    "食品大类",
    "食品亚类",
    "食品次亚类",
    "标识生产企业省份",
    "标识生产企业市",
    "标识生产企业县",
    "备注(检验机构)",
    "年度",
    "样品状态",
    "报告分类",
    "是否委托生产",
    "委托省(市、自治区)",
    "委托地区(市、州、盟)",
    "委托县(市、区)",
    "省抽国抽",
    "分类",
    "任务来源（省）",
    "任务来源（市）",
    "任务来源（县）",
    "委托企业名称",
    "网络平台",
    "是否为评价性抽检",
    "注册证号",
    "第一次提交到秘书处的时间",
    "部署机构省",
    "部署机构市",
    "部署机构县",
    "异议审批状态",
    "异议处置结果",
    "序号",
    "verdict",
    "reason",
    "standing",
];

/// Every column, in the order of the template.
pub static COLUMNS: LazyLock<Vec<Column>> = LazyLock::new(|| {
    let also = |code: &str| ALSO.iter().find(|(of, _)| *of == code).map_or(&[][..], |(_, names)| names);
    let form = |field: &'static Field| Column {
        code: field.code,
        zh: field.zh,
        also: also(field.code),
        of: if field.personal { Of::Personal } else { Of::Form },
    };
    history::fields().map(form).chain(BESIDE).collect()
});

/// A column by its code.
#[must_use]
pub fn column(code: &str) -> Option<&'static Column> {
    COLUMNS.iter().find(|column| column.code == code)
}

/// Where the columns of a file stand.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    /// Of each place its column, and how the file calls it.
    places: Vec<Option<&'static Column>>,
    names: Vec<String>,
    /// The official workbook that it is.
    book: Option<Book>,
}

fn shown(text: &str) -> String {
    text.chars().take(60).filter(|c| !c.is_control()).collect()
}

pub(super) fn plain(name: &str) -> &str {
    name.trim_start_matches('\u{feff}').trim().trim_end_matches('*').trim()
}

/// The column of a name. `m` and `M` are two, so that the very spelling comes first.
fn named(name: &str) -> Option<&'static Column> {
    let all = |column: &Column| [column.code, column.zh].into_iter().chain(column.also.iter().copied());
    let exact = COLUMNS.iter().find(|column| all(column).any(|known| known == name));
    exact.or_else(|| {
        let folded = fold(name);
        COLUMNS.iter().find(|column| column.code.len() > 1 && all(column).any(|known| fold(known) == folded))
    })
}

/// The known name that is nearest, where one is near.
fn nearest(name: &str) -> Option<&'static str> {
    let all = COLUMNS.iter().flat_map(|column| [column.code, column.zh].into_iter().chain(column.also.iter().copied()));
    let scored = all.map(|known| (strsim::normalized_damerau_levenshtein(name, known), known));
    scored.filter(|(score, _)| *score >= 0.5).max_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, known)| known)
}

fn unknown(index: usize, name: &str) -> Problem {
    let hint = nearest(name);
    let zh = hint.map(|known| format!("；是否为“{known}”？")).unwrap_or_default();
    let en = hint.map(|known| format!("; did you mean \"{known}\"?")).unwrap_or_default();
    let shown = shown(name);
    let (zh, en) = (format!("未知的列“{shown}”{zh}"), format!("unknown column \"{shown}\"{en}"));
    Problem::new(format!("/header/{}", index + 1), "unknown_column", zh, en)
}

fn passed_over(names: &[String]) -> Option<Problem> {
    let all = names.join("、");
    let (zh, en) = (format!("以下列不予导入：{all}"), format!("these columns are passed over: {all}"));
    (!names.is_empty()).then(|| Problem::new("", "columns_passed_over", zh, en))
}

impl Layout {
    /// Reads the header, and notes the columns that are passed over.
    ///
    /// # Errors
    /// Every unknown column, every one that stands twice or has no name, and every needed one that is missing.
    pub(super) fn read(header: &Row<'_>, notes: &mut Vec<Problem>) -> Result<Self, Problems> {
        let names: Vec<&str> = header.cells.iter().map(|cell| cell.text.as_ref()).collect();
        if let Some(book) = Book::of(&names)? {
            return Ok(Self::official(book, notes));
        }
        let (mut problems, mut seen, mut passed) = (Problems::new(), BTreeSet::new(), Vec::new());
        let mut layout = Self { places: Vec::new(), names: Vec::new(), book: None };
        for (index, cell) in header.cells.iter().enumerate() {
            let name = plain(&cell.text);
            let found = named(name);
            match found {
                Some(column) if !seen.insert(column.code) => {
                    let (zh, en) =
                        (format!("列“{}”出现两次", shown(name)), format!("column \"{}\" stands twice", shown(name)));
                    problems.push(Problem::new(format!("/header/{}", index + 1), "column_twice", zh, en));
                }
                Some(_) => {}
                None if PASSED_OVER.contains(&name) => passed.push(name.to_owned()),
                None if name.is_empty() => {
                    let (zh, en) =
                        (format!("第 {} 列没有列名", index + 1), format!("column {} has no name", index + 1));
                    problems.push(Problem::new(format!("/header/{}", index + 1), "column_nameless", zh, en));
                }
                None => problems.push(unknown(index, name)),
            }
            layout.places.push(found);
            layout.names.push(shown(name));
        }
        for code in history::NEEDED.iter().chain(&["analyte", "result"]).filter(|code| !seen.contains(**code)) {
            let name = column(code).map_or(*code, |column| column.zh);
            let (zh, en) = (format!("缺少列“{name}”"), format!("the column \"{name}\" ({code}) is missing"));
            problems.push(Problem::new("/header", "column_missing", zh, en));
        }
        notes.extend(passed_over(&passed));
        problems.into_result(layout)
    }

    fn official(book: Book, notes: &mut Vec<Problem>) -> Self {
        let places = book.places();
        let passed: Vec<String> =
            places.iter().filter(|place| place.read().is_none()).map(|place| place.header.clone()).collect();
        notes.extend(passed_over(&passed));
        Self {
            places: places.iter().map(Place::read).collect(),
            names: places.iter().map(|place| shown(&place.header)).collect(),
            book: Some(book),
        }
    }

    /// The official workbook that it is, if it is one to the letter.
    pub(super) const fn book(&self) -> Option<Book> {
        self.book
    }

    /// Whether it holds forms without results.
    pub(super) fn is_forms(&self) -> bool {
        self.book == Some(Book::SamplingForm)
    }

    /// The column of a place.
    pub(super) fn at(&self, place: usize) -> Option<&'static Column> {
        self.places.get(place).copied().flatten()
    }

    /// How many columns the header has.
    pub(super) fn width(&self) -> usize {
        self.places.len()
    }

    /// How the file calls a column; its Chinese name where the file has it not.
    pub(super) fn name_of<'a>(&'a self, code: &'a str) -> &'a str {
        let place = self.places.iter().position(|column| column.is_some_and(|column| column.code == code));
        let own = place.and_then(|place| self.names.get(place)).map(String::as_str);
        own.or_else(|| column(code).map(|column| column.zh)).unwrap_or(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hege_tables::{Cell, CellKind};
    use std::borrow::Cow;

    fn header(names: &[&str]) -> Row<'static> {
        let cell = |name: &&str| Cell { text: Cow::Owned((*name).to_owned()), kind: CellKind::Text };
        Row { number: 1, cells: names.iter().map(cell).collect() }
    }

    const WHOLE: [&str; 11] = [
        "抽样编号*",
        "抽样环节",
        "样品类型",
        "县(市、区)",
        "食品细类",
        "样品名称",
        "被抽样单位名称",
        "生产日期*",
        "抽样时间*",
        "检验项目",
        "检验结果*",
    ];

    #[test]
    fn no_two_columns_share_a_name() {
        let mut seen = BTreeSet::new();
        for column in COLUMNS.iter() {
            for name in [column.code, column.zh].into_iter().chain(column.also.iter().copied()) {
                assert!(seen.insert(name), "{name}");
                assert!(!PASSED_OVER.contains(&name), "{name} is passed over");
            }
        }
        assert!(ALSO.iter().all(|(code, _)| column(code).is_some_and(|column| column.of != Of::Sample)));
    }

    #[test]
    fn columns_are_known_by_code_and_by_official_name_in_any_order() {
        let mut notes = Vec::new();
        let layout = Layout::read(&header(&WHOLE), &mut notes).unwrap();
        assert_eq!(layout.at(0).unwrap().code, "form_no");
        assert_eq!((layout.name_of("date"), layout.name_of("unit")), ("生产日期", "结果单位"));
        let mut turned = WHOLE;
        turned.reverse();
        assert_eq!(Layout::read(&header(&turned), &mut notes).unwrap().at(10).unwrap().code, "form_no");
        let codes: Vec<&str> = WHOLE.iter().map(|name| named(plain(name)).unwrap().code).collect();
        Layout::read(&header(&codes), &mut notes).unwrap();
        assert!(notes.is_empty());
        assert_eq!((named("m").unwrap().code, named("M").unwrap().code), ("m", "M"));
        assert_eq!(named("ＵＮＩＴ").unwrap().code, "unit");
    }

    #[test]
    fn every_wrong_column_is_told_at_once_with_what_was_meant() {
        let mut names = WHOLE.to_vec();
        names[0] = "抽样编好";
        names.extend(["检验结果", "", "年度", "form_nr"]);
        let mut notes = Vec::new();
        let problems = Layout::read(&header(&names), &mut notes).unwrap_err();
        let told: Vec<_> = problems.as_slice().iter().map(|problem| (problem.pointer.as_str(), problem.code)).collect();
        let expected = [
            ("/header/1", "unknown_column"),
            ("/header/12", "column_twice"),
            ("/header/13", "column_nameless"),
            ("/header/15", "unknown_column"),
            ("/header", "column_missing"),
        ];
        assert_eq!(told, expected);
        assert!(problems.as_slice()[0].en.contains("did you mean \"抽样编号\"?"), "{:?}", problems.as_slice()[0]);
        assert!(problems.as_slice()[3].en.contains("did you mean \"form_no\"?"));
        assert_eq!(notes[0].code, "columns_passed_over");
    }
}
