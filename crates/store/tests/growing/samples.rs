//! Samples of a province, as few as a test needs.

use hege_core::{SampleKind, Stage, TaskType};
use hege_rates::Standing;
use hege_store::samples::{Sample, sample_insert};
use hege_store::types::{Doc, Id, Ts, Word};
use hege_store::{Error, Store};
use hege_testkit::databases;
use serde_json::json;
use uuid::Uuid;

/// Runs a test on an empty, migrated database of each kind.
pub(crate) fn on_both(test: impl Fn(&Store)) {
    for db in databases() {
        let store = Store::open(db.url(), 4).unwrap();
        store.migrate().unwrap();
        test(&store);
    }
}

pub(crate) fn id(n: u128) -> Id {
    Id(Uuid::from_u128(n))
}

/// Who takes the samples of these tests.
pub(crate) const TAKER: u128 = 900;
/// The laboratory that they are sent to.
pub(crate) const LAB: u128 = 800;

/// The `n`th sample, taken `n` seconds after the first.
pub(crate) fn sample(n: u32, (product, unit, producer): (&str, &str, Option<&str>)) -> Sample {
    let at = Ts(jiff::Timestamp::from_microsecond(1_750_000_000_123_456 + i64::from(n) * 1_000_000).unwrap());
    Sample {
        city: 3301,
        id: id(u128::from(n) + 1),
        form_no: format!("NCP25330106{n:06}"),
        status: "sealed".to_owned(),
        standing: Word(Standing::Pending),
        stage: Word(Stage::Farm),
        sector: None,
        task_type: Word(TaskType::RoutineMonitoring),
        sample_kind: Word(SampleKind::PrimaryProduce),
        region: 330_106,
        food_class: "33.02".to_owned(),
        product_name: product.to_owned(),
        sampled_unit: unit.to_owned(),
        producer: producer.map(str::to_owned),
        lab_id: Some(id(LAB)),
        sampling_org_id: id(TAKER),
        sampled_at: at,
        month: 202_506,
        deciding_date: None,
        form: Doc(json!({"samplers": []})),
        personal: None,
        registered_by: id(901),
        registered_at: at,
        received_at: None,
        decided_at: None,
        conclusion_revision: 0,
        revision: 1,
        task_id: None,
    }
}

pub(crate) fn put(store: &Store, samples: &[Sample]) {
    for some in samples.chunks(200) {
        store.write(|conn| sample_insert(conn, some)).unwrap();
    }
}

/// The serials of samples, which [`sample`] made.
pub(crate) fn numbers(samples: &[Sample]) -> Vec<u128> {
    samples.iter().map(|sample| sample.id.0.as_u128() - 1).collect()
}

pub(crate) fn read<T>(store: &Store, f: impl FnOnce(&mut hege_store::Conn) -> Result<T, Error>) -> T {
    store.read(f).unwrap()
}
