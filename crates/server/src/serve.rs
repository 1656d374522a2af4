//! `hege serve`: the server with its worker.

use crate::config::{Database, KeyFile};
use crate::files::KeptIn;
use crate::listen::{Listen, Surroundings, refuse};
use crate::mail::{Mailing, Smtp};
use crate::tls::Certificates;
use crate::worker::Worker;
use anyhow::{Context, Result};
use hege_api::State;
use hege_api::attachments::Shelf;
use hege_api::edge::Edge;
use hege_api::upload::{BYTES_MAX, Uploads};
use hege_app::sessions::Keys;
use hege_app::setup;
use jiff::Timestamp;
use std::cell::Cell;
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
    files: KeptIn,
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
    /// Reads all settings, and refuses those that cannot be used, all at once.
    pub(crate) fn surroundings(&self) -> Result<Surroundings> {
        let mut problems = self.database.objections();
        problems.extend(self.key_file.objections(&self.database));
        let surroundings = self.listen.read(&mut problems);
        refuse(&problems)?;
        Ok(surroundings)
    }

    /// Opens the database, loads what it lacks, and serves until it is told to stop.
    pub(crate) fn run(&self) -> Result<()> {
        let surroundings = self.surroundings()?;
        let store = self.database.open_migrated(self.migrate)?;
        let demo_clock = setup::demo_clock(&store)?;
        if demo_clock.is_some() {
            surroundings.check_demo()?;
        }
        let Surroundings { addresses, settings, certificates } = surroundings;
        setup::load(&store, demo_clock.unwrap_or_else(Timestamp::now), &Uuid::now_v7)?;
        let offset = demo_clock.map(|clock| clock.duration_since(Timestamp::now())).unwrap_or_default();
        let data_key = self.key_file.load_for(&store, &self.database)?;
        let shelf = Shelf::new(self.files.open(&self.database)?);
        let keys = Keys::load(&store, Timestamp::now())?;
        let regions = setup::regions(&store)?;
        let listener =
            TcpListener::bind(addresses.as_slice()).with_context(|| format!("cannot listen on {addresses:?}"))?;
        let mailing = self.smtp.open(settings.public_origin.as_deref(), Some(listener.local_addr()?))?;
        if mailing.is_none() {
            tracing::info!("SMTP_URL names no mail server: mail waits, and is given up after four days");
        }
        announce(&listener, certificates.is_some())?;
        let state = State {
            store,
            keys,
            regions,
            catalogues: hege_app::criteria::Catalogues::default(),
            data_key,
            shelf,
            hints: hege_api::events::Hints::default(),
            passwords: hege_api::passwords::Passwords::default(),
            uploads: Uploads::new(self.import_max),
            edge: Edge::new(settings),
            offset,
        };
        let system = actix_web::rt::System::new();
        let served = system.block_on(serve(listener, Arc::new(state), Beside { certificates, mailing }));
        // Whatever still runs was given its time: the process ends without it.
        std::mem::forget(system);
        served
    }
}

#[expect(clippy::print_stdout, reason = "the address is what whoever started it waits for")]
fn announce(listener: &TcpListener, is_tls: bool) -> Result<()> {
    let scheme = if is_tls { "https" } else { "http" };
    println!("hege: {scheme}://{}", listener.local_addr()?);
    Ok(())
}

/// What runs beside the server.
struct Beside {
    certificates: Option<Arc<Certificates>>,
    mailing: Option<Mailing>,
}

async fn serve(listener: TcpListener, state: Arc<State>, beside: Beside) -> Result<()> {
    let worker = Worker::of(&state, beside.mailing);
    let renewing = actix_web::rt::spawn(renew_when_told(beside.certificates));
    let until = Cell::new(None);
    let told = async {
        told_to_stop().await;
        until.set(Some(worker.tell()));
    };
    let served = hege_api::server::serve(listener, state, told).await;
    renewing.abort();
    let until = until.get().unwrap_or_else(|| worker.tell());
    worker.stop(until);
    tracing::info!("stopped");
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

/// Reads the certificate again at each SIGHUP, which without this would end the process.
async fn renew_when_told(certificates: Option<Arc<Certificates>>) {
    let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
    while hangup.recv().await.is_some() {
        match certificates.as_ref().map(|certificates| certificates.renew()) {
            Some(Ok(())) => tracing::info!("the certificate was read again"),
            Some(Err(error)) => tracing::error!(error = format!("{error:#}"), "the certificate stays the old one"),
            None => tracing::info!("there is no certificate to read again"),
        }
    }
}
