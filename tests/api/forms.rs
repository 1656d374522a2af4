//! Samples: forms as a device sends them, results as a laboratory does, and how a sample gets to where a test needs it.

use crate::client::{Answer, text};
use crate::people::{House, Who};
use crate::server::Server;
use hege_core::date::china_date;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

/// The seller of every form of these tests.
pub(crate) const SELLER: &str = "演示摊位卖家";
/// Who made what is sold.
pub(crate) const PRODUCER: &str = "演示种植合作社";

/// Spinach of a market stall in Hangzhou, taken now for farm monitoring, with lead ordered.
pub(crate) fn spinach(server: &Server) -> Value {
    let mut form = Value::Object(hege_app::fields::object_of(&hege_sampling::examples::produce()));
    let (now, serial) = (Timestamp::now(), server.serial());
    let today = china_date(now);
    form["id"] = json!(format!("3301-{}", Uuid::now_v7()));
    form["form_no"] = json!(format!("NCP{:02}330106{serial:06}", today.year() % 100));
    // Who samples has a login.
    let samplers = [Who::Inspector, Who::Colleague].map(|who| {
        server.who(who);
        who.id().to_string()
    });
    form["samplers"] = json!(samplers);
    for code in ["task_source", "deploying_org"] {
        form[code] = json!(House::Commission.id().to_string());
    }
    form["date"] = json!(today.to_string());
    form["sampled_at"] = json!(now.to_string());
    form["sampled_unit"] = json!(SELLER);
    form["producer"] = json!(PRODUCER);
    json!({"form": form, "items": [{"analyte": "lead"}]})
}

/// Lead, by a limit of 0.3 mg/kg that the laboratory states, with its retest.
pub(crate) fn lead(reported: &str) -> Value {
    let stated = json!({"kind": "max", "limit": "0.3", "unit": "mg/kg", "standard": "GB 2762-2022", "reason": "演示"});
    json!([{
        "analyte": "lead", "reported": reported, "unit": "mg/kg", "lod": "0.02", "criterion": stated,
        "confirmation": {"value": reported, "person": "演示"},
    }])
}

pub(crate) const CONFORMING: &str = "0.3";
pub(crate) const NONCONFORMING: &str = "0.31";

type Step<'a> = &'a dyn Fn(&Value) -> Answer;

/// Where a sample stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stand {
    Registered,
    Sealed,
    Received,
    Entered,
    Checked,
    Approved,
}

impl Server {
    /// Takes a registration as far as `stand`, and answers with the sample as the last step left it.
    pub(crate) fn bring(&self, registration: &Value, reported: &str, stand: Stand) -> Value {
        let mut sample = self.who(Who::Inspector).register(registration).ok()["sample"].clone();
        let laboratory = House::Laboratory.id().to_string();
        let steps: [(Stand, Step<'_>); 5] = [
            (Stand::Sealed, &|sample| self.who(Who::Inspector).seal(sample, &laboratory)),
            (Stand::Received, &|sample| self.who(Who::Receiver).receive(sample)),
            (Stand::Entered, &|sample| self.who(Who::Tester).enter(sample, &lead(reported))),
            (Stand::Checked, &|sample| self.who(Who::Checker).check(sample, &["lead"])),
            (Stand::Approved, &|sample| self.who(Who::Approver).approve(sample)),
        ];
        for (_, step) in steps.iter().filter(|(reached, _)| *reached <= stand) {
            sample = step(&sample).ok();
        }
        sample
    }

    /// A sample at `stand`; where it is judged, it conforms.
    pub(crate) fn at(&self, stand: Stand) -> Value {
        self.bring(&spinach(self), CONFORMING, stand)
    }

    /// Conforming samples, samples, and those whose conclusion is pending, of the farm stage.
    pub(crate) fn farm(&self) -> (u64, u64, u64) {
        let rates = self.who(Who::Reviewer).rates("stage=farm").ok();
        let rate = &rates["items"][0];
        let count = |value: &Value| value.as_u64().unwrap();
        (count(&rate["k"]), count(&rate["n"]), count(&rate["beside"]["pending"]))
    }
}

/// The id of a sample or an alert.
pub(crate) fn id(row: &Value) -> &str {
    text(row, "id")
}
