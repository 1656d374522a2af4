//! 样品: samples with their items, conclusions and custody events.

use crate::audit::Audited;
use crate::names::{names_of, names_put};
use crate::schema::{conclusion, custody_event, item, reinspection_item, sample};
use crate::types::{Day, Doc, Id, Ts, Word};
use crate::{Conn, Error, on};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use hege_core::names::NameKind;
use hege_core::{SampleId, SampleKind, Sector, Stage, TaskType};
use hege_rates::Standing;
use serde::Serialize;

/// A sample's row. What is neither a key nor filtered, counted or encrypted stands in `form`.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = sample, treat_none_as_default_value = false)]
pub struct Sample {
    /// The shard: the city of the sampling place.
    pub city: i32,
    /// The part of the id made on the device.
    pub id: Id,
    /// 抽样单编号 as printed; unique within its city.
    pub form_no: String,
    /// Where it stands in its life.
    pub status: String,
    /// How it stands for counting.
    pub standing: Word<Standing>,
    /// 环节.
    pub stage: Word<Stage>,
    /// 农、林、渔, for the farm stage.
    pub sector: Option<Word<Sector>>,
    /// 任务类别.
    pub task_type: Word<TaskType>,
    /// 样品类型.
    pub sample_kind: Word<SampleKind>,
    /// County of the sampling place.
    pub region: i32,
    /// Code of the food class.
    pub food_class: String,
    /// 样品名称.
    pub product_name: String,
    /// 被抽样单位.
    pub sampled_unit: String,
    /// 标称生产者.
    pub producer: Option<String>,
    /// The laboratory it is addressed to, from sealing on.
    pub lab_id: Option<Id>,
    /// 抽样单位.
    pub sampling_org_id: Id,
    /// When it was taken.
    pub sampled_at: Ts,
    /// Month of sampling in China, `yyyymm`.
    pub month: i32,
    /// The date that decides the edition.
    pub deciding_date: Option<Day>,
    /// The rest of the form.
    pub form: Doc,
    /// Personal data, sealed under the data key.
    pub personal: Option<Vec<u8>>,
    /// Who registered it.
    pub registered_by: Id,
    /// When the server took it.
    pub registered_at: Ts,
    /// When the laboratory accepted it.
    pub received_at: Option<Ts>,
    /// When the conclusion in force was given.
    pub decided_at: Option<Ts>,
    /// Which revision of the conclusion is in force; 0 for none.
    pub conclusion_revision: i32,
    /// Grows with each change.
    pub revision: i64,
    /// The task that it was taken for. A row without one is recorded as before there were tasks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_id: Option<Id>,
}

impl Sample {
    /// Its names, by which it is found.
    pub(crate) fn names(&self) -> impl Iterator<Item = (i32, NameKind, &str)> {
        names_of(self.city, (&self.product_name, &self.sampled_unit, self.producer.as_deref()))
    }
}

/// An ordered item with its result and verdict.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = item, treat_none_as_default_value = false)]
pub struct Item {
    /// The shard.
    pub city: i32,
    /// The sample.
    pub sample_id: Id,
    /// Code of the analyte.
    pub analyte: String,
    /// `supervised` or `risk`.
    pub purpose: String,
    /// As reported, with its digits.
    pub reported: Option<String>,
    /// Its unit as stated.
    pub unit: Option<String>,
    /// The laboratory's limit of detection, in `unit`.
    pub lod: Option<String>,
    /// 检验依据.
    pub method: Option<String>,
    /// The criterion it was held against.
    pub criterion_id: Option<String>,
    /// 单项判定.
    pub verdict: Option<String>,
    /// Code of the reason.
    pub reason: Option<String>,
    /// The rest of what was typed beside the result.
    pub entry: Option<Doc>,
    /// A criterion that the laboratory states itself, with its basis and who confirmed it.
    pub stated: Option<Doc>,
    /// 不判定: the reason, and who proposed and agreed to it.
    pub left_out: Option<Doc>,
    /// Criterion and steps as they were judged.
    pub judgement: Option<Doc>,
    /// Confirmation of a nonconforming result.
    pub confirmation: Option<Doc>,
    /// Who entered it.
    pub entered_by: Option<Id>,
    /// When.
    pub entered_at: Option<Ts>,
    /// Grows with each change.
    pub revision: i64,
}

/// A revision of a conclusion. Never changed.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = conclusion)]
pub struct ConclusionRow {
    /// The shard.
    pub city: i32,
    /// The sample.
    pub sample_id: Id,
    /// 1, 2, ...
    pub revision: i32,
    /// How the sample stands by it.
    pub standing: Word<Standing>,
    /// When it came into force.
    pub decided_at: Ts,
    /// Who gave it.
    pub decided_by: Id,
    /// Why, for revisions after the first.
    pub reason: String,
}

/// A step of custody. Never changed.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = custody_event)]
pub struct CustodyRow {
    /// The shard.
    pub city: i32,
    /// The sample.
    pub sample_id: Id,
    /// 1, 2, ...
    pub seq: i32,
    /// What happened.
    pub kind: String,
    /// When.
    pub at: Ts,
    /// Who did it.
    pub person_id: Id,
    /// Its data.
    pub detail: Doc,
}

impl Audited for Sample {
    const TABLE: &'static str = "sample";
    fn key(&self) -> String {
        format!("{:04}-{}", self.city, self.id.0)
    }
    fn revision(&self) -> i64 {
        self.revision
    }
}

impl Audited for Item {
    const TABLE: &'static str = "item";
    fn key(&self) -> String {
        format!("{:04}-{}/{}", self.city, self.sample_id.0, self.analyte)
    }
    fn revision(&self) -> i64 {
        self.revision
    }
}

impl Audited for ConclusionRow {
    const TABLE: &'static str = "conclusion";
    fn key(&self) -> String {
        format!("{:04}-{}/{}", self.city, self.sample_id.0, self.revision)
    }
}

impl Audited for CustodyRow {
    const TABLE: &'static str = "custody_event";
    fn key(&self) -> String {
        format!("{:04}-{}/{}", self.city, self.sample_id.0, self.seq)
    }
}

pub(crate) fn key(id: SampleId) -> (i32, Id) {
    (i32::from(id.city.get()), Id(id.uuid))
}

/// Registers samples.
///
/// # Errors
/// [`Error::Duplicate`] when an id, or a form number within its city, is taken.
pub fn sample_insert(conn: &mut Conn, rows: &[Sample]) -> Result<(), Error> {
    on!(conn, c => diesel::insert_into(sample::table).values(rows).execute(c))?;
    names_put(conn, rows.iter().flat_map(Sample::names))
}

/// One sample.
///
/// # Errors
/// Those of the database.
pub fn sample_fetch(conn: &mut Conn, id: SampleId) -> Result<Option<Sample>, Error> {
    let (city, id) = key(id);
    Ok(on!(conn, c => sample::table.find((city, id)).select(Sample::as_select()).first(c).optional())?)
}

/// Which sample of a city has this form number.
///
/// # Errors
/// Those of the database.
pub fn form_no_holder(conn: &mut Conn, city: i32, form_no: &str) -> Result<Option<Id>, Error> {
    Ok(on!(conn, c => sample::table
        .filter(sample::city.eq(city).and(sample::form_no.eq(form_no)))
        .select(sample::id)
        .first(c)
        .optional())?)
}

/// What of a sample's row changes over its life.
#[derive(Debug, Clone, PartialEq, AsChangeset)]
#[diesel(table_name = sample, treat_none_as_null = true)]
pub struct SampleProgress {
    /// New status.
    pub status: String,
    /// New standing.
    pub standing: Word<Standing>,
    /// The laboratory.
    pub lab_id: Option<Id>,
    /// Acceptance.
    pub received_at: Option<Ts>,
    /// The conclusion in force.
    pub decided_at: Option<Ts>,
    /// Its revision.
    pub conclusion_revision: i32,
}

impl SampleProgress {
    /// A sample's progress as it stands, to change something of.
    #[must_use]
    pub fn of(sample: &Sample) -> Self {
        Self {
            status: sample.status.clone(),
            standing: sample.standing,
            lab_id: sample.lab_id,
            received_at: sample.received_at,
            decided_at: sample.decided_at,
            conclusion_revision: sample.conclusion_revision,
        }
    }

    /// The sample as it is with this progress, in its next revision.
    #[must_use]
    pub fn onto(self, sample: &Sample) -> Sample {
        Sample {
            status: self.status,
            standing: self.standing,
            lab_id: self.lab_id,
            received_at: self.received_at,
            decided_at: self.decided_at,
            conclusion_revision: self.conclusion_revision,
            revision: sample.revision + 1,
            ..sample.clone()
        }
    }
}

/// Changes a sample that still has the revision `seen`, and gives it the next one. None when somebody was faster: nothing
/// is changed then.
///
/// # Errors
/// Those of the database.
pub fn sample_progress(
    conn: &mut Conn,
    id: SampleId,
    seen: i64,
    change: &SampleProgress,
) -> Result<Option<Sample>, Error> {
    let (city, id) = key(id);
    let changed = on!(conn, c => diesel::update(sample::table.find((city, id)).filter(sample::revision.eq(seen)))
        .set((change, sample::revision.eq(seen + 1)))
        .returning(Sample::as_returning())
        .get_result(c)
        .optional())?;
    Ok(changed)
}

/// Orders items.
///
/// # Errors
/// [`Error::Duplicate`] when an item is ordered twice.
pub fn items_insert(conn: &mut Conn, rows: &[Item]) -> Result<(), Error> {
    on!(conn, c => diesel::insert_into(item::table).values(rows).execute(c))?;
    Ok(())
}

/// A sample's items by analyte.
///
/// # Errors
/// Those of the database.
pub fn items_of(conn: &mut Conn, id: SampleId) -> Result<Vec<Item>, Error> {
    let (city, id) = key(id);
    Ok(on!(conn, c => item::table
        .filter(item::city.eq(city).and(item::sample_id.eq(id)))
        .order(item::analyte)
        .select(Item::as_select())
        .load(c))?)
}

/// Puts a conclusion's next revision.
///
/// # Errors
/// [`Error::Duplicate`] when somebody was faster.
pub fn conclusion_insert(conn: &mut Conn, row: &ConclusionRow) -> Result<(), Error> {
    on!(conn, c => diesel::insert_into(conclusion::table).values(row).execute(c))?;
    Ok(())
}

/// Puts a step of custody.
///
/// # Errors
/// [`Error::Duplicate`] when somebody was faster.
pub fn custody_insert(conn: &mut Conn, row: &CustodyRow) -> Result<(), Error> {
    on!(conn, c => diesel::insert_into(custody_event::table).values(row).execute(c))?;
    Ok(())
}

/// A sample's custody from its beginning.
///
/// # Errors
/// Those of the database.
pub fn custody_of(conn: &mut Conn, id: SampleId) -> Result<Vec<CustodyRow>, Error> {
    let (city, id) = key(id);
    Ok(on!(conn, c => custody_event::table
        .filter(custody_event::city.eq(city).and(custody_event::sample_id.eq(id)))
        .order(custody_event::seq)
        .select(CustodyRow::as_select())
        .load(c))?)
}

/// Replaces an item's result. The sample's own revision guards it: it is changed in the same transaction.
///
/// # Errors
/// Those of the database.
pub fn item_update(conn: &mut Conn, row: &Item) -> Result<(), Error> {
    on!(conn, c => diesel::update(item::table.find((row.city, row.sample_id, row.analyte.as_str())))
        .set((
            item::reported.eq(&row.reported),
            item::unit.eq(&row.unit),
            item::lod.eq(&row.lod),
            item::method.eq(&row.method),
            (item::entry.eq(&row.entry), item::stated.eq(&row.stated), item::left_out.eq(&row.left_out)),
            item::criterion_id.eq(&row.criterion_id),
            item::verdict.eq(&row.verdict),
            item::reason.eq(&row.reason),
            item::judgement.eq(&row.judgement),
            item::confirmation.eq(&row.confirmation),
            item::entered_by.eq(row.entered_by),
            item::entered_at.eq(row.entered_at),
            item::revision.eq(row.revision),
        ))
        .execute(c))?;
    Ok(())
}

/// A sample with a conclusion that may count, with no more than alerts need: a year has many.
#[derive(Debug, Clone, PartialEq, Queryable)]
pub struct Concluded {
    /// 任务类别.
    pub task_type: Word<TaskType>,
    /// 样品类型.
    pub sample_kind: Word<SampleKind>,
    /// Month of sampling.
    pub month: i32,
    /// The conclusion in force.
    pub standing: Word<Standing>,
    /// When the sample's first conclusion was given.
    pub at: Ts,
}

/// The samples of a stage and of these months of sampling (both included) whose conclusion in force is conforming or
/// nonconforming, in the order in which they were first concluded.
///
/// # Errors
/// Those of the database.
pub fn concluded(conn: &mut Conn, stage: Stage, (from, until): (i32, i32)) -> Result<Vec<Concluded>, Error> {
    let counted = || [Word(Standing::Conforming), Word(Standing::Nonconforming)];
    Ok(on!(conn, c => sample::table
        .inner_join(conclusion::table.on(conclusion::city.eq(sample::city).and(conclusion::sample_id.eq(sample::id))))
        .filter(sample::stage.eq(Word(stage)).and(sample::month.between(from, until)))
        .filter(sample::standing.eq_any(counted()).and(conclusion::revision.eq(1)))
        .order((conclusion::decided_at, sample::form_no))
        .select((sample::task_type, sample::sample_kind, sample::month, sample::standing, conclusion::decided_at))
        .load(c))?)
}

/// A sample's conclusions from the first.
///
/// # Errors
/// Those of the database.
pub fn conclusions_of(conn: &mut Conn, id: SampleId) -> Result<Vec<ConclusionRow>, Error> {
    let (city, id) = key(id);
    Ok(on!(conn, c => conclusion::table
        .filter(conclusion::city.eq(city).and(conclusion::sample_id.eq(id)))
        .order(conclusion::revision)
        .select(ConclusionRow::as_select())
        .load(c))?)
}

/// When a sample of a stage was registered last.
///
/// # Errors
/// Those of the database.
pub fn last_registered(conn: &mut Conn, stage: Stage) -> Result<Option<Ts>, Error> {
    Ok(on!(conn, c => sample::table
        .filter(sample::stage.eq(Word(stage)))
        .order(sample::registered_at.desc())
        .select(sample::registered_at)
        .first(c)
        .optional())?)
}

/// A nonconforming item of a sample whose conclusion in force is nonconforming.
#[derive(Debug, Clone, PartialEq, Queryable)]
pub struct Failed {
    /// The shard.
    pub city: i32,
    /// The sample.
    pub id: Id,
    /// County of the sampling place.
    pub region: i32,
    /// 环节.
    pub stage: Word<Stage>,
    /// 抽样单编号.
    pub form_no: String,
    /// 样品名称.
    pub product_name: String,
    /// 标称生产者.
    pub producer: Option<String>,
    /// When it was taken.
    pub sampled_at: Ts,
    /// When the conclusion in force was given.
    pub decided_at: Option<Ts>,
    /// The analyte.
    pub analyte: String,
    /// The retest.
    pub confirmation: Option<Doc>,
    /// The conclusion in force: `voided` where the food fails and only its producer is another than the one named.
    pub standing: Word<Standing>,
}

/// The nonconforming items of the nonconforming samples of these months of sampling, both included, sample by sample.
///
/// # Errors
/// Those of the database.
pub fn failed_items(conn: &mut Conn, (from, until): (i32, i32)) -> Result<Vec<Failed>, Error> {
    Ok(on!(conn, c => sample::table
        .inner_join(item::table.on(item::city.eq(sample::city).and(item::sample_id.eq(sample::id))))
        .filter(sample::standing.eq_any([Word(Standing::Nonconforming), Word(Standing::Voided)]))
        .filter(sample::month.between(from, until))
        // Of what is void the report stands only where its named producer rightly denied it: it fails all the same.
        .filter(sample::standing.eq(Word(Standing::Nonconforming)).or(sample::status.eq("approved")))
        .filter(item::verdict.eq(Some("nonconforming")))
        // What a re-inspection cleared has not failed.
        .filter(not(exists(reinspection_item::table
            .filter(reinspection_item::city.eq(item::city).and(reinspection_item::sample_id.eq(item::sample_id)))
            .filter(reinspection_item::analyte.eq(item::analyte).and(reinspection_item::verdict.ne("nonconforming"))))))
        .order((sample::sampled_at, sample::id, item::analyte))
        .select((
            sample::city, sample::id, sample::region, sample::stage, sample::form_no, sample::product_name,
            sample::producer, sample::sampled_at, sample::decided_at, item::analyte, item::confirmation,
            sample::standing,
        ))
        .load(c))?)
}
