//! The worker: what the clock does, step beside step, each on a thread of its own.
//!
//! A step that fails or hangs holds no other up. It is said once when it begins to fail and once when it works again, and
//! waits longer after each failure. Waits go by the machine's monotonic clock: one that jumps makes nothing run more often.

use crate::mail::Mailing;
use anyhow::{Result, anyhow};
use hege_api::State;
use hege_app::worker::{self, Clocks};
use hege_app::{alerts, attachments, mail};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// After how long the alerts are looked at in any case, for a month may have ended, and whether somebody answers them.
const LOOK: Duration = Duration::from_secs(60);
/// After how long what fell due is looked at: it changes with the day, and it is read from a month of samples.
const DEADLINES: Duration = Duration::from_secs(3600);
/// After how long what nobody needs of the files is taken away: all of them are listed.
const SWEEP: Duration = Duration::from_secs(6 * 3600);
/// The longest wait of a step that fails.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How long the end waits for what a step has in hand: a mail that is being sent.
const FAREWELL: Duration = Duration::from_secs(5);

/// What a step does at each of its times. How much it did.
type Work = Box<dyn FnMut() -> Result<usize> + Send>;

/// A thing that the clock does.
struct Step {
    name: &'static str,
    every: Duration,
    /// How many times as long as it worked it rests at least.
    rest: u32,
    work: Work,
}

/// A look at the alerts reads the conclusions of the year, seconds among a million of samples: it takes a fifth of a core at
/// most, whatever is concluded meanwhile.
const REST_OF_ALERTS: u32 = 4;

/// Every step of a server. Whoever adds one adds it here.
fn steps(state: &Arc<State>, mailing: Option<Mailing>, stopping: &Arc<AtomicBool>) -> Vec<Step> {
    let mut steps = vec![
        alerts(Arc::clone(state)),
        reminders(Arc::clone(state)),
        deadlines(Arc::clone(state)),
        seals(Arc::clone(state)),
        keys(Arc::clone(state)),
        purges(Arc::clone(state)),
        sweeps(Arc::clone(state)),
    ];
    steps.extend(mailing.map(|mailing| mails(Arc::clone(state), mailing, Arc::clone(stopping))));
    steps
}

fn alerts(state: Arc<State>) -> Step {
    let mut looked: Option<Instant> = None;
    state.edge.worked();
    let work = move || {
        let look = looked.is_none_or(|at| at.elapsed() >= LOOK);
        let clocks = Clocks { now: state.machine_now(), board: state.now() };
        let changed = worker::alert(&state.store, clocks, look, &Uuid::now_v7)?;
        if look {
            looked = Some(Instant::now());
        }
        state.edge.worked();
        Ok(changed)
    };
    Step { name: "alerts", every: Duration::from_millis(250), rest: REST_OF_ALERTS, work: Box::new(work) }
}

fn reminders(state: Arc<State>) -> Step {
    let work = move || Ok(alerts::remind(&state.store, state.now(), &Uuid::now_v7)?);
    Step { name: "reminders", every: LOOK, rest: 0, work: Box::new(work) }
}

fn deadlines(state: Arc<State>) -> Step {
    let work = move || Ok(alerts::look_at_deadlines(&state.store, state.now(), &Uuid::now_v7)?);
    Step { name: "deadlines", every: DEADLINES, rest: 0, work: Box::new(work) }
}

fn seals(state: Arc<State>) -> Step {
    let work = move || {
        worker::seal(&state.store, state.machine_now())?;
        Ok(0)
    };
    Step { name: "seals", every: Duration::from_millis(250), rest: 0, work: Box::new(work) }
}

fn keys(state: Arc<State>) -> Step {
    let work = move || {
        state.keys.renew(&state.store, state.session_mark(None))?;
        Ok(0)
    };
    Step { name: "keys", every: LOOK, rest: 0, work: Box::new(work) }
}

fn purges(state: Arc<State>) -> Step {
    let work = move || Ok(worker::purge(&state.store, state.machine_now())?);
    Step { name: "purges", every: LOOK, rest: 0, work: Box::new(work) }
}

fn sweeps(state: Arc<State>) -> Step {
    let work = move || {
        let swept = attachments::sweep(&state.store, &state.shelf.files, state.machine_now())?;
        Ok(swept.files + swept.pieces)
    };
    Step { name: "sweeps", every: SWEEP, rest: 0, work: Box::new(work) }
}

fn mails(state: Arc<State>, mailing: Mailing, stopping: Arc<AtomicBool>) -> Step {
    let work = move || {
        let clock = || (!stopping.load(Ordering::Relaxed)).then(|| state.now());
        let round = mail::send(&state.store, &mailing.office, &clock)?;
        if round.failed > 0 {
            tracing::error!(mails = round.failed, "mail was given up: see `hege mail list`");
        }
        round.trouble.map_or(Ok(round.sent), |trouble| Err(anyhow!(trouble)))
    };
    Step { name: "mail", every: Duration::from_secs(1), rest: 0, work: Box::new(work) }
}

/// Threads that work until they are told to stop.
pub(crate) struct Worker {
    stopping: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Worker {
    /// The worker of a server.
    pub(crate) fn of(state: &Arc<State>, mailing: Option<Mailing>) -> Self {
        let stopping = Arc::new(AtomicBool::new(false));
        Self::start(steps(state, mailing, &stopping), stopping)
    }

    /// Begins with every step.
    fn start(steps: Vec<Step>, stopping: Arc<AtomicBool>) -> Self {
        let threads = steps.into_iter().map(|step| {
            let stopping = Arc::clone(&stopping);
            thread::spawn(move || step.go_on(&stopping))
        });
        Self { threads: threads.collect(), stopping }
    }

    /// Tells every step to stop. Until when what they have in hand is waited for.
    pub(crate) fn tell(&self) -> Instant {
        self.stopping.store(true, Ordering::Relaxed);
        self.threads.iter().for_each(|thread| thread.thread().unpark());
        Instant::now() + FAREWELL
    }

    /// Waits until then, at most, for what they have in hand.
    pub(crate) fn stop(self, until: Instant) {
        while self.threads.iter().any(|thread| !thread.is_finished()) && Instant::now() < until {
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Step {
    fn go_on(mut self, stopping: &AtomicBool) {
        let mut failures = 0;
        while !stopping.load(Ordering::Relaxed) {
            let began = Instant::now();
            let worked = catch_unwind(AssertUnwindSafe(&mut self.work)).unwrap_or_else(|_| Err(anyhow!("it panicked")));
            failures = self.tell(worked, failures);
            let rest = began.elapsed().saturating_mul(self.rest).min(LONGEST_WAIT);
            let until = Instant::now() + wait(self.every, failures).max(rest);
            while let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
                if stopping.load(Ordering::Relaxed) {
                    return;
                }
                thread::park_timeout(left);
            }
        }
    }

    /// Says what is new, and how often in a row it has failed now.
    fn tell(&self, worked: Result<usize>, failures: u32) -> u32 {
        let step = self.name;
        match worked {
            Ok(done) => {
                if failures > 0 {
                    tracing::info!(step, failures, "the worker goes on");
                }
                if done > 0 {
                    tracing::info!(step, done, "done");
                }
                0
            }
            Err(error) if failures == 0 => {
                tracing::error!(step, error = format!("{error:#}"), "the worker failed and tries again");
                1
            }
            Err(error) => {
                tracing::debug!(step, error = format!("{error:#}"), "the worker fails still");
                failures.saturating_add(1)
            }
        }
    }
}

/// A step's next wait: twice as long after each failure, at most a minute, and never shorter than its own.
fn wait(every: Duration, failures: u32) -> Duration {
    every.saturating_mul(1_u32 << failures.min(16)).min(LONGEST_WAIT.max(every))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU32;

    #[test]
    fn a_failing_step_waits_longer_each_time_and_at_most_a_minute() {
        let every = Duration::from_millis(250);
        let waits = [0, 1, 2, 7, 8, 100].map(|failures| wait(every, failures).as_millis());
        assert_eq!(waits, [250, 500, 1000, 32_000, 60_000, 60_000]);
        assert_eq!(wait(Duration::from_secs(3600), 3), Duration::from_secs(3600));
    }

    #[test]
    fn a_step_rests_as_many_times_as_long_as_it_worked() {
        let worked = Arc::new(std::sync::Mutex::new(Vec::new()));
        let told = Arc::clone(&worked);
        let work = Box::new(move || {
            let began = Instant::now();
            thread::sleep(Duration::from_millis(20));
            told.lock().unwrap().push((began, Instant::now()));
            Ok(0)
        });
        let worker = Worker::start(vec![Step { name: "slow", every: Duration::ZERO, rest: 4, work }], Arc::default());
        let deadline = Instant::now() + Duration::from_secs(20);
        while worked.lock().unwrap().len() < 3 {
            assert!(Instant::now() < deadline, "it does not go on");
            thread::sleep(Duration::from_millis(1));
        }
        let until = worker.tell();
        worker.stop(until);
        for pair in worked.lock().unwrap().windows(2) {
            let ((began, ended), (next, _)) = (pair[0], pair[1]);
            assert!(next - ended >= (ended - began) * 4, "it worked {:?} and rested {:?}", ended - began, next - ended);
        }
    }

    #[test]
    fn a_step_that_panics_or_hangs_holds_no_other_up_and_goes_on() {
        let counts = Arc::new([const { AtomicU32::new(0) }; 2]);
        let (panics, works) = (Arc::clone(&counts), Arc::clone(&counts));
        let every = Duration::from_millis(1);
        let panicking = Box::new(move || {
            let before = panics[0].fetch_add(1, Ordering::Relaxed);
            assert!(before > 1, "it panics twice");
            Ok(0)
        });
        let hanging = Box::new(move || {
            thread::sleep(Duration::from_secs(3600));
            Ok(0)
        });
        let working = Box::new(move || {
            works[1].fetch_add(1, Ordering::Relaxed);
            Ok(1)
        });
        let steps = vec![
            Step { name: "panicking", every, rest: 0, work: panicking },
            Step { name: "hanging", every, rest: 0, work: hanging },
            Step { name: "working", every, rest: 0, work: working },
        ];
        let worker = Worker::start(steps, Arc::default());
        let deadline = Instant::now() + Duration::from_secs(20);
        while counts.iter().any(|count| count.load(Ordering::Relaxed) < 5) {
            assert!(Instant::now() < deadline, "{counts:?}");
            thread::sleep(Duration::from_millis(1));
        }
        let stopping = Instant::now();
        let until = worker.tell();
        worker.stop(until);
        assert!(stopping.elapsed() < Duration::from_secs(30), "the end does not wait for what hangs");
    }
}
