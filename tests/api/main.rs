//! The API held from outside: the real server on a socket, on both databases, driven by what a client sends.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a test fails by panicking; a JSON value that lacks a field gives null; people and houses are numbered"
)]

mod access;
mod acts;
mod administration;
mod alerts;
mod attachments;
mod board;
mod bodies;
mod browsers;
mod bulletins;
mod client;
mod contract;
mod custody;
mod deadlines;
mod disposals;
mod document;
mod edge;
mod evidence;
mod examples;
mod forms;
mod imports;
mod indicators;
mod limits;
mod lockout;
mod logs;
mod mail;
mod objections;
mod people;
mod planning;
mod registrations;
mod reinspection;
mod rows;
mod rules;
mod scope;
mod search;
mod server;
mod sessions;
mod storage;
mod thread;
mod tokens;
mod transitions;
mod wire;

use hege_api::edge::Settings;
use hege_testkit::{TestDb, databases};
use server::Server;
use std::fmt::Debug;
use std::time::{Duration, Instant};

/// Runs a test against a server on each kind of database, both at once: most of a test is waiting for a disk.
fn on_both(test: impl Fn(&Server) + Sync) {
    on_both_in(&Settings::default(), test);
}

/// The same in other surroundings.
fn on_both_in(settings: &Settings, test: impl Fn(&Server) + Sync) {
    at_once(databases().map(|db| move || Server::start_in(db, settings.clone())), test);
}

/// Runs a test of the main job against a server on each kind of database, and against two that share one and are asked in
/// turn: each request is answered by another server than the one before.
fn on_each(test: impl Fn(&Server) + Sync) {
    let [sqlite, postgres] = databases();
    let made = [(1, sqlite), (1, postgres), (2, TestDb::postgres())];
    at_once(made.map(|(hosts, db)| move || Server::start_many(hosts, db, &Settings::default())), test);
}

fn at_once<const N: usize>(servers: [impl FnOnce() -> Server + Send; N], test: impl Fn(&Server) + Sync) {
    let test = &test;
    let outcomes = std::thread::scope(|scope| {
        let run = |server: _| scope.spawn(move || run_on(server, test));
        servers.map(run).map(std::thread::ScopedJoinHandle::join)
    });
    if let Some(failed) = outcomes.into_iter().find_map(Result::err) {
        std::panic::resume_unwind(failed);
    }
}

fn run_on(server: impl FnOnce() -> Server, test: impl Fn(&Server)) {
    test(&server());
}

/// Looks again until it is so; what is never so fails with what was seen last.
fn until<T: Debug>(what: &str, look: impl Fn() -> T, is_so: impl Fn(&T) -> bool) -> T {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let seen = look();
        if is_so(&seen) {
            return seen;
        }
        assert!(Instant::now() < deadline, "{what}: never; seen last: {seen:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
