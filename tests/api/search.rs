//! `GET /samples?q=`: who finds what by which names.

use crate::client::text;
use crate::forms::{PRODUCER, SELLER, Stand, id, spinach};
use crate::on_both;
use crate::people::{House, Who};
use serde_json::json;

/// What was typed, as it stands in a URL; what follows an ampersand are other parameters.
fn typed(q: &str) -> String {
    let (text, rest) = q.split_once('&').map_or((q, ""), |(text, rest)| (text, rest));
    let encoded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    format!("q={encoded}&{rest}")
}

/// The ids that a person finds.
fn found(client: &crate::client::Client<'_>, q: &str) -> Vec<String> {
    let page = client.samples(&typed(q)).ok();
    assert_eq!(page["next_cursor"], json!(null), "{q}");
    page["items"].as_array().unwrap().iter().map(|sample| id(sample).to_owned()).collect()
}

#[test]
fn an_inspector_finds_by_every_name_and_code_and_a_laboratory_by_those_it_is_told() {
    on_both(|server| {
        let mut registration = spinach(server);
        registration["form"]["product_name"] = json!("明前龙井");
        let sample = server.bring(&registration, crate::forms::CONFORMING, Stand::Received);
        let (inspector, tester) = (server.who(Who::Inspector), server.who(Who::Tester));
        let (ours, none) = (vec![id(&sample).to_owned()], Vec::<String>::new());
        for q in ["龙井", "井", "前 龙", id(&sample), text(&sample, "form_no"), "NCP"] {
            let expected = if q == "NCP" { &none } else { &ours };
            assert_eq!((&found(&inspector, q), &found(&tester, q)), (expected, expected), "{q}");
        }
        for q in [SELLER, PRODUCER, "合作社", "龙井 摊位"] {
            assert_eq!(found(&inspector, q), ours, "{q}");
            assert_eq!(found(&tester, q), none, "a laboratory is not told {q}");
        }
        for who in [Who::Reviewer, Who::Administrator, Who::Auditor] {
            assert_eq!(found(&server.who(who), SELLER), ours, "{who:?}");
        }
        for who in [Who::OtherInspector, Who::OtherTester, Who::CityReviewer, Who::StageReviewer] {
            assert_eq!(found(&server.who(who), "龙井"), none, "{who:?}");
        }
        assert_eq!(found(&inspector, "龙井&status=approved"), none);
        assert_eq!(found(&inspector, "龙井&region=330106&stage=farm"), ours);
    });
}

#[test]
fn an_amended_name_is_found_and_the_old_one_no_longer() {
    on_both(|server| {
        let sample = server.at(Stand::Registered);
        let inspector = server.who(Who::Inspector);
        inspector.amend(&sample, &json!({"sampled_unit": "演示茶庄"})).ok();
        assert_eq!(found(&inspector, "茶庄"), [id(&sample)]);
        assert_eq!(found(&inspector, SELLER), Vec::<String>::new());
        // Nobody's telephone or number of identity is a name.
        let sample = inspector.sample(id(&sample)).ok();
        for q in ["0571", House::Sampling.id().to_string().as_str()] {
            assert_eq!(found(&inspector, q), Vec::<String>::new(), "{q} in {sample}");
        }
    });
}

#[test]
fn what_cannot_be_searched_for_is_told() {
    on_both(|server| {
        let inspector = server.who(Who::Inspector);
        let long = "茶".repeat(101);
        for (q, code) in [("--", "nothing_to_find"), ("，。", "nothing_to_find"), (long.as_str(), "bad_text")] {
            inspector.samples(&typed(q)).invalid(&[("?q", code)]);
        }
        inspector.samples("q=a+b+c+d+e+f+g+h+i&limit=0").invalid(&[("?q", "too_many"), ("?limit", "out_of_range")]);
        inspector.samples(&typed(&"茶".repeat(100))).ok();
        // Blank text is absent.
        assert_eq!(inspector.samples("q=+").ok()["items"], json!([]));
    });
}
