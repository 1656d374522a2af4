//! Files of samples over the wire: begun, watched, told of, exported and imported again.

use crate::client::{Answer, Client, text};
use crate::people::Who;
use crate::{on_both, until};
use serde_json::{Value, json};

const FILE: &str = include_str!("../fixtures/import-samples.csv");

fn begin(client: &Client<'_>, query: &str, (kind, bytes): (&str, &[u8])) -> Answer {
    client.send("POST", &format!("/api/v1/imports{query}"), Some((kind, bytes)))
}

/// The import when it has ended.
fn ended(client: &Client<'_>, begun: &Value) -> Value {
    let path = format!("/imports/{}", text(begun, "id"));
    until("the import ends", || client.get(&path).ok(), |import| import["state"] != "running")
}

fn import(client: &Client<'_>, query: &str, file: (&str, &[u8])) -> Value {
    let begun = begin(client, query, file);
    assert_eq!(begun.status, 202, "{begun:#?}");
    ended(client, &begun.body)
}

/// The id of a file that was tried.
pub(crate) fn tried(client: &Client<'_>) -> String {
    text(&import(client, "?dry_run=true", ("text/csv", FILE.as_bytes())), "id").to_owned()
}

fn counts(import: &Value) -> [i64; 4] {
    ["accepted", "rejected", "unchanged", "samples"].map(|field| import[field].as_i64().unwrap())
}

#[test]
fn a_file_is_tried_imported_told_of_and_changes_nothing_the_second_time() {
    on_both(|server| {
        let client = server.who(Who::Administrator);
        let file = ("text/csv", FILE.as_bytes());
        let tried = import(&client, "?dry_run=true&name=2025.csv", file);
        assert_eq!((counts(&tried), &tried["dry_run"]), ([8, 13, 0, 7], &json!(true)));
        assert_eq!(client.samples("").ok()["items"], json!([]));
        let done = import(&client, "?name=2025.csv", file);
        assert_eq!((counts(&done), text(&done, "state")), ([8, 13, 0, 7], "done"));
        assert_eq!((text(&done, "file_name"), text(&done, "file_sha256").len()), ("2025.csv", 64));
        assert_eq!(client.samples("").ok()["items"].as_array().unwrap().len(), 7);
        assert_eq!(client.samples("task_type=unstated").ok()["items"].as_array().unwrap().len(), 1);
        assert_eq!(counts(&import(&client, "", file)), [0, 13, 8, 0]);
        let errors = client.get(&format!("/imports/{}/errors?format=csv", text(&done, "id"))).ok();
        let errors = errors.as_str().unwrap();
        assert!(errors.contains("ambiguous_slash") && errors.matches("拒绝 rejected").count() >= 13, "{errors}");
        let list = client.get("/imports").ok();
        assert_eq!(list["items"].as_array().unwrap().len(), 3);
        assert_eq!(list["items"][1]["id"], done["id"], "the newest first");
    });
}

#[test]
fn an_export_is_imported_unchanged_and_holds_what_the_person_sees() {
    on_both(|server| {
        let client = server.who(Who::Administrator);
        import(&client, "", ("text/csv", FILE.as_bytes()));
        let exported = client.get("/exports/samples").ok();
        let exported = exported.as_str().unwrap();
        assert_eq!(exported.lines().count(), 9);
        assert_eq!(counts(&import(&client, "", ("text/csv", exported.as_bytes()))), [0, 0, 8, 0]);
        let lines = |who: Who, query: &str| {
            server.who(who).get(&format!("/exports/samples?{query}")).ok().as_str().unwrap().lines().count()
        };
        assert_eq!(lines(Who::Reviewer, "stage=farm&from=2025-06-15&to=2025-06-15"), 8);
        assert_eq!(lines(Who::Reviewer, "from=2025-06-16"), 1);
        assert_eq!(lines(Who::Reviewer, "region=330200"), 1);
        assert_eq!(lines(Who::CityReviewer, ""), 1, "the samples are of another city");
        assert_eq!(lines(Who::StageReviewer, ""), 1, "and of another stage");
        client
            .get("/exports/samples?format=pdf&from=June")
            .invalid(&[("?format", "unknown_word"), ("?from", "bad_date")]);
        let template = client.get("/exports/import-template").ok();
        assert_eq!(counts(&import(&client, "", ("text/csv", template.as_str().unwrap().as_bytes()))), [0, 2, 0, 0]);
    });
}

#[test]
fn a_file_that_is_no_table_of_samples_is_refused_at_once_with_every_reason() {
    on_both(|server| {
        let client = server.who(Who::Administrator);
        let refused = |bytes: &[u8], codes: &[(&str, &str)]| begin(&client, "", ("text/csv", bytes)).invalid(codes);
        refused(b"", &[("", "file_empty")]);
        refused(b"<html>", &[("", "html")]);
        refused(b"PK\x03\x04", &[("", "not_xlsx")]);
        refused(b"a\0b", &[("", "nul_byte")]);
        refused(b"\xff\xff", &[("", "encoding_unknown")]);
        refused(format!("{}\n", FILE.lines().next().unwrap()).as_bytes(), &[("", "no_rows")]);
        let renamed = FILE.replacen("检验结果", "检验结论值", 1);
        refused(renamed.as_bytes(), &[("/header/14", "unknown_column"), ("/header", "column_missing")]);
        begin(&client, "", ("application/json", b"{}")).refused(415, "content_type");
        begin(&client, "?dry_run=perhaps", ("text/csv", FILE.as_bytes())).invalid(&[("?dry_run", "wrong_type")]);
        begin(&client, "?sheet=x", ("text/csv", FILE.as_bytes())).invalid(&[("", "sheet_for_csv")]);
        let large = vec![b'x'; 4 * 1024 * 1024 + 1];
        begin(&client, "", ("text/csv", &large)).refused(413, "body_too_large");
        assert_eq!(client.get("/imports").ok()["items"], json!([]));
        client.get("/imports/00000000-0000-7000-8000-000000000000").refused(404, "not_found");
        client.get("/imports/x/errors").refused(404, "not_found");
    });
}

#[test]
fn a_browsers_form_brings_one_file() {
    on_both(|server| {
        let client = server.who(Who::Administrator);
        let kind = "multipart/form-data; boundary=mark";
        let part = |name: &str| {
            format!(
                "--mark\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"a.csv\"\r\nContent-Type: text/csv\r\n\r\n{FILE}\r\n"
            )
        };
        let form = |parts: &[&str]| parts.iter().map(|name| part(name)).collect::<String>() + "--mark--\r\n";
        let done = import(&client, "", (kind, form(&["file"]).as_bytes()));
        assert_eq!((counts(&done), text(&done, "file_name")), ([8, 13, 0, 7], "a.csv"));
        begin(&client, "", (kind, form(&["other"]).as_bytes())).refused(400, "one_file");
        begin(&client, "", (kind, form(&["file", "file"]).as_bytes())).refused(400, "one_file");
        begin(&client, "", (kind, form(&[]).as_bytes())).refused(400, "body_missing");
        begin(&client, "", (kind, part("file").as_bytes())).refused(400, "body_cut_off");
    });
}

#[test]
fn an_import_of_another_city_is_rows_refused_and_is_there_for_its_person_alone() {
    on_both(|server| {
        let city = server.who(Who::CityAdministrator);
        let done = import(&city, "", ("text/csv", FILE.as_bytes()));
        assert_eq!(counts(&done), [0, 21, 0, 0]);
        let path = format!("/imports/{}", text(&done, "id"));
        assert_eq!(server.who(Who::Administrator).get(&path).status, 200, "the whole province is seen");
        let own = import(&server.who(Who::Administrator), "", ("text/csv", FILE.as_bytes()));
        city.get(&format!("/imports/{}", text(&own, "id"))).refused(404, "not_found");
        city.get(&format!("/imports/{}/errors", text(&own, "id"))).refused(404, "not_found");
        assert_eq!(city.get("/imports").ok()["items"].as_array().unwrap().len(), 1);
    });
}

/// Bulletins as they were published, and under the names of our columns (`tests/fixtures/published/README.md`).
const PUBLISHED: [&str; 2] =
    [include_str!("../fixtures/published/records.csv"), include_str!("../fixtures/published/as-import.csv")];

#[test]
fn published_bulletins_are_refused_by_their_columns_and_under_our_names_answered_row_by_row() {
    on_both(|server| {
        let client = server.who(Who::Administrator);
        let [records, renamed] = PUBLISHED;
        let refused = begin(&client, "", ("text/csv", records.as_bytes()));
        refused.refused(422, "invalid");
        let errors = refused.body["errors"].as_array().unwrap();
        assert!(errors.iter().all(|error| text(error, "pointer").starts_with("/header")), "{errors:#?}");
        for code in ["unknown_column", "column_missing"] {
            assert!(errors.iter().filter(|error| error["code"] == code).count() > 5, "{errors:#?}");
        }
        assert_eq!(client.get("/imports").ok()["items"], json!([]));
        let tried = import(&client, "?dry_run=true", ("text/csv", renamed.as_bytes()));
        assert_eq!(client.samples("").ok()["items"], json!([]));
        let done = import(&client, "", ("text/csv", renamed.as_bytes()));
        assert_eq!((counts(&tried), counts(&done), &done["rows"]), ([67, 64, 0, 67], [67, 64, 0, 67], &json!(131)));
        let errors = client.get(&format!("/imports/{}/errors?format=csv", text(&done, "id"))).ok();
        let told = errors.as_str().unwrap().lines().skip(1).filter_map(|line| line.split(',').next());
        assert_eq!(told.collect::<std::collections::BTreeSet<_>>().len(), 64, "each row that was refused is told why");
        assert_eq!(client.get("/exports/samples").ok().as_str().unwrap().lines().count(), 68);
        assert_eq!(counts(&import(&client, "", ("text/csv", renamed.as_bytes()))), [0, 64, 67, 0]);
    });
}

#[test]
fn two_administrators_void_what_was_imported_without_a_known_laboratory() {
    on_both(|server| {
        let [one, other] = [Who::Administrator, Who::SecondAdministrator].map(|who| server.who(who));
        import(&one, "", ("text/csv", FILE.as_bytes()));
        let sample = one.samples("form_no=H1").ok()["items"][0].clone();
        assert_eq!(sample["status"], "approved");
        one.void(&sample, false).refused(409, "second_person_needed");
        server.who(Who::Approver).void(&sample, true).refused(404, "not_found");
        server.who(Who::CityAdministrator).void(&sample, true).refused(404, "not_found");
        let asked = one.void(&sample, true).ok();
        one.void(&asked, false).refused(409, "second_person_needed");
        assert_eq!(other.void(&asked, false).ok()["status"], "voided");
        // What a laboratory answers for is its approvers'.
        let theirs = server.at(crate::forms::Stand::Approved);
        one.void(&theirs, true).refused(403, "wrong_role");
    });
}
