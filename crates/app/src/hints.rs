//! Hints that something changed, read from the record: a topic and a shard, and nothing of what changed.

use crate::{Error, PROVINCE, Scope, Store};
use hege_core::City;
use hege_store::audit::{AuditRow, audit_since};
use hege_store::types::Ts;
use jiff::Timestamp;
use uuid::Uuid;

/// A hint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// The audit row it comes from.
    pub id: Uuid,
    /// `sample`, `alert`, `plan`, `criteria`.
    pub topic: &'static str,
    /// The shard.
    pub city: City,
    /// When.
    pub at: Timestamp,
}

impl Hint {
    /// Whether it lies in a person's scope: what is the province's own concerns everybody.
    #[must_use]
    pub fn concerns(&self, scope: &Scope) -> bool {
        let place = self.city.region();
        self.city == PROVINCE.city() || scope.sees_region(place) || place.contains(scope.region)
    }

    fn of(row: &AuditRow) -> Option<Self> {
        let city = City::new(u16::try_from(row.city).ok()?).ok()?;
        let topic = match row.action.as_str() {
            "plan_put" | "target_changed" => "plan",
            "criteria_loaded" | "criterion_accepted" => "criteria",
            action if action.starts_with("alert_") => "alert",
            _ if city != PROVINCE.city() => "sample",
            // Who logged in is nobody's business.
            _ => return None,
        };
        Some(Self { id: row.id.0, topic, city, at: row.at.0 })
    }
}

/// What changed from an instant on.
///
/// # Errors
/// Those of the store.
pub fn since(store: &Store, from: Timestamp) -> Result<Vec<Hint>, Error> {
    let rows = store.read(|conn| Ok::<_, Error>(audit_since(conn, Ts(from))?))?;
    Ok(rows.iter().filter_map(Hint::of).collect())
}
