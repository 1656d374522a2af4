//! The evidence of a sample: whole, told from what was forged, and nothing of people in it.

use crate::attachments;
use crate::forms::{NONCONFORMING, Stand, id, spinach};
use crate::people::Who;
use crate::server::Server;
use crate::{on_each, until};
use hege_app::evidence::{Bundle, BundleFault, Checked, check};
use hege_files::bundle::{BundleWriter, WriteError};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Cursor;

type Parts = BTreeMap<String, Vec<u8>>;

/// The evidence as the reviewer takes it, once everything before is sealed, and the head that the auditor printed then.
fn taken(server: &Server, sample: &str) -> (Vec<u8>, String) {
    let heads = || server.who(Who::Auditor).get("/audit/head").ok();
    let of_city =
        |heads: &Value| heads["items"].as_array().unwrap().iter().find(|head| head["city"] == "3301").cloned();
    let is_sealed = |heads: &Value| of_city(heads).is_some_and(|head| head["unsealed"] == 0);
    let head = of_city(&until("everything is sealed", heads, is_sealed)).unwrap();
    let answer = server.who(Who::Reviewer).get(&format!("/samples/{sample}/evidence")).ok();
    let bytes = answer.as_array().unwrap().iter().map(|byte| u8::try_from(byte.as_u64().unwrap()).unwrap());
    (bytes.collect(), head["hash"].as_str().unwrap().to_owned())
}

fn checked(bytes: &[u8], head: Option<&str>) -> Checked {
    check(Cursor::new(bytes), head)
}

fn parts(bytes: &[u8]) -> (Parts, Value) {
    let mut bundle = Bundle::open(Cursor::new(bytes)).unwrap();
    let mut parts = Parts::new();
    for name in bundle.names() {
        let mut content = Vec::new();
        bundle
            .read(&name, &mut |piece| {
                content.extend_from_slice(piece);
                Ok(())
            })
            .unwrap();
        parts.insert(name, content);
    }
    (parts, bundle.manifest.clone())
}

/// The bundle with other parts and a manifest that fits them: what somebody makes who knows how it is made.
fn forged(bytes: &[u8], change: impl FnOnce(&mut Parts)) -> Vec<u8> {
    let (mut parts, manifest) = parts(bytes);
    change(&mut parts);
    let mut out = Vec::new();
    let mut bundle = BundleWriter::new(&mut out);
    for (name, content) in &parts {
        bundle.part(name, |out| out.write_all(content).map_err(WriteError::from)).unwrap();
    }
    bundle.finish(manifest.as_object().unwrap().clone()).unwrap();
    out
}

fn replace(parts: &mut Parts, name: &str, from: &str, to: &str) {
    let text = String::from_utf8(parts[name].clone()).unwrap();
    assert!(text.contains(from), "{name} has no {from}");
    parts.insert(name.to_owned(), text.replace(from, to).into_bytes());
}

/// Without the first line that holds a text.
fn without(parts: &mut Parts, name: &str, holding: &str) {
    let text = String::from_utf8(parts[name].clone()).unwrap();
    let line = text.lines().find(|line| line.contains(holding)).unwrap().to_owned();
    parts.insert(name.to_owned(), text.replacen(&format!("{line}\n"), "", 1).into_bytes());
}

/// Another result, and an audit row in no link that records it.
fn unsealed(parts: &mut Parts) {
    let text = String::from_utf8(parts["rows.jsonl"].clone()).unwrap();
    let line = text.lines().find(|line| line.contains("\"table\":\"item\"")).unwrap();
    let mut bent: Value = serde_json::from_str(line).unwrap();
    bent["row"]["reported"] = "0.29".into();
    let (key, revision) = (bent["key"].clone(), bent["row"]["revision"].clone());
    let hash = hege_store::audit::hash(&bent["row"]);
    let record = serde_json::json!({"row": {"id": "later", "at": "2099-01-01T00:00:00Z",
        "rows": [["item", key, hash, revision]]}, "seal": null});
    parts.insert("rows.jsonl".to_owned(), text.replace(line, &bent.to_string()).into_bytes());
    parts.get_mut("audit.jsonl").unwrap().extend_from_slice(format!("{record}\n").as_bytes());
}

fn faults(bytes: &[u8], head: &str) -> Vec<BundleFault> {
    let mut faults: Vec<BundleFault> = checked(bytes, Some(head)).faults.into_iter().map(|fault| fault.fault).collect();
    faults.dedup();
    faults
}

/// A failing sample with a photo, a signature and an application for a re-inspection.
fn sample(server: &Server) -> String {
    let sample = server.bring(&spinach(server), NONCONFORMING, Stand::Approved);
    attachments::photo(server, Who::Inspector, id(&sample), 1);
    attachments::signature(server, id(&sample), 2);
    crate::reinspection::applied(server, id(&sample), "lead");
    id(&sample).to_owned()
}

#[test]
fn the_evidence_of_a_sample_holds_together_and_its_chain_passes_through_the_printed_head() {
    on_each(|server| {
        let sample = sample(server);
        let (bytes, head) = taken(server, &sample);
        let found = checked(&bytes, Some(&head));
        assert_eq!((found.faults.as_slice(), found.sample.as_str()), ([].as_slice(), sample.as_str()));
        let [_, rows, audits] = found.counts;
        assert!(rows >= 10 && audits >= 8, "{:?}", found.counts);
        let (parts, manifest) = parts(&bytes);
        for name in ["README.txt", "readable.txt", "attachments/1-photo.png", "attachments/2-signature.png.sealed"] {
            assert!(parts.contains_key(name), "{name}: {:?}", parts.keys());
        }
        assert_eq!(manifest["sample"], sample.as_str());
        // The stall's number is personal data of the form, IHDR the beginning of every PNG.
        for (name, content) in &parts {
            assert!(!String::from_utf8_lossy(content).contains("12 号摊"), "{name} tells of a person");
        }
        let sealed = &parts["attachments/2-signature.png.sealed"];
        assert!(sealed.windows(4).all(|window| window != b"IHDR"));
        assert_eq!(faults(&bytes, &"0".repeat(64)), [BundleFault::HeadUnknown]);
    });
}

#[test]
fn what_was_forged_with_a_manifest_that_fits_is_named() {
    on_each(|server| {
        let sample = sample(server);
        let (bytes, head) = taken(server, &sample);
        let rows = "rows.jsonl";
        let told = |change: &dyn Fn(&mut Parts)| faults(&forged(&bytes, change), &head);
        assert_eq!(told(&|_| {}), []);
        assert_eq!(told(&|parts| replace(parts, rows, NONCONFORMING, "0.29")), [BundleFault::RowDiffers]);
        assert_eq!(told(&|parts| without(parts, rows, "\"custody_event\"")), [BundleFault::RowMissing]);
        assert_eq!(told(&|parts| drop(parts.remove("attachments/1-photo.png"))), [BundleFault::FileMissing]);
        let other = |parts: &mut Parts| drop(parts.insert("attachments/1-photo.png".to_owned(), b"another".to_vec()));
        assert_eq!(told(&other), [BundleFault::FileMissing]);
        let renamed = |parts: &mut Parts| replace(parts, "audit.jsonl", "\"approved\"", "\"disapproved\"");
        assert_eq!(told(&renamed), [BundleFault::AuditDiffers]);
        let unrecorded = told(&|parts| without(parts, "audit.jsonl", "\"action\":\"attached\""));
        assert_eq!(unrecorded, [BundleFault::RowUnrecorded]);
        let unlinked = told(&|parts| without(parts, "chain.jsonl", "\"seq\""));
        assert!(
            unlinked.contains(&BundleFault::AuditUnlinked) || unlinked.contains(&BundleFault::HeadDiffers),
            "{unlinked:?}"
        );
        let bent = |parts: &mut Parts| replace(parts, "chain.jsonl", "\"entries\":[[\"", "\"entries\":[[\"x");
        assert!(told(&bent).contains(&BundleFault::LinkBroken));
        // A line that nobody sealed proves nothing, and a second line of a row or an audit row hides no first one.
        assert_eq!(told(&unsealed), [BundleFault::RowUnsealed]);
        let twice = |name: &'static str, holding: &'static str| {
            move |parts: &mut Parts| {
                let text = String::from_utf8(parts[name].clone()).unwrap();
                let line = text.lines().find(|line| line.contains(holding)).unwrap().replace("approved", "disapproved");
                parts.insert(name.to_owned(), format!("{line}\n{text}").into_bytes());
            }
        };
        assert!(told(&twice(rows, "\"custody_event\"")).contains(&BundleFault::RowDiffers));
        assert!(told(&twice("audit.jsonl", "\"approved\"")).contains(&BundleFault::AuditDiffers));
        let more = |parts: &mut Parts| drop(parts.insert("attachments/9-photo.png".to_owned(), b"another".to_vec()));
        assert_eq!(told(&more), [BundleFault::PartUnknown]);
        assert_eq!(
            told(&|parts| replace(parts, rows, "{\"table\":\"sample\"", "{table")).first(),
            Some(&BundleFault::LineUnreadable)
        );
    });
}

#[test]
fn evidence_is_for_those_who_oversee_the_sample_and_that_it_was_taken_is_on_record() {
    on_each(|server| {
        let sample = server.at(Stand::Received);
        let path = format!("/samples/{}/evidence", id(&sample));
        server.who(Who::Inspector).get(&path).refused(403, "role_missing");
        server.who(Who::CityReviewer).get(&path).refused(404, "not_found");
        server.who(Who::Reviewer).get(&path).ok();
        let audits = server.who(Who::Auditor).get("/audit?city=3301").ok();
        let taken =
            audits["items"].as_array().unwrap().iter().filter(|row| row["action"] == "evidence_exported").count();
        assert_eq!(taken, 1);
    });
}
