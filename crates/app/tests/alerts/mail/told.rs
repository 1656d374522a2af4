//! Who is told what: subscriptions, reminders, assignment, what is not for everybody.

use super::*;

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
    let open = hege_app::alerts::Filter { status: Some(hege_alerts::AlertStatus::Open), ..Default::default() };
    hege_app::alerts::list(&board.store, &crate::everywhere(), (&open, 100)).unwrap().items.len()
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
