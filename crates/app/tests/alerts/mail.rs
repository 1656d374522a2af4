//! Mail: whom it concerns, what it says, and that it arrives once whatever the server does.

mod sending;
mod told;

use crate::servers::{Manner, misbehaving};
use crate::{Board, at, failed, on_both, public, sample};
use hege_alerts::AlertKind;
use hege_app::alerts::{Act, AlertRow, fetch, refresh, remind};
use hege_app::mail::{Office, Post, Round, Settings, list, retry, send};
use hege_app::organisations::found;
use hege_app::people::{Change, Profile, add, change};
use hege_app::reference::OrganisationKind;
use hege_app::subscriptions::{self, Wish};
use hege_app::{Error, Mark, Scope, verify};
use hege_core::{OrganisationId, Role, Stage, UserId};
use hege_rates::Standing;
use hege_store::mail::{Mail, Taking, mail_take};
use hege_store::samples::{ConclusionRow, Item, Sample, conclusion_insert, items_insert, sample_insert};
use hege_store::types::{Id, Ts, Word};
use hege_testkit::MailServer;
use jiff::{SignedDuration, Timestamp};
use mail_parser::MessageParser;
use std::collections::BTreeSet;
use std::time::Duration;
use uuid::Uuid;

const PASSWORD: &str = "a-password-for-tests";
const BELOW: &str = "合格率低于目标";

fn uuid(n: u128) -> Uuid {
    Uuid::from_u128(0x5555_0000 + n)
}

fn seconds(from: Timestamp, seconds: i64) -> Timestamp {
    from.checked_add(SignedDuration::from_secs(seconds)).unwrap()
}

fn office_at(url: &str) -> Office {
    let settings = Settings {
        url: url.to_owned(),
        password: None,
        from: "hege@example.org".to_owned(),
        whole: Duration::from_millis(700),
    };
    Office { post: Post::open(&settings).unwrap(), public_url: "https://hege.example".to_owned() }
}

/// A mail as it arrived.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Arrived {
    to: String,
    subject: String,
    body: String,
    id: String,
}

fn parsed(bytes: &[u8]) -> Arrived {
    let read = MessageParser::default().parse(bytes).unwrap();
    let to: Vec<_> = read.to().unwrap().iter().filter_map(|to| to.address().map(str::to_owned)).collect();
    assert!(
        read.cc().is_none() && read.bcc().is_none() && to.len() == 1,
        "who else got it is nobody's business: {to:?}"
    );
    Arrived {
        to: to.into_iter().next().unwrap(),
        subject: read.subject().unwrap().to_owned(),
        body: read.body_text(0).unwrap().replace("\r\n", "\n"),
        id: read.message_id().unwrap().to_owned(),
    }
}

/// What arrived of the mails whose subject has a word in it.
fn arrived(server: &MailServer, word: &str) -> Vec<Arrived> {
    let all = server.taken().iter().map(|bytes| parsed(bytes)).collect::<Vec<_>>();
    all.into_iter().filter(|mail| mail.subject.contains(word)).collect()
}

fn receivers(mails: &[Arrived]) -> Vec<&str> {
    let mut to: Vec<&str> = mails.iter().map(|mail| mail.to.split('@').next().unwrap()).collect();
    to.sort_unstable();
    to
}

impl Board {
    fn mark(&self) -> Mark {
        Mark { person: None, at: at(2025, 1, 2), audit_id: self.id() }
    }

    /// An organisation seated in a region.
    fn house(&self, n: u128, kind: OrganisationKind, region: &str) -> OrganisationId {
        let region = region.parse().unwrap();
        found(&self.store, (kind, &format!("演示{n}"), region), (uuid(n), self.mark())).unwrap();
        OrganisationId(uuid(n))
    }

    /// Somebody with an address that begins with their login.
    fn person(&self, login: &str, house: OrganisationId, (role, region, stages): (Role, &str, &[Stage])) -> UserId {
        let profile = Profile {
            name: "演示".to_owned(),
            organisation: house,
            region: region.parse().unwrap(),
            roles: BTreeSet::from([role]),
            stages: stages.iter().copied().collect(),
        };
        let id = UserId(self.id());
        add(&self.store, (login, PASSWORD), &profile, (id, self.mark())).unwrap();
        let kinds = subscriptions::fetch(&self.store, id, None).unwrap().on.into_iter().collect();
        self.wish(id, &Wish { revision: 0, email: Some(format!("{login}@example.org")), kinds }).unwrap();
        id
    }

    fn wish(&self, id: UserId, wish: &Wish) -> Result<subscriptions::Subscription, Error> {
        subscriptions::change(&self.store, (id, None), wish, self.mark())
    }

    /// A department with one reviewer of the whole province.
    fn reviewer(&self) -> UserId {
        let house = self.house(1, OrganisationKind::Department, "330000");
        self.person("reviewer", house, (Role::Reviewer, "330000", &[]))
    }

    /// 40 farm samples of early March of which `failures` fail.
    fn below(&self, failures: u128) {
        for n in 1..=40 {
            self.concluded(n, at(2025, 3, 3), (n > 40 - failures).then_some("lead"));
        }
    }

    fn send(&self, office: &Office, now: Timestamp) -> Round {
        send(&self.store, office, &|| Some(now)).unwrap()
    }

    fn notice(&self) -> AlertRow {
        self.stored("below_target").remove(0)
    }

    fn in_state(&self, state: &str) -> Vec<Mail> {
        list(&self.store, state).unwrap().into_iter().map(|listed| listed.mail).collect()
    }
}

#[test]
fn a_notice_is_mailed_once_to_each_whom_it_concerns_and_to_nobody_else() {
    on_both(|board| {
        let server = MailServer::start();
        let department = board.house(1, OrganisationKind::Department, "330000");
        board.person("reviewer", department, (Role::Reviewer, "330000", &[]));
        board.person("farm", department, (Role::Reviewer, "330000", &[Stage::Farm]));
        board.person("production", department, (Role::Reviewer, "330000", &[Stage::Production]));
        board.person("hangzhou", department, (Role::Reviewer, "330100", &[]));
        board.person("auditor", department, (Role::Auditor, "330000", &[]));
        board.person("administrator", department, (Role::Administrator, "330000", &[]));
        let disabled = board.person("disabled", department, (Role::Reviewer, "330000", &[]));
        change(&board.store, disabled, (None, &Change::Active(false)), board.mark()).unwrap();
        let nowhere = board.person("nowhere", department, (Role::Reviewer, "330000", &[]));
        board.wish(nowhere, &Wish { revision: 1, email: None, kinds: AlertKind::ALL.to_vec() }).unwrap();
        let muted = board.person("muted", department, (Role::Reviewer, "330000", &[]));
        let kinds = vec![AlertKind::Event, AlertKind::Data];
        board.wish(muted, &Wish { revision: 1, email: Some("muted@example.org".to_owned()), kinds }).unwrap();
        board.below(3);
        board.look(at(2025, 3, 20));
        let office = office_at(&server.url());
        let sent = board.send(&office, at(2025, 3, 20));
        assert_eq!((sent.failed, sent.trouble), (0, None));
        let mails = arrived(&server, BELOW);
        assert_eq!(receivers(&mails), ["farm", "reviewer"]);
        assert!(receivers(&arrived(&server, "无登记")).contains(&"muted"), "of another kind");
        let mail = &mails[0];
        assert_eq!(mail.subject, "[合格] 种植养殖 合格率低于目标（提示）发出 37/39 = 94.87 %，目标 96 %");
        let alert = public(&board.notice());
        for words in
            ["范围：浙江省 330000", "Stage: farm", "95 % 区间：", "p = 0.", "计入：", "counts: ", "自：2025-03-10"]
        {
            assert!(mail.body.contains(words), "{words}: {}", mail.body);
        }
        assert_eq!(mail.body.matches(&format!("https://hege.example/alerts/{alert}\n")).count(), 2, "{}", mail.body);
        let chinese = mail.body.find("合格率：37/39 = 94.87 %").unwrap();
        assert!(chinese < mail.body.find("Pass rate: 37/39 = 94.87 %").unwrap(), "the Chinese first");
        let ids: BTreeSet<&String> = mails.iter().map(|mail| &mail.id).collect();
        assert_eq!(ids.len(), mails.len());
        let all = server.taken().len();
        board.look(at(2025, 3, 20));
        assert_eq!(board.send(&office, at(2025, 3, 21)), Round::default());
        assert_eq!(server.taken().len(), all, "another look sends nothing");
        let life = fetch(&board.store, &crate::everywhere(), alert).unwrap();
        let told: Vec<_> = life.mail.iter().map(|mail| (mail.seq, mail.state.as_str())).collect();
        assert_eq!(told, [(1, "sent"), (1, "sent")]);
        assert_eq!(verify::city(&board.store, 3300).unwrap(), []);
    });
}
