//! HTTP: routes, bodies, problems, OpenAPI.
//!
//! Invariants
//! - A handler extracts, converts, calls one use case, converts back. No rule and no SQL lives here.
//! - Who may call it stands in the handler's type ([`access::Allowed`]); the body is read only afterwards.
//! - What is wrong with a request is told at once, field by field, in Chinese and English, with a stable code ([`problem`]).

pub mod access;
pub mod alerts;
pub mod attachments;
pub mod body;
pub mod edge;
pub mod events;
pub mod openapi;
pub mod passwords;
pub mod problem;
pub mod rates;
pub mod reach;
pub mod server;
pub mod upload;

mod after_verdict;
mod alert_rules;
mod answers;
mod audits;
mod bulletins;
mod comparisons;
mod coverage;
mod criteria;
mod custody;
mod custody_views;
mod deadline_rules;
mod deadlines;
mod disposals;
mod evidence;
mod form_fields;
mod health;
mod impact;
mod imports;
mod indicators;
mod json;
mod keyed;
mod named;
mod objections;
mod organisations;
mod people;
mod pipe;
mod plans;
mod public;
mod quotas;
mod reference;
mod results;
mod samples;
mod sessions;
mod subscriptions;
mod tasks;
mod views;

use actix_web::{HttpResponse, web};
use attachments::Shelf;
use edge::Edge;
use events::Hints;
use hege_app::criteria::Catalogues;
use hege_app::reference::Regions;
use hege_app::sessions::{Admitted, Keys};
use hege_app::{Call, DataKey, Error, Mark, Store};
use hege_core::UserId;
use jiff::{SignedDuration, Timestamp};
use passwords::Passwords;
use problem::Failure;
use std::sync::Arc;
use upload::Uploads;
use uuid::Uuid;

/// What every handler may use.
pub struct State {
    /// The database.
    pub store: Store,
    /// The keys that sign access tokens.
    pub keys: Keys,
    /// The regions.
    pub regions: Regions,
    /// The catalogue of limits.
    pub catalogues: Catalogues,
    /// The key of personal data.
    pub data_key: DataKey,
    /// Who listens for what changed.
    pub hints: Hints,
    /// Who waits for a password to be hashed.
    pub passwords: Passwords,
    /// The files beside samples.
    pub shelf: Shelf,
    /// What uploads are allowed.
    pub uploads: Uploads,
    /// Who reaches it, how often, and what is told of it.
    pub edge: Edge,
    /// How far the clock of the board and of everything that is recorded is from the machine's: a demonstration lives in its
    /// own time. Tokens always go by the machine's.
    pub offset: SignedDuration,
}

impl State {
    /// The machine's clock.
    #[must_use]
    pub fn machine_now(&self) -> Timestamp {
        to_the_microsecond(Timestamp::now())
    }

    /// The clock of the board and of everything that is recorded.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        to_the_microsecond(now.checked_add(self.offset).unwrap_or(now))
    }

    /// A new id, ordered by time.
    #[must_use]
    pub fn new_id(&self) -> Uuid {
        Uuid::now_v7()
    }

    /// A call by a person, now.
    #[must_use]
    pub fn call(&self, person: &Admitted) -> Call {
        person.call(self.now(), self.new_id())
    }

    /// A change by a person (or nobody yet), now.
    #[must_use]
    pub fn mark(&self, person: Option<UserId>) -> Mark {
        Mark { person, at: self.now(), audit_id: self.new_id() }
    }

    /// What begins or goes on with a session, by the machine's clock.
    #[must_use]
    pub fn session_mark(&self, person: Option<UserId>) -> Mark {
        Mark { at: self.machine_now(), ..self.mark(person) }
    }

    /// Runs a use case that hashes a password, when it is its turn.
    ///
    /// # Errors
    /// As [`State::run`]; 503 when too many wait.
    pub async fn run_in_turn<T, F>(self: &Arc<Self>, f: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: FnOnce(&Self) -> Result<T, Error> + Send + 'static,
    {
        let _turn = self.passwords.turn().await?;
        self.run(f).await
    }

    /// Runs a use case on a thread that may wait for the database.
    ///
    /// # Errors
    /// The use case's as an answer; 500 when it panicked.
    pub async fn run<T, F>(self: &Arc<Self>, f: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: FnOnce(&Self) -> Result<T, Error> + Send + 'static,
    {
        let (state, span) = (Arc::clone(self), tracing::Span::current());
        let outcome = web::block(move || span.in_scope(|| f(&state))).await;
        // A server that stops lets what is in hand finish: whoever gets no answer has panicked.
        let outcome = outcome.unwrap_or_else(|no_answer| Err(Error::Internal(no_answer.to_string())));
        outcome.map_err(Failure::from)
    }
}

/// An instant as the databases keep it.
fn to_the_microsecond(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

/// Every route. `state` must be put beside it.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .service(
            web::scope("/api/v1")
                .configure(sessions::routes)
                .configure(people::routes)
                .configure(organisations::routes)
                .configure(reference::routes)
                .configure(audits::routes)
                .configure(plans::routes)
                .configure(coverage::routes)
                .configure(indicators::routes)
                .configure(quotas::routes)
                .configure(tasks::routes)
                .configure(comparisons::routes)
                .configure(rates::routes)
                .configure(form_fields::routes)
                .configure(samples::routes)
                .configure(custody::routes)
                .configure(attachments::routes)
                .configure(evidence::routes)
                .configure(after_verdict::routes)
                .configure(objections::routes)
                .configure(disposals::routes)
                .configure(bulletins::routes)
                .configure(public::routes)
                .configure(results::routes)
                .configure(deadlines::routes)
                .configure(deadline_rules::routes)
                .configure(criteria::routes)
                .configure(impact::routes)
                .configure(alert_rules::routes)
                .configure(alerts::routes)
                .configure(subscriptions::routes)
                .configure(imports::routes)
                .configure(events::routes),
        )
        .configure(health::routes)
        .configure(edge::metrics::routes)
        .configure(edge::docs::routes)
        .configure(openapi::routes)
        .default_service(web::to(nothing_here));
}

async fn nothing_here() -> Result<HttpResponse, Failure> {
    Err(Failure::not_found())
}
