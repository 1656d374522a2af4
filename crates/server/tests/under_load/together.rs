//! Two servers on one database, which behave as one.

use crate::load::{Load, kills};
use crate::site::{REVIEWER, Served, Site};
use hege_testkit::{MailServer, TestDb};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const ADDRESS: &str = "reviewer@example.org";

/// Looks again until it is so.
fn until<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < deadline, "{what}: never");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The alert of the plan.
fn below_target(load: &Load) -> Option<Value> {
    let (status, alerts) = load.ask("GET", "/alerts", (REVIEWER, None));
    assert_eq!(status, 200, "{alerts}");
    let mut found = alerts["items"].as_array().unwrap().iter().filter(|alert| alert["rule"] == "below_target");
    let first = found.next().cloned();
    assert_eq!(found.count(), 0, "each alert is raised once: {alerts}");
    first
}

/// Counts the hints that a server tells a reviewer about samples.
fn listen(site: &Site, token: &str, heard: &'static AtomicU32) {
    let request = ureq::get(format!("{}/events", site.base())).header("authorization", format!("Bearer {token}"));
    let response = request.call().unwrap();
    std::thread::spawn(move || {
        let lines = BufReader::new(response.into_body().into_reader()).lines().map_while(Result::ok);
        for _ in lines.filter(|line| line.starts_with("data: ") && line.contains("\"sample\"")) {
            heard.fetch_add(1, Ordering::Relaxed);
        }
    });
}

/// The subject of each mail about the plan's alert, with how often it came.
fn mailed(mails: &MailServer) -> BTreeMap<String, u32> {
    let mut subjects = BTreeMap::new();
    for mail in mails.taken() {
        let read = mail_parser::MessageParser::default().parse(&mail).unwrap();
        assert_eq!(read.to().unwrap().first().unwrap().address(), Some(ADDRESS));
        let id = read.message_id().unwrap().to_owned();
        *subjects.entry(id).or_default() += 1;
    }
    subjects
}

/// Every mail row of every alert: which must all have left.
fn mails_told(load: &Load) -> Option<usize> {
    let (_, alerts) = load.ask("GET", "/alerts", (REVIEWER, None));
    let ids = alerts["items"].as_array().unwrap().iter().map(|alert| alert["id"].as_str().unwrap().to_owned());
    let details = ids.map(|id| load.ask("GET", &format!("/alerts/{id}"), (REVIEWER, None)).1);
    let mails: Vec<Value> = details.flat_map(|alert| alert["mail"].as_array().unwrap().clone()).collect();
    let has_left = !mails.is_empty() && mails.iter().all(|mail| mail["state"] == "sent");
    has_left.then_some(mails.len())
}

#[test]
fn two_servers_under_load_behave_as_one() {
    static HEARD: [AtomicU32; 2] = [const { AtomicU32::new(0) }; 2];
    let (db, mails, folder) = (TestDb::postgres(), MailServer::start(), tempfile::tempdir().unwrap());
    let sites = Site::two_on(db.url(), folder.path(), &mails.url());
    // At the same moment, when nobody has made a key yet.
    let mut served: [Option<Served>; 2] = std::thread::scope(|scope| {
        sites.each_ref().map(|site| scope.spawn(|| site.serve())).map(|starting| Some(starting.join().unwrap()))
    });
    let mut load = Load::new(&sites);
    load.repeats = true;
    let (_, now) = load.ask("GET", "/subscriptions", (REVIEWER, None));
    let wish =
        json!({"revision": now["revision"], "email": ADDRESS, "kinds": ["plan", "early_warning", "event", "data"]});
    assert_eq!(load.ask("PUT", "/subscriptions", (REVIEWER, Some(&wish))).0, 200);
    for (site, heard) in sites.iter().zip(&HEARD) {
        listen(site, load.token(REVIEWER), heard);
    }
    let told = || HEARD.each_ref().map(|heard| heard.load(Ordering::Relaxed));
    until("hints at both", || {
        load.step();
        told().iter().all(|heard| *heard > 0).then_some(())
    });
    let mut turn = 0;
    load.while_disturbed(|| {
        // Each leaves in turn and comes back; the other one goes on alone meanwhile.
        served[turn].take().unwrap().end();
        load.runs();
        served[turn] = Some(sites[turn].serve());
        turn = 1 - turn;
    });
    let alert = until("the alert", || below_target(&load));
    let (_, alert) = load.ask("GET", &format!("/alerts/{}", alert["id"].as_str().unwrap()), (REVIEWER, None));
    let steps = alert["events"].as_array().unwrap().iter();
    let steps: Vec<String> = steps.map(|event| format!("{} {}", event["kind"], event["grade"])).collect();
    let different: BTreeSet<&String> = steps.iter().collect();
    assert_eq!(different.len(), steps.len(), "each step of an alert happens once: {steps:?}");
    let rows = until("every mail has left", || mails_told(&load));
    let arrived = mailed(&mails);
    assert!(arrived.values().all(|times| *times == 1), "each mail arrives once: {arrived:?}");
    assert_eq!(arrived.len(), rows);
    eprint!("two servers, {} of them restarted, {rows} mails: ", kills());
    load.holds();
    drop(served);
    sites[0].verify();
}
