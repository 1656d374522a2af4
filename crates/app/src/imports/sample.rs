//! The rows of one sample as the rows that its import leaves, or everything that is wrong with them.

use super::Importer;
use super::columns::{COLUMNS, Of};
use super::rows::{FileRow, Said};
use super::value::{Stated, column_of, is_unreadable, stated, value};
use crate::fields::document_of;
use crate::record::custody_row;
use crate::results::{Value, conclusion_of, filed, reasons};
use crate::samples::is_microbiological;
use crate::{Error, personal, stored};
use hege_core::date::{china_date, read_date};
use hege_core::region::RegionLevel;
use hege_core::{Month, Problem, RegionCode, SampleId, TaskType};
use hege_rates::Standing;
use hege_sampling::form::{Context, Raw};
use hege_sampling::history::{self, History};
use hege_sampling::life_cycle::Status;
use hege_store::audit::{Audited, hash};
use hege_store::imports::SampleImport;
use hege_store::samples::{ConclusionRow, CustodyRow, Item, Sample};
use hege_store::types::{Day, Doc, Id, Ts, Word};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Map, Value as Json, json};

/// Personal cells that are no fields of a form which is filled in here: who took the sample has a login then.
const BESIDE_PERSONAL: [&str; 5] =
    ["sampler_names", "sampling_org_contact", "sampling_org_email", "sampling_org_phone", "sampling_org_fax"];

/// What the import of a sample leaves.
pub(super) struct Ready {
    pub(super) sample: Sample,
    pub(super) items: Vec<Item>,
    /// None of a form without results.
    pub(super) conclusion: Option<ConclusionRow>,
    pub(super) custody: CustodyRow,
    pub(super) origin: SampleImport,
    /// The hash of each of them.
    pub(super) touched: Vec<Json>,
}

impl Importer<'_> {
    /// Checks the rows of a sample. None when something keeps it out, which is then said of its rows.
    pub(super) fn sample(&self, rows: &mut [FileRow]) -> Result<Option<Ready>, Error> {
        let known = self.told(rows);
        let results = if self.layout.is_forms() { &mut [] } else { &mut *rows };
        let values: Vec<Value> = results.iter_mut().map(|row| value(row, self.catalogue.analytes())).collect();
        let microbiological = values.iter().any(|value| is_microbiological(self.catalogue, &value.analyte));
        let context = Context {
            now: self.call.at,
            region: &|code, on| self.regions.known(code, on),
            food_class: &|code| self.catalogue.foods().class(code).is_some(),
            microbiological,
        };
        let texts = known.iter().map(|(code, text)| (*code, text.as_str()));
        let Some(first) = rows.first_mut() else { return Ok(None) };
        let history = match history::check(texts, &context) {
            Ok((history, doubts)) => {
                let outside = self.call.scope.objection(history.stage, history.region);
                first.said.extend(outside.iter().map(|problem| of_form(problem, true)));
                first.said.extend(doubts.as_slice().iter().map(|problem| of_form(problem, false)));
                Some(history)
            }
            Err(problems) => {
                first.said.extend(problems.as_slice().iter().map(|problem| of_form(problem, true)));
                None
            }
        };
        let Some(history) = history else {
            // A result that has no reading has none whatever the sample is: told with the rest, not in a second round.
            let text = |code: &str| known.iter().find(|(known, _)| *known == code).map(|(_, text)| text.as_str());
            let reasons = reasons(&values, (text("food_class"), text("date")), self.catalogue);
            for (row, reason) in rows.iter_mut().zip(reasons).filter(|(_, reason)| is_unreadable(reason.code())) {
                let column = told_at(row, reason.code());
                row.said.push(Said::refusal(column, reason.code(), (reason.zh(), reason.en())));
            }
            return Ok(None);
        };
        if self.layout.is_forms() { self.form(rows, &history) } else { self.whole(rows, (&history, &values)) }
    }

    /// A form without results: a sample that was taken and goes on from there. Nobody ordered its items; what its laboratory
    /// enters is what was ordered.
    fn form(&self, rows: &mut [FileRow], history: &History) -> Result<Option<Ready>, Error> {
        let sample = self.row(rows, history)?;
        let taker = rows.iter().find_map(|row| row.stated("sampling_org_name"));
        let is_known = taker.is_some_and(|name| matches!(self.organisations.get(name), Some((_, false))));
        if let Some(first) = rows.first_mut().filter(|_| !is_known) {
            let words = (
                "不是在用的抽样单位；抽样单须由其继续办理",
                "no organisation that takes samples here, and that would go on with the form",
            );
            first.said.push(Said::refusal("sampling_org_name", "organisation_unknown", words));
        }
        if rows.iter().any(|row| row.said.iter().any(|said| said.refuses)) {
            return Ok(None);
        }
        let taken = Sample {
            status: Status::Registered.code().to_owned(),
            lab_id: None,
            received_at: None,
            decided_at: None,
            conclusion_revision: 0,
            ..sample
        };
        self.ready(rows, taken, (Vec::new(), history, &[])).map(Some)
    }

    fn whole(&self, rows: &mut [FileRow], (history, values): (&History, &[Value])) -> Result<Option<Ready>, Error> {
        let sample = self.row(rows, history)?;
        let items = match filed(&sample, values, (self.call, self.catalogue)) {
            Ok(items) => items,
            Err(problems) => {
                for problem in problems.as_slice() {
                    let mut parts = problem.pointer.trim_start_matches("/results/").splitn(2, '/');
                    let index = parts.next().and_then(|index| index.parse::<usize>().ok());
                    let Some(row) = index.and_then(|index| rows.get_mut(index)) else { continue };
                    let column = as_filed(row, column_of(parts.next().unwrap_or_default()));
                    row.said.push(Said::refusal(column, problem.code, (&problem.zh, &problem.en)));
                }
                return Ok(None);
            }
        };
        let mut hold = false;
        for (row, item) in rows.iter_mut().zip(&items) {
            hold |= judged(row, item);
        }
        let standing = concluded(rows, (&sample, &items), hold);
        if rows.iter().any(|row| row.said.iter().any(|said| said.refuses)) {
            return Ok(None);
        }
        self.ready(rows, Sample { standing: Word(standing), ..sample }, (items, history, values)).map(Some)
    }

    /// The sample-level cells, each as the first row that has it; another row that differs is told.
    fn told(&self, rows: &mut [FileRow]) -> Vec<(&'static str, String)> {
        let mut known = Vec::new();
        for column in COLUMNS.iter().filter(|column| !matches!(column.of, Of::Item | Of::Value)) {
            let first = rows.iter().find_map(|row| row.get(column.code)).map(str::to_owned);
            let Some(first) = first else { continue };
            for row in rows.iter_mut().filter(|row| row.get(column.code).is_some_and(|text| text != first)) {
                let words = ("与同一抽样单的前行不一致", "other than in the first row of the same form");
                row.said.push(Said::refusal(column.code, "rows_differ", words));
            }
            known.push((column.code, first));
        }
        let on = known
            .iter()
            .find(|(code, _)| *code == "sampled_at")
            .and_then(|(_, text)| hege_core::date::read_instant(text));
        let on = china_date(on.unwrap_or(self.call.at));
        for (code, text) in &mut known {
            match *code {
                "food_class" => {
                    text.clone_from(&self.catalogue.foods().resolve(text).map_or_else(|| text.clone(), str::to_owned))
                }
                "region" if text.parse::<RegionCode>().is_err() => {
                    if let Some(region) = self.region_named(text, on) {
                        *text = region.to_string();
                    }
                }
                _ => {}
            }
        }
        known
    }

    /// The one county of a name, alone or behind city and province.
    fn region_named(&self, name: &str, on: Date) -> Option<RegionCode> {
        let name: String = name.split_whitespace().collect();
        let above = |code: RegionCode| code.parent().and_then(|parent| self.regions.get(parent));
        let mut found = self.regions.in_force(RegionLevel::County, on).filter(|county| {
            let city = above(county.code);
            let province = city.and_then(|city| above(city.code));
            let part = |region: Option<&crate::reference::Region>| {
                region.map(|region| region.name.clone()).unwrap_or_default()
            };
            let with_city = format!("{}{}", part(city), county.name);
            name == county.name || name == with_city || name == format!("{}{with_city}", part(province))
        });
        let first = found.next()?;
        found.next().is_none().then_some(first.code)
    }

    /// The sample's row, not yet concluded.
    fn row(&self, rows: &mut [FileRow], history: &History) -> Result<Sample, Error> {
        let id = SampleId { city: history.region.city(), uuid: (self.new_id)() };
        let organisation = |code: &str, is_laboratory: bool| {
            let name = rows.iter().find_map(|row| row.stated(code))?;
            self.organisations.get(name).filter(|(_, laboratory)| *laboratory == is_laboratory).map(|(id, _)| Id(*id))
        };
        let (lab, taker) = (organisation("laboratory", true), organisation("sampling_org_name", false));
        let mut day = |code: &'static str| {
            let row = rows.iter_mut().find(|row| row.stated(code).is_some())?;
            let date = read_date(row.stated(code)?);
            if date.is_none_or(|date| date < china_date(history.sampled_at)) {
                let words = ("日期不能识别，或早于抽样日期", "no date, or before the sampling date");
                row.said.push(Said::refusal(code, "bad_date", words));
            }
            hege_core::date::CHINA.to_timestamp(date?.to_datetime(jiff::civil::Time::midnight())).ok()
        };
        let received: Option<Timestamp> = day("received_on");
        let _reported: Option<Timestamp> = day("reported_on");
        let mut secret = history.personal();
        for code in BESIDE_PERSONAL {
            if let Some(text) = rows.iter().find_map(|row| row.stated(code)) {
                secret.insert(code.to_owned(), Raw::Text(text.to_owned()));
            }
        }
        let is_risk = history.task_type == TaskType::RiskMonitoring;
        Ok(Sample {
            city: stored(id.city),
            id: Id(id.uuid),
            form_no: history.form_no.clone(),
            status: Status::Approved.code().to_owned(),
            standing: Word(if is_risk { Standing::Risk } else { Standing::Pending }),
            stage: Word(history.stage),
            sector: history.sector.map(Word),
            task_type: Word(history.task_type),
            sample_kind: Word(history.sample_kind),
            region: i32::try_from(history.region.get()).unwrap_or(i32::MAX),
            food_class: history.food_class.clone(),
            product_name: history.product_name.clone(),
            sampled_unit: history.sampled_unit.clone(),
            producer: history.producer.text().map(str::to_owned),
            lab_id: lab,
            sampling_org_id: taker.unwrap_or(Id(self.call.organisation.0)),
            sampled_at: Ts(history.sampled_at),
            month: Month::of(china_date(history.sampled_at)).yyyymm(),
            deciding_date: Some(Day(history.date)),
            form: Doc(document_of(&history.document())),
            personal: personal::seal(self.data_key, id, &secret)?,
            registered_by: Id(self.call.user().0),
            registered_at: Ts(self.call.at),
            received_at: received.map(Ts),
            decided_at: Some(Ts(self.call.at)),
            conclusion_revision: 1,
            revision: 1,
            task_id: None,
        })
    }

    fn ready(
        &self,
        rows: &[FileRow],
        sample: Sample,
        (items, history, values): (Vec<Item>, &History, &[Value]),
    ) -> Result<Ready, Error> {
        let first = rows.first().map_or(0, |row| row.number);
        let mut beside = Map::new();
        for column in COLUMNS.iter().filter(|column| column.of == Of::Sample) {
            if let Some(text) = rows.iter().find_map(|row| row.get(column.code)) {
                beside.insert(column.code.to_owned(), Json::from(text));
            }
        }
        let words = rows.iter().zip(&items).filter_map(|(row, item)| {
            Some((item.analyte.clone(), json!([row.stated("analyte")?, row.get("item_verdict")])))
        });
        beside.insert("items".to_owned(), Json::Object(words.collect()));
        let mut sorted: Vec<&Value> = values.iter().collect();
        sorted.sort_by(|one, other| one.analyte.cmp(&other.analyte));
        let content = json!([document_of(&history.document()), sorted, beside]);
        let import = self.import.0.to_string();
        let is_concluded = sample.conclusion_revision > 0;
        let kind = if is_concluded { "imported" } else { "registered" };
        let custody = custody_row(
            self.call,
            &sample,
            (1, kind, json!({"import": import, "file_sha256": self.file_digest, "row": first})),
        );
        let conclusion = is_concluded.then(|| ConclusionRow {
            city: sample.city,
            sample_id: sample.id,
            revision: 1,
            standing: sample.standing,
            decided_at: Ts(self.call.at),
            decided_by: Id(self.call.user().0),
            reason: "imported".to_owned(),
        });
        let origin = SampleImport {
            city: sample.city,
            sample_id: sample.id,
            import_id: self.import,
            file_digest: self.file_digest.to_owned(),
            content_digest: hash(&content),
            first_row: first,
            filed: Doc(Json::Object(beside)),
        };
        let mut touched = vec![sample.touched()?, custody.touched()?, origin.touched()?];
        touched.extend(conclusion.as_ref().map(Audited::touched).transpose()?);
        for item in &items {
            touched.push(item.touched()?);
        }
        Ok(Ready { sample, items, conclusion, custody, origin, touched })
    }
}

/// The column that a limit was read from.
fn as_filed(row: &FileRow, column: &'static str) -> &'static str {
    match column {
        _ if row.stated("kind").is_some() => column,
        "limit" if row.stated("min_limit").is_some() => "min_limit",
        "limit" | "limit_high" | "kind" => "max_limit",
        "limit_unit" if row.stated("max_limit").is_some() => "max_limit_unit",
        "limit_unit" => "min_limit_unit",
        _ => column,
    }
}

/// The column at which the reason is told why an item cannot be judged.
fn told_at(row: &FileRow, reason: &str) -> &'static str {
    match reason {
        "bad_criterion" => as_filed(row, "limit"),
        "lod_unreadable" => "lod",
        "loq_unreadable" => "loq",
        _ => "result",
    }
}

/// A problem of the form at its column.
fn of_form(problem: &Problem, refuses: bool) -> Said {
    let code = problem.pointer.trim_start_matches('/').split('/').next().unwrap_or_default();
    Said { refuses, ..Said::refusal(code, problem.code, (&problem.zh, &problem.en)) }
}

/// Says what an item's verdict means for its row; whether the file calls it nonconforming where it conforms.
fn judged(row: &mut FileRow, item: &Item) -> bool {
    let (verdict, reason) = (item.verdict.as_deref().unwrap_or_default(), item.reason.as_deref().unwrap_or_default());
    // What is not known is told of its own column already.
    if verdict == "not_judgeable" && !matches!(reason, "unknown_analyte" | "unknown_food") {
        let known = hege_lab::Reason::ALL.iter().find(|known| known.code() == reason);
        let words = known.map_or(("不能判定", "not judgeable"), |known| (known.zh(), known.en()));
        let said = Said { refuses: is_unreadable(reason), ..Said::refusal(told_at(row, reason), reason, words) };
        row.said.push(said);
    }
    let Some(word) = row.stated("item_verdict") else { return false };
    let Some(word) = stated(word) else {
        let words = ("结果判定不能识别：合格、不合格或不判定", "no verdict: 合格, 不合格 or 不判定");
        row.said.push(Said::refusal("item_verdict", "unknown_word", words));
        return false;
    };
    let ours = match verdict {
        "conforming" | "no_problem" => Stated::Conforming,
        "nonconforming" | "problem" => Stated::Nonconforming,
        _ => Stated::Open,
    };
    if word != ours {
        row.said.push(differs("item_verdict", verdict));
    }
    (word, ours) == (Stated::Nonconforming, Stated::Conforming)
}

fn differs(column: &str, ours: &str) -> Said {
    let (zh, en) = (
        format!("本系统判定为 {ours}，与文件不同；以本系统判定为准"),
        format!("judged {ours} here, other than the file says; the verdict of here counts"),
    );
    Said::doubt(column, "verdict_differs", (&zh, &en))
}

/// How the sample stands. Ours is the verdict; but a pass is not claimed against a failure that the file states, for what
/// failed may be an item that it does not list.
fn concluded(rows: &mut [FileRow], (sample, items): (&Sample, &[Item]), hold: bool) -> Standing {
    let ours = conclusion_of(sample, items);
    let Some(first) = rows.first_mut() else { return ours };
    if sample.task_type.0 == TaskType::Unstated {
        let words = (
            "未注明任务类别：样品存入，但不计入任何合格率",
            "no task type is stated: the sample is kept and counts in no rate",
        );
        first.said.push(Said::doubt("task_type", "not_counted", words));
    }
    let word = match first.stated("conclusion") {
        None => None,
        Some(word) => {
            let known = stated(word);
            if known.is_none() {
                let words = ("结论不能识别：合格、不合格或不判定", "no conclusion: 合格, 不合格 or 不判定");
                first.said.push(Said::refusal("conclusion", "unknown_word", words));
            }
            known
        }
    };
    if ours == Standing::Conforming && (hold || word == Some(Stated::Nonconforming)) {
        let words = (
            "文件称不合格，而所列项目均合格：不判定，不计入合格率；请核对是否漏列项目",
            "the file says nonconforming though each item listed conforms: not judged and not counted; is an item missing?",
        );
        first.said.push(Said::doubt("conclusion", "failure_not_shown", words));
        return Standing::NotJudgeable;
    }
    let same = match (word, ours) {
        (None, _) | (_, Standing::Risk) => true,
        (Some(word), ours) => {
            word == match ours {
                Standing::Conforming => Stated::Conforming,
                Standing::Nonconforming => Stated::Nonconforming,
                _ => Stated::Open,
            }
        }
    };
    if !same {
        first.said.push(differs("conclusion", ours.code()));
    }
    ours
}
