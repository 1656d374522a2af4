//! `GET /alerts` page by page.

use crate::client::{Client, text};
use crate::on_both;
use crate::people::Who;
use crate::server::Server;
use hege_core::Stage;
use hege_store::Error;
use hege_store::alerts::{AlertRow, alert_insert};
use hege_store::types::{Doc, Id, Ts, Word};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

/// A hundred and one alerts of the current plan, two of each instant; every third is over, every second of catering.
fn put(server: &Server) {
    let alert = |n: u32| {
        let at = Ts(Timestamp::from_second(1_750_000_000 + i64::from(n / 2)).unwrap());
        AlertRow {
            city: 3300,
            id: Id(Uuid::from_u128(u128::from(n) * 0x9E37_79B9 % 1_000_003)),
            kind: "event".to_owned(),
            rule: "banned_substance".to_owned(),
            plan_id: Id(server.plan.0),
            target_version: None,
            stage: Some(Word(if n.is_multiple_of(2) { Stage::Catering } else { Stage::Farm })),
            region: if n.is_multiple_of(5) { 330_106 } else { 330_203 },
            subject: n.to_string(),
            status: if n.is_multiple_of(3) { "closed" } else { "open" }.to_owned(),
            grade: "notice".to_owned(),
            opened_at: at,
            raised_at: at,
            evidence: Doc(json!({"zh": "演示", "en": "演示"})),
            acknowledged_by: None,
            acknowledged_at: None,
            note: None,
            ended_at: None,
            ended_why: None,
            revision: 1,
            assigned_to: None,
            closed_by: None,
            closing_note: None,
            unanswered_at: None,
        }
    };
    let put = |conn: &mut hege_store::Conn| (0..101).try_for_each(|n| alert_insert(conn, &alert(n)));
    server.store.write::<(), Error>(put).unwrap();
}

/// The pages of a query, each with what is in it.
fn pages(client: &Client<'_>, query: &str) -> Vec<Vec<Value>> {
    let (mut pages, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("/alerts?{query}{cursor}")).ok();
        pages.push(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next_cursor"].as_str() else { return pages };
        cursor = format!("&cursor={next}");
    }
}

#[test]
fn pages_hold_every_alert_that_a_person_sees_once_the_newest_first() {
    on_both(|server| {
        server.stop_working();
        put(server);
        let reviewer = server.who(Who::Reviewer);
        for (query, sizes) in [
            ("", vec![50, 50, 1]),
            ("limit=100", vec![100, 1]),
            ("limit=1&status=acknowledged", vec![0]),
            ("limit=33&status=open", vec![33, 33, 1]),
            ("limit=34&status=closed", vec![34]),
        ] {
            let pages = pages(&reviewer, query);
            assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), sizes, "{query}");
            let all: Vec<(String, String)> = pages
                .iter()
                .flatten()
                .map(|alert| (text(alert, "raised_at").to_owned(), text(alert, "id").to_owned()))
                .collect();
            assert!(all.is_sorted_by(|one, next| one > next), "{query}: each once, the newest first");
        }
        let city = pages(&server.who(Who::CityReviewer), "limit=7");
        assert_eq!(city.iter().flatten().count(), 80, "those of the city");
        assert!(city.iter().flatten().all(|alert| text(alert, "region") == "330203"));
        assert_eq!(pages(&server.who(Who::StageReviewer), ""), [Vec::<Value>::new()], "none of the stage");
    });
}

#[test]
fn a_page_that_cannot_be_meant_is_refused_at_its_parameter() {
    on_both(|server| {
        let reviewer = server.who(Who::Reviewer);
        for limit in ["0", "101", "-1", "x", "1.5"] {
            let answer = reviewer.get(&format!("/alerts?limit={limit}"));
            assert_eq!((answer.status, answer.body["errors"][0]["pointer"].as_str()), (422, Some("?limit")), "{limit}");
        }
        for cursor in ["x", "1", "1.x", "-1.00000000000000000000000000000000"] {
            reviewer.get(&format!("/alerts?cursor={cursor}")).invalid(&[("?cursor", "bad_cursor")]);
        }
    });
}
