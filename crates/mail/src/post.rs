//! The way to the mail server.

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::Credentials;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use std::error::Error as _;
use std::time::Duration;
use uuid::Uuid;

/// How long connecting may take.
const CONNECTING: Duration = Duration::from_secs(10);
/// How long a whole conversation with the server may take. Whoever leases a mail leases it for longer.
pub const WHOLE: Duration = Duration::from_secs(60);
/// How much of what a server said is kept.
const SAID_MAX: usize = 300;

/// Where mail goes and whom it comes from.
#[derive(Clone)]
pub struct Settings {
    /// `smtp://host:25`, `smtp://host:587?tls=required` (STARTTLS) or `smtps://host:465`, with `user:password@` before the host
    /// where the server wants them.
    pub url: String,
    /// The password of the user in `url`, where it does not stand there.
    pub password: Option<String>,
    /// The sender's address.
    pub from: String,
    /// How long a whole conversation may take; [`WHOLE`] outside tests.
    pub whole: Duration,
}

/// Why no mail can be sent with these settings.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BadSettings {
    /// The URL.
    #[error("the mail server is named as smtp://host:port, smtp://host:port?tls=required or smtps://host:port")]
    Url,
    /// The sender.
    #[error("the sender of mail is an address, somebody@host")]
    Sender,
    /// A password would cross the network unencrypted.
    #[error("a user and password for the mail server need smtps:// or ?tls=required, unless it is on this machine")]
    InTheClear,
    /// A password without its user.
    #[error("the password for the mail server needs its user in the URL: smtps://user@host")]
    NoUser,
}

/// A mail as it leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The id of its row, of which its Message-ID is made.
    pub id: Uuid,
    /// What it is about: mails of one subject are shown together.
    pub thread: String,
    /// The name of whom it is for.
    pub name: String,
    /// Their address.
    pub address: String,
    /// 主题.
    pub subject: String,
    /// Plain text.
    pub body: String,
}

/// Why a mail did not leave.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The server will never take this mail for this person.
    #[error("refused for good: {0}")]
    ForGood(String),
    /// It may take it later.
    #[error("refused for now: {0}")]
    ForNow(String),
    /// The server does not answer, hangs, talks nonsense, or lets nobody in: nothing can be sent at the moment. It may have taken
    /// the mail all the same, where the answer to it was lost.
    #[error("the mail server: {0}")]
    Server(String),
}

/// A way to a mail server.
pub struct Post {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    whole: Duration,
}

/// The parts of a URL that matter here: whether it is encrypted for sure, its user, whether it has a password, its host.
fn parts(url: &str) -> Option<(bool, Option<&str>, bool, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let (authority, query) = rest.split_once('?').map_or((rest, ""), |(authority, query)| (authority, query));
    let authority = authority.split('/').next().unwrap_or_default();
    let (user, host) = authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
    let has_password = user.is_some_and(|user| user.contains(':'));
    let user = user.map(|user| user.split(':').next().unwrap_or_default()).filter(|user| !user.is_empty());
    let host = if host.starts_with('[') { host.split_inclusive(']').next() } else { host.split(':').next() };
    let is_encrypted = scheme == "smtps" || query.split('&').any(|pair| pair == "tls=required");
    Some((is_encrypted, user, has_password, host.unwrap_or_default()))
}

impl Post {
    /// The way by these settings. Nothing is connected yet.
    ///
    /// # Errors
    /// [`BadSettings`].
    pub fn open(settings: &Settings) -> Result<Self, BadSettings> {
        let address: Address = settings.from.parse().map_err(|_no_address| BadSettings::Sender)?;
        let (is_encrypted, user, has_password, host) = parts(&settings.url).ok_or(BadSettings::Url)?;
        let is_here = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
        if (has_password || settings.password.is_some()) && !is_encrypted && !is_here {
            return Err(BadSettings::InTheClear);
        }
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(&settings.url);
        let mut builder = builder.map_err(|_no_url| BadSettings::Url)?.timeout(Some(CONNECTING.min(settings.whole)));
        if let Some(password) = &settings.password {
            let user = user.ok_or(BadSettings::NoUser)?;
            builder = builder.credentials(Credentials::new(user.to_owned(), password.clone()));
        }
        Ok(Self {
            transport: builder.build(),
            from: Mailbox::new(Some("合格".to_owned()), address),
            whole: settings.whole,
        })
    }

    /// The host of the sender's address, of which ids are made.
    fn domain(&self) -> &str {
        self.from.email.domain()
    }

    fn message(&self, letter: &Letter) -> Result<Message, Refused> {
        let refused = |_bad: &dyn std::fmt::Display| Refused::ForGood("the address cannot be written to".to_owned());
        let address: Address =
            letter.address.parse().map_err(|error: lettre::address::AddressError| refused(&error))?;
        let thread = format!("<{}@{}>", letter.thread, self.domain());
        let raw = |name: &'static str, value: String| HeaderValue::new(HeaderName::new_from_ascii_str(name), value);
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(Some(letter.name.clone()), address))
            .subject(letter.subject.clone())
            .message_id(Some(format!("<{}@{}>", letter.id, self.domain())))
            .in_reply_to(thread.clone())
            .references(thread)
            .raw_header(raw("Auto-Submitted", "auto-generated".to_owned()))
            .raw_header(raw("List-Id", format!("<alerts.{}>", self.domain())))
            .header(ContentType::TEXT_PLAIN)
            .body(letter.body.clone())
            .map_err(|error| refused(&error))
    }

    /// Sends a letter, and waits until the server has answered for it; not longer than a bound. To be called on a thread that may
    /// wait.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn send(&self, letter: &Letter) -> Result<(), Refused> {
        let message = self.message(letter)?;
        let server = |error: std::io::Error| Refused::Server(error.to_string());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(server)?;
        let sent = runtime.block_on(async { tokio::time::timeout(self.whole, self.conversation(message)).await });
        // Not waited for: looking up a host's name cannot be broken off.
        runtime.shutdown_background();
        sent.unwrap_or_else(|_elapsed| Err(Refused::Server("did not answer in time".to_owned())))
    }

    async fn conversation(&self, message: Message) -> Result<(), Refused> {
        let Err(error) = self.transport.send(message).await else { return Ok(()) };
        match refused(&error) {
            // Said of the mail, or of everybody? A server that lets us in takes other mail.
            Refused::ForGood(said) if !matches!(self.transport.test_connection().await, Ok(true)) => {
                Err(Refused::Server(said))
            }
            refused => Err(refused),
        }
    }
}

/// What an error of the conversation means for the mail. What is said of authentication, of the protocol or of the server as a
/// whole is said of no mail, whatever its first digit.
fn refused(error: &SmtpError) -> Refused {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_said = inner.to_string();
        if !said.contains(&inner_said) {
            said = format!("{said}: {inner_said}");
        }
        cause = inner.source();
    }
    let said: String = said.chars().filter(|sign| !sign.is_control()).take(SAID_MAX).collect();
    let code = error.status().map(u16::from);
    match code {
        Some(421 | 454 | 500..=504 | 521 | 530 | 534 | 535 | 538) | None => Refused::Server(said),
        Some(500..) => Refused::ForGood(said),
        Some(_) => Refused::ForNow(said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(url: &str, password: Option<&str>, from: &str) -> Result<(), BadSettings> {
        let settings = Settings {
            url: url.to_owned(),
            password: password.map(str::to_owned),
            from: from.to_owned(),
            whole: WHOLE,
        };
        Post::open(&settings).map(drop)
    }

    #[test]
    fn a_server_is_named_by_its_url_and_a_password_never_crosses_the_network_in_the_clear() {
        let from = "hege@example.org";
        for url in [
            "smtp://mail:1025",
            "smtp://u:p@localhost:25",
            "smtp://u:p@[::1]",
            "smtp://u:p@h:587?tls=required",
            "smtps://u:p@h",
        ] {
            assert_eq!(opened(url, None, from), Ok(()), "{url}");
        }
        for url in ["smtp://u:p@h", "smtp://u:p@h?tls=opportunistic", "smtp://u:p@localhost.example.org"] {
            assert_eq!(opened(url, None, from), Err(BadSettings::InTheClear), "{url}");
        }
        assert_eq!(opened("smtp://u@h", Some("p"), from), Err(BadSettings::InTheClear));
        assert_eq!(opened("smtps://u@h", Some("p"), from), Ok(()));
        assert_eq!(opened("smtps://h", Some("p"), from), Err(BadSettings::NoUser));
        for url in ["", "mail", "http://h", "smtp://", "smtp://h?tls=perhaps"] {
            assert_eq!(opened(url, None, from), Err(BadSettings::Url), "{url}");
        }
        assert_eq!(opened("smtp://h", None, "hege"), Err(BadSettings::Sender));
    }

    #[test]
    fn a_mail_names_its_row_and_its_alert_and_says_that_a_program_sent_it() {
        let settings = Settings {
            url: "smtp://localhost".to_owned(),
            password: None,
            from: "hege@example.org".to_owned(),
            whole: WHOLE,
        };
        let letter = Letter {
            id: Uuid::from_u128(7),
            thread: "3300-8".to_owned(),
            name: "演示".to_owned(),
            address: "someone@example.org".to_owned(),
            subject: "[合格] 种植养殖 低于目标 28/30 = 93.33 %，目标 96 %".to_owned(),
            body: "正文\nbody\n".to_owned(),
        };
        let post = Post::open(&settings).unwrap();
        let bytes = post.message(&letter).unwrap().formatted();
        let read = mail_parser::MessageParser::default().parse(&bytes).unwrap();
        assert_eq!(read.message_id(), Some(format!("{}@example.org", letter.id).as_str()));
        assert_eq!(read.subject(), Some(letter.subject.as_str()));
        assert_eq!(read.body_text(0).map(|text| text.replace("\r\n", "\n")), Some(letter.body.clone()));
        let raw = |name: &str| read.header_raw(name).map(|value| value.trim().to_owned());
        assert_eq!(raw("Auto-Submitted").as_deref(), Some("auto-generated"));
        assert_eq!(raw("List-Id").as_deref(), Some("<alerts.example.org>"));
        assert_eq!(raw("References").as_deref(), Some("<3300-8@example.org>"));
        let to = read.to().and_then(|to| to.first()).unwrap();
        assert_eq!((to.name(), to.address()), (Some("演示"), Some("someone@example.org")));
        let broken = Letter { address: "nobody".to_owned(), ..letter };
        assert!(matches!(post.message(&broken), Err(Refused::ForGood(_))));
    }
}
