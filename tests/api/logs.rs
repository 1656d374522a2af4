//! What is logged while samples go through all hands: nothing of the people and places in them.

use crate::forms::{PRODUCER, SELLER, Stand};
use crate::on_both;
use crate::people::{PASSWORD, Who};
use std::io::{self, Write};
use std::sync::{Arc, Mutex, Once};
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Kept {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// Keeps what every test of this program logs from here on, to the last detail of our own code.
fn kept() -> Kept {
    static BEGUN: Once = Once::new();
    let kept = Kept::default();
    BEGUN.call_once(|| {
        let filter = tracing_subscriber::EnvFilter::new("info,hege_api=trace,hege_app=trace,hege_store=trace");
        tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(kept.clone()).init();
    });
    kept
}

#[test]
fn a_whole_thread_leaves_no_name_address_number_or_token_in_the_log() {
    let kept = kept();
    on_both(|server| {
        let inspector = server.who(Who::Inspector);
        let sample = server.at(Stand::Approved);
        let form_no = sample["form_no"].as_str().unwrap().to_owned();
        inspector.samples(&format!("form_no={form_no}")).ok();
        inspector
            .post_text("/samples", "{\"form\": {\"sampled_unit\": \"\u{6f14}\u{793a}\"}, \"items\": []}")
            .refused(422, "invalid");
        server.stranger().begin(&Who::Inspector.login(), "not-the-password").refused(401, "wrong_credentials");
        let session = server.session(Who::Inspector);
        let log = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert!(log.contains("/api/v1/samples/{id}/approval"), "it was not kept: {log}");
        let token = inspector.token.clone().unwrap();
        let refresh = session["refresh_token"].as_str().unwrap();
        let form = serde_json::Value::Object(hege_app::fields::object_of(&hege_sampling::examples::produce()));
        let typed = ["address", "sampled_unit_phone", "producer_phone", "legal_person", "contact"];
        let typed = typed.into_iter().filter_map(|field| form[field].as_str()).filter(|text| text.len() > 3);
        let known = [SELLER, PRODUCER, PASSWORD, "not-the-password", "演示", &token, refresh, &form_no];
        for secret in known.into_iter().chain(typed) {
            assert!(!log.contains(secret), "{secret}: {log}");
        }
        for who in [Who::Inspector, Who::Tester, Who::Approver] {
            assert!(!log.contains(&format!("\"{}\"", who.login())), "{who:?}: {log}");
        }
    });
}
