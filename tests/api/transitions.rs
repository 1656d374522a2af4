//! Every operation on a sample by every role in every state: it succeeds where the table below says so, and elsewhere it is refused
//! and nothing has changed. The table is written by hand and not taken from the rules.

use crate::bulletins;
use crate::client::{Answer, text};
use crate::disposals::opened_by;
use crate::forms::{CONFORMING, NONCONFORMING, Stand, id, lead, spinach};
use crate::objections::objection;
use crate::on_both;
use crate::people::{House, Who};
use crate::reinspection::{act, application, applied, report, service};
use crate::rows::Rows;
use crate::server::Server;
use At::{
    Accepted, Applied, BodyNamed, Checked, Disposed, Disposing, Entered, Failed, HandedOver, Objected, ObjectionTaken,
    Passed, Received, Refused, Registered, Sealed, VoidAsked, Voided,
};
use hege_api::access::TABLE;
use hege_core::Role;
use jiff::Timestamp;
use serde_json::{Value, json};

/// Declares the states and the list of all of them.
macro_rules! states {
    ($($state:ident),+) => {
        /// Where a sample, or what follows its verdict, stands.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        enum At { $($state),+ }
        const ALL: &[At] = &[$($state),+];
    };
}

states!(
    Registered,
    Sealed,
    Received,
    Entered,
    Checked,
    Passed,
    Failed,
    Refused,
    Voided,
    VoidAsked,
    Applied,
    Accepted,
    BodyNamed,
    HandedOver,
    Objected,
    ObjectionTaken,
    Disposing,
    Disposed
);

/// Everything whose conclusion is nonconforming.
const FAILED: [At; 10] =
    [Failed, VoidAsked, Applied, Accepted, BodyNamed, HandedOver, Objected, ObjectionTaken, Disposing, Disposed];

/// Everybody who tries: one for each role, and who reports for the body that tests again.
fn people() -> Vec<Who> {
    Role::ALL.iter().map(|role| Who::with_only(*role)).chain([Who::BodyApprover]).collect()
}

impl At {
    /// A sample that stands so. What needs a second person was begun by somebody else than those who try.
    fn make(self, server: &Server) -> String {
        let bring = |reported, stand| id(&server.bring(&spinach(server), reported, stand)).to_owned();
        let failed = || bring(NONCONFORMING, Stand::Approved);
        let done = |sample: String, who: Who, path: &str, body: Value| {
            act(server, who, (&sample, path), body).ok();
            sample
        };
        match self {
            Registered => bring(CONFORMING, Stand::Registered),
            Sealed => bring(CONFORMING, Stand::Sealed),
            Received => bring(CONFORMING, Stand::Received),
            Entered => bring(CONFORMING, Stand::Entered),
            Checked => bring(CONFORMING, Stand::Checked),
            Passed => bring(CONFORMING, Stand::Approved),
            Failed => failed(),
            Refused => done(
                bring(CONFORMING, Stand::Sealed),
                Who::Receiver,
                "receipt",
                json!({"accepted": false, "reason": "leaking"}),
            ),
            Voided => done(bring(CONFORMING, Stand::Registered), Who::Inspector, "void", void(false)),
            VoidAsked => done(failed(), Who::Jack, "void", void(true)),
            Applied => {
                let sample = failed();
                applied(server, &sample, "lead");
                sample
            }
            Accepted => {
                done(Applied.make(server), Who::Reviewer, "reinspections/1/decision", json!({"accepted": true}))
            }
            BodyNamed => done(Accepted.make(server), Who::Reviewer, "reinspections/1/body", body()),
            HandedOver => done(BodyNamed.make(server), Who::Receiver, "reinspections/1/handover", json!({})),
            Objected => done(failed(), Who::Reviewer, "objections", objection("method", "sampled_unit")),
            ObjectionTaken => {
                done(Objected.make(server), Who::SecondReviewer, "objections/1/decision", json!({"accepted": true}))
            }
            Disposing => {
                let sample = failed();
                opened_by(server, Who::SecondReviewer, &sample);
                sample
            }
            Disposed => done(Disposing.make(server), Who::Reviewer, "disposals/producer/steps", closing()),
        }
    }
}

fn void(request: bool) -> Value {
    json!({"reason": "演示", "request": request})
}

fn body() -> Value {
    json!({"body_id": House::OtherLaboratory.id().to_string()})
}

fn closing() -> Value {
    json!({"step": "closing", "outcome": "transferred", "note": "演示"})
}

/// An operation with its body, who may do it, and where.
struct Op {
    operation: &'static str,
    path: &'static str,
    body: Value,
    may: Vec<(Who, Vec<At>)>,
}

fn op(operation: &'static str, path: &'static str, body: Value, may: Vec<(Who, Vec<At>)>) -> Op {
    Op { operation, path, body, may }
}

fn without(states: &[At], out: &[At]) -> Vec<At> {
    states.iter().copied().filter(|state| !out.contains(state)).collect()
}

/// The way of a sample to its report.
fn life() -> Vec<Op> {
    use Who::{Approver, Checker, Inspector, Receiver, Tester};
    let to = Who::Colleague.id().to_string();
    let seal = json!({"kind": "sealed", "lab_id": House::Laboratory.id().to_string(), "seals": ["F1"]});
    vec![
        op(
            "sample_amend",
            "amendments",
            json!({"changes": {"brand": "演示"}, "reason": "演示"}),
            vec![(Inspector, vec![Registered, Sealed])],
        ),
        op("sample_custody", "custody", seal, vec![(Inspector, vec![Registered])]),
        op(
            "sample_custody",
            "custody",
            json!({"kind": "handed_over", "to": to}),
            vec![(Inspector, vec![Sealed]), (Receiver, vec![Sealed])],
        ),
        op("sample_receipt", "receipt", json!({"accepted": true}), vec![(Receiver, vec![Sealed])]),
        op(
            "sample_receipt",
            "receipt",
            json!({"accepted": false, "reason": "leaking"}),
            vec![(Receiver, vec![Sealed])],
        ),
        op("result_enter", "results", json!({"results": lead(CONFORMING)}), vec![(Tester, vec![Received, Entered])]),
        op("sample_check", "check", json!({"confirms": ["lead"]}), vec![(Checker, vec![Entered])]),
        op("sample_approve", "approval", json!({}), vec![(Approver, vec![Checked])]),
        op(
            "sample_return",
            "return",
            json!({"reason": "演示"}),
            vec![(Checker, vec![Entered, Checked]), (Approver, vec![Entered, Checked])],
        ),
        op(
            "sample_void",
            "void",
            void(false),
            vec![(Inspector, vec![Registered, Sealed]), (Approver, vec![Received, Entered, Checked, VoidAsked])],
        ),
        op(
            "sample_void",
            "void",
            void(true),
            vec![(Approver, without(&FAILED, &[VoidAsked]).into_iter().chain([Passed]).collect())],
        ),
    ]
}

/// What follows the verdict.
fn after() -> Vec<Op> {
    use Who::{BodyApprover, Receiver, Reviewer};
    let now = Timestamp::now().to_string();
    let approved: Vec<At> = FAILED.into_iter().chain([Passed]).collect();
    let tested_again = [Applied, Accepted, BodyNamed, HandedOver];
    let reviewer = |states: Vec<At>| vec![(Reviewer, states)];
    let reason = || json!({"reason": "演示"});
    vec![
        op("service_add", "services", service("sampled_unit", Some("SD-1")), reviewer(approved.clone())),
        op(
            "reinspection_apply",
            "reinspections",
            application("sampled_unit", "lead"),
            reviewer(without(&FAILED, &tested_again)),
        ),
        op("reinspection_decide", "reinspections/1/decision", json!({"accepted": true}), reviewer(vec![Applied])),
        op("reinspection_body", "reinspections/1/body", body(), reviewer(vec![Accepted, BodyNamed])),
        op("reinspection_hand_over", "reinspections/1/handover", json!({}), vec![(Receiver, vec![BodyNamed])]),
        op("reinspection_report", "reinspections/1/report", report(CONFORMING), vec![(BodyApprover, vec![HandedOver])]),
        op("reinspection_withdraw", "reinspections/1/withdrawal", reason(), reviewer(tested_again.to_vec())),
        op(
            "objection_raise",
            "objections",
            objection("method", "sampled_unit"),
            reviewer(without(&FAILED, &[Objected, ObjectionTaken])),
        ),
        op("objection_decide", "objections/1/decision", json!({"accepted": true}), reviewer(vec![Objected])),
        op(
            "objection_answer",
            "objections/1/answer",
            json!({"upheld": true, "reason": "演示"}),
            reviewer(vec![ObjectionTaken]),
        ),
        op("objection_withdraw", "objections/1/withdrawal", reason(), reviewer(vec![Objected, ObjectionTaken])),
        op(
            "authenticity_confirm",
            "authenticity",
            json!({"confirmed_at": now, "proof": "演示"}),
            reviewer(approved.clone()),
        ),
        op(
            "disposal_open",
            "disposals",
            json!({"side": "producer", "name": "演示"}),
            reviewer(without(&FAILED, &[Disposing, Disposed])),
        ),
        op(
            "disposal_step",
            "disposals/producer/steps",
            json!({"step": "cause", "text": "演示"}),
            reviewer(vec![Disposing]),
        ),
        op("disposal_step", "disposals/producer/steps", closing(), reviewer(vec![Disposing])),
    ]
}

impl Op {
    fn allows(&self, who: Who, at: At) -> bool {
        self.may.iter().any(|(may, states)| *may == who && states.contains(&at))
    }

    /// The operation by somebody who saw the sample as it is.
    fn ask(&self, server: &Server, who: Who, sample: &str) -> Answer {
        let seen = server.who(Who::Reviewer).sample(sample).ok();
        let mut body = self.body.clone();
        body["revision"] = seen["revision"].clone();
        // What is told to have happened did so after the verdict.
        for name in ["served_at", "applied_at", "raised_at", "confirmed_at"] {
            if !body[name].is_null() {
                body[name] = json!(Timestamp::now().to_string());
            }
        }
        let path = format!("/samples/{sample}/{}", self.path);
        if self.operation == "result_enter" {
            server.who(who).put(&path, &body)
        } else {
            server.who(who).post(&path, &body)
        }
    }

    /// Whether a refusal is one that stands for what is wrong.
    fn is_refused(&self, who: Who, answer: &Answer) -> bool {
        let roles = TABLE.iter().find(|(id, _)| *id == self.operation).unwrap().1;
        let has_role = who.profile().roles.iter().any(|role| roles.contains(role));
        match (answer.status, answer.code()) {
            (403, code) => (code == "role_missing") != has_role,
            (404 | 409, _) => has_role,
            _ => false,
        }
    }
}

fn tried(server: &Server, ops: &[Op]) {
    let people = people();
    for who in &people {
        server.who(*who);
    }
    server.who(Who::SecondReviewer);
    server.who(Who::Jack);
    let (mut done, mut refused, mut wrong) = (0, 0, Vec::new());
    for at in ALL.iter().copied() {
        let sample = at.make(server);
        let rows = Rows::of(server);
        for op in ops {
            for who in people.iter().filter(|who| !op.allows(**who, at)) {
                let answer = op.ask(server, *who, &sample);
                refused += 1;
                if !op.is_refused(*who, &answer) {
                    wrong.push(format!("{} {} by {who:?} at {at:?}: {answer:?}", op.operation, op.body));
                }
            }
        }
        rows.are_as_before(&format!("what is not allowed at {at:?}"));
        for op in ops {
            for who in people.iter().filter(|who| op.allows(**who, at)) {
                let answer = op.ask(server, *who, &at.make(server));
                done += 1;
                if !(200..300).contains(&answer.status) {
                    wrong.push(format!("{} by {who:?} at {at:?} is allowed: {answer:?}", op.operation));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} are not by the table, the first:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(8)].join("\n")
    );
    assert_eq!((done, done + refused), (done_in_table(ops), people.len() * ALL.len() * ops.len()));
}

/// How many of the table are allowed.
fn done_in_table(ops: &[Op]) -> usize {
    ops.iter().flat_map(|op| &op.may).map(|(_, states)| states.len()).sum()
}

#[test]
fn every_step_of_a_samples_life_is_done_by_whom_and_where_the_table_says_and_nothing_else_is() {
    on_both(|server| tried(server, &life()));
}

#[test]
fn everything_after_the_verdict_is_done_by_whom_and_where_the_table_says_and_nothing_else_is() {
    on_both(|server| tried(server, &after()));
}

#[test]
fn every_act_about_a_bulletin_is_done_by_whom_and_where_the_table_says() {
    on_both(|server| {
        use Who::{Publisher, Reviewer};
        let sample = || At::Failed.make(server);
        let step = |who, bulletin: &Value, path| bulletins::step(server, who, bulletin, path);
        let draft = || bulletins::drafted(server, &bulletins::draft(&[&sample()], Some("演示")));
        let review = || step(Reviewer, &draft(), "review").ok();
        let publish = || step(Publisher, &review(), "publication").ok();
        let withdraw = || step(Publisher, &publish(), "withdrawal").ok();
        let states: [(&str, &dyn Fn() -> Value); 4] =
            [("draft", &draft), ("reviewed", &review), ("published", &publish), ("withdrawn", &withdraw)];
        let acts = [
            ("bulletin_review", "review", Reviewer, vec!["draft"]),
            ("bulletin_publish", "publication", Publisher, vec!["reviewed"]),
            ("bulletin_correct", "correction", Publisher, vec!["published"]),
            ("bulletin_withdraw", "withdrawal", Publisher, vec!["draft", "reviewed", "published"]),
        ];
        let people = people();
        for who in &people {
            server.who(*who);
        }
        for (state, make) in states {
            let bulletin = make();
            assert_eq!(text(&bulletin, "state"), state);
            let rows = Rows::of(server);
            for (operation, path, allowed, at) in &acts {
                let roles = TABLE.iter().find(|(id, _)| id == operation).unwrap().1;
                for who in people.iter().filter(|who| **who != *allowed || !at.contains(&state)) {
                    let answer = step(*who, &bulletin, path);
                    let has_role = who.profile().roles.iter().any(|role| roles.contains(role));
                    let expected = if has_role { 409 } else { 403 };
                    assert_eq!(answer.status, expected, "{operation} by {who:?} at {state}: {answer:?}");
                }
            }
            rows.are_as_before(&format!("what is not allowed of a {state} bulletin"));
            for (_, path, allowed, _) in acts.iter().filter(|(_, _, _, at)| at.contains(&state)) {
                step(*allowed, &make(), path).ok();
            }
        }
    });
}
