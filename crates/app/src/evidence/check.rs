//! A bundle held against itself and against a head: no database, nobody trusted.

use super::{ATTACHMENTS, AUDIT, Bundle, BundleFault, CHAIN, FORMAT, Fault, file_of};
use hege_store::audit::{hash, seal_hash};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek};

const ROWS: &str = "rows.jsonl";
/// The longest line: a link of five hundred entries, or the audit row of an import, fits a hundred times.
const LINE_MAX: usize = 16 * 1024 * 1024;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checked {
    /// The sample.
    pub sample: String,
    /// Parts, rows and audit rows that were held against their hashes.
    pub counts: [usize; 3],
    /// The chain: its first and last link, and the hash of that.
    pub head: Option<(i64, i64, String)>,
    /// Audit rows that were in no link yet when the bundle was made.
    pub unsealed: usize,
    /// Everything that is wrong, in the order in which it was found; none when all is well.
    pub faults: Vec<Fault>,
}

/// Checks a bundle. With a head that was printed once, its chain must pass through it.
pub fn check<R: Read + Seek>(file: R, printed: Option<&str>) -> Checked {
    let mut checking = Checking::default();
    match Bundle::open(file) {
        Ok(bundle) if bundle.manifest.get("format").and_then(Value::as_str) != Some(FORMAT) => {
            checking.fault("manifest.json", BundleFault::NotABundle);
        }
        Ok(mut bundle) => checking.all(&mut bundle, printed),
        Err(fault) => checking.checked.faults.push(fault),
    }
    checking.checked
}

type Key = (String, String);

/// What an audit row recorded of a row.
struct Recorded {
    revision: i64,
    at: Option<Timestamp>,
    hash: String,
    /// Whether a link holds the audit row: of another nobody can say when it was written.
    is_sealed: bool,
}

#[derive(Default)]
struct Checking {
    checked: Checked,
    /// Hash of each row as it stands in the bundle, with its line.
    rows: BTreeMap<Key, (String, usize)>,
    /// Attachments' rows.
    files: Vec<Value>,
    /// What was last recorded of each row.
    recorded: BTreeMap<Key, Recorded>,
    /// Hash of each audit row that says it is sealed, with its link.
    audits: BTreeMap<String, (String, i64)>,
    /// Those of them that their link holds.
    linked: BTreeSet<String>,
    /// Whether the chain passed through the printed head.
    passed: bool,
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A field of an entry, as it stands in JSON.
fn nth(entry: &Value, index: usize) -> &str {
    entry.get(index).and_then(Value::as_str).unwrap_or_default()
}

impl Checking {
    fn fault(&mut self, place: impl Into<String>, fault: BundleFault) {
        self.checked.faults.push(Fault::new(place, fault));
    }

    fn all<R: Read + Seek>(&mut self, bundle: &mut Bundle<R>, printed: Option<&str>) {
        self.checked.sample = text(&bundle.manifest, "sample").to_owned();
        for name in bundle.names() {
            let outcome = match name.as_str() {
                ROWS => self.lines(bundle, &name, Self::row),
                AUDIT => self.lines(bundle, &name, Self::audit),
                _ => bundle.read(&name, &mut |_| Ok(())),
            };
            self.checked.counts[0] += 1;
            self.checked.faults.extend(outcome.err().filter(|_| name != CHAIN));
        }
        // Only now is it known which audit rows the links have to hold.
        let chain = self.lines(bundle, CHAIN, |checking, at, link| checking.link(at, &link, printed));
        self.checked.faults.extend(chain.err());
        self.settle(bundle, printed);
    }

    /// Hands on each line of a part.
    fn lines<R: Read + Seek>(
        &mut self,
        bundle: &mut Bundle<R>,
        name: &str,
        mut each: impl FnMut(&mut Self, (&str, usize), Value),
    ) -> Result<(), Fault> {
        let (mut line, mut number) = (Vec::new(), 0_usize);
        bundle.read(name, &mut |piece| {
            for byte in piece {
                if *byte != b'\n' {
                    line.push(*byte);
                    if line.len() > LINE_MAX {
                        return Err(Fault::new(format!("{name}:{}", number + 1), BundleFault::LineUnreadable));
                    }
                    continue;
                }
                number += 1;
                match serde_json::from_slice(&line) {
                    Ok(value) => each(self, (name, number), value),
                    Err(_no_json) => self.fault(format!("{name}:{number}"), BundleFault::LineUnreadable),
                }
                line.clear();
            }
            Ok(())
        })?;
        if line.is_empty() {
            Ok(())
        } else {
            Err(Fault::new(format!("{name}:{}", number + 1), BundleFault::LineUnreadable))
        }
    }

    fn row(&mut self, (_, number): (&str, usize), line: Value) {
        let row = line.get("row").unwrap_or(&Value::Null);
        let key = (text(&line, "table").to_owned(), text(&line, "key").to_owned());
        if key.0 == "attachment" {
            self.files.push(row.clone());
        }
        self.checked.counts[1] += 1;
        if self.rows.insert(key.clone(), (hash(row), number)).is_some() {
            self.fault(format!("{ROWS}:{number} {} {}", key.0, key.1), BundleFault::RowDiffers);
        }
    }

    fn audit(&mut self, _: (&str, usize), line: Value) {
        let row = line.get("row").unwrap_or(&Value::Null);
        let at: Option<Timestamp> = text(row, "at").parse().ok();
        let seal = line.get("seal").and_then(Value::as_i64);
        for entry in row.get("rows").and_then(Value::as_array).into_iter().flatten() {
            let key = (nth(entry, 0).to_owned(), nth(entry, 1).to_owned());
            let revision = entry.get(3).and_then(Value::as_i64).unwrap_or_default();
            let is_later = self.recorded.get(&key).is_none_or(|last| (revision, at) >= (last.revision, last.at));
            if is_later {
                let hash = nth(entry, 2).to_owned();
                self.recorded.insert(key, Recorded { revision, at, hash, is_sealed: seal.is_some() });
            }
        }
        self.checked.counts[2] += 1;
        let Some(seal) = seal else {
            self.checked.unsealed += 1;
            return;
        };
        let id = text(row, "id").to_owned();
        if self.audits.insert(id.clone(), (hash(row), seal)).is_some() {
            self.fault(format!("{AUDIT} {id}"), BundleFault::AuditDiffers);
        }
    }

    fn link(&mut self, (name, number): (&str, usize), link: &Value, printed: Option<&str>) {
        let place = format!("{name}:{number}");
        let number_of = |field: &str| link.get(field).and_then(Value::as_i64).unwrap_or_default();
        let (seq, hash, entries) = (number_of("seq"), text(link, "hash"), link.get("entries").unwrap_or(&Value::Null));
        let follows = match &self.checked.head {
            None => true,
            Some((_, last, before)) => seq == last + 1 && text(link, "previous") == before,
        };
        let previous = hex::decode(text(link, "previous")).unwrap_or_default();
        let city = i32::try_from(number_of("city")).unwrap_or_default();
        if !follows || hex::encode(seal_hash(city, seq, &previous, entries)) != hash {
            self.fault(place, BundleFault::LinkBroken);
        }
        for entry in entries.as_array().into_iter().flatten() {
            let (id, sealed) = (nth(entry, 0), nth(entry, 1));
            let Some((found, link)) = self.audits.get(id) else { continue };
            let (is_same, is_here) = (found == sealed, *link == seq);
            if !is_same {
                self.fault(format!("{AUDIT} {id}"), BundleFault::AuditDiffers);
            }
            if is_here {
                self.linked.insert(id.to_owned());
            }
        }
        self.passed |= printed == Some(hash);
        let first = self.checked.head.as_ref().map_or(seq, |(first, ..)| *first);
        self.checked.head = Some((first, seq, hash.to_owned()));
    }

    /// What can be said once everything was read.
    fn settle<R: Read + Seek>(&mut self, bundle: &Bundle<R>, printed: Option<&str>) {
        let sample = self.checked.sample.clone();
        let is_of = |key: &str| key == sample || key.strip_prefix(&sample).is_some_and(|rest| rest.starts_with('/'));
        let mut faults = Vec::new();
        for ((table, key), (found, line)) in &self.rows {
            let fault = match self.recorded.get(&(table.clone(), key.clone())) {
                None => BundleFault::RowUnrecorded,
                Some(recorded) if recorded.hash != *found => BundleFault::RowDiffers,
                Some(_) if !is_of(key) => BundleFault::RowUnrecorded,
                Some(recorded) if !recorded.is_sealed => BundleFault::RowUnsealed,
                Some(_) => continue,
            };
            faults.push(Fault::new(format!("{ROWS}:{line} {table} {key}"), fault));
        }
        let missing = self.recorded.keys().filter(|key| is_of(&key.1) && !self.rows.contains_key(*key));
        faults.extend(missing.map(|(table, key)| Fault::new(format!("{table} {key}"), BundleFault::RowMissing)));
        let unlinked = self.audits.keys().filter(|id| !self.linked.contains(*id));
        faults.extend(unlinked.map(|id| Fault::new(format!("{AUDIT} {id}"), BundleFault::AuditUnlinked)));
        let mut named = BTreeSet::new();
        for row in &self.files {
            let file = file_of(row).unwrap_or_default();
            named.insert(file.clone());
            if bundle.sha256(&file) != Some(text(row, "sha256")) {
                faults.push(Fault::new(file, BundleFault::FileMissing));
            }
        }
        let strange = bundle.names().into_iter().filter(|name| name.starts_with(ATTACHMENTS) && !named.contains(name));
        faults.extend(strange.map(|name| Fault::new(name, BundleFault::PartUnknown)));
        let named = bundle.manifest.get("head").filter(|head| !head.is_null()).map(|head| text(head, "hash"));
        if named != self.checked.head.as_ref().map(|(.., hash)| hash.as_str()) {
            faults.push(Fault::new(CHAIN, BundleFault::HeadDiffers));
        }
        if let Some(printed) = printed.filter(|_| !self.passed) {
            faults.push(Fault::new(format!("{CHAIN} {printed}"), BundleFault::HeadUnknown));
        }
        self.checked.faults.extend(faults);
    }
}
