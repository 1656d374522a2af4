//! The workbooks of the national system: out and in again with no difference, and on from there.

use super::{Book, Format, House, counts, on_both, province};
use hege_app::imports::{self, Which};
use hege_app::reference::OrganisationKind;
use hege_app::results::{self, Value};
use hege_app::samples::{self, id_of};
use hege_app::{Call, Error};
use hege_core::{OrganisationId, Role, UserId};
use hege_rates::Standing;
use hege_sampling::life_cycle::{Action, Actor};
use hege_store::people::{Organisation, organisation_fetch, organisations_insert};
use hege_store::samples::custody_of;
use hege_store::types::Id;
use std::collections::BTreeSet;
use std::path::Path;
use uuid::Uuid;

/// Every cell of the official form, in its order.
const FORM: [&str; 77] = [
    "演示任务来源",
    "省级抽检",
    "演示检验机构",
    "演示部署机构",
    "常规抽样",
    "生产",
    "成品库（已检区）",
    "酱油",
    "DC25330106000001",
    "监督抽检",
    "演示抽样单位",
    "演示路 1 号",
    "浙江省",
    "演示甲、演示乙",
    "演示丙",
    "demo@example.invalid",
    "00000000001",
    "00000000002",
    "310000",
    "浙江省杭州市西湖区",
    "城市",
    "演示调味品厂",
    "演示路 2 号",
    "91330106000000000X",
    "食品生产许可证",
    "SC10000000000000",
    "1200.50",
    "演示丁",
    "演示戊",
    "00000000003",
    "/",
    "310001",
    "/",
    "/",
    "浙江省杭州市",
    "演示路 2 号",
    "演示调味品厂",
    "SC10000000000000",
    "演示戊",
    "00000000003",
    "是",
    "浙江省",
    "宁波市",
    "海曙区",
    "演示路 3 号",
    "演示贸易公司",
    "JY10000000000000",
    "演示己",
    "00000000004",
    "委托",
    "6900000000007",
    "演示牌",
    "工业加工食品",
    "加工自制",
    "普通食品",
    "预包装",
    "演示酱油",
    "生产日期 2025-05-01",
    "18个月",
    "20250501A",
    "500mL/瓶",
    "一级",
    "12.50",
    "否",
    "中国",
    "2025-06-15 09:30:00",
    "非无菌抽样",
    "液体",
    "玻璃瓶",
    "/",
    "常温",
    "1000",
    "8",
    "4",
    "瓶",
    "GB/T 18186-2000",
    "演示备注",
];
/// Places of personal cells, which are taken and never given.
const PERSONAL: [usize; 16] = [14, 15, 16, 17, 18, 28, 29, 30, 31, 32, 33, 34, 39, 40, 48, 49];

fn headers(book: Book) -> Vec<String> {
    let mut out = Vec::new();
    let file = csv::Reader::from_reader(include_str!("../../data/official-columns.csv").as_bytes());
    for record in file.into_records().map(Result::unwrap).filter(|record| &record[1] == book.code()) {
        out.push(record[4].to_owned());
    }
    out
}

fn file(rows: &[Vec<String>]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(headers(Book::SamplingForm)).unwrap();
    rows.iter().for_each(|row| writer.write_record(row).unwrap());
    writer.into_inner().unwrap()
}

fn forms() -> Vec<Vec<String>> {
    let row = || FORM.map(str::to_owned).to_vec();
    let mut farm = row();
    for (place, text) in
        [(6, "种植养殖（农业）"), (7, "农贸市场"), (8, "豇豆"), (9, "NCP25330106000002"), (10, "例行监测")]
    {
        farm[place - 1] = text.to_owned();
    }
    for (place, text) in [(53, "食用农产品"), (54, "外购"), (56, "无包装"), (57, "豇豆"), (58, "采收日期 2025-06-14")]
    {
        farm[place - 1] = text.to_owned();
    }
    for place in [27, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50] {
        farm[place - 1] = String::new();
    }
    vec![row(), farm]
}

/// What comes out again: without personal cells, and with what was not said of a third party.
fn expected() -> Vec<Vec<String>> {
    let blank = |mut row: Vec<String>| {
        PERSONAL.iter().for_each(|place| row[place - 1] = String::new());
        if row[40].is_empty() {
            row[40] = "否".to_owned();
        }
        row
    };
    let mut rows: Vec<_> = forms().into_iter().map(blank).collect();
    rows.sort_by(|one, other| one[8].cmp(&other[8]));
    rows
}

fn exported(house: &House, book: Book, format: Format) -> Vec<u8> {
    let known = (&house.store, &house.regions, &house.catalogue);
    let mut out = Vec::new();
    imports::official(known, &province(), (book, &Which::default()), (&mut out, format)).unwrap();
    out
}

fn rows(bytes: &[u8]) -> Vec<Vec<String>> {
    let reader = csv::Reader::from_reader(bytes);
    let mut rows: Vec<Vec<String>> =
        reader.into_records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect();
    rows.sort_by(|one, other| one[8].cmp(&other[8]));
    rows
}

fn import(house: &House, path: &Path) -> imports::Import {
    // Who took the sample is known here.
    let known = Organisation {
        id: Id(Uuid::from_u128(2)),
        kind: OrganisationKind::Inspecting.code().to_owned(),
        name: "演示抽样单位".to_owned(),
        region: 330_106,
        active: true,
        revision: 1,
    };
    house
        .store
        .write(|conn| {
            let is_there = organisation_fetch(conn, known.id)?.is_some();
            if is_there { Ok(()) } else { organisations_insert(conn, std::slice::from_ref(&known)) }
        })
        .unwrap();
    house.import_by(&province(), path, (false, &|_| true)).unwrap()
}

#[test]
fn the_official_form_goes_out_and_comes_in_again_with_no_difference() {
    on_both(|first| {
        let path = first.write("forms.csv", &file(&forms()));
        let taken = import(first, &path);
        assert_eq!(counts(&taken)[..4], [2, 2, 0, 0], "{:?}", first.said(&taken));
        assert_eq!(rows(&exported(first, Book::SamplingForm, Format::Csv)), expected());
        assert_eq!(counts(&import(first, &path))[..4], [2, 0, 0, 2], "the same file again");
        first.whole();
        for format in [Format::Csv, Format::Xlsx] {
            let bytes = exported(first, Book::SamplingForm, format);
            on_both(|second| {
                let again = import(second, &second.write("again", &bytes));
                assert_eq!(counts(&again)[..4], [2, 2, 0, 0], "{format:?}: {:?}", second.said(&again));
                assert_eq!(rows(&exported(second, Book::SamplingForm, Format::Csv)), expected());
            });
        }
    });
}

#[test]
fn a_form_with_a_column_out_of_place_or_a_row_that_cannot_be_read_is_told_and_nothing_is_lost() {
    on_both(|house| {
        let text = String::from_utf8(file(&forms())).unwrap();
        let renamed = house.write("renamed.csv", text.replacen("单位地址", "地址", 1).as_bytes());
        let Err(Error::Invalid(problems)) = imports::open(&renamed, "file.csv", None) else { panic!("refused") };
        let told: Vec<_> = problems.as_slice().iter().map(|one| (one.pointer.as_str(), one.code)).collect();
        assert_eq!(told, [("/header/12", "column_out_of_place")]);
        let strange = text.replace("演示抽样单位", "演示别家单位");
        let import = |name: &str, text: &str| import(house, &house.write(name, text.as_bytes()));
        let refused = import("strange.csv", &strange);
        assert_eq!(counts(&refused)[..4], [2, 0, 2, 0]);
        assert_eq!(house.said(&refused)[&2].1.last().map(String::as_str), Some("organisation_unknown"));
        let bent = text.replacen("浙江省杭州市西湖区", "西胡区", 1).replacen("生产日期 2025-05-01", "生产日期 五月", 1);
        let import = import("bent.csv", &bent);
        assert_eq!(counts(&import)[..4], [2, 1, 1, 0]);
        let codes: BTreeSet<String> = house.said(&import)[&2].1.iter().cloned().collect();
        assert!(codes.contains("bad_date"), "{codes:?}");
        assert!(codes.iter().any(|code| code.contains("region")), "{codes:?}");
    });
}

fn worker(user: u128, role: Role, organisation: u128) -> Call {
    Call {
        actor: Actor { user: UserId(Uuid::from_u128(user)), roles: [role].into() },
        organisation: OrganisationId(Uuid::from_u128(organisation)),
        at: "2026-01-03T00:00:00Z".parse().unwrap(),
        audit_id: Uuid::new_v4(),
        ..province()
    }
}

fn value(analyte: &str, reported: &str) -> Value {
    Value {
        analyte: analyte.to_owned(),
        reported: reported.to_owned(),
        unit: Some("mg/kg".to_owned()),
        ..Value::default()
    }
}

#[test]
fn an_imported_form_goes_on_and_takes_the_items_that_its_laboratory_enters() {
    on_both(|house| {
        import(house, &house.write("forms.csv", &file(&forms())));
        let (sample, items) = house.samples()["NCP25330106000002"].clone();
        assert_eq!((sample.status.as_str(), sample.standing.0, items.len()), ("registered", Standing::Pending, 0));
        let id = id_of(&sample).unwrap();
        let lab = 77;
        let inspector = worker(10, Role::Inspector, 2);
        let seal =
            Action::Seal { lab: Some(hege_core::LabId(Uuid::from_u128(lab))), seals: vec!["演示 1".to_owned()] };
        let sample = samples::step(&house.store, &inspector, id, (1, &seal)).unwrap();
        let receiver = worker(11, Role::Receiver, lab);
        let sample = samples::step(&house.store, &receiver, id, (sample.revision, &Action::Receive)).unwrap();
        let enter = |seen, values: &[Value]| {
            let tester = worker(12, Role::Tester, lab);
            results::enter(&house.store, &tester, id, (seen, values), &house.catalogue)
        };
        let unknown = enter(sample.revision, &[value("演示未知项目", "0.1")]);
        assert!(matches!(unknown, Err(Error::Invalid(problems)) if problems.as_slice()[0].code == "item_not_ordered"));
        let sample = enter(sample.revision, &[value("chlorpyrifos", "0.11")]).unwrap();
        let sample = enter(sample.revision, &[value("procymidone", "0.05")]).unwrap();
        let entered = house.samples()["NCP25330106000002"].1.clone();
        let verdicts: Vec<_> =
            entered.iter().map(|item| (item.analyte.as_str(), item.verdict.as_deref().unwrap())).collect();
        assert_eq!(verdicts.len(), 2);
        assert_eq!(verdicts[0], ("chlorpyrifos", "nonconforming"));
        assert_eq!(sample.status, "entered");
        let custody = house.store.read(|conn| custody_of(conn, id)).unwrap();
        assert_eq!(custody[0].kind, "registered");
        house.whole();
        let results = rows(&exported(house, Book::Results, Format::Csv));
        assert_eq!(results.len(), 2);
        assert_eq!((results[0].len(), results[0][10].as_str()), (86, "NCP25330106000002"));
        assert_eq!([results[0][3].as_str(), &results[0][4]], ["浙江省", "杭州市"]);
    });
}
