//! `hege user`: logins from the command line, the first one among them.

use crate::config::Database;
use crate::{said, told, words};
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use hege_app::organisations::{self, Organisation};
use hege_app::people::{self, Change, Profile};
use hege_app::reference::OrganisationKind;
use hege_app::{Mark, PROVINCE, Store};
use hege_core::{OrganisationId, RegionCode, Role, Stage, UserId};
use jiff::Timestamp;
use std::io::{IsTerminal as _, stdin};
use uuid::Uuid;

/// What is done with logins.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum User {
    /// Make a login. The password is read from standard input.
    ///
    /// Example: hege user add admin --name 管理员 --organisation 省食品安全委员会办公室 --found department --role administrator
    Add(Add),
    /// Give a login another password, read from standard input; its sessions end.
    ///
    /// Example: hege user reset admin
    Reset {
        /// The login.
        login: String,
        #[command(flatten)]
        database: Database,
    },
    /// Let a disabled login in again.
    ///
    /// Example: hege user enable admin
    Enable {
        /// The login.
        login: String,
        #[command(flatten)]
        database: Database,
    },
    /// Disable a login; its sessions end.
    ///
    /// Example: hege user disable admin
    Disable {
        /// The login.
        login: String,
        #[command(flatten)]
        database: Database,
    },
}

/// A new login.
#[derive(Debug, Clone, Args)]
pub(crate) struct Add {
    /// What is typed to log in.
    login: String,
    /// 姓名.
    #[arg(long)]
    name: String,
    /// Name of the organisation the person acts for.
    #[arg(long)]
    organisation: String,
    /// Found the organisation when there is none of that name.
    #[arg(long, value_parser = words::organisation_kind(), value_name = "KIND")]
    found: Option<OrganisationKind>,
    /// The region whose subtree the person sees.
    #[arg(long, default_value_t = PROVINCE)]
    region: RegionCode,
    /// A role; may stand several times.
    #[arg(long = "role", required = true, value_parser = words::role())]
    roles: Vec<Role>,
    /// A stage; may stand several times, and without one every stage is seen.
    #[arg(long = "stage", value_parser = words::stage())]
    stages: Vec<Stage>,
    #[command(flatten)]
    database: Database,
}

impl User {
    /// Does it.
    pub(crate) fn run(&self) -> Result<()> {
        match self {
            Self::Add(add) => add.run(),
            Self::Reset { login, database } => {
                change(database, login, || Ok(Change::Password(password()?)))?;
                said(&format!("`{login}` has another password, waits no longer, and its sessions have ended"))
            }
            Self::Enable { login, database } => {
                change(database, login, || Ok(Change::Active(true)))?;
                said(&format!("`{login}` may log in again"))
            }
            Self::Disable { login, database } => {
                change(database, login, || Ok(Change::Active(false)))?;
                said(&format!("`{login}` may not log in any more, and its sessions have ended"))
            }
        }
    }
}

fn mark() -> Mark {
    Mark { person: None, at: Timestamp::now(), audit_id: Uuid::now_v7() }
}

#[expect(clippy::print_stderr, reason = "the prompt must not stand in what a pipe carries on")]
fn password() -> Result<String> {
    if stdin().is_terminal() {
        eprintln!("password:");
    }
    let mut line = String::new();
    stdin().read_line(&mut line).context("the password cannot be read")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn change(database: &Database, login: &str, what: impl FnOnce() -> Result<Change>) -> Result<()> {
    let store = database.open()?;
    let person = match people::by_login(&store, login) {
        Err(hege_app::Error::NotFound) => bail!("there is no login `{login}` in {}", database.name()),
        found => found?,
    };
    people::change(&store, UserId(person.id.0), (None, &what()?), mark()).map_err(told)?;
    Ok(())
}

impl Add {
    fn run(&self) -> Result<()> {
        let store = self.database.open()?;
        let organisation = self.organisation(&store)?;
        let profile = Profile {
            name: self.name.clone(),
            organisation: OrganisationId(organisation.id.0),
            region: self.region,
            roles: self.roles.iter().copied().collect(),
            stages: self.stages.iter().copied().collect(),
        };
        let id = UserId(Uuid::now_v7());
        people::add(&store, (&self.login, &password()?), &profile, (id, mark())).map_err(told)?;
        said(&format!("`{}` may log in, for {}", self.login, organisation.name))
    }

    fn organisation(&self, store: &Store) -> Result<Organisation> {
        let known = organisations::list(store)?;
        let mut named = known.into_iter().filter(|found| found.name == self.organisation);
        match (named.next(), named.next(), self.found) {
            (Some(_), Some(_), _) => bail!("there are several organisations named `{}`", self.organisation),
            (Some(found), None, _) => Ok(found),
            (None, _, Some(kind)) => {
                let new = (kind, self.organisation.as_str(), self.region);
                organisations::found(store, new, (Uuid::now_v7(), mark())).map_err(told)
            }
            (None, _, None) => {
                bail!("there is no organisation named `{}`: found it with --found KIND", self.organisation)
            }
        }
    }
}
