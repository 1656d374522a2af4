//! The real server on a socket, on a database of its own, with the worker that `hege serve` runs beside it.

use crate::client::Client;
use crate::people::{House, PASSWORD, Who};
use hege_api::State;
use hege_api::attachments::Shelf;
use hege_api::edge::{Edge, Settings};
use hege_app::attachments::Files;
use hege_app::criteria::Catalogues;
use hege_app::plans::{Target, YearPlan};
use hege_app::sessions::Keys;
use hege_app::worker::{self, Clocks};
use hege_app::{DataKey, Mark, PROVINCE, Store, organisations, people, plans, setup};
use hege_core::PlanId;
use hege_core::date::{CHINA, china_date};
use hege_testkit::TestDb;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;
use uuid::Uuid;

/// Fewest samples for a notice in the plan of these tests.
pub(crate) const MIN_N: u32 = 5;

/// The data key of every server here.
const DATA_KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// One server on a database, or several that are to behave as one, until dropped.
pub(crate) struct Server {
    /// The kind of its database, for messages.
    pub(crate) name: &'static str,
    pub(crate) store: Store,
    /// Where the first of them listens.
    pub(crate) address: SocketAddr,
    /// The current plan, of this year.
    pub(crate) plan: PlanId,
    agent: ureq::Agent,
    logged_in: Mutex<BTreeMap<Who, String>>,
    serial: AtomicU32,
    turn: AtomicUsize,
    hosts: Vec<Host>,
    /// Where all of them keep files.
    pub(crate) folder: tempfile::TempDir,
    // Last: it goes when nobody uses it any more.
    _db: TestDb,
}

/// What one `hege serve` is: a server with a pool, keys and a worker of its own.
struct Host {
    address: SocketAddr,
    store: Store,
    stop: Mutex<Option<oneshot::Sender<()>>>,
    serving: Mutex<Option<JoinHandle<()>>>,
    ending: Arc<AtomicBool>,
    working: Mutex<Option<JoinHandle<()>>>,
}

/// Nobody, now.
pub(crate) fn mark() -> Mark {
    Mark { person: None, at: Timestamp::now(), audit_id: Uuid::now_v7() }
}

/// A plan of this year, so that what is sampled today counts.
fn plan() -> YearPlan {
    let shipped = setup::shipped().unwrap().plans.iter().find(|plan| plan.demo).unwrap();
    let year = china_date(Timestamp::now()).year();
    let first = jiff::civil::date(year, 1, 1).at(0, 0, 0, 0);
    let valid_from = CHINA.to_timestamp(first).unwrap();
    let of_demo = setup::year_plan(shipped, true);
    let targets = of_demo.targets.into_iter().map(|target| Target { min_n: MIN_N, valid_from, ..target });
    YearPlan { id: PlanId(Uuid::now_v7()), year, targets: targets.collect(), ..of_demo }
}

fn work(store: &Store, ending: &AtomicBool) {
    while !ending.load(Ordering::Relaxed) {
        let now = Timestamp::now();
        worker::alert(store, Clocks { now, board: now }, false, &Uuid::now_v7).unwrap();
        worker::seal(store, now).unwrap();
        std::thread::sleep(Duration::from_millis(25));
    }
}

impl Host {
    fn start(url: &str, files: &str, settings: Settings) -> Self {
        let store = Store::open(url, 4).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = State {
            keys: Keys::load(&store, Timestamp::now()).unwrap(),
            regions: setup::regions(&store).unwrap(),
            store: store.clone(),
            catalogues: Catalogues::default(),
            data_key: DataKey::parse(DATA_KEY).unwrap(),
            shelf: Shelf::new(Files::open(files).unwrap()),
            hints: hege_api::events::Hints::default(),
            passwords: hege_api::passwords::Passwords::default(),
            uploads: hege_api::upload::Uploads::new(4 * 1024 * 1024),
            edge: Edge::new(settings),
            offset: jiff::SignedDuration::ZERO,
        };
        let (stop, told_to_stop) = oneshot::channel();
        let serving = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let stop = async { drop(told_to_stop.await) };
            let served = hege_api::server::serve(listener, Arc::new(state), stop);
            tokio::task::LocalSet::new().block_on(&runtime, served).unwrap();
        });
        let ending = Arc::new(AtomicBool::new(false));
        let working = {
            let (store, ending) = (store.clone(), Arc::clone(&ending));
            std::thread::spawn(move || work(&store, &ending))
        };
        Self {
            address,
            store,
            stop: Mutex::new(Some(stop)),
            serving: Mutex::new(Some(serving)),
            ending,
            working: Mutex::new(Some(working)),
        }
    }

    /// Tells it to stop, and waits until it has.
    fn stop(&self) -> std::thread::Result<()> {
        // It may have ended by itself.
        let _told = self.stop.lock().unwrap().take().map(|stop| stop.send(()));
        self.serving.lock().unwrap().take().map_or(Ok(()), JoinHandle::join)
    }

    fn stop_working(&self) -> std::thread::Result<()> {
        self.ending.store(true, Ordering::Relaxed);
        self.working.lock().unwrap().take().map_or(Ok(()), JoinHandle::join)
    }
}

impl Server {
    /// Fills an empty database with what ships, the houses and this year's plan, and serves it in these surroundings.
    pub(crate) fn start_in(db: TestDb, settings: Settings) -> Self {
        Self::start_many(1, db, &settings)
    }

    /// The same by several servers, which are asked in turn.
    pub(crate) fn start_many(hosts: usize, db: TestDb, settings: &Settings) -> Self {
        let store = Store::open(db.url(), 4).unwrap();
        store.migrate().unwrap();
        setup::load(&store, Timestamp::now(), &Uuid::now_v7).unwrap();
        for house in House::ALL {
            let name = format!("演示{house:?}");
            organisations::found(&store, (house.kind(), &name, PROVINCE), (house.id(), mark())).unwrap();
        }
        let plan = plan();
        plans::put(&store, &plan, mark()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        // All at once, as after a power cut: each finds no key to sign with.
        let hosts: Vec<Host> = std::thread::scope(|scope| {
            let start = |_| scope.spawn(|| Host::start(db.url(), folder.path().to_str().unwrap(), settings.clone()));
            let starting: Vec<_> = (0..hosts).map(start).collect();
            starting.into_iter().map(|host| host.join().unwrap()).collect()
        });
        Self {
            name: db.name(),
            store,
            address: hosts[0].address,
            plan: plan.id,
            agent: crate::client::agent(),
            logged_in: Mutex::default(),
            serial: AtomicU32::new(0),
            turn: AtomicUsize::new(0),
            hosts,
            folder,
            _db: db,
        }
    }

    /// Runs SQL where the first server writes: what a connection of SQLite is told holds for that connection only.
    pub(crate) fn execute(&self, sql: &str) {
        self.hosts[0].store.execute(sql).unwrap();
    }

    /// Whose turn it is to be asked.
    pub(crate) fn next_address(&self) -> SocketAddr {
        self.hosts[self.turn.fetch_add(1, Ordering::Relaxed) % self.hosts.len()].address
    }

    /// Somebody without a login.
    pub(crate) fn stranger(&self) -> Client<'_> {
        Client::new(self, &self.agent, None)
    }

    /// Somebody with a token, whatever it is.
    pub(crate) fn with_token(&self, token: &str) -> Client<'_> {
        Client::new(self, &self.agent, Some(token.to_owned()))
    }

    /// A person, with the login that they get at their first use.
    pub(crate) fn who(&self, who: Who) -> Client<'_> {
        let mut logged_in = self.logged_in.lock().unwrap();
        let token = logged_in.entry(who).or_insert_with(|| {
            self.hire(who);
            self.session(who)["access_token"].as_str().unwrap().to_owned()
        });
        self.with_token(token)
    }

    /// Makes a person's login.
    pub(crate) fn hire(&self, who: Who) {
        people::add(&self.store, (&who.login(), PASSWORD), &who.profile(), (who.id(), mark())).unwrap();
    }

    /// Another session of a person who has a login.
    pub(crate) fn session(&self, who: Who) -> serde_json::Value {
        self.stranger().begin(&who.login(), PASSWORD).ok()
    }

    /// The next serial of a form.
    pub(crate) fn serial(&self) -> u32 {
        self.serial.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Tells the server to stop, and waits until it has. How long that took.
    pub(crate) fn stop(&self) -> Duration {
        let begun = std::time::Instant::now();
        self.hosts.iter().for_each(|host| host.stop().unwrap());
        begun.elapsed()
    }

    /// Ends the workers: nothing is written any more that no request asked for.
    pub(crate) fn stop_working(&self) {
        self.hosts.iter().for_each(|host| host.stop_working().unwrap());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Connections that are kept alive would make the server wait for them.
        self.agent = crate::client::agent();
        let ended = self.hosts.iter().flat_map(|host| [host.stop(), host.stop_working()]);
        let failed = ended.filter(Result::is_err).count();
        // A second panic would abort the process and hide the first.
        if failed > 0 && !std::thread::panicking() {
            panic!("server or worker panicked");
        }
    }
}
