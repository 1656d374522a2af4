//! Mail: its configuration, and `hege mail`.

use crate::config::Database;
use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use hege_app::mail::{self, CONVERSATION, Office, Post, Settings};
use hege_app::{Store, setup};
use jiff::Timestamp;
use std::fs;
use std::io::{Write as _, stdout};
use std::net::SocketAddr;
use std::path::PathBuf;
use uuid::Uuid;

/// How mail leaves.
#[derive(Debug, Clone, Args)]
pub(crate) struct Smtp {
    /// The mail server: `smtp://host:25`, `smtp://host:587?tls=required` (STARTTLS) or `smtps://host:465`, with `user:password@`
    /// before the host where it wants them. Without it mail waits and is given up after four days.
    #[arg(long, env = "SMTP_URL", hide_env_values = true)]
    smtp_url: Option<String>,
    /// A file that holds the password of the user in SMTP_URL.
    #[arg(long, env = "HEGE_SMTP_PASSWORD_FILE")]
    smtp_password_file: Option<PathBuf>,
    /// The address that mail comes from; `hege@` the host of HEGE_PUBLIC_URL when absent.
    #[arg(long, env = "HEGE_MAIL_FROM")]
    mail_from: Option<String>,
}

/// Everything that the step which sends mail needs.
pub(crate) struct Mailing {
    pub(crate) office: Office,
}

/// A setting that is there; compose files hand empty ones on.
fn given(text: Option<&String>) -> Option<&str> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty())
}

/// The host of a URL, without its port.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let end = if authority.starts_with('[') { authority.find(']').map(|at| at + 1) } else { authority.find(':') };
    end.and_then(|end| authority.get(..end)).unwrap_or(authority)
}

impl Smtp {
    /// How mail leaves; none without a mail server. `public_url` is what people type, or where it listens.
    pub(crate) fn open(&self, public_url: Option<&str>, listen: Option<SocketAddr>) -> Result<Option<Mailing>> {
        let Some(url) = given(self.smtp_url.as_ref()) else { return Ok(None) };
        let here = listen.map(|listen| format!("http://{listen}")).unwrap_or_default();
        let public_url = public_url.map_or(here, |url| url.trim_end_matches('/').to_owned());
        let password = self.smtp_password_file.as_ref().map(|file| {
            let text = fs::read_to_string(file);
            text.with_context(|| format!("cannot read the password for mail {}", file.display()))
        });
        let host = Some(host(&public_url)).filter(|host| host.chars().any(char::is_alphabetic)).unwrap_or("localhost");
        let settings = Settings {
            url: url.to_owned(),
            password: password.transpose()?.map(|text| text.trim_end_matches(['\r', '\n']).to_owned()),
            from: given(self.mail_from.as_ref()).map_or_else(|| format!("hege@{host}"), str::to_owned),
            whole: CONVERSATION,
        };
        let post = Post::open(&settings).context("mail is not configured well (SMTP_URL, HEGE_MAIL_FROM)")?;
        Ok(Some(Mailing { office: Office { post, public_url } }))
    }
}

/// What operators do about mail.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Mail {
    /// List mail that was given up (or that waits, or that left), with the reason.
    ///
    /// Example: hege mail list
    List {
        #[command(flatten)]
        database: Database,
        /// `failed`, `waiting` or `sent`.
        #[arg(long, default_value = "failed", value_parser = ["failed", "waiting", "sent"])]
        state: String,
    },
    /// Let all mail that was given up be tried again, for another four days.
    ///
    /// Example: hege mail retry
    Retry {
        #[command(flatten)]
        database: Database,
    },
    /// Send a test mail, and say what the mail server answered.
    ///
    /// Example: hege mail test someone@example.org --smtp-url smtp://mail:1025
    Test {
        /// Whom to.
        address: String,
        #[command(flatten)]
        smtp: Smtp,
        /// The address that people use.
        #[arg(long, env = "HEGE_PUBLIC_URL")]
        public_url: Option<String>,
    },
}

/// The clock of the mail of this database: a demonstration lives in its own time.
fn now(store: &Store) -> Result<Timestamp> {
    Ok(setup::demo_clock(store)?.unwrap_or_else(Timestamp::now))
}

impl Mail {
    pub(crate) fn run(&self) -> Result<()> {
        match self {
            Self::List { database, state } => {
                let mut table = Table::new();
                table.load_preset(NOTHING).set_header(["due", "alert", "step", "login", "attempts", "why"]);
                for mail::Listed { mail, login } in mail::list(&database.open()?, state)? {
                    let alert = format!("{:04}-{}", mail.city, mail.alert_id.0);
                    let (due, why) = (mail.due_at.0.to_string(), mail.last_error.unwrap_or_default());
                    table.add_row([due, alert, mail.seq.to_string(), login, mail.attempts.to_string(), why]);
                }
                Ok(writeln!(stdout(), "{table}")?)
            }
            Self::Retry { database } => {
                let store = database.open()?;
                let retried = mail::retry(&store, now(&store)?)?;
                Ok(writeln!(stdout(), "{retried} mails wait again")?)
            }
            Self::Test { address, smtp, public_url } => {
                let mailing = smtp.open(given(public_url.as_ref()), None)?.context("SMTP_URL names no mail server")?;
                mail::test(&mailing.office, address, Uuid::now_v7())?;
                Ok(writeln!(stdout(), "the mail server took it")?)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn smtp(url: Option<&str>) -> Smtp {
        Smtp { smtp_url: url.map(str::to_owned), smtp_password_file: None, mail_from: Some(String::new()) }
    }

    #[test]
    fn without_a_mail_server_nothing_is_sent_and_a_bad_one_is_refused_at_the_start() {
        for url in [None, Some(""), Some(" ")] {
            assert!(smtp(url).open(None, None).unwrap().is_none());
        }
        let mailing = smtp(Some("smtp://mail:1025")).open(Some("https://hege.example/"), None).unwrap().unwrap();
        assert_eq!(mailing.office.public_url, "https://hege.example");
        let here = smtp(Some("smtp://mail")).open(None, Some("127.0.0.1:8080".parse().unwrap())).unwrap().unwrap();
        assert_eq!(here.office.public_url, "http://127.0.0.1:8080");
        for url in ["mail:25", "http://mail", "smtp://u:p@mail"] {
            assert!(smtp(Some(url)).open(None, None).is_err(), "{url}");
        }
        let lost = Smtp { smtp_password_file: Some("nowhere".into()), ..smtp(Some("smtps://u@mail")) };
        assert!(lost.open(None, None).is_err());
    }

    #[test]
    fn a_host_is_what_stands_between_scheme_and_port() {
        let hosts = ["https://a.cn:8443/x", "https://a.cn", "http://[::1]:80", "a.cn/x"].map(host);
        assert_eq!(hosts, ["a.cn", "a.cn", "[::1]", "a.cn"]);
    }
}
