//! `hege verify`: recomputes what the database says of itself and names what differs.
//!
//! A city is gone through in pages by id, each held against what the record says of the same keys, so that memory does not grow
//! with it.

mod record;

use crate::alerts::{AlertEvent, AlertRow};
use crate::amendments::AmendmentRow;
use crate::attachments::AttachmentRow;
use crate::audit::{AuditRow, Audited, Seal, row_hash, seal_hash};
use crate::bulletins::{BulletinEntry, BulletinRow, bulletins_list};
use crate::cells::CellRow;
use crate::criteria::{CriterionRow, criteria_list};
use crate::deadlines::{DeadlineRule, deadline_rules_list};
use crate::disposals::DisposalRow;
use crate::imports::SampleImport;
use crate::indicators::{EvidenceRow, IndicatorRow, indicators_of};
use crate::objections::ObjectionRow;
use crate::people::{Organisation, Person, organisations_list, people_list};
use crate::plans::{TargetRow, plans_list, targets_of};
use crate::quotas::{QuotaRow, quotas_of};
use crate::reinspections::{ReinspectionItem, ReinspectionRow};
use crate::samples::{ConclusionRow, CustodyRow, Item, Sample};
use crate::schema::{
    alert, alert_event, amendment, attachment, audit, audit_seal, bulletin_entry, conclusion, custody_event, disposal,
    indicator_evidence, item, objection, rate_cell, reinspection, reinspection_item, sample, sample_import, service,
    task, task_outcome,
};
use crate::services::ServiceRow;
use crate::subscriptions::{Subscription, subscriptions_list};
use crate::tasks::{OutcomeRow, TaskRow};
use crate::types::{Id, Word};
use crate::{Conn, Error, on};
use diesel::prelude::*;
use hege_rates::{Cell, Standing};
use record::{Keys, Record};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Something that is not as the record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// A row's state is not the one that was recorded last.
    Altered {
        /// Its table.
        table: String,
        /// Its key.
        key: String,
    },
    /// A row that was never recorded.
    Unrecorded {
        /// Its table.
        table: String,
        /// Its key.
        key: String,
    },
    /// A recorded row is gone.
    Missing {
        /// Its table.
        table: String,
        /// Its key.
        key: String,
    },
    /// A cell does not hold what the samples say.
    Cell(String),
    /// A sealed audit row was altered or is gone.
    Audit(String),
    /// A link of the chain does not follow from the one before.
    Chain(String),
    /// A file is not the one that its row names, or is gone.
    File {
        /// The attachment's key.
        key: String,
        /// Whether there is none.
        missing: bool,
    },
}

/// Samples or alerts of a page, each with all that hangs on it.
const PAGE: i64 = 250;
/// Audit rows of a page: an import's tells of hundreds of samples.
const PAGE_OF_AUDITS: i64 = 50;
/// Links of a page.
const PAGE_OF_LINKS: i64 = 10;

/// Verifies one city: rows against their last recorded hash, cells against samples, audit rows against the chain.
///
/// # Errors
/// Those of the database.
pub fn verify_city(conn: &mut Conn, city: i32) -> Result<Vec<Finding>, Error> {
    let mut findings = Vec::new();
    verify_each(conn, city, &mut |finding| findings.push(finding))?;
    Ok(findings)
}

/// As [`verify_city`], but hands each finding on as soon as it is made: in a database that was bent as a whole they are as
/// many as its rows. Called in a snapshot: what is written meanwhile would be found.
///
/// # Errors
/// Those of the database, and of the disk where what is temporary lies.
pub fn verify_each(conn: &mut Conn, city: i32, found: &mut dyn FnMut(Finding)) -> Result<(), Error> {
    let mut verifying = Verifying { city, record: Record::new()?, found };
    verifying.chain(conn)?;
    verifying.audits(conn)?;
    verifying.samples(conn)?;
    verifying.alerts(conn)?;
    verifying.tasks(conn)?;
    verifying.evidence(conn)?;
    if city % 100 == 0 {
        verifying.provinces_own(conn)?;
    }
    verifying.other_tables()
}

/// The shards that hold anything recorded.
///
/// # Errors
/// Those of the database.
pub fn cities(conn: &mut Conn) -> Result<Vec<i32>, Error> {
    let mut cities: BTreeSet<i32> =
        on!(conn, c => audit::table.select(audit::city).distinct().load(c))?.into_iter().collect();
    // Also where the record itself was taken away.
    cities.extend(on!(conn, c => sample::table.select(sample::city).distinct().load::<i32>(c))?);
    cities.extend(on!(conn, c => rate_cell::table.select(rate_cell::city).distinct().load::<i32>(c))?);
    cities.extend(on!(conn, c => alert::table.select(alert::city).distinct().load::<i32>(c))?);
    cities
        .extend(on!(conn, c => indicator_evidence::table.select(indicator_evidence::city).distinct().load::<i32>(c))?);
    cities.extend(on!(conn, c => task::table.select(task::city).distinct().load::<i32>(c))?);
    cities.extend(on!(conn, c => audit_seal::table.select(audit_seal::city).distinct().load::<i32>(c))?);
    Ok(cities.into_iter().collect())
}

/// A part of what is in the order of its ids: the ids from the first to the last, and the keys that begin with one of them.
struct Span {
    ids: (Id, Id),
    keys: Keys,
}

impl Span {
    /// Everything.
    fn whole() -> Self {
        Self { ids: (Id(Uuid::nil()), Id(Uuid::max())), keys: (String::new(), None) }
    }

    /// Ends this part with an id and gives the part that follows; none when nothing can. `prefix` is what a key has before
    /// its id.
    fn cut(&mut self, prefix: &str, last: Id) -> Option<Self> {
        let next = Id(Uuid::from_u128(last.0.as_u128().checked_add(1)?));
        // `/` stands between an id and what follows it in a key, and 0 comes after it.
        let before = format!("{prefix}{}0", last.0);
        self.ids.1 = last;
        self.keys.1 = Some(before.clone());
        Some(Self { ids: (next, Id(Uuid::max())), keys: (before, None) })
    }
}

/// The id of a page's last row, where another page may follow.
fn last<R>(rows: &[R], page: i64, id: impl Fn(&R) -> Id) -> Option<Id> {
    let is_full = i64::try_from(rows.len()).is_ok_and(|rows| rows == page);
    rows.last().filter(|_| is_full).map(id)
}

/// The rows of a table that hang on the ids of a part.
macro_rules! hanging {
    ($conn:expr, $table:ident :: $id:ident, $row:ty, $city:expr, $span:expr) => {
        on!($conn, c => $table::table
            .filter($table::city.eq($city).and($table::$id.between($span.ids.0, $span.ids.1)))
            .select(<$row>::as_select())
            .load::<$row>(c))?
    };
}

type CellKey = (String, String, String, String, i32);

/// A city that is being verified.
struct Verifying<'a> {
    city: i32,
    record: Record,
    found: &'a mut dyn FnMut(Finding),
}

impl Verifying<'_> {
    /// Follows the chain of links, and takes note of what they hold.
    fn chain(&mut self, conn: &mut Conn) -> Result<(), Error> {
        let (mut expected, mut previous, mut after) = (1_i64, Vec::new(), i64::MIN);
        loop {
            let seals: Vec<Seal> = on!(conn, c => audit_seal::table
                .filter(audit_seal::city.eq(self.city).and(audit_seal::seq.gt(after)))
                .order(audit_seal::seq)
                .limit(PAGE_OF_LINKS)
                .select(Seal::as_select())
                .load(c))?;
            let Some(last) = seals.last().map(|seal| seal.seq) else { return Ok(()) };
            for seal in seals {
                let follows = seal.seq == expected && seal.previous == previous;
                if !follows || seal.hash != seal_hash(self.city, seal.seq, &seal.previous, &seal.entries.0) {
                    (self.found)(Finding::Chain(format!("{:04}/{}", self.city, seal.seq)));
                }
                self.record.link(seal.seq, &seal.entries.0)?;
                expected += 1;
                previous = seal.hash;
            }
            after = last;
        }
    }

    /// Holds audit rows against the links, and takes note of what they recorded.
    fn audits(&mut self, conn: &mut Conn) -> Result<(), Error> {
        let mut rest = Some(Span::whole());
        while let Some(mut span) = rest {
            let audits: Vec<AuditRow> = on!(conn, c => audit::table
                .filter(audit::city.eq(self.city).and(audit::id.between(span.ids.0, span.ids.1)))
                .order(audit::id)
                .limit(PAGE_OF_AUDITS)
                .select(AuditRow::as_select())
                .load(c))?;
            rest = last(&audits, PAGE_OF_AUDITS, |audit| audit.id).and_then(|last| span.cut("", last));
            let mut hashes = BTreeMap::new();
            for audit in &audits {
                hashes.insert(audit.id.0.to_string(), row_hash(audit)?);
                self.record.note(audit)?;
            }
            let mut linked: BTreeSet<(i64, String)> = BTreeSet::new();
            for (id, link, hash) in self.record.links(&span.keys)? {
                if hashes.get(&id) != Some(&hash) {
                    (self.found)(Finding::Audit(id.clone()));
                }
                linked.insert((link, id));
            }
            // A row that claims a link which does not hold it was never sealed.
            for audit in audits {
                let id = audit.id.0.to_string();
                if audit.seal.is_some_and(|link| !linked.contains(&(link, id.clone()))) {
                    (self.found)(Finding::Audit(id));
                }
            }
        }
        Ok(())
    }

    /// Holds samples, and what hangs on them, against the record, and counts the cells again.
    fn samples(&mut self, conn: &mut Conn) -> Result<(), Error> {
        let (city, prefix) = (self.city, format!("{:04}-", self.city));
        let mut cells: BTreeMap<CellKey, Cell> = BTreeMap::new();
        let mut rest = Some(Span::whole());
        while let Some(mut span) = rest {
            let samples: Vec<Sample> = on!(conn, c => sample::table
                .filter(sample::city.eq(city).and(sample::id.between(span.ids.0, span.ids.1)))
                .order(sample::id)
                .limit(PAGE)
                .select(Sample::as_select())
                .load(c))?;
            rest = last(&samples, PAGE, |sample| sample.id).and_then(|last| span.cut(&prefix, last));
            samples.iter().for_each(|sample| count(&mut cells, sample));
            self.compare(&samples, &span.keys)?;
            self.compare(&hanging!(conn, item::sample_id, Item, city, span), &span.keys)?;
            self.compare(&hanging!(conn, conclusion::sample_id, ConclusionRow, city, span), &span.keys)?;
            self.compare(&hanging!(conn, custody_event::sample_id, CustodyRow, city, span), &span.keys)?;
            self.compare(&hanging!(conn, amendment::sample_id, AmendmentRow, city, span), &span.keys)?;
            self.compare(&hanging!(conn, attachment::sample_id, AttachmentRow, city, span), &span.keys)?;
            self.compare(&hanging!(conn, sample_import::sample_id, SampleImport, city, span), &span.keys)?;
            self.compare(&hanging!(conn, service::sample_id, ServiceRow, city, span), &span.keys)?;
            self.compare(&hanging!(conn, reinspection::sample_id, ReinspectionRow, city, span), &span.keys)?;
            self.compare(&hanging!(conn, reinspection_item::sample_id, ReinspectionItem, city, span), &span.keys)?;
            self.compare(&hanging!(conn, objection::sample_id, ObjectionRow, city, span), &span.keys)?;
            self.compare(&hanging!(conn, disposal::sample_id, DisposalRow, city, span), &span.keys)?;
            self.compare(&hanging!(conn, bulletin_entry::sample_id, BulletinEntry, city, span), &span.keys)?;
        }
        self.cells(conn, cells)
    }

    /// Holds alerts with their steps against the record.
    fn alerts(&mut self, conn: &mut Conn) -> Result<(), Error> {
        let (city, prefix) = (self.city, format!("{:04}-", self.city));
        let mut rest = Some(Span::whole());
        while let Some(mut span) = rest {
            let alerts: Vec<AlertRow> = on!(conn, c => alert::table
                .filter(alert::city.eq(city).and(alert::id.between(span.ids.0, span.ids.1)))
                .order(alert::id)
                .limit(PAGE)
                .select(AlertRow::as_select())
                .load(c))?;
            rest = last(&alerts, PAGE, |alert| alert.id).and_then(|last| span.cut(&prefix, last));
            self.compare(&alerts, &span.keys)?;
            self.compare(&hanging!(conn, alert_event::alert_id, AlertEvent, city, span), &span.keys)?;
        }
        Ok(())
    }

    /// Holds tasks with the visits that yielded no sample against the record.
    fn tasks(&mut self, conn: &mut Conn) -> Result<(), Error> {
        let (city, prefix) = (self.city, format!("{:04}-", self.city));
        let mut rest = Some(Span::whole());
        while let Some(mut span) = rest {
            let tasks: Vec<TaskRow> = on!(conn, c => task::table
                .filter(task::city.eq(city).and(task::id.between(span.ids.0, span.ids.1)))
                .order(task::id)
                .limit(PAGE)
                .select(TaskRow::as_select())
                .load(c))?;
            rest = last(&tasks, PAGE, |task| task.id).and_then(|last| span.cut(&prefix, last));
            self.compare(&tasks, &span.keys)?;
            self.compare(&hanging!(conn, task_outcome::task_id, OutcomeRow, city, span), &span.keys)?;
        }
        Ok(())
    }

    /// Holds the evidence of indicators against the record.
    fn evidence(&mut self, conn: &mut Conn) -> Result<(), Error> {
        let (city, prefix) = (self.city, format!("{:04}-", self.city));
        let mut rest = Some(Span::whole());
        while let Some(mut span) = rest {
            let rows: Vec<EvidenceRow> = on!(conn, c => indicator_evidence::table
                .filter(indicator_evidence::city.eq(city).and(indicator_evidence::id.between(span.ids.0, span.ids.1)))
                .order(indicator_evidence::id)
                .limit(PAGE)
                .select(EvidenceRow::as_select())
                .load(c))?;
            rest = last(&rows, PAGE, |row| row.id).and_then(|last| span.cut(&prefix, last));
            self.compare(&rows, &span.keys)?;
        }
        Ok(())
    }

    /// What stands under the province's own shard and is few: people with their subscriptions, organisations, targets, cells of
    /// plans, criteria and rules of deadlines.
    fn provinces_own(&mut self, conn: &mut Conn) -> Result<(), Error> {
        let all = Span::whole().keys;
        self.compare(&people_list(conn)?, &all)?;
        self.compare(&subscriptions_list(conn)?, &all)?;
        self.compare(&organisations_list(conn)?, &all)?;
        self.compare(&criteria_list(conn)?, &all)?;
        self.compare(&deadline_rules_list(conn)?, &all)?;
        self.compare(&quotas_of(conn, None)?, &all)?;
        self.compare(&bulletins_list(conn)?, &all)?;
        self.compare(&indicators_of(conn, None)?, &all)?;
        let mut targets = Vec::new();
        for plan in plans_list(conn)? {
            targets.extend(targets_of(conn, plan.id)?);
        }
        self.compare(&targets, &all)
    }

    /// Compares all rows between two keys with what was recorded of them.
    fn compare<R: Audited>(&mut self, rows: &[R], keys: &Keys) -> Result<(), Error> {
        let table = || R::TABLE.to_owned();
        let mut recorded = self.record.rows(R::TABLE, keys)?;
        for row in rows {
            let (key, now) = (row.key(), row.touched()?);
            match recorded.remove(&key) {
                None => (self.found)(Finding::Unrecorded { table: table(), key }),
                Some(hash) if now.get(2).and_then(Value::as_str) != Some(hash.as_str()) => {
                    (self.found)(Finding::Altered { table: table(), key });
                }
                Some(_) => {}
            }
        }
        recorded.into_keys().for_each(|key| (self.found)(Finding::Missing { table: table(), key }));
        Ok(())
    }

    /// What was recorded of tables whose rows do not stand under this city.
    fn other_tables(&mut self) -> Result<(), Error> {
        const SAMPLES: [&str; 18] = [
            Sample::TABLE,
            Item::TABLE,
            ConclusionRow::TABLE,
            CustodyRow::TABLE,
            AmendmentRow::TABLE,
            AttachmentRow::TABLE,
            SampleImport::TABLE,
            ServiceRow::TABLE,
            ReinspectionRow::TABLE,
            ReinspectionItem::TABLE,
            DisposalRow::TABLE,
            ObjectionRow::TABLE,
            BulletinEntry::TABLE,
            AlertRow::TABLE,
            AlertEvent::TABLE,
            TaskRow::TABLE,
            OutcomeRow::TABLE,
            EvidenceRow::TABLE,
        ];
        const OWN: [&str; 9] = [
            Person::TABLE,
            Subscription::TABLE,
            Organisation::TABLE,
            CriterionRow::TABLE,
            DeadlineRule::TABLE,
            TargetRow::TABLE,
            QuotaRow::TABLE,
            BulletinRow::TABLE,
            IndicatorRow::TABLE,
        ];
        let is_own = self.city % 100 == 0;
        for table in self.record.tables()? {
            if SAMPLES.contains(&table.as_str()) || (is_own && OWN.contains(&table.as_str())) {
                continue;
            }
            for key in self.record.rows(&table, &Span::whole().keys)?.into_keys() {
                (self.found)(Finding::Missing { table: table.clone(), key });
            }
        }
        Ok(())
    }

    /// Holds the stored cells against those counted from the samples.
    fn cells(&mut self, conn: &mut Conn, mut expected: BTreeMap<CellKey, Cell>) -> Result<(), Error> {
        let city = self.city;
        let stored: Vec<CellRow> =
            on!(conn, c => rate_cell::table.filter(rate_cell::city.eq(city)).select(CellRow::as_select()).load(c))?;
        for row in stored {
            let words = (row.stage.0.code(), row.task_type.0.code(), row.sample_kind.0.code());
            let key = (words.0.to_owned(), row.sector.clone(), words.1.to_owned(), words.2.to_owned(), row.month);
            if expected.remove(&key).unwrap_or_default() != row.cell() {
                (self.found)(Finding::Cell(format!("{city:04} {key:?}")));
            }
        }
        expected.keys().for_each(|key| (self.found)(Finding::Cell(format!("{city:04} {key:?}"))));
        Ok(())
    }
}

/// Counts a sample in its cell.
fn count(cells: &mut BTreeMap<CellKey, Cell>, row: &Sample) {
    let sector = row.sector.map(|Word(sector)| sector.code()).unwrap_or_default().to_owned();
    let words = (row.stage.0.code(), row.task_type.0.code(), row.sample_kind.0.code());
    let cell =
        cells.entry((words.0.to_owned(), sector, words.1.to_owned(), words.2.to_owned(), row.month)).or_default();
    *cell = cell.plus(Cell::change(None::<Standing>, Some(row.standing.0)));
}
