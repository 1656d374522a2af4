//! Programs and people: `hege serve` as it is run, on a database with a person for each part of the main job.

use hege_app::people::{self, Profile};
use hege_app::plans::{self, Target, YearPlan};
use hege_app::reference::OrganisationKind;
use hege_app::{Mark, PROVINCE, Store, organisations, setup};
use hege_core::date::{CHINA, china_date};
use hege_core::{OrganisationId, PlanId, Role, UserId};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use uuid::Uuid;

pub(crate) const PASSWORD: &str = "a-password-for-tests";
pub(crate) const ROLES: [Role; 7] =
    [Role::Inspector, Role::Inspector, Role::Receiver, Role::Tester, Role::Checker, Role::Approver, Role::Reviewer];
/// The reviewer's place in [`ROLES`].
pub(crate) const REVIEWER: usize = 6;

pub(crate) fn house(role: Role) -> Uuid {
    Uuid::from_u128(match role {
        Role::Inspector => 1,
        Role::Reviewer => 3,
        _ => 2,
    })
}

pub(crate) fn person(n: usize) -> Uuid {
    Uuid::from_u128(11 + u128::try_from(n).unwrap())
}

fn mark() -> Mark {
    Mark { person: None, at: Timestamp::now(), audit_id: Uuid::now_v7() }
}

/// A plan of this year, so that what is sampled now counts.
fn plan() -> YearPlan {
    let shipped = setup::shipped().unwrap().plans.iter().find(|plan| plan.demo).unwrap();
    let year = china_date(Timestamp::now()).year();
    let valid_from = CHINA.to_timestamp(jiff::civil::date(year, 1, 1).at(0, 0, 0, 0)).unwrap();
    let plan = setup::year_plan(shipped, true);
    let targets = plan.targets.into_iter().map(|target| Target { min_n: 5, valid_from, ..target }).collect();
    YearPlan { id: PlanId(Uuid::now_v7()), year, targets, ..plan }
}

/// People, their houses and a plan in an empty database.
fn settle(store: &Store) {
    store.migrate().unwrap();
    setup::load(store, Timestamp::now(), &Uuid::now_v7).unwrap();
    let kinds =
        [(OrganisationKind::Inspecting, 1), (OrganisationKind::Laboratory, 2), (OrganisationKind::Department, 3)];
    for (kind, id) in kinds {
        let name = format!("演示{id}");
        organisations::found(store, (kind, &name, PROVINCE), (Uuid::from_u128(id), mark())).unwrap();
    }
    for (n, role) in ROLES.into_iter().enumerate() {
        let profile = Profile {
            name: "演示".to_owned(),
            organisation: OrganisationId(house(role)),
            region: PROVINCE,
            roles: BTreeSet::from([role]),
            stages: BTreeSet::new(),
        };
        people::add(store, (&format!("person{n}"), PASSWORD), &profile, (UserId(person(n)), mark())).unwrap();
    }
    plans::put(store, &plan(), mark()).unwrap();
}

/// `hege serve`.
pub(crate) struct Served {
    child: Child,
}

/// What `hege serve` is told: always the same address.
pub(crate) struct Site {
    url: String,
    key: PathBuf,
    port: u16,
    mail: Option<String>,
}

impl Site {
    /// A settled database and a server for it.
    pub(crate) fn on(url: &str, folder: &Path) -> Self {
        let key = folder.join("data.key");
        std::fs::write(&key, "0b".repeat(32)).unwrap();
        settle(&Store::open(url, 2).unwrap());
        Self { url: url.to_owned(), key, port: free_port(), mail: None }
    }

    /// Two servers for one settled database, which send mail.
    pub(crate) fn two_on(url: &str, folder: &Path, mail: &str) -> [Self; 2] {
        let first = Self { mail: Some(mail.to_owned()), ..Self::on(url, folder) };
        let second = Self { port: free_port(), url: url.to_owned(), key: first.key.clone(), mail: first.mail.clone() };
        [first, second]
    }

    /// Where its operations are.
    pub(crate) fn base(&self) -> String {
        format!("http://127.0.0.1:{}/api/v1", self.port)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hege"));
        command.env("DATABASE_URL", &self.url).env("HEGE_DATA_KEY_FILE", &self.key).env("HEGE_LOG", "off");
        // All clients have one address here.
        command.env("HEGE_LIMIT_REQUESTS", "off");
        if let Some(mail) = &self.mail {
            command.env("SMTP_URL", mail).env("HEGE_MAIL_FROM", "hege@example.org");
            command.env("HEGE_PUBLIC_URL", format!("http://127.0.0.1:{}", self.port));
        }
        command
    }

    pub(crate) fn serve(&self) -> Served {
        let listen = format!("127.0.0.1:{}", self.port);
        let mut command = self.command();
        let mut child = command.args(["serve", "--listen", &listen]).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains(&listen), "it did not start: {line}");
        Served { child }
    }

    pub(crate) fn verify(&self) {
        let output = self.command().arg("verify").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}

impl Served {
    /// SIGKILL: nothing is written, flushed or closed any more.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM: it ends what it has in hand.
    pub(crate) fn end(mut self) {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(told.success() && self.child.wait().unwrap().success());
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may be gone already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
