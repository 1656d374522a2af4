//! 期限规则 as loaded, and worklists: what waits for a step, by when its clock began.

use crate::audit::Audited;
use crate::listing::{Keys, Theirs, samples_of};
use crate::samples::Sample;
use crate::schema::{deadline_rule, sample};
use crate::types::{Day, Id, Ts, Word, sql};
use crate::{Conn, Error, on};
use diesel::dsl::sql as literal;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text};
use hege_core::Stage;
use serde::Serialize;
use std::collections::BTreeMap;

/// A rule of a deadline.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = deadline_rule, treat_none_as_default_value = false)]
pub struct DeadlineRule {
    /// Its name among the rules.
    pub code: String,
    /// What it limits.
    pub clock: String,
    /// How long, in `unit`.
    pub amount: i32,
    /// `hours`, `days`, `working_days`, `months`.
    pub unit: String,
    /// Whether a last day that is not worked gives way to the next working day.
    pub rolls: bool,
    /// By how much it may be extended, in `unit`.
    pub extension: i32,
    /// Codes of the stages, separated by spaces.
    pub stages: String,
    /// The act.
    pub regime: String,
    /// Whose act.
    pub department: String,
    /// The first sampling day for which it holds.
    pub valid_from: Day,
    /// The last one.
    pub valid_until: Option<Day>,
    /// Where the act says so.
    pub clause: String,
    /// How sure that is.
    pub confidence: String,
    /// Grows with each change.
    pub revision: i64,
}

impl Audited for DeadlineRule {
    const TABLE: &'static str = "deadline_rule";
    fn key(&self) -> String {
        self.code.clone()
    }
    fn revision(&self) -> i64 {
        self.revision
    }
}

/// Puts rules.
///
/// # Errors
/// [`Error::Duplicate`] when a code is taken.
pub fn deadline_rules_insert(conn: &mut Conn, rows: &[DeadlineRule]) -> Result<(), Error> {
    on!(conn, c => diesel::insert_into(deadline_rule::table).values(rows).execute(c))?;
    Ok(())
}

/// Every rule, by code.
///
/// # Errors
/// Those of the database.
pub fn deadline_rules_list(conn: &mut Conn) -> Result<Vec<DeadlineRule>, Error> {
    Ok(on!(conn, c => deadline_rule::table.order(deadline_rule::code).select(DeadlineRule::as_select()).load(c))?)
}

/// The rules that hold for what is sampled on a day, by code.
///
/// # Errors
/// Those of the database.
pub fn deadline_rules_on(conn: &mut Conn, day: Day) -> Result<Vec<DeadlineRule>, Error> {
    let lasts = deadline_rule::valid_until.is_null().or(deadline_rule::valid_until.ge(day));
    Ok(on!(conn, c => deadline_rule::table
        .filter(deadline_rule::valid_from.le(day))
        .filter(lasts)
        .order(deadline_rule::code)
        .select(DeadlineRule::as_select())
        .load(c))?)
}

/// Ends a rule that still has the revision `seen` with a day. None when somebody was faster.
///
/// # Errors
/// Those of the database.
pub fn deadline_rule_end(
    conn: &mut Conn,
    (code, seen): (&str, i64),
    until: Day,
) -> Result<Option<DeadlineRule>, Error> {
    Ok(on!(conn, c => diesel::update(deadline_rule::table.find(code).filter(deadline_rule::revision.eq(seen)))
        .set((deadline_rule::valid_until.eq(Some(until)), deadline_rule::revision.eq(seen + 1)))
        .returning(DeadlineRule::as_returning())
        .get_result(c)
        .optional())?)
}

/// What a sample waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Awaited {
    /// That it reaches its laboratory; since it was taken.
    Delivery,
    /// That its report is approved; since it was accepted.
    Report,
}

impl Awaited {
    /// The condition of the index that holds what waits, in its very words: both databases need to see that.
    const fn waits(self) -> &'static str {
        match self {
            Self::Delivery => "status IN ('registered', 'sealed', 'handed_over')",
            Self::Report => "status IN ('received', 'testing', 'entered', 'checked')",
        }
    }

    /// When it was done, of a sample with its first conclusion.
    const fn done(self) -> &'static str {
        match self {
            Self::Delivery => "s.received_at",
            Self::Report => "c.decided_at",
        }
    }

    /// When its clock began.
    const fn began(self) -> &'static str {
        match self {
            Self::Delivery => "sampled_at",
            Self::Report => "received_at",
        }
    }
}

/// What waits under one rule, for one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// For what.
    pub awaited: Awaited,
    /// What is theirs.
    pub theirs: Theirs,
    /// Stages, at least one.
    pub stages: Vec<Stage>,
    /// Counties, both included.
    pub regions: Option<(i32, i32)>,
    /// A laboratory.
    pub lab: Option<Id>,
    /// When it was taken: from, and before.
    pub sampled: (Ts, Ts),
    /// When its clock began: from, and before.
    pub begun: (Ts, Ts),
    /// The last row of the page before: when its clock began, and its id.
    pub after: Option<(Ts, Id)>,
}

/// How many samples wait at a laboratory, from a city, since a day.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct WaitingCount {
    /// The laboratory.
    pub lab_id: Option<Id>,
    /// The city.
    pub city: i32,
    /// The day in China, counted from the first of 1970.
    pub day: i64,
    /// How many.
    pub count: i64,
}

/// How many samples of a stage came to a step on one day, and did it on another.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct StepCount {
    /// 环节.
    #[diesel(sql_type = Text)]
    pub stage: Word<Stage>,
    /// The day in China on which the clock began, counted from the first of 1970.
    #[diesel(sql_type = BigInt)]
    pub began: i64,
    /// The day on which it was done; none while it is not.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub done: Option<i64>,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
}

/// The day of an instant in China, counted from the first of 1970.
fn day_of(conn: &Conn, column: &str) -> String {
    match conn {
        Conn::Sqlite(_) => format!("({column} + 28800000000) / 86400000000"),
        Conn::Pg(_) => format!("floor((extract(epoch FROM {column}) + 28800) / 86400)::bigint"),
    }
}

/// The steps of samples that were taken within `sampled` and came to them within `begun`, each from and before, whether they are
/// done or not. Refused and voided samples are left out, and those of imported history, of which nobody knows.
///
/// # Errors
/// Those of the database.
pub fn step_counts(
    conn: &mut Conn,
    awaited: Awaited,
    (sampled, begun): ((Ts, Ts), (Ts, Ts)),
) -> Result<Vec<StepCount>, Error> {
    let (began, done, waits) = (awaited.began(), awaited.done(), awaited.waits());
    let (began_on, done_on) = (day_of(conn, &format!("s.{began}")), day_of(conn, done));
    let sql = format!(
        "SELECT s.stage, {began_on} AS began, {done_on} AS done, COUNT(*) AS count FROM sample s \
         LEFT JOIN conclusion c ON c.city = s.city AND c.sample_id = s.id AND c.revision = 1 \
         WHERE s.sampled_at >= $1 AND s.sampled_at < $2 AND s.{began} >= $3 AND s.{began} < $4 \
         AND s.standing NOT IN ('refused', 'voided') AND ({done} IS NOT NULL OR s.{waits}) GROUP BY 1, 2, 3"
    );
    Ok(on!(conn, c => diesel::sql_query(sql)
        .bind::<sql::Ts, _>(sampled.0)
        .bind::<sql::Ts, _>(sampled.1)
        .bind::<sql::Ts, _>(begun.0)
        .bind::<sql::Ts, _>(begun.1)
        .load(c))?)
}

/// A query of samples that wait, with every condition but where its page begins. SQLite, which keeps no statistics, is kept from
/// other indexes than that of what waits by a plus before their columns.
macro_rules! waiting {
    ($query:expr, $waiting:expr, $aside:expr) => {{
        let (waiting, aside): (&Waiting, &str) = ($waiting, $aside);
        let name = |column: &str| format!("{aside}{column}");
        let began = || literal::<sql::Ts>(waiting.awaited.began());
        let stages: Vec<Word<Stage>> = waiting.stages.iter().copied().map(Word).collect();
        let mut query = $query
            .filter(literal::<Bool>(waiting.awaited.waits()))
            .filter(began().ge(waiting.begun.0))
            .filter(began().lt(waiting.begun.1))
            .filter(literal::<Text>(&name("stage")).eq_any(stages));
        if waiting.awaited == Awaited::Report {
            query = query.filter(literal::<sql::Ts>(&name("sampled_at")).ge(waiting.sampled.0));
            query = query.filter(literal::<sql::Ts>(&name("sampled_at")).lt(waiting.sampled.1));
        }
        let own = if let Theirs::In(low, high) = waiting.theirs { Some((low, high)) } else { None };
        for (low, high) in own.into_iter().chain(waiting.regions) {
            query = query.filter(literal::<Integer>(&name("city")).between(low / 100, high / 100));
            if low == high {
                query = query.filter(literal::<Integer>(&name("region")).eq(low));
            }
        }
        let of_lab = |lab: Id| literal::<Nullable<sql::Id>>(&name("lab_id")).eq(Some(lab)).assume_not_null();
        let of_taker = |taker: Id| literal::<sql::Id>(&name("sampling_org_id")).eq(taker);
        query = match waiting.theirs {
            Theirs::TakenBy(taker) => query.filter(of_taker(taker)),
            Theirs::SentTo(lab) => query.filter(of_lab(lab)),
            Theirs::Either(taker, lab) => query.filter(of_taker(taker).or(of_lab(lab))),
            Theirs::In(..) => query,
        };
        match waiting.lab {
            Some(lab) => query.filter(of_lab(lab)),
            None => query,
        }
    }};
}

/// What is put before a column that no index shall lead to.
const fn aside(conn: &Conn) -> &'static str {
    if matches!(conn, Conn::Sqlite(_)) { "+" } else { "" }
}

/// A page of what waits, in the order in which the clocks began. Which they are is read from the index alone, so that what is not
/// theirs costs whoever asks next to nothing.
///
/// # Errors
/// Those of the database.
pub fn waiting_list(conn: &mut Conn, waiting: &Waiting, limit: i64) -> Result<Vec<Sample>, Error> {
    let aside = aside(conn);
    let began = || literal::<sql::Ts>(waiting.awaited.began());
    let found: Vec<(i32, Id)> = on!(conn, c => {
        let mut query = waiting!(sample::table.into_boxed(), waiting, aside);
        if let Some((at, id)) = waiting.after {
            query = query.filter(began().ge(at)).filter(began().gt(at).or(sample::id.gt(id)));
        }
        query.order((began(), sample::id)).limit(limit).select((sample::city, sample::id)).load(c)
    })?;
    let mut keys = Keys::new();
    for (city, id) in &found {
        keys.entry(*city).or_default().push(*id);
    }
    let place: BTreeMap<(i32, Id), usize> = found.into_iter().zip(0..).collect();
    let mut samples = samples_of(conn, keys)?;
    samples.sort_by_key(|row| place.get(&(row.city, row.id)).copied());
    Ok(samples)
}

/// What waits, counted by laboratory, city and the day on which the clock began.
///
/// # Errors
/// Those of the database.
pub fn waiting_counts(conn: &mut Conn, waiting: &Waiting) -> Result<Vec<WaitingCount>, Error> {
    let (aside, day) = (aside(conn), day_of(conn, waiting.awaited.began()));
    Ok(on!(conn, c => {
        let grouped = sample::table.group_by(literal::<Text>(&format!("lab_id, city, {day}"))).select((
            literal::<Nullable<sql::Id>>("lab_id"),
            literal::<Integer>("city"),
            literal::<BigInt>(&day),
            literal::<BigInt>("COUNT(*)"),
        ));
        waiting!(grouped.into_boxed(), waiting, aside).load(c)
    })?)
}
