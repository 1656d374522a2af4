//! Files beside a sample: put over a network that breaks, refused for what they are, seen and swept.

use crate::client::{Answer, Client, text};
use crate::forms::{CONFORMING, Stand, id, spinach};
use crate::on_each;
use crate::people::Who;
use crate::rows::Rows;
use crate::server::Server;
use hege_app::attachments::{Files, sweep};
use hege_app::verify::{self, Finding};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::path::PathBuf;

/// A file of which these tests bring two bytes only.
pub(crate) const UNFINISHED: &str =
    "kind=photo&bytes=10&sha256=00000000000000000000000000000000000000000000000000000000000000aa";

/// The same where it is asked how far it is.
pub(crate) const ASKED: &str = "bytes=10&sha256=00000000000000000000000000000000000000000000000000000000000000aa";

/// A PNG of one pixel, put together by hand from its specification.
fn png() -> Vec<u8> {
    let hex = "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c633821a0000002\
               9c00f9fcd8dd2e0000000049454e44ae426082";
    hex::decode(hex).unwrap()
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn path(sample: &str, seq: u8, query: &str) -> String {
    format!("/api/v1/samples/{sample}/attachments/{seq}{query}")
}

/// Puts bytes that are said to be a file of this kind.
fn put(client: &Client<'_>, (sample, seq): (&str, u8), (kind, more): (&str, &str), bytes: &[u8]) -> Answer {
    let query = format!("?kind={kind}&bytes={}&sha256={}{more}", bytes.len(), sha256(bytes));
    client.send("PUT", &path(sample, seq, &query), Some(("application/octet-stream", bytes)))
}

/// Puts a photo beside a sample.
pub(crate) fn photo(server: &Server, who: Who, sample: &str, seq: u8) -> Value {
    put(&server.who(who), (sample, seq), ("photo", "&name=a.png"), &png()).ok()
}

/// Puts a sampler's signature beside a sample.
pub(crate) fn signature(server: &Server, sample: &str, seq: u8) -> Value {
    put(&server.who(Who::Inspector), (sample, seq), ("signature", "&subject=sampler"), &png()).ok()
}

fn bytes(answer: Answer) -> Vec<u8> {
    answer.ok().as_array().unwrap().iter().map(|byte| u8::try_from(byte.as_u64().unwrap()).unwrap()).collect()
}

fn files(server: &Server) -> Files {
    Files::open(server.folder.path().to_str().unwrap()).unwrap()
}

/// Where a file lies.
fn file(server: &Server, sha256: &str) -> PathBuf {
    server.folder.path().join("kept").join(sha256.get(..2).unwrap()).join(sha256)
}

#[test]
fn a_photo_comes_back_as_it_went_in_with_where_and_when_it_was_taken() {
    on_each(|server| {
        let sample = server.at(Stand::Registered);
        let more = "&subject=seal&name=%E5%B0%81%E6%A0%B7.png&taken_at=2026-01-01T02:00:00Z&latitude=30.2741&longitude=120.1551&accuracy_m=12";
        let inspector = server.who(Who::Inspector);
        let answer = put(&inspector, (id(&sample), 1), ("photo", more), &png());
        assert_eq!(answer.status, 201, "{answer:#?}");
        let view = answer.ok();
        assert_eq!((text(&view, "sha256"), text(&view, "media_type")), (sha256(&png()).as_str(), "image/png"));
        assert_eq!(view["position"]["latitude"], "30.2741");
        let again = put(&inspector, (id(&sample), 1), ("photo", more), &png());
        assert_eq!((again.status, again.ok()), (200, view.clone()), "the same again changes nothing");
        put(&inspector, (id(&sample), 1), ("document", ""), b"%PDF-1.7 another").refused(409, "attachment_taken");
        assert_eq!(bytes(inspector.send("GET", &path(id(&sample), 1, ""), None)), png());
        let small = bytes(inspector.send("GET", &path(id(&sample), 1, "?size=thumbnail"), None));
        assert_eq!(small[..3], [0xff, 0xd8, 0xff]);
        let seen = server.who(Who::Reviewer).sample(id(&sample)).ok();
        assert_eq!(seen["attachments"][0], view);
        assert_eq!(verify::city(&server.store, 3301).unwrap(), []);
    });
}

#[test]
fn an_upload_goes_on_from_the_byte_that_is_there() {
    on_each(|server| {
        let sample = server.at(Stand::Registered);
        let (sample, whole) = (id(&sample), png());
        let query = format!("?kind=photo&bytes={}&sha256={}", whole.len(), sha256(&whole));
        let part = |offset: usize, bytes: &[u8]| {
            let offset = u64::try_from(offset).unwrap();
            let client = server.who(Who::Inspector).at_offset(offset);
            client.send("PUT", &path(sample, 7, &query), Some(("application/octet-stream", bytes)))
        };
        let there = || {
            let asked = format!("/upload?bytes={}&sha256={}", whole.len(), sha256(&whole));
            server.who(Who::Inspector).send("GET", &path(sample, 7, &asked), None).ok()
        };
        assert_eq!(there()["offset"], 0);
        assert_eq!(part(0, &whole[..20]).status, 202);
        assert_eq!((there()["offset"].clone(), there()["complete"].clone()), (20.into(), false.into()));
        part(0, &whole).refused(409, "offset_mismatch");
        part(21, &whole[21..]).refused(409, "offset_mismatch");
        assert_eq!(part(20, &whole[20..30]).status, 202);
        part(30, &[&whole[30..], b"x"].concat()).invalid(&[("?bytes", "bytes_differ")]);
        let asked = format!("/upload?bytes={}&sha256={}", whole.len(), sha256(&whole));
        let colleague = server.who(Who::Colleague).send("GET", &path(sample, 7, &asked), None).ok();
        assert_eq!(colleague["offset"], 0, "nobody goes on with another's");
        assert_eq!(part(30, &whole[30..]).status, 201);
        assert_eq!(there()["complete"], true);
        assert_eq!(bytes(server.who(Who::Inspector).send("GET", &path(sample, 7, ""), None)), whole);
    });
}

#[test]
fn what_arrives_before_the_network_breaks_is_kept() {
    on_each(|server| {
        let sample = server.at(Stand::Registered);
        let (sample, whole) = (id(&sample), png());
        let query = format!("?kind=photo&bytes={}&sha256={}", whole.len(), sha256(&whole));
        let inspector = server.who(Who::Inspector);
        let route = path(sample, 2, &query);
        let head = inspector.head(("PUT", route.strip_prefix("/api/v1").unwrap()), whole.len());
        let broken = inspector.raw(("PUT", &route), &[head.as_bytes(), &whole[..25]].concat());
        broken.refused(400, "body_cut_off");
        let asked = format!("/upload?bytes={}&sha256={}", whole.len(), sha256(&whole));
        let there = inspector.send("GET", &path(sample, 2, &asked), None).ok();
        assert_eq!(there["offset"], 25);
        let rest = inspector.at_offset(25).send("PUT", &route, Some(("application/octet-stream", &whole[25..])));
        assert_eq!(rest.status, 201, "{rest:#?}");
    });
}

#[test]
fn what_is_no_digest_names_no_upload() {
    on_each(|server| {
        let sample = server.at(Stand::Registered);
        for sha256 in ["a".repeat(300), "A".repeat(64), "a".repeat(63), "../../etc".to_owned()] {
            let asked = format!("/samples/{}/attachments/1/upload?bytes=0&sha256={sha256}", id(&sample));
            server.who(Who::Inspector).get(&asked).invalid(&[("?sha256", "bad_digest"), ("?bytes", "out_of_range")]);
        }
    });
}

#[test]
fn what_is_not_what_it_is_said_to_be_is_refused_and_leaves_nothing() {
    on_each(|server| {
        let sample = server.at(Stand::Registered);
        let (sample, inspector) = (id(&sample), server.who(Who::Inspector));
        let rows = Rows::of(server);
        let at = (sample, 1);
        put(&inspector, at, ("photo", ""), b"<html>a photo.jpg</html>").invalid(&[("", "type_unknown")]);
        put(&inspector, at, ("photo", ""), b"%PDF-1.7 a scan").invalid(&[("", "type_unfit")]);
        put(&inspector, at, ("recording", ""), &png()).invalid(&[("", "type_unfit")]);
        put(&inspector, at, ("photo", ""), &png()[..40]).invalid(&[("", "picture_unreadable")]);
        let other = format!("?kind=photo&bytes={}&sha256={}", png().len(), sha256(b"other"));
        let sent = inspector.send("PUT", &path(sample, 1, &other), Some(("application/octet-stream", &png())));
        sent.invalid(&[("?sha256", "digest_differs")]);
        let nothing = inspector.send("PUT", &path(sample, 1, "?personal=1&latitude=x"), Some(("text/plain", b"")));
        nothing.invalid(&[
            ("?kind", "required"),
            ("?sha256", "required"),
            ("?bytes", "required"),
            ("?personal", "wrong_type"),
            ("?latitude", "bad_number"),
            ("?longitude", "required"),
            ("?accuracy_m", "required"),
        ]);
        put(&inspector, (sample, 0), ("photo", ""), &png()).invalid(&[("{seq}", "out_of_range")]);
        put(&inspector, (sample, 201), ("photo", ""), &png()).invalid(&[("{seq}", "out_of_range")]);
        let large = format!("?kind=signature&bytes={}&sha256={}", 2 * 1024 * 1024 + 1, sha256(b""));
        inspector.send("PUT", &path(sample, 1, &large), Some(("text/plain", b""))).invalid(&[("?bytes", "bad_size")]);
        rows.are_as_before("files that are not what they are said to be");
        assert_eq!(std::fs::read_dir(server.folder.path().join("kept")).map_or(0, Iterator::count), 0);
    });
}

#[test]
fn a_signature_is_sealed_opened_for_a_purpose_that_is_recorded_and_masked_from_others() {
    on_each(|server| {
        let sample = server.at(Stand::Registered);
        let sample = id(&sample);
        let view = put(
            &server.who(Who::Inspector),
            (sample, 3),
            ("signature", "&subject=sampled_unit&name=secret.png"),
            &png(),
        )
        .ok();
        assert_eq!((view["personal"].clone(), view["name"].clone()), (true.into(), Value::Null));
        let stored = std::fs::read(file(server, text(&view, "sha256"))).unwrap();
        assert!(stored.windows(4).all(|window| window != b"IHDR"), "it lies sealed");
        let get = |who: Who, query: &str| server.who(who).send("GET", &path(sample, 3, query), None);
        let purpose = "?purpose=%E6%A0%B8%E5%AF%B9%E7%AD%BE%E5%90%8D";
        get(Who::Reviewer, "").invalid(&[("?purpose", "purpose_missing")]);
        get(Who::Reviewer, "?purpose=x").invalid(&[("?purpose", "purpose_missing")]);
        get(Who::Administrator, purpose).refused(403, "masked");
        let viewed = || {
            let audits = server.who(Who::Auditor).get("/audit?city=3301").ok();
            let rows = audits["items"].as_array().unwrap().clone();
            rows.into_iter().filter(|row| row["action"] == "personal_viewed").collect::<Vec<_>>()
        };
        assert_eq!(viewed().len(), 0);
        assert_eq!(bytes(get(Who::Reviewer, purpose)), png());
        assert_eq!(bytes(get(Who::Reviewer, &format!("{purpose}&size=preview")))[..2], [0xff, 0xd8]);
        assert_eq!((viewed().len(), text(&viewed()[0]["detail"], "purpose").to_owned()), (2, "核对签名".to_owned()));
        let again = put(&server.who(Who::Inspector), (sample, 3), ("signature", ""), &png());
        assert_eq!(again.status, 200, "the same file is known again by its keyed digest");
    });
}

#[test]
fn a_laboratory_sees_what_it_put_itself_and_no_photo_of_the_stall() {
    on_each(|server| {
        let sample = server.bring(&spinach(server), CONFORMING, Stand::Received);
        let sample = id(&sample);
        photo(server, Who::Inspector, sample, 1);
        photo(server, Who::Receiver, sample, 2);
        let seqs = |who: Who| -> Vec<i64> {
            let seen = server.who(who).sample(sample).ok();
            seen["attachments"].as_array().unwrap().iter().map(|row| row["seq"].as_i64().unwrap()).collect()
        };
        assert_eq!((seqs(Who::Tester), seqs(Who::Inspector)), (vec![2], vec![1, 2]));
        server.who(Who::Tester).send("GET", &path(sample, 1, ""), None).refused(404, "not_found");
        bytes(server.who(Who::Tester).send("GET", &path(sample, 2, ""), None));
        server.who(Who::OtherInspector).send("GET", &path(sample, 1, ""), None).refused(404, "not_found");
        put(&server.who(Who::OtherInspector), (sample, 4), ("photo", ""), &png()).refused(404, "not_found");
        put(&server.who(Who::Administrator), (sample, 4), ("photo", ""), &png()).refused(403, "role_missing");
    });
}

#[test]
fn a_file_that_was_bent_or_taken_away_is_found_and_what_no_row_names_is_swept() {
    on_each(|server| {
        let sample = server.at(Stand::Registered);
        let view = photo(server, Who::Inspector, id(&sample), 1);
        let pdf = b"%PDF-1.7 a notice".as_slice();
        let other = put(&server.who(Who::Inspector), (id(&sample), 2), ("document", ""), pdf).ok();
        let found = || {
            let mut found = Vec::new();
            verify::files(&server.store, &files(server), 3301, |finding| found.push(finding)).unwrap();
            found
        };
        assert_eq!(found(), []);
        let kept = files(server);
        let mut orphan = kept.make("orphan").unwrap();
        std::io::Write::write_all(&mut orphan, b"nobody's").unwrap();
        let orphan = orphan.keep().unwrap();
        let later = |days: i64| Timestamp::now() + SignedDuration::from_hours(24 * days);
        assert_eq!(sweep(&server.store, &files(server), later(6)).unwrap().files, 0);
        assert_eq!(sweep(&server.store, &files(server), later(8)).unwrap().files, 1);
        assert!(!file(server, &orphan).exists());
        assert_eq!(found(), [], "what rows name stays");
        std::fs::write(file(server, text(&view, "sha256")), b"another").unwrap();
        std::fs::remove_file(file(server, text(&other, "sha256"))).unwrap();
        let key = |seq: u8| format!("{}/{seq}", id(&sample));
        let expected = [Finding::File { key: key(1), missing: false }, Finding::File { key: key(2), missing: true }];
        assert_eq!(found(), expected);
    });
}
