//! The writer of SQLite: callers that come while a commit runs share the next one.
//!
//! There is one connection, and whoever has the turn has it. A caller waits for its turn in line, opens a transaction when
//! none is open, runs its own job in a savepoint on its own thread, and hands the turn on with the transaction still open, as
//! long as somebody waits and the group has room; the last one commits. All of them answer only after that commit. Nobody
//! waits for company: a caller that is alone commits at once.
//!
//! Invariants
//! - Whatever a job answers, an error too, rests on what it read, which others of its group may have written. So nobody answers
//!   before the group is committed.
//! - Any error but one of the job itself ends the group: its connection is closed, which takes everything back, and each job
//!   runs again, alone in a transaction of its own.
//! - The turn is never lost: it is handed on when it is dropped, be it by a panic. A group that is dropped is undone.
//! - A job runs on its caller's thread. There is no thread that could end with jobs in hand, and none to stop.

#[cfg(test)]
mod tests;

use super::sqlite::{File, Lite, PATIENCE};
use super::{AsStoreError, Conn};
use crate::Error;
use diesel::SqliteConnection;
use diesel::connection::{AnsiTransactionManager as Manager, TransactionManager as _};
use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Most jobs of a group.
const JOBS_MAX: u32 = 64;

/// How long a group takes in jobs: the first one waits no longer than this for those after it, and for the commit.
const OPEN_MAX: Duration = if cfg!(test) { Duration::from_secs(1) } else { Duration::from_millis(5) };

/// The one connection that writes, and the line of those who want it.
pub(super) struct Writer {
    file: File,
    line: Mutex<Line>,
}

struct Line {
    waiting: VecDeque<Waiting>,
    tickets: u64,
    /// What the turn is about, while nobody has it.
    resting: Option<Slot>,
}

struct Waiting {
    ticket: u64,
    alone: bool,
    hand: SyncSender<Slot>,
}

/// What goes from hand to hand.
struct Slot {
    /// None after an error: the next one opens it again.
    conn: Option<Conn>,
    group: Option<Group>,
}

/// An open transaction and those whose jobs are in it.
struct Group {
    fate: Arc<Fate>,
    jobs: u32,
    alone: bool,
    began: Instant,
}

#[derive(Default)]
struct Fate {
    ended: Mutex<Option<Ended>>,
    changed: Condvar,
}

enum Ended {
    Committed,
    /// With the commit's error where there was one job only.
    Undone(Option<Error>),
}

/// Locks. Nobody panics with one of these locks in hand, and what they guard would hold nevertheless.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Fate {
    fn end(&self, ended: Ended) {
        lock(&self.ended).get_or_insert(ended);
        self.changed.notify_all();
    }

    /// Waits for it. An error is taken out.
    fn wait(&self) -> Ended {
        let guard = self.changed.wait_while(lock(&self.ended), |ended| ended.is_none());
        match &mut *guard.unwrap_or_else(PoisonError::into_inner) {
            Some(Ended::Committed) => Ended::Committed,
            Some(Ended::Undone(error)) => Ended::Undone(error.take()),
            None => Ended::Undone(None),
        }
    }
}

impl Group {
    fn takes(&self, next: &Waiting) -> bool {
        !self.alone && !next.alone && self.jobs < JOBS_MAX && self.began.elapsed() < OPEN_MAX
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.fate.end(Ended::Undone(None));
    }
}

impl Slot {
    /// Commits an open group; where that fails the connection is closed, and with it everything taken back.
    fn commit(&mut self) {
        let Some(group) = self.group.take() else { return };
        let Some(Conn::Sqlite(conn)) = &mut self.conn else { return };
        match Manager::commit_transaction(&mut **conn) {
            Ok(()) => group.fate.end(Ended::Committed),
            Err(error) => {
                tracing::warn!(%error, jobs = group.jobs, "a commit failed; its jobs run again one by one");
                self.conn = None;
                group.fate.end(Ended::Undone((group.jobs == 1).then(|| error.into())));
            }
        }
    }

    /// Takes back an open group and tells how many jobs it had.
    fn undo(&mut self) -> u32 {
        // Closed first: those who hear of it open it again.
        self.conn = None;
        self.group.take().map_or(0, |group| group.jobs)
    }
}

/// The turn to write, handed on when it is dropped.
struct Turn<'a> {
    writer: &'a Writer,
    slot: Slot,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut slot = Slot { conn: self.slot.conn.take(), group: self.slot.group.take() };
        loop {
            let mut line = lock(&self.writer.line);
            let next = line.waiting.pop_front_if(|next| slot.group.as_ref().is_none_or(|group| group.takes(next)));
            match next {
                Some(next) => match next.hand.send(slot) {
                    Ok(()) => return,
                    Err(back) => slot = back.0,
                },
                None if slot.group.is_none() => {
                    line.resting = Some(slot);
                    return;
                }
                None => {
                    drop(line);
                    slot.commit();
                }
            }
        }
    }
}

/// What came of a job in a group.
enum Ran<T, E> {
    /// It ended, well or with an error of its own.
    Ended(Result<T, E>),
    /// The group was taken back. With the error, where the job was the only one.
    Undone(Option<E>),
    /// It panicked, and what it had written was taken back.
    Panicked(Box<dyn Any + Send>),
}

impl Turn<'_> {
    /// Opens a transaction unless one is open, and counts a job to it.
    fn join(&mut self, alone: bool) -> Result<Arc<Fate>, Error> {
        if self.slot.group.is_none() {
            self.begin()?;
            self.slot.group = Some(Group { fate: Arc::default(), jobs: 0, alone, began: Instant::now() });
        }
        let group = self.slot.group.as_mut().ok_or(Error::Crowded)?;
        group.jobs += 1;
        Ok(Arc::clone(&group.fate))
    }

    fn begin(&mut self) -> Result<(), Error> {
        self.writer.file.is_there()?;
        let conn = match self.slot.conn.take() {
            Some(conn) => conn,
            None => own(self.writer.file.connect()?),
        };
        let Conn::Sqlite(lite) = self.slot.conn.insert(conn) else { return Ok(()) };
        // IMMEDIATE takes the write lock at once: a reader that becomes a writer could only fail.
        let begun = Manager::begin_transaction_sql(&mut **lite, "BEGIN IMMEDIATE");
        if begun.is_err() {
            self.slot.conn = None;
        }
        Ok(begun?)
    }

    /// Runs a job in its savepoint.
    fn run<T, E: From<Error> + AsStoreError>(&mut self, f: &impl Fn(&mut Conn) -> Result<T, E>) -> Ran<T, E> {
        let Some(conn) = &mut self.slot.conn else { return Ran::Undone(None) };
        if let Err(error) = savepoint(conn, Manager::begin_transaction) {
            return self.undone(error.into());
        }
        let outcome = match catch_unwind(AssertUnwindSafe(|| f(conn))) {
            Ok(Err(error)) if error.as_store_error().is_some_and(|error| !error.is_of_the_job()) => {
                return self.undone(error);
            }
            outcome => outcome,
        };
        let is_done = matches!(outcome, Ok(Ok(_)));
        let act = if is_done { Manager::commit_transaction } else { Manager::rollback_transaction };
        // This fails when SQLite has taken everything back by itself, whatever the job made of the error.
        match (outcome, savepoint(conn, act)) {
            (Ok(outcome), Ok(())) => Ran::Ended(outcome),
            (Ok(_), Err(error)) => self.undone(error.into()),
            (Err(panic), Ok(())) => Ran::Panicked(panic),
            (Err(panic), Err(_)) => {
                self.slot.undo();
                Ran::Panicked(panic)
            }
        }
    }

    fn undone<T, E>(&mut self, error: E) -> Ran<T, E> {
        let jobs = self.slot.undo();
        tracing::warn!(jobs, "a storage error ended a group of writers");
        Ran::Undone((jobs == 1).then_some(error))
    }
}

fn own(conn: SqliteConnection) -> Conn {
    Conn::Sqlite(Lite::Writer(Box::new(conn)))
}

fn savepoint(conn: &mut Conn, act: fn(&mut SqliteConnection) -> diesel::QueryResult<()>) -> Result<(), Error> {
    let Conn::Sqlite(lite) = conn else { return Ok(()) };
    Ok(act(lite)?)
}

impl Writer {
    pub(super) fn new(file: File, conn: SqliteConnection) -> Self {
        let resting = Some(Slot { conn: Some(own(conn)), group: None });
        Self { file, line: Mutex::new(Line { waiting: VecDeque::new(), tickets: 0, resting }) }
    }

    /// Runs a job and answers when what it wrote is committed, or when it is certain that nothing was written.
    pub(super) fn write<T, E: From<Error> + AsStoreError>(
        &self,
        f: impl Fn(&mut Conn) -> Result<T, E>,
    ) -> Result<T, E> {
        // Alone the second time: the others of its group are none of its business any more.
        for alone in [false, true] {
            let mut turn = self.turn(alone)?;
            let fate = turn.join(alone)?;
            let ran = turn.run(&f);
            drop(turn);
            match ran {
                Ran::Panicked(panic) => resume_unwind(panic),
                Ran::Undone(Some(error)) => return Err(error),
                Ran::Undone(None) => {}
                Ran::Ended(outcome) => match fate.wait() {
                    Ended::Committed => return outcome,
                    Ended::Undone(Some(error)) => return Err(error.into()),
                    Ended::Undone(None) => {}
                },
            }
        }
        Err(Error::Crowded.into())
    }

    /// Waits in line.
    fn turn(&self, alone: bool) -> Result<Turn<'_>, Error> {
        let (hand, given) = sync_channel(1);
        let mut line = lock(&self.line);
        if let Some(slot) = line.resting.take() {
            return Ok(Turn { writer: self, slot });
        }
        line.tickets += 1;
        let ticket = line.tickets;
        line.waiting.push_back(Waiting { ticket, alone, hand });
        drop(line);
        if let Ok(slot) = given.recv_timeout(PATIENCE) {
            return Ok(Turn { writer: self, slot });
        }
        let mut line = lock(&self.line);
        line.waiting.retain(|waiting| waiting.ticket != ticket);
        // Hands are filled under this lock: what was handed over in the last moment is there now.
        given.try_recv().map(|slot| Turn { writer: self, slot }).map_err(|_nothing| Error::Crowded)
    }
}
