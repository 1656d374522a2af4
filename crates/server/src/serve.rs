//! `hege serve`: the server with its worker.

use crate::config::{Database, KeyFile, Listen};
use anyhow::{Context, Result};
use hege_api::State;
use hege_api::upload::{BYTES_MAX, Uploads};
use hege_app::sessions::Keys;
use hege_app::worker::{self, Clocks};
use hege_app::{Store, setup};
use jiff::Timestamp;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use uuid::Uuid;

/// How often the worker looks for what is due.
const EVERY: Duration = Duration::from_millis(250);
/// After how many looks it looks at the alerts in any case: a month may have ended.
const LOOKS: u32 = 240;

/// Everything that `serve` is told.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) database: Database,
    #[command(flatten)]
    pub(crate) key_file: KeyFile,
    #[command(flatten)]
    pub(crate) listen: Listen,
    /// Bring a PostgreSQL database up to this program; the embedded one does so by itself.
    #[arg(long)]
    migrate: bool,
    /// The most bytes of a file that is uploaded for import.
    #[arg(long, env = "HEGE_IMPORT_MAX", default_value_t = BYTES_MAX)]
    import_max: u64,
}

impl Serve {
    /// Opens the database, loads what it lacks, and serves until it is told to stop.
    pub(crate) fn run(&self) -> Result<()> {
        let store = self.database.open_migrated(self.migrate)?;
        let demo_clock = setup::demo_clock(&store)?;
        setup::load(&store, demo_clock.unwrap_or_else(Timestamp::now), &Uuid::now_v7)?;
        self.listen.check(demo_clock.is_some())?;
        let offset = demo_clock.map(|clock| clock.duration_since(Timestamp::now())).unwrap_or_default();
        let data_key = self.key_file.load_for(&store, &self.database)?;
        let keys = Keys::load(&store, Timestamp::now())?;
        let regions = setup::regions(&store)?;
        let listener = TcpListener::bind(self.listen.listen)
            .with_context(|| format!("cannot listen on {}", self.listen.listen))?;
        announce(&listener)?;
        let state = State {
            store,
            keys,
            regions,
            catalogues: hege_app::criteria::Catalogues::default(),
            data_key,
            hints: hege_api::events::Hints::default(),
            passwords: hege_api::passwords::Passwords::default(),
            uploads: Uploads::new(self.import_max),
            offset,
        };
        actix_web::rt::System::new().block_on(serve(listener, Arc::new(state)))
    }
}

#[expect(clippy::print_stdout, reason = "the address is what whoever started it waits for")]
fn announce(listener: &TcpListener) -> Result<()> {
    println!("hege: http://{}", listener.local_addr()?);
    Ok(())
}

async fn serve(listener: TcpListener, state: Arc<State>) -> Result<()> {
    let working = actix_web::rt::spawn(work(Arc::clone(&state)));
    let served = hege_api::server::serve(listener, state, told_to_stop()).await;
    working.abort();
    served.context("the server failed")
}

/// Ends at Ctrl-C or SIGTERM.
async fn told_to_stop() {
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        tracing::error!("signals cannot be waited for: only SIGKILL ends this server");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    tracing::info!("stopping");
}

/// The worker: alerts and seals, one look after the other. What fails is logged and tried again at the next look.
async fn work(state: Arc<State>) {
    let mut looks = 0_u32;
    loop {
        let look = looks.is_multiple_of(LOOKS);
        looks = looks.wrapping_add(1);
        let store = state.store.clone();
        let clocks = Clocks { now: state.machine_now(), board: state.now() };
        let worked = actix_web::rt::task::spawn_blocking(move || tick(&store, clocks, look)).await;
        match worked {
            Ok(Ok(0)) => {}
            Ok(Ok(alerts)) => tracing::info!(alerts, "alerts changed"),
            Ok(Err(error)) => tracing::error!(%error, "the worker failed and tries again"),
            Err(error) => tracing::error!(%error, "the worker panicked and goes on"),
        }
        actix_web::rt::time::sleep(EVERY).await;
    }
}

fn tick(store: &Store, clocks: Clocks, look: bool) -> Result<usize, hege_app::Error> {
    let alerts = worker::alert(store, clocks, look, &Uuid::now_v7)?;
    worker::seal(store, clocks.now)?;
    Ok(alerts)
}
