//! Samples as the official workbooks have them: the sampling form, one row a sample, and the results, one row an item.

use super::columns::Of;
use super::export::{ExportError, PAGE, Which, of_item, wanted, written};
use super::official::{Book, Place};
use crate::reference::Regions;
use crate::{Call, Error, Store, organisations};
use hege_core::date::{CHINA, china_date};
use hege_core::{RegionCode, TaskType};
use hege_lab::Catalogue;
use hege_rates::Standing;
use hege_sampling::fields::{Field, Kind};
use hege_sampling::words::{DateKind, ThirdPartyKind};
use hege_store::imports::{Whole, samples_whole};
use hege_store::samples::{Item, Sample};
use hege_store::types::Id;
use hege_tables::{Format, TableWriter, WriteError};
use jiff::Timestamp;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::io::Write;

/// Names that stand behind codes and ids.
struct Names<'a> {
    regions: &'a Regions,
    catalogue: &'a Catalogue,
    organisations: BTreeMap<Id, String>,
}

/// Writes the samples that a person sees as an official workbook; how many rows. Cells of personal fields stay empty, and so
/// do those of which this database knows nothing.
///
/// # Errors
/// [`ExportError`].
pub fn official<W: Write + Send>(
    (store, regions, catalogue): (&Store, &Regions, &Catalogue),
    call: &Call,
    (book, which): (Book, &Which),
    (out, format): (W, Format),
) -> Result<u64, ExportError> {
    let header: Vec<&str> = book.places().iter().map(|place| place.header.as_str()).collect();
    let mut table = TableWriter::new(format, out, &header)?;
    let listed = organisations::list(store)?.into_iter().map(|found| (found.id, found.name));
    let names = Names { regions, catalogue, organisations: listed.collect() };
    let (mut after, mut rows) = (None, 0_u64);
    if let Some(wanted) = wanted(call, which) {
        loop {
            let page = store.read(|conn| Ok::<_, Error>(samples_whole(conn, &wanted, after, PAGE)?))?;
            let Some((last, ..)) = page.last() else { break };
            after = Some((last.city, last.id));
            for whole in &page {
                rows += put(&mut table, book, (whole, &names))?;
            }
        }
    }
    table.finish()?;
    Ok(rows)
}

fn put<W: Write + Send>(
    table: &mut TableWriter<W>,
    book: Book,
    (whole, names): (&Whole, &Names<'_>),
) -> Result<u64, WriteError> {
    let row = |item: Option<&Item>| -> Vec<String> {
        book.places().iter().map(|place| cell(book, place, (whole, item, names)).unwrap_or_default()).collect()
    };
    if book == Book::SamplingForm {
        table.row(&row(None))?;
        return Ok(1);
    }
    let mut rows = 0;
    for item in whole.1.iter().filter(|item| item.reported.is_some()) {
        table.row(&row(Some(item)))?;
        rows += 1;
    }
    Ok(rows)
}

type Seen<'a> = (&'a Whole, Option<&'a Item>, &'a Names<'a>);

fn cell(book: Book, place: &Place, (whole, item, names): Seen<'_>) -> Option<String> {
    let (sample, _, origin) = whole;
    let code = place.code.as_str();
    if let Some(code) = code.strip_prefix('~') {
        return followed(code, sample, names);
    }
    // Of an imported sample what its file said; of one registered here what follows from its rows.
    let filed = origin.as_ref().and_then(|origin| origin.filed.0.get(code)).and_then(written);
    match (code, place.read()?.of) {
        (_, Of::Personal) => None,
        ("stage", _) => {
            let sector = sample.sector.map(|sector| format!("（{}）", sector.0.zh()));
            Some(format!("{}{}", sample.stage.0.zh(), sector.unwrap_or_default()))
        }
        ("date", _) if book == Book::SamplingForm => {
            let date = text(sample, "date")?;
            let kind = text(sample, "date_kind").and_then(|code| code.parse::<DateKind>().ok());
            Some(kind.map_or_else(|| date.to_owned(), |kind| format!("{} {date}", kind.zh())))
        }
        ("form_no", _) => Some(sample.form_no.clone()),
        ("task_type", _) => (sample.task_type.0 != TaskType::Unstated).then(|| sample.task_type.0.zh().to_owned()),
        (_, Of::Form) => of_form(code, sample, names),
        (_, Of::Sample) => filed.or_else(|| of_sample(code, sample, names)),
        (_, Of::Item | Of::Value) => of_result(code, item?, (origin.as_ref().map(|origin| &origin.filed.0), names)),
    }
}

fn text<'a>(sample: &'a Sample, code: &str) -> Option<&'a str> {
    sample.form.0.get(code).and_then(Json::as_str)
}

/// A field of the form as people write it: words by their Chinese names, a county behind its city and province.
fn of_form(code: &str, sample: &Sample, names: &Names<'_>) -> Option<String> {
    let value = sample.form.0.get(code)?;
    let named = |words: &[[&'static str; 3]], text: &str| {
        words
            .iter()
            .find(|word| word.first() == Some(&text))
            .map_or_else(|| text.to_owned(), |[_, zh, _]| (*zh).to_owned())
    };
    let text = || value.as_str().map(str::to_owned);
    match Field::find(code)?.kind {
        Kind::Word(words) => Some(named(&words(), value.as_str()?)),
        Kind::Words(words) => {
            let words = words();
            let all: Vec<String> =
                value.as_array()?.iter().filter_map(Json::as_str).map(|text| named(&words, text)).collect();
            Some(all.join("/"))
        }
        Kind::Region => Some(names.region(value.as_str()?.parse().ok()?).concat()),
        Kind::FoodClass => Some(names.food(value.as_str()?)),
        Kind::Instant => value.as_str()?.parse().ok().map(in_china),
        _ => text().or_else(|| written(value)),
    }
}

/// An instant as a clock in China shows it.
fn in_china(at: Timestamp) -> String {
    let at = CHINA.to_datetime(at);
    let (date, time) = (at.date(), at.time());
    format!("{date} {:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())
}

impl Names<'_> {
    /// Province, city and county of a code, from above.
    fn region(&self, code: RegionCode) -> Vec<String> {
        let mut names = Vec::new();
        let mut next = Some(code);
        while let Some(code) = next {
            names.extend(self.regions.get(code).map(|region| region.name.clone()));
            next = code.parent();
        }
        names.reverse();
        names
    }

    fn food(&self, code: &str) -> String {
        self.catalogue.foods().class(code).map_or_else(|| code.to_owned(), |class| class.zh.clone())
    }

    /// The classes above a food class, from the top.
    fn above(&self, code: &str) -> Vec<String> {
        let foods = self.catalogue.foods();
        let mut names = Vec::new();
        let mut next = foods.class(code).and_then(|class| foods.class(&class.parent));
        while let Some(class) = next {
            names.push(class.zh.clone());
            next = foods.class(&class.parent);
        }
        names.reverse();
        names
    }

    fn organisation(&self, id: Option<Id>) -> Option<String> {
        self.organisations.get(&id?).cloned()
    }
}

/// What a sample registered here says beside its form.
fn of_sample(code: &str, sample: &Sample, names: &Names<'_>) -> Option<String> {
    let named = |field: &str| names.organisation(text(sample, field)?.parse().ok().map(Id));
    match code {
        "task_source_name" => named("task_source"),
        "deploying_org_name" => named("deploying_org"),
        "sampling_org_name" => names.organisation(Some(sample.sampling_org_id)),
        "laboratory" => names.organisation(sample.lab_id),
        "received_on" => sample.received_at.map(|at| china_date(at.0).to_string()),
        "reported_on" => sample.decided_at.map(|at| china_date(at.0).to_string()),
        "has_third_party" => {
            let has = text(sample, "third_party").is_some_and(|name| !matches!(name, "" | "/"));
            Some(if has { "是" } else { "否" }.to_owned())
        }
        "conclusion" => match sample.standing.0 {
            Standing::Conforming => Some("合格".to_owned()),
            Standing::Nonconforming => Some("不合格".to_owned()),
            _ => None,
        },
        _ => None,
    }
}

/// A result, its limit and its verdict. Of an imported one the words of its file come first.
fn of_result(code: &str, item: &Item, (filed, names): (Option<&Json>, &Names<'_>)) -> Option<String> {
    let words = filed.and_then(|filed| filed.get("items")?.get(&item.analyte));
    let word = |place: usize| words.and_then(|words| words.get(place)).and_then(Json::as_str).map(str::to_owned);
    let criterion = item.judgement.as_ref().and_then(|judged| judged.0.get("criteria")?.get(0));
    let of = |key: &str| criterion.and_then(|criterion| criterion.get(key)).and_then(Json::as_str).map(str::to_owned);
    let kind = of("kind").unwrap_or_default();
    let is_least = matches!(kind.as_str(), "min" | "range");
    let most = || match kind.as_str() {
        "not_detected" => Some("不得检出".to_owned()),
        "not_used" => Some("不得使用".to_owned()),
        "range" => of("limit_high"),
        "min" => None,
        _ => of("limit"),
    };
    match code {
        "analyte" => word(0).or_else(|| {
            Some(
                names
                    .catalogue
                    .analytes()
                    .get(&item.analyte)
                    .map_or_else(|| item.analyte.clone(), |known| known.zh.clone()),
            )
        }),
        "item_verdict" => word(1).or_else(|| verdict(item)),
        "standard" => of("standard").or_else(|| of_item(item).remove("standard")),
        "min_limit" => of("limit").filter(|_| is_least),
        "min_limit_unit" => of("unit").filter(|_| is_least),
        "max_limit" => most(),
        "max_limit_unit" => most().and_then(|_| of("unit")),
        _ => of_item(item).remove(code),
    }
}

/// 结果判定 as the national system words it.
fn verdict(item: &Item) -> Option<String> {
    let word = match item.verdict.as_deref()? {
        "conforming" | "no_problem" => "合格项",
        "nonconforming" => "不合格项",
        "problem" => "问题项",
        _ => "不判定",
    };
    Some(word.to_owned())
}

/// What follows from other fields.
fn followed(code: &str, sample: &Sample, names: &Names<'_>) -> Option<String> {
    let region = || {
        let code = u32::try_from(sample.region).ok().and_then(|code| RegionCode::new(code).ok());
        code.map(|code| names.region(code)).unwrap_or_default()
    };
    let yes = |holds: bool| Some(if holds { "是" } else { "否" }.to_owned());
    let is_entrusted = text(sample, "third_party_kind") == Some(ThirdPartyKind::Commissioning.code());
    match code {
        "updated_at" => Some(in_china(sample.decided_at.unwrap_or(sample.registered_at).0)),
        "province" => region().into_iter().next(),
        "city" => region().into_iter().nth(1),
        "food_1" => names.above(&sample.food_class).into_iter().next(),
        "food_2" => names.above(&sample.food_class).into_iter().nth(1),
        "food_3" => names.above(&sample.food_class).into_iter().nth(2),
        "production_date" => {
            let is_made = text(sample, "date_kind") == Some(DateKind::Production.code());
            text(sample, "date").filter(|_| is_made).map(str::to_owned)
        }
        "year" => Some(china_date(sample.sampled_at.0).year().to_string()),
        "report_kind" => match sample.standing.0 {
            Standing::Conforming => Some("合格报告".to_owned()),
            Standing::Nonconforming => Some("一般不合格报告".to_owned()),
            _ => None,
        },
        "is_entrusted" => yes(is_entrusted),
        "entrusting" => text(sample, "third_party").filter(|_| is_entrusted).map(str::to_owned),
        "conclusion_sentence" => match sample.standing.0 {
            Standing::Conforming => Some("经抽样检验，所检项目符合相关标准要求".to_owned()),
            Standing::Nonconforming => Some("经抽样检验，所检项目不符合相关标准要求".to_owned()),
            _ => None,
        },
        "is_evaluation" => yes(sample.task_type.0 == TaskType::Evaluation),
        _ => None,
    }
}
