//! Mail: whom it concerns, what it says, and that it arrives once whatever the server does.

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

#[test]
fn while_the_server_is_down_everything_waits_and_then_arrives_once_and_in_its_order() {
    on_both(|board| {
        let mut server = MailServer::start();
        board.reviewer();
        board.below(2);
        board.look(at(2025, 3, 20));
        let office = office_at(&server.url());
        server.stop();
        let down = board.send(&office, at(2025, 3, 20));
        assert!(down.trouble.is_some() && down.sent == 0, "{down:?}");
        for n in 41..=48 {
            board.concluded(n, at(2025, 3, 6), Some("lead"));
        }
        board.look(at(2025, 3, 21));
        assert!(board.send(&office, at(2025, 3, 21)).trouble.is_some());
        assert_eq!(board.told("below_target"), [crate::said("open", "significant")]);
        for n in 30..=48 {
            board.voided(n);
        }
        board.look(at(2025, 3, 22));
        assert_eq!(board.told("below_target"), [crate::said("withdrawn", "significant")]);
        let waiting = board.in_state("waiting").len();
        assert!(board.in_state("waiting").iter().any(|mail| mail.last_error.is_some()));
        server.go_on();
        let up = board.send(&office, at(2025, 3, 23));
        assert_eq!((up.sent, up.trouble), (waiting, None));
        let happened: Vec<String> = arrived(&server, BELOW).into_iter().map(|mail| mail.subject).collect();
        assert!(happened[0].contains("（提示）发出 38/40"), "{happened:#?}");
        assert!(happened[1].contains("（显著）升级为显著 38/46"), "{happened:#?}");
        assert!(happened[2].contains("撤回：结论变更，重算后不再成立"), "{happened:#?}");
        assert_eq!((happened.len(), board.in_state("waiting")), (3, vec![]));
        assert_eq!(server.taken().len(), waiting, "each once");
    });
}

#[test]
fn of_several_recipients_one_that_is_refused_stops_nobody_else() {
    on_both(|board| {
        let server = MailServer::start();
        let department = board.house(1, OrganisationKind::Department, "330000");
        for login in ["first", "later", "refused", "zlast"] {
            let id = board.person(login, department, (Role::Reviewer, "330000", &[]));
            let email = Some(format!("{login}@example.org"));
            board.wish(id, &Wish { revision: 1, email, kinds: vec![AlertKind::Plan] }).unwrap();
        }
        board.below(3);
        board.look(at(2025, 3, 20));
        let office = office_at(&server.url());
        let round = board.send(&office, at(2025, 3, 20));
        assert_eq!((round.failed, round.trouble), (board.in_state("failed").len(), None));
        assert_eq!(receivers(&arrived(&server, BELOW)), ["first", "zlast"]);
        let refused = list(&board.store, "failed").unwrap();
        assert!(refused.iter().all(|listed| listed.login == "refused" && listed.mail.attempts == 1), "{refused:?}");
        let why = refused[0].mail.last_error.as_deref().unwrap();
        assert!(why.starts_with("refused for good") && why.contains("550"), "{why}");
        let put_off = board.in_state("waiting");
        assert!(put_off[0].last_error.as_deref().unwrap().starts_with("refused for now"), "{put_off:?}");
        let due = put_off.iter().map(|mail| mail.due_at.0).max().unwrap();
        assert!(due > seconds(at(2025, 3, 20), 14) && due < seconds(at(2025, 3, 20), 31), "{due}");
        board.send(&office, seconds(at(2025, 3, 20), 14));
        assert_eq!(receivers(&arrived(&server, BELOW)), ["first", "zlast"], "it is not due yet");
        board.send(&office, due);
        assert_eq!(receivers(&arrived(&server, BELOW)), ["first", "later", "zlast"]);
        assert_eq!(retry(&board.store, due).unwrap(), refused.len());
        board.send(&office, due);
        assert_eq!(board.in_state("failed").len(), refused.len(), "tried again, and refused again");
    });
}

#[test]
fn what_follows_a_mail_that_still_waits_waits_too() {
    on_both(|board| {
        let server = MailServer::start();
        let department = board.house(1, OrganisationKind::Department, "330000");
        for login in ["later", "prompt"] {
            let id = board.person(login, department, (Role::Reviewer, "330000", &[]));
            let email = Some(format!("{login}@example.org"));
            board.wish(id, &Wish { revision: 1, email, kinds: vec![AlertKind::Plan] }).unwrap();
        }
        let (office, now) = (office_at(&server.url()), at(2025, 3, 20));
        board.below(2);
        board.look(now);
        board.send(&office, now);
        for n in 41..=48 {
            board.concluded(n, at(2025, 3, 6), Some("lead"));
        }
        board.look(now);
        board.send(&office, now);
        assert_eq!(
            receivers(&arrived(&server, BELOW)),
            ["prompt", "prompt"],
            "the first was put off, so the second waits"
        );
        board.send(&office, seconds(now, 60));
        let mut late = arrived(&server, BELOW);
        late.retain(|mail| mail.to.starts_with("later"));
        assert!(late[0].subject.contains("发出") && late[1].subject.contains("升级为显著"), "{late:#?}");
        assert_eq!(board.in_state("waiting"), []);
    });
}

#[test]
fn a_server_that_hangs_or_talks_nonsense_is_left_within_a_bound_and_the_mail_waits() {
    for manner in [Manner::Hangs, Manner::Dribbles, Manner::Garbage, Manner::Refuses] {
        on_both(|board| {
            let (url, _taken) = misbehaving(manner);
            board.reviewer();
            board.below(3);
            board.look(at(2025, 3, 20));
            let waiting = board.in_state("waiting").len();
            let begun = std::time::Instant::now();
            let round = board.send(&office_at(&url), at(2025, 3, 20));
            assert!(begun.elapsed() < Duration::from_secs(10), "{manner:?}");
            assert!(round.trouble.is_some() && round.sent + round.failed == 0, "{manner:?}: {round:?}");
            let tried: Vec<i32> = board.in_state("waiting").iter().map(|mail| mail.attempts).collect();
            assert_eq!((tried.len(), tried.iter().sum::<i32>()), (waiting, 1), "{manner:?}: the others are not tried");
        });
    }
}

#[test]
fn what_a_server_took_without_an_answer_comes_again_as_the_same_mail() {
    on_both(|board| {
        let (url, taken) = misbehaving(Manner::ClosesAfterData);
        let server = MailServer::start();
        board.reviewer();
        board.below(3);
        board.look(at(2025, 3, 20));
        let round = board.send(&office_at(&url), at(2025, 3, 20));
        assert!(round.trouble.is_some(), "{round:?}");
        let first = parsed(taken.recv_timeout(Duration::from_secs(10)).unwrap().as_bytes());
        board.send(&office_at(&server.url()), at(2025, 3, 21));
        let again = arrived(&server, &first.subject);
        assert_eq!(again, [first], "a mail server recognises it by its Message-ID");
    });
}

#[test]
fn a_clock_that_jumps_ahead_a_day_and_back_holds_nothing_up_and_sends_nothing_twice() {
    on_both(|board| {
        let mut server = MailServer::start();
        board.reviewer();
        board.below(3);
        let (now, ahead) = (at(2025, 3, 20), at(2025, 3, 21));
        board.look(now);
        let waiting = board.in_state("waiting").len();
        let office = office_at(&server.url());
        server.stop();
        assert!(board.send(&office, ahead).trouble.is_some(), "put off by a clock that is a day ahead");
        let taking = |now| Taking {
            now: Ts(now),
            lease: SignedDuration::from_secs(180),
            longest_wait: SignedDuration::from_hours(1),
        };
        let take = |now| board.store.write(|conn| mail_take(conn, taking(now))).unwrap();
        assert!(take(ahead).is_some(), "leased by it");
        server.go_on();
        assert_eq!(board.send(&office, now).sent, waiting, "after it was set back");
        assert_eq!(board.send(&office, ahead), Round::default());
        assert_eq!(server.taken().len(), waiting);
    });
}

#[test]
fn a_lease_and_a_wait_are_respected_until_their_end() {
    on_both(|board| {
        board.reviewer();
        board.below(3);
        let now = at(2025, 3, 20);
        board.look(now);
        let taking = |now| Taking {
            now: Ts(now),
            lease: SignedDuration::from_secs(180),
            longest_wait: SignedDuration::from_hours(1),
        };
        let take = |now| board.store.write(|conn| mail_take(conn, taking(now))).unwrap();
        let waiting = board.in_state("waiting").len();
        let mut hands = BTreeSet::new();
        while let Some(mail) = take(seconds(now, 60)) {
            assert!(hands.insert(mail.id), "in two hands");
        }
        assert_eq!(hands.len(), waiting);
        assert!(take(now).is_none(), "of a server whose clock is a minute ahead");
        assert!(take(seconds(now, 239)).is_none());
        assert!(take(seconds(now, 240)).is_some(), "whoever had it is gone");
    });
}

#[test]
fn what_nobody_could_send_for_four_days_is_given_up_and_sent_when_somebody_says_so() {
    on_both(|board| {
        let server = MailServer::start();
        board.reviewer();
        board.below(3);
        board.look(at(2025, 3, 20));
        let waiting = board.in_state("waiting").len();
        let office = office_at(&server.url());
        let late = board.send(&office, seconds(at(2025, 3, 24), 1));
        assert_eq!((late.failed, late.sent, server.taken().len()), (waiting, 0, 0));
        assert!(board.in_state("failed")[0].last_error.as_deref().unwrap().starts_with("given up after 4 days"));
        assert_eq!(retry(&board.store, at(2025, 3, 25)).unwrap(), waiting);
        assert_eq!(board.send(&office, at(2025, 3, 29)).sent, waiting, "to the last instant of another four days");
    });
}

#[test]
fn two_workers_at_once_send_each_mail_once() {
    on_both(|board| {
        let server = MailServer::start();
        let department = board.house(1, OrganisationKind::Department, "330000");
        for n in 0..6 {
            board.person(&format!("reviewer{n}"), department, (Role::Reviewer, "330000", &[]));
        }
        board.below(5);
        board.look(at(2025, 3, 20));
        let waiting = board.in_state("waiting").len();
        assert!(waiting > 20, "{waiting}");
        let url = server.url();
        let sent: usize = std::thread::scope(|scope| {
            let work = || {
                let (store, url) = (board.store.clone(), url.clone());
                scope.spawn(move || send(&store, &office_at(&url), &|| Some(at(2025, 3, 20))).unwrap().sent)
            };
            [work(), work(), work()].into_iter().map(|worker| worker.join().unwrap()).sum()
        });
        let ids: BTreeSet<String> = arrived(&server, "").into_iter().map(|mail| mail.id).collect();
        let left = board.send(&office_at(&url), at(2025, 3, 20)).sent;
        assert_eq!((sent + left, server.taken().len()), (waiting, waiting));
        assert_eq!(ids.len(), sent);
    });
}

#[test]
fn nobody_subscribes_to_what_cannot_concern_them_or_with_what_is_no_address() {
    on_both(|board| {
        let department = board.house(1, OrganisationKind::Department, "330000");
        let laboratory = board.house(2, OrganisationKind::Laboratory, "330100");
        let auditor = board.person("auditor", department, (Role::Auditor, "330000", &[]));
        let approver = board.person("approver", laboratory, (Role::Approver, "330100", &[]));
        let offered =
            |id| subscriptions::fetch(&board.store, id, None).unwrap().offered.into_iter().collect::<Vec<_>>();
        assert_eq!((offered(auditor), offered(approver)), (vec![], vec![AlertKind::Event]));
        let codes = |outcome: Result<_, Error>| match outcome {
            Err(Error::Invalid(problems)) => problems.as_slice().iter().map(|problem| problem.code).collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
        let wish =
            Wish { revision: 1, email: Some("nobody".to_owned()), kinds: vec![AlertKind::Event, AlertKind::Plan] };
        assert_eq!(codes(board.wish(approver, &wish)), ["bad_email", "not_offered"]);
        let stale = Wish { revision: 0, email: None, kinds: vec![] };
        assert!(matches!(board.wish(approver, &stale), Err(Error::Conflict)));
        let hangzhou = Scope { region: "330200".parse().unwrap(), stages: BTreeSet::new() };
        let by = |scope| {
            subscriptions::change(
                &board.store,
                (approver, Some(scope)),
                &Wish { revision: 1, ..stale.clone() },
                board.mark(),
            )
        };
        assert!(matches!(by(&hangzhou), Err(Error::OutsideScope)));
        assert_eq!(by(&crate::everywhere()).unwrap().revision, 2);
        assert_eq!(verify::city(&board.store, 3300).unwrap(), []);
        board.store.execute("UPDATE subscription SET email = 'thief@example.org'").unwrap();
        assert_eq!(verify::city(&board.store, 3300).unwrap().len(), 2, "an address that was bent is named");
    });
}

#[test]
fn an_alert_that_nobody_acknowledges_in_time_is_told_further_once() {
    on_both(|board| {
        let server = MailServer::start();
        board.reviewer();
        let administrator = (Role::Administrator, "330000", [].as_slice());
        board.person("administrator", OrganisationId(uuid(1)), administrator);
        board.below(2);
        // Thursday the 20th; the third working day after it is Tuesday the 25th.
        board.look(at(2025, 3, 20));
        let office = office_at(&server.url());
        board.send(&office, at(2025, 3, 20));
        let told = || receivers(&arrived(&server, BELOW)).join(" ");
        assert_eq!(told(), "reviewer");
        let remind = |now| remind(&board.store, now, &|| board.id()).unwrap();
        let (just_before, due) = (seconds(at(2025, 3, 25), -1), at(2025, 3, 25));
        assert_eq!(remind(just_before), 0);
        let open = list_open(board);
        assert_eq!(remind(due), open);
        assert_eq!((remind(due), remind(at(2025, 4, 20))), (0, 0), "once");
        board.send(&office, due);
        assert_eq!(told(), "administrator reviewer reviewer");
        let unanswered = arrived(&server, "无人确认");
        assert!(unanswered.iter().all(|mail| mail.body.contains("nobody acknowledged it")), "{unanswered:#?}");
        let seen = board.notice();
        assert!(seen.unanswered_at.is_some() && seen.status == "open");
        let known = board.act(&seen, Act::Acknowledge, crate::everywhere()).unwrap();
        assert_eq!(known.status, "acknowledged");
        assert_eq!(verify::city(&board.store, 3300).unwrap(), []);
    });
}

fn list_open(board: &Board) -> usize {
    let open = hege_app::alerts::Filter { plan: None, status: Some(hege_alerts::AlertStatus::Open) };
    hege_app::alerts::list(&board.store, &crate::everywhere(), &open).unwrap().len()
}

#[test]
fn what_was_acknowledged_or_has_no_calendar_is_not_told_further() {
    on_both(|board| {
        board.reviewer();
        board.below(2);
        board.look(at(2025, 3, 20));
        board.act(&board.notice(), Act::Acknowledge, crate::everywhere()).unwrap();
        remind(&board.store, at(2025, 4, 20), &|| board.id()).unwrap();
        assert_eq!(board.notice().unanswered_at, None);
        board.store.execute("UPDATE alert SET status = 'open', unanswered_at = NULL").unwrap();
        board.store.execute("DELETE FROM calendar_day").unwrap();
        assert_eq!(remind(&board.store, at(2025, 4, 20), &|| board.id()).unwrap(), 0);
    });
}

#[test]
fn a_notice_that_a_person_closed_speaks_again_when_it_becomes_significant() {
    on_both(|board| {
        let server = MailServer::start();
        let office = office_at(&server.url());
        board.reviewer();
        board.below(2);
        board.look(at(2025, 3, 20));
        let known = board.act(&board.notice(), Act::Acknowledge, crate::everywhere()).unwrap();
        board.act(&known, Act::Close, crate::everywhere()).unwrap();
        board.send(&office, at(2025, 3, 20));
        assert_eq!(arrived(&server, BELOW).len(), 1, "what a colleague did is not mailed");
        let closed = board.notice();
        assert_eq!(
            (closed.note.is_some(), closed.closing_note.is_some(), closed.closed_by.is_some()),
            (true, true, true)
        );
        for n in 41..=50 {
            board.concluded(n, at(2025, 3, 6), Some("lead"));
        }
        board.look(at(2025, 6, 2));
        assert_eq!(board.told("below_target"), [crate::said("open", "significant")]);
        let again = board.notice();
        assert_eq!((again.id, again.closed_by, again.acknowledged_by), (closed.id, None, None));
        board.send(&office, at(2025, 6, 2));
        assert!(arrived(&server, BELOW)[1].subject.contains("升级为显著"));
        let life = fetch(&board.store, &crate::everywhere(), public(&again)).unwrap();
        let kinds: Vec<&str> = life.events.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["raised", "acknowledged", "closed", "escalated"]);
        board.act(&again, Act::Close, crate::everywhere()).unwrap();
        board.look(at(2025, 6, 3));
        assert_eq!(board.told("below_target"), [crate::said("closed", "significant")], "and not a third time");
    });
}

#[test]
fn an_alert_is_assigned_to_a_reviewer_who_sees_it_and_who_is_told() {
    on_both(|board| {
        let server = MailServer::start();
        let office = office_at(&server.url());
        let department = board.house(1, OrganisationKind::Department, "330000");
        let muted = board.person("muted", department, (Role::Reviewer, "330000", &[]));
        let email = Some("muted@example.org".to_owned());
        board.wish(muted, &Wish { revision: 1, email, kinds: vec![] }).unwrap();
        let blind = board.person("blind", department, (Role::Reviewer, "330000", &[Stage::Catering]));
        let auditor = board.person("auditor", department, (Role::Auditor, "330000", &[]));
        board.below(2);
        board.look(at(2025, 3, 20));
        let notice = board.notice();
        for who in [blind, auditor, UserId(uuid(99))] {
            let refused = board.act(&notice, Act::Assign(who), crate::everywhere());
            assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
        }
        let assigned = board.act(&notice, Act::Assign(muted), crate::everywhere()).unwrap();
        assert_eq!((assigned.assigned_to, assigned.status.as_str()), (Some(Id(muted.0)), "open"));
        assert!(matches!(board.act(&assigned, Act::Assign(muted), crate::everywhere()), Err(Error::Conflict)));
        board.send(&office, at(2025, 6, 1));
        let mails = arrived(&server, "指派");
        assert_eq!(receivers(&mails), ["muted"], "who is meant is told, whatever they switched off");
        assert!(mails[0].body.contains("assigned"), "{}", mails[0].body);
    });
}

/// A failure on malachite green, taken by an organisation and tested in a laboratory.
fn malachite(n: u128, (taker, laboratory): (OrganisationId, OrganisationId), confirmed: bool) -> (Sample, Item) {
    let row = sample(n, at(2025, 3, 3), (Standing::Nonconforming, at(2025, 3, 10)));
    let row = Sample { sampling_org_id: Id(taker.0), lab_id: Some(Id(laboratory.0)), ..row };
    let item = failed(&row, "malachite-green");
    let item = if confirmed { item } else { Item { confirmation: None, ..item } };
    (row, item)
}

#[test]
fn an_event_that_is_not_confirmed_reaches_only_its_laboratory_and_the_department_where_it_was_taken() {
    on_both(|board| {
        let server = MailServer::start();
        let office = office_at(&server.url());
        let province = board.house(1, OrganisationKind::Department, "330000");
        let city = board.house(2, OrganisationKind::Department, "330100");
        let taker = board.house(3, OrganisationKind::Inspecting, "330100");
        let laboratory = board.house(4, OrganisationKind::Laboratory, "330000");
        let other = board.house(5, OrganisationKind::Laboratory, "330000");
        board.person("province", province, (Role::Reviewer, "330000", &[]));
        board.person("city", city, (Role::Reviewer, "330100", &[]));
        board.person("ningbo", city, (Role::Reviewer, "330200", &[]));
        board.person("head", laboratory, (Role::Approver, "330000", &[]));
        board.person("tester", laboratory, (Role::Tester, "330000", &[]));
        board.person("other", other, (Role::Approver, "330000", &[]));
        for (n, confirmed, expected) in [(1, false, vec!["city", "head"]), (2, true, vec!["city", "province"])] {
            let (row, item) = malachite(n, (taker, laboratory), confirmed);
            let conclusion = ConclusionRow {
                city: 3301,
                sample_id: row.id,
                revision: 1,
                standing: Word(Standing::Nonconforming),
                decided_at: Ts(at(2025, 3, 10)),
                decided_by: Id(Uuid::nil()),
                reason: String::new(),
            };
            let put = |conn: &mut _| {
                sample_insert(conn, std::slice::from_ref(&row))?;
                items_insert(conn, std::slice::from_ref(&item))?;
                conclusion_insert(conn, &conclusion)
            };
            board.store.write(put).unwrap();
            refresh(&board.store, at(2025, 3, 20), &|| board.id()).unwrap();
            board.send(&office, at(2025, 3, 20));
            let mails = arrived(&server, "检出禁用物质");
            let of_sample: Vec<_> = mails.into_iter().filter(|mail| mail.body.contains(&row.form_no)).collect();
            assert_eq!(receivers(&of_sample), expected, "confirmed: {confirmed}");
            let named = |mail: &Arrived| mail.body.contains("演示农场") || mail.body.contains("演示市场");
            assert!(!of_sample.iter().any(named), "neither producer nor seller is named");
        }
    });
}

#[test]
fn whoever_may_no_longer_see_it_is_not_sent_what_waited_for_them() {
    on_both(|board| {
        let server = MailServer::start();
        let reviewer = board.reviewer();
        board.below(3);
        board.look(at(2025, 3, 20));
        change(&board.store, reviewer, (None, &Change::Active(false)), board.mark()).unwrap();
        let round = board.send(&office_at(&server.url()), at(2025, 3, 20));
        assert_eq!((round.sent, server.taken().len(), board.in_state("waiting").len()), (0, 0, 0));
        assert_eq!(round.failed, board.in_state("failed").len());
    });
}
