//! What the board shows: cities side by side, months one after another, other cuts, weights, and what stands beside a rate.

use crate::client::text;
use crate::forms::{CONFORMING, NONCONFORMING, Stand, spinach};
use crate::on_both;
use crate::people::Who;
use crate::rows::Rows;
use crate::server::Server;
use serde_json::{Value, json};

/// Three samples of Hangzhou's spinach, one of which failed.
fn three(server: &Server) {
    for reported in [CONFORMING, CONFORMING, NONCONFORMING] {
        server.bring(&spinach(server), reported, Stand::Approved);
    }
}

fn items(answer: Value) -> Vec<Value> {
    answer["items"].as_array().unwrap().clone()
}

#[test]
fn cities_are_compared_by_how_sure_their_figures_are_and_those_without_samples_stand_there_too() {
    on_both(|server| {
        three(server);
        let (reviewer, city) = (server.who(Who::Reviewer), server.who(Who::CityReviewer));
        let rows = Rows::of(server);
        let compared = reviewer.get("/rates/cities?stage=farm").ok();
        assert_eq!((&compared["target_bp"], &compared["centre"]), (&json!(9600), &json!(0.96)));
        let cities = items(compared);
        assert_eq!(cities.len(), 11);
        let hangzhou = &cities[0];
        assert_eq!((text(hangzhou, "city"), text(hangzhou, "name")), ("3301", "杭州市"));
        assert_eq!((&hangzhou["n"], &hangzhou["k"], text(hangzhou, "rate")), (&json!(3), &json!(2), "66.67"));
        assert_eq!((&hangzhou["below_target"], text(hangzhou, "state")), (&json!(true), "insufficient"));
        // 1 - 0.96^3, and the same for the only one that can be tested.
        assert_eq!((&hangzhou["p"], &hangzhou["adjusted"]), (&json!(0.115_264), &json!(0.115_264)));
        assert_eq!((&hangzhou["usual"], &hangzhou["extreme"]), (&json!([2, 3]), &json!([1, 3])));
        assert_eq!(hangzhou["position"], "within", "two of three are what chance explains");
        let nothing = &cities[1];
        for field in ["rate", "interval", "p", "adjusted", "usual", "position", "below_target"] {
            assert_eq!(nothing[field], json!(null), "{field}");
        }
        assert_eq!((&nothing["n"], text(nothing, "state")), (&json!(0), "no_data"));
        let own = items(city.get("/rates/cities?stage=farm").ok());
        assert_eq!(own.iter().map(|city| text(city, "city")).collect::<Vec<_>>(), ["3302"]);
        reviewer.get("/rates/cities").invalid(&[("?stage", "required")]);
        rows.are_as_before("comparisons");
    });
}

#[test]
fn every_month_of_a_trend_has_its_windows_and_says_whether_it_is_provisional() {
    on_both(|server| {
        three(server);
        let reviewer = server.who(Who::Reviewer);
        let trend = items(reviewer.get("/rates/trend?stage=farm").ok());
        let months = trend[0]["months"].as_array().unwrap();
        let last = months.last().unwrap();
        assert_eq!((&last["n"], &last["k"], &last["provisional"]), (&json!(3), &json!(2), &json!(true)));
        for window in ["year_to_date", "trailing_three"] {
            assert_eq!((&last[window]["n"], text(&last[window], "rate")), (&json!(3), "66.67"), "{window}");
        }
        assert!(text(&months[0], "month").ends_with("-01"), "the year begins in January");
        let names: Vec<&str> = months.iter().map(|month| text(month, "month")).collect();
        assert!(names.is_sorted() && names.len() == months.len());
        let earlier = items(reviewer.get("/rates/trend?stage=farm&from=2024-11&to=2025-02").ok());
        let earlier = earlier[0]["months"].as_array().unwrap();
        let found: Vec<_> = earlier.iter().map(|month| (text(month, "month"), &month["provisional"])).collect();
        let closed = &json!(false);
        assert_eq!(found, [("2024-11", closed), ("2024-12", closed), ("2025-01", closed), ("2025-02", closed)]);
        reviewer.get("/rates/trend?from=2010-01&to=2019-12").ok();
        reviewer.get("/rates/trend?from=2010-01&to=2020-01").invalid(&[("?to", "too_many")]);
    });
}

#[test]
fn a_rate_is_cut_by_county_food_class_task_type_and_kind_now_and_as_of_an_instant() {
    on_both(|server| {
        three(server);
        let reviewer = server.who(Who::Reviewer);
        let cuts = [
            ("city", "city", "3301"),
            ("region", "region", "330106"),
            ("food_class", "food_class", "33.01.02.01"),
            ("task_type", "task_type", "routine_monitoring"),
            ("sample_kind", "sample_kind", "primary_produce"),
        ];
        let class = server.who(Who::Reviewer).samples("limit=1").ok()["items"][0]["food_class"].clone();
        for as_of in ["", "&as_of=2099-01-01T00:00:00Z"] {
            for (by, field, name) in cuts {
                let found = items(reviewer.rates(&format!("stage=farm&group_by={by}{as_of}")).ok());
                assert_eq!(found.len(), 1, "{by}: {found:?}");
                let name = if by == "food_class" { class.clone() } else { json!(name) };
                assert_eq!((&found[0][field], &found[0]["n"], &found[0]["k"]), (&name, &json!(3), &json!(2)), "{by}");
            }
        }
        for by in ["region", "food_class"] {
            let before = reviewer.rates(&format!("stage=farm&group_by={by}&as_of=2020-01-01T00:00:00Z")).ok();
            assert_eq!(items(before), Vec::<Value>::new(), "nothing was registered then");
        }
    });
}

#[test]
fn samples_that_never_count_are_told_beside_the_rate_and_not_in_it() {
    on_both(|server| {
        three(server);
        let mut registration = spinach(server);
        registration["form"]["task_type"] = json!("risk_monitoring");
        server.who(Who::Inspector).register(&registration).ok();
        let mut registration = spinach(server);
        registration["form"]["task_type"] = json!("supervision");
        server.bring(&registration, NONCONFORMING, Stand::Approved);
        let rate = &items(server.who(Who::Reviewer).rates("stage=farm").ok())[0];
        assert_eq!((&rate["n"], &rate["k"]), (&json!(3), &json!(2)));
        assert_eq!((&rate["beside"]["risk"], &rate["beside"]["not_counted"]), (&json!(1), &json!(1)), "{rate:#}");
    });
}

#[test]
fn a_weighted_rate_needs_a_weight_for_every_stratum_with_samples_and_knows_no_other() {
    on_both(|server| {
        three(server);
        let reviewer = server.who(Who::Reviewer);
        let weighted = |query: &str| reviewer.rates(&format!("stage=farm&{query}"));
        let class = server.who(Who::Reviewer).samples("limit=1").ok()["items"][0]["food_class"].clone();
        let top = class.as_str().unwrap().split('.').next().unwrap().to_owned();
        for weights in ["city:3301=2".to_owned(), "region:330106=0.5".to_owned(), format!("food_class:{top}=1")] {
            let rate = &items(weighted(&format!("weights={weights}")).ok())[0]["weighted"];
            assert_eq!((&rate["share"], &rate["too_few"]), (&json!(0.666_667), &json!([])), "{weights}: {rate:#}");
            assert_eq!(rate["interval"].as_array().unwrap().len(), 2);
        }
        let thin = &items(weighted("weights=city:3301=1,3302=1").ok())[0]["weighted"];
        assert_eq!((&thin["share"], &thin["too_few"]), (&json!(null), &json!(["3302"])), "of Ningbo nothing is known");
        let without = &items(weighted("weights=city:3301=1,3302=0").ok())[0]["weighted"];
        assert_eq!(without["share"], json!(0.666_667), "a stratum that weighs nothing needs no samples");
        weighted("weights=city:3302=1").invalid(&[("?weights", "weight_missing")]);
        weighted("weights=city:3301=1,3399=1,9999=1")
            .invalid(&[("?weights", "unknown_stratum"), ("?weights", "unknown_stratum")]);
        weighted("weights=city:3301=-1").invalid(&[("?weights", "bad_weight"), ("?weights", "bad_weight")]);
        weighted("weights=city:3301=NaN").invalid(&[("?weights", "bad_weight"), ("?weights", "bad_weight")]);
        for weights in ["city", "month:2025-01=1", "city:3301", "city:3301=1,3301=1", "city:3301=x"] {
            weighted(&format!("weights={weights}")).invalid(&[("?weights", "bad_weights")]);
        }
        weighted("weights=city:3301=1&group_by=city").invalid(&[("?group_by", "not_with_weights")]);
        assert_eq!(items(weighted("group_by=stage").ok())[0]["weighted"], json!(null));
    });
}
