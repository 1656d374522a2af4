//! Who reaches what: a row for each operation, written by hand beside [`crate::access`] and compared with what the server answers.
//! A copy stands in docs/API-DESIGN.md.

use hege_core::Role;

hege_core::words! {
    /// As far as an operation reaches for a person who has the role.
    pub enum Reach {
        Public = "public", "公开", "everybody, without a login";
        Own = "own", "本人", "one's own session";
        Common = "common", "共用", "the same for all who have the role";
        Sample = "sample", "样品", "inspectors: what their organisation took; laboratories: what is addressed to them; others: their region; all: their stages";
        RegionStage = "region_stage", "区域与环节", "their region and stages";
        Region = "region", "区域", "their region";
        ProvinceStage = "province_stage", "全省与环节", "the whole province, and their stages";
        Task = "task", "任务", "inspectors: what their organisation is to take; laboratories: what is to be sent to them; others: their region; all: their stages";
        Alert = "alert", "预警", "alerts of a region and a stage that they see";
        Stage = "stage", "环节", "their stages";
        Within = "within", "权限之内", "people whose scope lies within theirs";
        AllStages = "all_stages", "全环节", "a whole city or more, with every stage";
        Whole = "whole", "全省", "the whole province with every stage";
    }
}

hege_core::words! {
    /// What is answered beyond it.
    pub enum Beyond {
        Nothing = "-", "无", "there is nothing beyond it";
        NotThere = "404", "不存在", "not there, or not in the list";
        Outside = "403", "超出权限", "`outside_scope`";
        Field = "422", "字段", "told at the field of the body";
    }
}

/// What holds of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Its `operationId`.
    pub operation: &'static str,
    /// Codes of the roles that may do it, or `anybody`.
    pub roles: &'static str,
    /// As far as it reaches.
    pub reach: Reach,
    /// What is answered beyond that.
    pub beyond: Beyond,
}

impl Rule {
    /// Whether a role may do it.
    #[must_use]
    pub fn is_for(&self, role: Role) -> bool {
        self.roles == ANYBODY || self.roles.split(' ').any(|code| code == role.code())
    }
}

/// The rule of an operation.
#[must_use]
pub fn rule(operation: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.operation == operation)
}

/// The table as it stands in docs/API-DESIGN.md.
#[must_use]
pub fn table() -> String {
    let row = |rule: &Rule| {
        let beyond = if rule.beyond == Beyond::Nothing { "" } else { rule.beyond.code() };
        format!("| `{}` | {} | {} | {beyond} |\n", rule.operation, rule.roles, rule.reach.code())
    };
    let rows: String = RULES.iter().map(row).collect();
    format!("| operation | roles | reach | beyond |\n|--|--|--|--|\n{rows}")
}

const ANYBODY: &str = "anybody";
const BOARD: &str = "reviewer administrator auditor";
const OFFICE: &str = "reviewer publisher administrator auditor";
const BESIDE: &str = "inspector receiver tester reviewer";
const WATCH: &str = "administrator auditor";

const fn on(operation: &'static str, roles: &'static str, reach: Reach, beyond: Beyond) -> Rule {
    Rule { operation, roles, reach, beyond }
}

/// Every operation of the document.
pub const RULES: &[Rule] = {
    use Beyond::{Field, NotThere, Nothing, Outside};
    use Reach::{
        Alert, AllStages, Common, Own, ProvinceStage, Public, Region, RegionStage, Sample, Stage, Task, Whole, Within,
    };
    &[
        on("session_begin", ANYBODY, Public, Nothing),
        on("session_refresh", ANYBODY, Public, Nothing),
        on("session_end", ANYBODY, Own, Nothing),
        on("me", ANYBODY, Own, Nothing),
        on("password_change", ANYBODY, Own, Nothing),
        on("user_list", WATCH, Within, NotThere),
        on("user_add", "administrator", Within, Outside),
        on("user_fetch", WATCH, Within, NotThere),
        on("user_change", "administrator", Within, Outside),
        on("organisation_list", ANYBODY, Common, Nothing),
        on("organisation_add", "administrator", Whole, Outside),
        on("organisation_change", "administrator", Whole, Outside),
        on("region_list", ANYBODY, Common, Nothing),
        on("food_class_list", ANYBODY, Common, Nothing),
        on("analyte_list", ANYBODY, Common, Nothing),
        on("calendar_fetch", ANYBODY, Common, Nothing),
        on("calendar_put", "administrator", Whole, Outside),
        on("audit_list", WATCH, AllStages, Outside),
        on("audit_heads", WATCH, AllStages, Outside),
        on("plan_list", ANYBODY, Common, Nothing),
        on("plan_fetch", ANYBODY, Common, Nothing),
        on("plan_add", "administrator", Whole, Outside),
        on("plan_change", "administrator", Whole, Outside),
        on("plan_coverage", BOARD, RegionStage, NotThere),
        on("plan_page", BOARD, Common, Nothing),
        on("indicator_add", "administrator", Whole, Outside),
        on("indicator_evidence_add", "inspector reviewer", Region, Field),
        on("quota_list", BOARD, RegionStage, NotThere),
        on("quota_add", "administrator", RegionStage, Field),
        on("quota_change", "administrator", RegionStage, NotThere),
        on("quota_split", "administrator", RegionStage, NotThere),
        on("task_list", ANYBODY, Task, NotThere),
        on("task_add", "reviewer administrator", RegionStage, Field),
        on("task_fetch", ANYBODY, Task, NotThere),
        on("task_change", "reviewer administrator", RegionStage, NotThere),
        on("task_cancel", "reviewer administrator", RegionStage, NotThere),
        on("task_outcome_add", "inspector", Task, NotThere),
        on("target_list", ANYBODY, Common, Nothing),
        on("target_change", "administrator", Whole, Outside),
        on("rate_list", BOARD, RegionStage, NotThere),
        on("rate_cities", BOARD, RegionStage, NotThere),
        on("rate_trend", BOARD, RegionStage, NotThere),
        on("form_field_list", ANYBODY, Common, Nothing),
        on("form_number_lease", "inspector", Region, Field),
        on("sample_register", "inspector", RegionStage, Field),
        on("sample_list", ANYBODY, Sample, NotThere),
        on("sample_fetch", ANYBODY, Sample, NotThere),
        on("sample_amend", "inspector", Sample, NotThere),
        on("sample_custody", "inspector receiver", Sample, NotThere),
        on("sample_receipt", "receiver", Sample, NotThere),
        on("result_enter", "tester", Sample, NotThere),
        on("sample_check", "checker", Sample, NotThere),
        on("sample_approve", "approver", Sample, NotThere),
        on("sample_return", "checker approver", Sample, NotThere),
        on("sample_void", "inspector approver administrator", Sample, NotThere),
        on("attachment_put", BESIDE, Sample, NotThere),
        on("attachment_offset", BESIDE, Sample, NotThere),
        on("attachment_fetch", ANYBODY, Sample, NotThere),
        on("sample_evidence", BOARD, Sample, NotThere),
        on("service_add", "reviewer", Sample, NotThere),
        on("reinspection_apply", "reviewer", Sample, NotThere),
        on("reinspection_decide", "reviewer", Sample, NotThere),
        on("reinspection_body", "reviewer", Sample, NotThere),
        on("reinspection_hand_over", "receiver", Sample, NotThere),
        on("reinspection_report", "approver", Sample, NotThere),
        on("reinspection_withdraw", "reviewer", Sample, NotThere),
        on("objection_raise", "reviewer", Sample, NotThere),
        on("objection_decide", "reviewer", Sample, NotThere),
        on("objection_answer", "reviewer", Sample, NotThere),
        on("objection_withdraw", "reviewer", Sample, NotThere),
        on("authenticity_confirm", "reviewer", Sample, NotThere),
        on("disposal_open", "reviewer", Sample, NotThere),
        on("disposal_step", "reviewer", Sample, NotThere),
        on("disposal_list", BOARD, RegionStage, NotThere),
        on("bulletin_draft", "publisher", RegionStage, Field),
        on("bulletin_list", OFFICE, RegionStage, NotThere),
        on("bulletin_fetch", OFFICE, RegionStage, NotThere),
        on("bulletin_review", "reviewer publisher", RegionStage, NotThere),
        on("bulletin_publish", "publisher", RegionStage, NotThere),
        on("bulletin_correct", "publisher", RegionStage, NotThere),
        on("bulletin_withdraw", "publisher", RegionStage, NotThere),
        on("deadline_list", ANYBODY, Sample, NotThere),
        on("deadline_summary", BOARD, RegionStage, NotThere),
        on("deadline_rule_list", ANYBODY, Common, Nothing),
        on("deadline_rule_add", "administrator", Whole, Outside),
        on("verdict_preview", "tester checker approver reviewer administrator auditor", Common, Nothing),
        on("criterion_list", ANYBODY, Common, Nothing),
        on("criterion_add", "administrator", Whole, Outside),
        on("criterion_impact", BOARD, RegionStage, NotThere),
        on("criterion_accept", "administrator", Whole, Outside),
        on("alert_rule_list", BOARD, Stage, NotThere),
        on("alert_rule_preview", BOARD, ProvinceStage, Outside),
        on("alert_list", BOARD, Alert, NotThere),
        on("alert_fetch", BOARD, Alert, NotThere),
        on("alert_acknowledge", "reviewer", Alert, NotThere),
        on("alert_assign", "reviewer", Alert, NotThere),
        on("alert_close", "reviewer", Alert, NotThere),
        on("subscription_fetch", ANYBODY, Own, Nothing),
        on("subscription_change", ANYBODY, Own, Nothing),
        on("user_subscription_fetch", "administrator", Within, NotThere),
        on("user_subscription_change", "administrator", Within, Outside),
        on("import_begin", "administrator", Common, Nothing),
        on("import_list", WATCH, Whole, NotThere),
        on("import_fetch", WATCH, Whole, NotThere),
        on("import_errors", WATCH, Whole, NotThere),
        on("export_samples", BOARD, RegionStage, NotThere),
        on("export_official", BOARD, RegionStage, NotThere),
        on("export_template", BOARD, Common, Nothing),
        on("event_stream", ANYBODY, Common, Nothing),
        on("public_bulletin_list", ANYBODY, Public, Nothing),
        on("public_bulletin_fetch", ANYBODY, Public, Nothing),
        on("public_feed", ANYBODY, Public, Nothing),
        on("public_report", ANYBODY, Public, Nothing),
        on("healthz", ANYBODY, Public, Nothing),
        on("readyz", ANYBODY, Public, Nothing),
        on("openapi_document", ANYBODY, Public, Nothing),
    ]
};
