//! A bulk filler: as many believable samples as are wanted, in minutes, in a database of either kind.
//!
//! `fill(&store, &Wanted { .. })` puts `samples` samples into an empty, migrated database, each with one item and everything that
//! happened to it: custody, conclusion, cell, names and a sealed audit record, so that `hege verify` finds nothing. They are taken
//! evenly from 2025-01-01 to [`NOW`] in eleven cities and 88 counties, for the five programmes of the plan; the last weeks'
//! are still in hand, one in a hundred was refused, one in thirty does not conform. The same wanted gives the same samples. Whoever
//! needs people, organisations and a plan makes them before, and hands their organisations in ([`Wanted`]).
//!
//! Words to search for: `市场` stands in half of all units' names and `演示` in every one's; `龙井` in one product of fifty, `雪菜`
//! in one of some thousand, and `鲸` in none.
//!
//! It uses nothing but the store, so that benches include it by its path. Indexes of tables that it fills are dropped before and
//! made again after.

use hege_core::{Month, SampleKind, Sector, Stage, TaskType};
use hege_rates::{Cell, Standing};
use hege_store::Store;
use hege_store::audit::{AuditRow, Audited, Seal, seal_of};
use hege_store::cells::CellRow;
use hege_store::lives::{Lives, cells_insert, lives_insert};
use hege_store::samples::{ConclusionRow, CustodyRow, Item, Sample};
use hege_store::types::{Day, Doc, Id, Ts, Word};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::sync_channel;
use uuid::{Builder, Uuid};

/// The instant until which things happened: 2025-12-05, ten o'clock in China.
pub(crate) const NOW: Timestamp = Timestamp::constant(1_764_900_000, 0);
/// 2025-01-01, nine o'clock in China.
const FIRST: i64 = 1_735_693_200;
/// Samples of a transaction and of a link of the record.
const BATCH: usize = 1_000;

/// What is wanted.
pub(crate) struct Wanted<'a> {
    /// How many samples.
    pub(crate) samples: u32,
    /// Who takes them: the inspecting organisation of each city, in the order of the cities.
    pub(crate) takers: [Id; 11],
    /// Who tests them.
    pub(crate) labs: &'a [Id],
}

const CITIES: [&str; 11] = ["杭州", "宁波", "温州", "嘉兴", "湖州", "绍兴", "金华", "衢州", "舟山", "台州", "丽水"];
const COUNTIES: [&str; 8] = ["上城", "西湖", "滨江", "临安", "江东", "北仑", "海曙", "镇海"];
const WORDS: [&str; 20] = [
    "百禾", "丰谷", "青禾", "鲜丰", "春泽", "瑞和", "联盛", "大成", "华顺", "新源", "海丰", "东篱", "南湾", "西溪",
    "北塘", "金穗", "银滩", "竹里", "梅岭", "稻香",
];
const SUFFIXES: [&str; 6] = ["农贸市场", "超市", "水果市场", "饭店", "批发市场", "食品厂"];
const FOODS: [&str; 25] = [
    "菠菜",
    "青菜",
    "白菜",
    "萝卜",
    "番茄",
    "黄瓜",
    "茄子",
    "豆腐",
    "鲫鱼",
    "草鱼",
    "猪肉",
    "牛肉",
    "鸡蛋",
    "大米",
    "面粉",
    "酱油",
    "黄酒",
    "蜂蜜",
    "火腿",
    "菜籽油",
    "红茶",
    "绿茶",
    "糕点",
    "月饼",
    "粽子",
];
const KINDS: [&str; 8] = ["", "有机", "散装", "精选", "农家", "特级", "冷冻", "无公害"];

/// A programme: who is tested for what, its share in a hundred, and how many in a thousand fail.
const PROGRAMMES: [(Stage, TaskType, SampleKind, u64, u64); 5] = [
    (Stage::Farm, TaskType::RoutineMonitoring, SampleKind::PrimaryProduce, 30, 28),
    (Stage::Production, TaskType::Supervision, SampleKind::IndustriallyProcessed, 30, 55),
    (Stage::Circulation, TaskType::Evaluation, SampleKind::IndustriallyProcessed, 20, 25),
    (Stage::Catering, TaskType::Evaluation, SampleKind::CateringMade, 15, 60),
    (Stage::Circulation, TaskType::RiskMonitoring, SampleKind::IndustriallyProcessed, 5, 0),
];

/// Numbers that look thrown: SplitMix64.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }
}

/// Fills a database.
pub(crate) fn fill(store: &Store, wanted: &Wanted<'_>) {
    let indexes = indexes(store);
    for name in indexes.keys() {
        store.execute(&format!("DROP INDEX {name}")).unwrap();
    }
    std::thread::scope(|scope| {
        let (give, take) = sync_channel::<Lives>(3);
        scope.spawn(move || {
            let mut last = BTreeMap::new();
            let mut serials = 0..wanted.samples;
            loop {
                let mut lives = Lives::default();
                for n in serials.by_ref().take(BATCH) {
                    live(n, wanted, &mut lives);
                }
                if lives.samples.is_empty() || give.send(sealed(lives, &mut last)).is_err() {
                    break;
                }
            }
        });
        let mut cells = BTreeMap::new();
        for lives in take {
            store.write(|conn| lives_insert(conn, &lives)).unwrap();
            count(&mut cells, &lives.samples);
        }
        let cells: Vec<CellRow> = cells.into_values().collect();
        store.write(|conn| cells_insert(conn, &cells)).unwrap();
    });
    for statement in indexes.values() {
        store.execute(statement).unwrap();
    }
}

/// The indexes that the migrations leave, by name with their statements, but for those on tables that stay small.
fn indexes(store: &Store) -> BTreeMap<String, String> {
    let kind = if matches!(store, Store::Pg(_)) { "postgres" } else { "sqlite" };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().find(|folder| folder.join("migrations").exists());
    let folder = root.unwrap().join("migrations").join(kind);
    let mut steps: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    steps.sort();
    let mut indexes = BTreeMap::new();
    for step in steps {
        let sql = std::fs::read_to_string(step.join("up.sql")).unwrap();
        let code: String = sql.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>().join("\n");
        for statement in code.split(';').map(str::trim) {
            let mut words = statement.split_whitespace();
            let (verb, what) = (words.next(), words.next());
            let Some(name) = words.next().filter(|_| what == Some("INDEX")) else { continue };
            if verb == Some("DROP") {
                indexes.remove(name);
            } else {
                indexes.insert(name.to_owned(), statement.to_owned());
            }
        }
    }
    indexes
}

fn count(cells: &mut BTreeMap<String, CellRow>, samples: &[Sample]) {
    for sample in samples {
        let one = CellRow::of(sample, Cell::change(None, Some(sample.standing.0)));
        let key = format!("{} {} {} {} {}", one.city, one.stage.0, one.task_type.0, one.sample_kind.0, one.month);
        let sum = cells.get(&key).map_or_else(Cell::default, CellRow::cell).plus(one.cell());
        cells.insert(key, CellRow::of(sample, sum));
    }
}

/// Lives with their record linked, each city's to its links before.
fn sealed(mut lives: Lives, last: &mut BTreeMap<i32, Seal>) -> Lives {
    lives.audits.sort_by_key(|audit| (audit.city, audit.at, audit.id));
    for rows in lives.audits.chunk_by_mut(|one, next| one.city == next.city) {
        let city = rows[0].city;
        let seal = seal_of(city, last.get(&city), (rows, Ts(NOW))).unwrap();
        rows.iter_mut().for_each(|row| row.seal = Some(seal.seq));
        last.insert(city, seal.clone());
        lives.seals.push(seal);
    }
    lives
}

/// A UUIDv7 of an instant.
fn uuid7(at: Timestamp, dice: &mut Dice) -> Id {
    let millis = u64::try_from(at.as_millisecond()).unwrap();
    let random: Vec<u8> = dice.next().to_be_bytes().into_iter().chain(dice.next().to_be_bytes()).take(10).collect();
    Id(Builder::from_unix_timestamp_millis(millis, random.first_chunk::<10>().unwrap()).into_uuid())
}

/// Who did what, by the order of the steps.
fn person(n: usize) -> Id {
    Id(Uuid::from_u128(0x7000 + n as u128))
}

/// What happens to a sample and how long after its sampling, in hours.
const STEPS: [(&str, &str, i64); 6] = [
    ("registered", "registered", 0),
    ("sealed", "sealed", 1),
    ("received", "received", 24),
    ("entered", "entered", 24 * 6),
    ("checked", "checked", 24 * 7),
    ("approved", "approved", 24 * 8),
];

/// Adds the rows of the `n`th sample's life.
fn live(n: u32, wanted: &Wanted<'_>, lives: &mut Lives) {
    let mut dice = Dice(u64::from(n).wrapping_mul(0xD6E8_FEB8_6659_FD93) ^ 2025);
    let span = NOW.as_second() - 3_600 - FIRST;
    let at = Timestamp::from_second(FIRST + span * i64::from(n) / i64::from(wanted.samples)).unwrap();
    let mut sample = taken(n, at, wanted, &mut dice);
    let is_refused = dice.below(100) == 0;
    let fails = dice.below(1_000) < PROGRAMMES.iter().find(|p| p.1 == sample.task_type.0).map_or(0, |p| p.4);
    let (mut custody, mut conclusion): (Vec<CustodyRow>, _) = (Vec::new(), None);
    for (seq, (kind, status, hours)) in (1..).zip(STEPS) {
        let at = at.checked_add(SignedDuration::from_hours(hours)).unwrap();
        if at > NOW {
            break;
        }
        let kind = if is_refused && kind == "received" { "refused" } else { kind };
        let who = person(usize::try_from(seq).unwrap());
        let (city, sample_id) = (sample.city, sample.id);
        custody.push(CustodyRow {
            city,
            sample_id,
            seq,
            kind: kind.to_owned(),
            at: Ts(at),
            person_id: who,
            detail: Doc(json!({})),
        });
        status.clone_into(&mut sample.status);
        match kind {
            "sealed" => sample.lab_id = Some(wanted.labs[usize::try_from(city % 100).unwrap() % wanted.labs.len()]),
            "received" => sample.received_at = Some(Ts(at)),
            "refused" => {
                "refused".clone_into(&mut sample.status);
                sample.standing = Word(Standing::Refused);
                break;
            }
            "approved" => {
                if sample.standing.0 == Standing::Pending {
                    sample.standing = Word(if fails { Standing::Nonconforming } else { Standing::Conforming });
                }
                (sample.decided_at, sample.conclusion_revision) = (Some(Ts(at)), 1);
                let (standing, reason) = (sample.standing, String::new());
                conclusion = Some(ConclusionRow {
                    city,
                    sample_id,
                    revision: 1,
                    standing,
                    decided_at: Ts(at),
                    decided_by: who,
                    reason,
                });
            }
            _ => {}
        }
    }
    sample.revision = i64::try_from(custody.len()).unwrap();
    put(sample, (custody, conclusion, fails), &mut dice, lives);
}

/// Adds the rows with their item and the record of the last of them.
fn put(
    sample: Sample,
    (custody, conclusion, fails): (Vec<CustodyRow>, Option<ConclusionRow>, bool),
    dice: &mut Dice,
    lives: &mut Lives,
) {
    let item = item(&sample, fails, custody.len() >= 4);
    let mut rows = vec![sample.touched().unwrap(), item.touched().unwrap()];
    rows.extend(custody.iter().map(|row| row.touched().unwrap()));
    rows.extend(conclusion.iter().map(|row| row.touched().unwrap()));
    let last = custody.last().unwrap();
    lives.audits.push(AuditRow {
        city: sample.city,
        id: uuid7(last.at.0, dice),
        at: last.at,
        person_id: Some(last.person_id),
        action: last.kind.clone(),
        rows: Doc(Value::Array(rows)),
        detail: Doc(json!({})),
        seal: None,
    });
    lives.samples.push(sample);
    lives.items.push(item);
    lives.custody.extend(custody);
    lives.conclusions.extend(conclusion);
}

fn item(sample: &Sample, fails: bool, is_entered: bool) -> Item {
    let text = |text: &str| is_entered.then(|| text.to_owned());
    let steps = json!({"criteria": [{"kind": "max", "limit": "0.3", "unit": "mg/kg"}], "steps": [{"zh": "不超过", "en": "at most"}]});
    Item {
        city: sample.city,
        sample_id: sample.id,
        analyte: "lead".to_owned(),
        purpose: if sample.task_type.0 == TaskType::RiskMonitoring { "risk" } else { "supervised" }.to_owned(),
        reported: text(if fails { "0.41" } else { "0.050" }),
        unit: text("mg/kg"),
        lod: text("0.02"),
        method: text("GB 5009.12-2023"),
        criterion_id: None,
        verdict: text(if fails { "nonconforming" } else { "conforming" }),
        reason: None,
        entry: None,
        stated: None,
        left_out: None,
        judgement: is_entered.then(|| Doc(steps)),
        confirmation: (is_entered && fails)
            .then(|| Doc(json!({"value": "0.40", "person": "演示", "verdict": "nonconforming"}))),
        entered_by: is_entered.then(|| person(4)),
        entered_at: is_entered.then_some(sample.sampled_at),
        revision: if is_entered { 2 } else { 1 },
    }
}

/// A sample as it is taken.
fn taken(n: u32, at: Timestamp, wanted: &Wanted<'_>, dice: &mut Dice) -> Sample {
    let mut share = dice.below(100);
    let programme = PROGRAMMES.iter().find(|programme| {
        let is_it = share < programme.3;
        share = share.saturating_sub(programme.3);
        is_it
    });
    let (stage, task_type, sample_kind, ..) = *programme.unwrap();
    let (city, county) =
        (dice.pick(&[0_usize, 0, 0, 1, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 10]), usize::try_from(dice.below(8)).unwrap());
    let code = 3301 + i32::try_from(city).unwrap();
    let region = code * 100 + 2 + i32::try_from(county).unwrap();
    let place = format!("演示{}{}", CITIES[city], COUNTIES[county]);
    let unit = format!("{place}{}{}{:03}号", dice.pick(&WORDS), dice.pick(&SUFFIXES), dice.below(60));
    let product = match dice.below(5_000) {
        0 => "雪菜".to_owned(),
        1..100 => dice.pick(&["西湖龙井茶", "明前龙井"]).to_owned(),
        _ => format!("{}{}", dice.pick(&KINDS), dice.pick(&FOODS)),
    };
    let producer = (stage != Stage::Farm)
        .then(|| format!("演示{}{}食品有限公司{:02}", dice.pick(&CITIES), dice.pick(&WORDS), dice.below(90)));
    let barcode = producer.as_ref().map(|_| format!("2{:012}", dice.below(1_000_000)));
    let day = TimeZone::fixed(Offset::constant(8)).to_datetime(at).date();
    let form_no = format!("XBJ25{region}{n:07}");
    let form = form((&form_no, &product, &unit, &place), (barcode, dice.below(1_000_000)), at);
    Sample {
        city: code,
        id: uuid7(at, dice),
        form_no,
        status: "registered".to_owned(),
        standing: Word(if task_type == TaskType::RiskMonitoring { Standing::Risk } else { Standing::Pending }),
        stage: Word(stage),
        sector: (stage == Stage::Farm).then_some(Word(Sector::Agriculture)),
        task_type: Word(task_type),
        sample_kind: Word(sample_kind),
        region,
        food_class: "33.02".to_owned(),
        product_name: product,
        sampled_unit: unit,
        producer,
        lab_id: None,
        sampling_org_id: wanted.takers[city],
        sampled_at: Ts(at),
        month: Month::of(day).yyyymm(),
        deciding_date: Some(Day(day)),
        form: Doc(form),
        personal: None,
        registered_by: person(1),
        registered_at: Ts(at),
        received_at: None,
        decided_at: None,
        conclusion_revision: 0,
        revision: 1,
        task_id: None,
    }
}

/// A form's document, about as long as one of the field.
fn form(
    (form_no, product, unit, place): (&str, &str, &str, &str),
    (barcode, unit_no): (Option<String>, u64),
    at: Timestamp,
) -> Value {
    let mut form = json!({
        "version": 1, "form_no": form_no, "product_name": product, "sampled_unit": unit,
        "address": format!("{place}演示路1号"), "barcode": barcode, "uscc": format!("91330000MA{unit_no:08}"),
        "sampled_at": at.to_string(), "samplers": [person(1).0.to_string(), person(2).0.to_string()],
        "task_source": person(9).0.to_string(), "imported": false, "exported": false,
    });
    let object = form.as_object_mut().unwrap();
    object.extend(ALIKE.map(|(field, value)| (field.to_owned(), Value::from(value))));
    form
}

/// Fields that are alike in every form.
const ALIKE: [(&str, &str); 32] = [
    ("programme_a", "演示抽检计划"),
    ("programme_b", "演示"),
    ("sampling_kind", "regular"),
    ("place_type", "farmers_market"),
    ("region_type", "urban"),
    ("brand", "演示牌"),
    ("spec", "500克/袋"),
    ("batch_no", "20250601"),
    ("grade", "/"),
    ("date_kind", "production"),
    ("date", "2025-06-01"),
    ("origin_kind", "purchased"),
    ("sample_property", "ordinary"),
    ("physical_form", "solid"),
    ("packaging", "prepackaged"),
    ("origin", "浙江"),
    ("storage_at_sampling", "ambient"),
    ("aseptic", "non_aseptic"),
    ("sample_qty", "2"),
    ("backup_qty", "1"),
    ("qty_unit", "kg"),
    ("objection_at_sampling", "none"),
    ("remark", "演示数据"),
    ("shelf_life", "12个月"),
    ("unit_price", "12.50"),
    ("price_unit", "元/kg"),
    ("producer_address", "演示路2号"),
    ("production_licence", "SC10000000000000"),
    ("declared_standard", "/"),
    ("lot_size", "800"),
    ("contact_name", "演示联系人"),
    ("third_party", "/"),
];
