//! Search by the words of names and by codes.

use crate::samples::{LAB, TAKER, id, numbers, on_both, put, read, sample};
use hege_core::names::Query;
use hege_core::{SampleId, Stage};
use hege_store::Store;
use hege_store::amendments::{SampleForm, sample_amend};
use hege_store::listing::{Filter, Theirs};
use hege_store::samples::{Sample, sample_fetch};
use hege_store::search::{EXAMINED_MAX, Found, Search, sample_search};
use hege_store::types::{Doc, Id, Ts};
use serde_json::json;

/// Who sees the whole province.
fn all() -> Filter {
    Filter {
        theirs: Theirs::In(330_000, 339_999),
        stages: Vec::new(),
        regions: None,
        status: None,
        task_type: None,
        after: None,
    }
}

fn page(store: &Store, text: &str, filter: &Filter, limit: usize) -> Found {
    let query = Query::parse(text).unwrap();
    let search = Search {
        filter,
        cities: (3300, 3399),
        by_names: true,
        is_blind: &|_| false,
        query: Some(&query),
        form_no: None,
    };
    read(store, |conn| sample_search(conn, &search, limit))
}

fn found(store: &Store, text: &str) -> Vec<u128> {
    let found = page(store, text, &all(), 50);
    assert_eq!(found.next, None, "{text}");
    numbers(&found.samples)
}

/// What a laboratory finds, that sees samples without the names of unit and producer.
fn found_blind(store: &Store, text: &str) -> Vec<u128> {
    let query = Query::parse(text).unwrap();
    let filter = Filter { theirs: Theirs::SentTo(id(LAB)), ..all() };
    // The names are looked up all the same: what may not be found is held back row by row too.
    [true, false]
        .map(|by_names| {
            let search = Search {
                filter: &filter,
                cities: (3300, 3399),
                by_names,
                is_blind: &|_| true,
                query: Some(&query),
                form_no: None,
            };
            numbers(&read(store, |conn| sample_search(conn, &search, 50)).samples)
        })
        .into_iter()
        .reduce(|one, other| if one == other { one } else { panic!("{text}: {one:?} {other:?}") })
        .unwrap()
}

fn province(store: &Store) {
    let coded = Sample {
        form: Doc(json!({"samplers": [], "barcode": "6901234567892", "uscc": "91350100M000100Y43"})),
        ..sample(3, ("西湖龙井", "演示茶庄", Some("杭州茶厂")))
    };
    let other = Sample { city: 3302, region: 330_203, ..sample(4, ("龙井茶(散装)", "宁波市场", None)) };
    put(
        store,
        &[
            sample(0, ("菠菜", "西湖市场", Some("演示合作社"))),
            sample(1, ("Ｃoca-Cola 330ML", "西湖超市", Some("可口可乐"))),
            sample(2, ("青菜", "龙井村农贸市场", None)),
            coded,
            other,
        ],
    );
}

#[test]
fn a_word_is_found_in_any_name_whole_or_in_part_the_newest_first() {
    on_both(|store| {
        province(store);
        assert_eq!(found(store, "龙井"), [4, 3, 2]);
        assert_eq!(found(store, "龙井茶"), [4]);
        assert_eq!(found(store, "西湖"), [3, 1, 0]);
        assert_eq!(found(store, "合作社"), [0]);
        assert_eq!(found(store, "井龙"), Vec::<u128>::new());
    });
}

#[test]
fn one_character_is_found_wherever_it_stands_in_a_name() {
    on_both(|store| {
        province(store);
        assert_eq!(found(store, "菜"), [2, 0], "the last one");
        assert_eq!(found(store, "龙"), [4, 3, 2], "in the middle");
        assert_eq!(found(store, "菠"), [0], "the first one");
        assert_eq!(found(store, "鱼"), Vec::<u128>::new());
    });
}

#[test]
fn several_words_must_all_be_found_in_whatever_names() {
    on_both(|store| {
        province(store);
        assert_eq!(found(store, "龙井 市场"), [4, 2]);
        assert_eq!(found(store, "市场 龙井 青菜"), [2]);
        assert_eq!(found(store, "龙井 超市"), Vec::<u128>::new());
    });
}

#[test]
fn latin_letters_are_found_in_any_width_and_case() {
    on_both(|store| {
        province(store);
        for text in ["coca", "COCA-COLA", "ｃｏｌａ 330ml", "coca cola"] {
            assert_eq!(found(store, text), [1], "{text}");
        }
        assert_eq!(found(store, "cocacola"), Vec::<u128>::new());
    });
}

#[test]
fn form_number_barcode_credit_code_and_id_find_their_samples() {
    on_both(|store| {
        province(store);
        assert_eq!(found(store, "NCP25330106000002"), [2]);
        assert_eq!(found(store, "ncp25330106"), [4, 3, 2, 1, 0], "the beginning, in small letters");
        assert_eq!(found(store, "NCP25330106 菜"), [2, 0]);
        assert_eq!(found(store, "6901234567892"), [3]);
        assert_eq!(found(store, "6901234567893"), Vec::<u128>::new());
        assert_eq!(found(store, "91350100m000100y43"), [3]);
        let id = SampleId { city: "3302".parse().unwrap(), uuid: id(5).0 };
        assert_eq!(found(store, &id.to_string().to_uppercase()), [4]);
        let elsewhere = SampleId { city: "3301".parse().unwrap(), ..id };
        assert_eq!(found(store, &elsewhere.to_string()), Vec::<u128>::new());
    });
}

#[test]
fn a_laboratory_finds_by_the_product_and_by_no_other_name_or_code() {
    on_both(|store| {
        province(store);
        assert_eq!(found_blind(store, "龙井"), [4, 3]);
        for text in ["市场", "可口可乐", "龙井 市场", "6901234567892", "91350100M000100Y43"] {
            assert_eq!(found_blind(store, text), Vec::<u128>::new(), "{text}");
        }
        assert_eq!(found_blind(store, "NCP25330106000002"), [2], "the number stands on the sample");
    });
}

#[test]
fn what_is_found_lies_within_the_filter() {
    on_both(|store| {
        province(store);
        let of = |filter: Filter| numbers(&page(store, "龙井", &filter, 50).samples);
        assert_eq!(of(Filter { regions: Some((330_100, 330_199)), ..all() }), [3, 2]);
        assert_eq!(of(Filter { regions: Some((330_203, 330_203)), ..all() }), [4]);
        assert_eq!(of(Filter { theirs: Theirs::TakenBy(id(TAKER)), ..all() }), [4, 3, 2]);
        assert_eq!(of(Filter { theirs: Theirs::TakenBy(id(1)), ..all() }), Vec::<u128>::new());
        assert_eq!(of(Filter { theirs: Theirs::Either(id(1), id(LAB)), ..all() }), [4, 3, 2]);
        assert_eq!(of(Filter { stages: vec![Stage::Catering], ..all() }), Vec::<u128>::new());
        assert_eq!(of(Filter { status: Some("sealed".to_owned()), ..all() }), [4, 3, 2]);
        assert_eq!(of(Filter { status: Some("approved".to_owned()), ..all() }), Vec::<u128>::new());
    });
}

#[test]
fn an_amendment_is_found_by_its_new_name_and_no_longer_by_the_old() {
    on_both(|store| {
        province(store);
        let of = SampleId { city: "3301".parse().unwrap(), uuid: id(1).0 };
        let before = read(store, |conn| sample_fetch(conn, of)).unwrap();
        let change = SampleForm {
            sector: before.sector,
            sample_kind: before.sample_kind,
            region: before.region,
            food_class: before.food_class,
            product_name: "茼蒿".to_owned(),
            sampled_unit: before.sampled_unit,
            producer: None,
            sampled_at: before.sampled_at,
            month: before.month,
            deciding_date: None,
            form: before.form,
            personal: None,
            task_id: None,
        };
        store.write(|conn| sample_amend(conn, of, 1, &change)).unwrap().unwrap();
        assert_eq!(found(store, "茼蒿"), [0]);
        assert_eq!(found(store, "菠菜"), Vec::<u128>::new());
        assert_eq!(found(store, "合作社"), Vec::<u128>::new());
    });
}

#[test]
fn names_of_samples_from_before_the_search_are_found_after_migrating() {
    on_both(|store| {
        province(store);
        // As a database of the version before: samples, and no name known.
        store.execute("DELETE FROM name_gram").unwrap();
        assert_eq!(found(store, "龙井"), Vec::<u128>::new());
        store.migrate().unwrap();
        assert_eq!(found(store, "龙井"), Vec::<u128>::new(), "it is known to be done");
        store.execute("DELETE FROM setting WHERE key = 'names_known'").unwrap();
        store.migrate().unwrap();
        assert_eq!(found(store, "龙井"), [4, 3, 2]);
        assert_eq!(found(store, "合作社"), [0]);
    });
}

/// Every page, each with how many samples it holds.
fn pages(store: &Store, text: &str, limit: usize) -> (Vec<u128>, Vec<usize>) {
    let (mut all_of, mut sizes, mut after): (_, _, Option<(Ts, Id)>) = (Vec::new(), Vec::new(), None);
    loop {
        let found = page(store, text, &Filter { after, ..all() }, limit);
        sizes.push(found.samples.len());
        all_of.extend(numbers(&found.samples));
        after = found.next;
        if after.is_none() {
            return (all_of, sizes);
        }
    }
}

#[test]
fn pages_hold_each_sample_once_whether_few_names_are_followed_or_very_many() {
    on_both(|store| {
        let names: Vec<String> = (0..700).map(|n| format!("演示{n:04}市场")).collect();
        let of = |n: u32| {
            let product = if n.is_multiple_of(7) { "龙井茶" } else { "青菜" };
            sample(n, (product, &names[usize::try_from(n % 700).unwrap()], None))
        };
        put(store, &(0..1_400).map(of).collect::<Vec<_>>());
        let newest_first = |step: usize| (0..1_400_u128).rev().filter(|n| n % step as u128 == 0).collect::<Vec<_>>();
        // One name is followed.
        assert_eq!(pages(store, "龙井", 30), (newest_first(7), [vec![30; 6], vec![20]].concat()));
        // More names than are followed: back in time.
        assert_eq!(pages(store, "市场", 100), (newest_first(1), vec![100; 14]));
        assert_eq!(pages(store, "市场 龙井", 150), (newest_first(7), vec![150, 50]));
        assert_eq!(found(store, "0699市场"), [1399, 699]);
    });
}

#[test]
fn no_page_looks_at_more_rows_than_it_may_and_the_next_one_goes_on() {
    on_both(|store| {
        let count = u32::try_from(EXAMINED_MAX).unwrap() + 2_000;
        let names: Vec<String> =
            (0..1_200).map(|n| format!("{}{n:04}", if n % 2 == 0 { "甲号" } else { "乙号" })).collect();
        // Each word is in very many names, and only the oldest sample has both.
        let of = |n: u32| {
            let producer = (n == 0).then_some("乙号");
            sample(n, ("青菜", &names[usize::try_from(n % 1_200).unwrap()], producer))
        };
        put(store, &(0..count).map(of).collect::<Vec<_>>());
        assert_eq!(pages(store, "甲号 乙号", 20), (vec![0], vec![0, 1]));
        // A pair that no name holds ends at once.
        assert_eq!(pages(store, "甲号 乙甲", 20), (vec![], vec![0]));
    });
}
