//! `hege serve`: the server with its worker.

use crate::config::{Database, KeyFile, Listen};
use crate::mail::{Mailing, Smtp};
use crate::worker::{self, Worker};
use anyhow::{Context, Result};
use hege_api::State;
use hege_api::upload::{BYTES_MAX, Uploads};
use hege_app::sessions::Keys;
use hege_app::setup;
use jiff::Timestamp;
use std::net::TcpListener;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};
use uuid::Uuid;

/// Everything that `serve` is told.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) database: Database,
    #[command(flatten)]
    pub(crate) key_file: KeyFile,
    #[command(flatten)]
    pub(crate) listen: Listen,
    #[command(flatten)]
    smtp: Smtp,
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
        let mailing = self.smtp.open(self.listen.public_url.as_deref(), Some(listener.local_addr()?))?;
        if mailing.is_none() {
            tracing::info!("SMTP_URL names no mail server: mail waits, and is given up after four days");
        }
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
        actix_web::rt::System::new().block_on(serve(listener, Arc::new(state), mailing))
    }
}

#[expect(clippy::print_stdout, reason = "the address is what whoever started it waits for")]
fn announce(listener: &TcpListener) -> Result<()> {
    println!("hege: http://{}", listener.local_addr()?);
    Ok(())
}

async fn serve(listener: TcpListener, state: Arc<State>, mailing: Option<Mailing>) -> Result<()> {
    let worker = Worker::start(worker::steps(&state, mailing));
    let served = hege_api::server::serve(listener, state, told_to_stop()).await;
    worker.stop();
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
