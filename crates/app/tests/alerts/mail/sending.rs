//! How mail gets out, whatever the mail server, a clock or another worker does.

use super::*;

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
