//! The tables, written by hand with the types of [`crate::types`]; a test compares them with both catalogues.
#![expect(missing_docs, reason = "the table! macro documents nothing; the migrations carry the comments")]

mod after_verdict;
mod evidence;
mod planning;
mod rules;
pub use after_verdict::{bulletin, bulletin_entry, disposal, objection, reinspection, reinspection_item, service};
pub use evidence::attachment;
pub use planning::{indicator, indicator_evidence, quota, task, task_outcome};
pub use rules::{calendar_day, criterion, deadline_rule};

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    setting (key) {
        key -> Text,
        value -> Doc,
        revision -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    region (code) {
        code -> Integer,
        name -> Text,
        valid_from -> Nullable<Day>,
        valid_to -> Nullable<Day>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    organisation (id) {
        id -> Id,
        kind -> Text,
        name -> Text,
        region -> Integer,
        active -> Bool,
        revision -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    person (id) {
        id -> Id,
        login -> Text,
        name -> Text,
        password_hash -> Text,
        organisation_id -> Id,
        region -> Integer,
        roles -> Text,
        stages -> Text,
        active -> Bool,
        revision -> BigInt,
        created_at -> Ts,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    session (id) {
        id -> Id,
        person_id -> Id,
        current_hash -> Binary,
        previous_hash -> Nullable<Binary>,
        created_at -> Ts,
        expires_at -> Ts,
        revoked_at -> Nullable<Ts>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    refresh_token (digest) {
        digest -> Binary,
        session_id -> Id,
        given_at -> Ts,
        parent -> Nullable<Binary>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    login_attempt (login_digest) {
        login_digest -> Binary,
        failures -> Integer,
        last_at -> Ts,
        blocked_until -> Nullable<Ts>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    signing_key (kid) {
        kid -> Text,
        secret -> Binary,
        created_at -> Ts,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    plan (id) {
        id -> Id,
        year -> Integer,
        title -> Text,
        demo -> Bool,
        current -> Bool,
        revision -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    target (plan_id, stage, version) {
        plan_id -> Id,
        stage -> Text,
        version -> Integer,
        basis_points -> Nullable<Integer>,
        min_n -> Integer,
        planned_n -> Integer,
        counting -> Doc,
        clause -> Text,
        valid_from -> Ts,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    sample (city, id) {
        city -> Integer,
        id -> Id,
        form_no -> Text,
        status -> Text,
        standing -> Text,
        stage -> Text,
        sector -> Nullable<Text>,
        task_type -> Text,
        sample_kind -> Text,
        region -> Integer,
        food_class -> Text,
        product_name -> Text,
        sampled_unit -> Text,
        producer -> Nullable<Text>,
        lab_id -> Nullable<Id>,
        sampling_org_id -> Id,
        sampled_at -> Ts,
        month -> Integer,
        deciding_date -> Nullable<Day>,
        form -> Doc,
        personal -> Nullable<Binary>,
        registered_by -> Id,
        registered_at -> Ts,
        received_at -> Nullable<Ts>,
        decided_at -> Nullable<Ts>,
        conclusion_revision -> Integer,
        revision -> BigInt,
        task_id -> Nullable<Id>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    name_gram (city, gram, kind, name) {
        city -> Integer,
        gram -> Text,
        kind -> Text,
        name -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    item (city, sample_id, analyte) {
        city -> Integer,
        sample_id -> Id,
        analyte -> Text,
        purpose -> Text,
        reported -> Nullable<Text>,
        unit -> Nullable<Text>,
        lod -> Nullable<Text>,
        method -> Nullable<Text>,
        criterion_id -> Nullable<Text>,
        verdict -> Nullable<Text>,
        reason -> Nullable<Text>,
        entry -> Nullable<Doc>,
        stated -> Nullable<Doc>,
        left_out -> Nullable<Doc>,
        judgement -> Nullable<Doc>,
        confirmation -> Nullable<Doc>,
        entered_by -> Nullable<Id>,
        entered_at -> Nullable<Ts>,
        revision -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    conclusion (city, sample_id, revision) {
        city -> Integer,
        sample_id -> Id,
        revision -> Integer,
        standing -> Text,
        decided_at -> Ts,
        decided_by -> Id,
        reason -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    amendment (city, sample_id, seq) {
        city -> Integer,
        sample_id -> Id,
        seq -> Integer,
        changes -> Doc,
        reason -> Text,
        person_id -> Id,
        at -> Ts,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    custody_event (city, sample_id, seq) {
        city -> Integer,
        sample_id -> Id,
        seq -> Integer,
        kind -> Text,
        at -> Ts,
        person_id -> Id,
        detail -> Doc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    seal (city, sample_id, number) {
        city -> Integer,
        sample_id -> Id,
        number -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    rate_cell (city, stage, sector, task_type, sample_kind, month) {
        city -> Integer,
        stage -> Text,
        sector -> Text,
        task_type -> Text,
        sample_kind -> Text,
        month -> Integer,
        conforming -> BigInt,
        nonconforming -> BigInt,
        pending -> BigInt,
        not_judgeable -> BigInt,
        refused -> BigInt,
        voided -> BigInt,
        risk -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    alert (city, id) {
        city -> Integer,
        id -> Id,
        kind -> Text,
        rule -> Text,
        plan_id -> Id,
        target_version -> Nullable<Integer>,
        stage -> Nullable<Text>,
        region -> Integer,
        subject -> Text,
        status -> Text,
        grade -> Text,
        opened_at -> Ts,
        raised_at -> Ts,
        evidence -> Doc,
        acknowledged_by -> Nullable<Id>,
        acknowledged_at -> Nullable<Ts>,
        note -> Nullable<Text>,
        ended_at -> Nullable<Ts>,
        ended_why -> Nullable<Text>,
        revision -> BigInt,
        assigned_to -> Nullable<Id>,
        closed_by -> Nullable<Id>,
        closing_note -> Nullable<Text>,
        unanswered_at -> Nullable<Ts>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    alert_event (city, alert_id, seq) {
        city -> Integer,
        alert_id -> Id,
        seq -> Integer,
        kind -> Text,
        at -> Ts,
        person_id -> Nullable<Id>,
        evidence -> Doc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    audit (city, id) {
        city -> Integer,
        id -> Id,
        at -> Ts,
        person_id -> Nullable<Id>,
        action -> Text,
        rows -> Doc,
        detail -> Doc,
        seal -> Nullable<BigInt>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    audit_seal (city, seq) {
        city -> Integer,
        seq -> BigInt,
        entries -> Doc,
        previous -> Binary,
        hash -> Binary,
        at -> Ts,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    outbox (city, id) {
        city -> Integer,
        id -> Id,
        topic -> Text,
        payload -> Doc,
        state -> Text,
        attempts -> Integer,
        due_at -> Ts,
        leased_until -> Nullable<Ts>,
        last_error -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    idempotency (city, key) {
        city -> Integer,
        key -> Id,
        person_id -> Id,
        body_hash -> Binary,
        status -> Integer,
        answer -> Doc,
        at -> Ts,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    form_no_counter (city, county, year, task_type) {
        city -> Integer,
        county -> Integer,
        year -> Integer,
        task_type -> Text,
        next -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    subscription (person_id) {
        person_id -> Id,
        email -> Nullable<Text>,
        muted -> Text,
        revision -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    mail (city, id) {
        city -> Integer,
        id -> Id,
        alert_id -> Id,
        seq -> Integer,
        person_id -> Id,
        state -> Text,
        attempts -> Integer,
        due_at -> Ts,
        given_up_at -> Ts,
        leased_until -> Nullable<Ts>,
        last_error -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    import (city, id) {
        city -> Integer,
        id -> Id,
        state -> Text,
        dry_run -> Bool,
        file_name -> Text,
        digest -> Text,
        person_id -> Id,
        started_at -> Ts,
        seen_at -> Ts,
        finished_at -> Nullable<Ts>,
        total -> BigInt,
        rows -> BigInt,
        accepted -> BigInt,
        rejected -> BigInt,
        unchanged -> BigInt,
        warned -> BigInt,
        samples -> BigInt,
        notes -> Doc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    import_row (city, import_id, number) {
        city -> Integer,
        import_id -> Id,
        number -> BigInt,
        verdict -> Text,
        form_no -> Text,
        problems -> Doc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    sample_import (city, sample_id) {
        city -> Integer,
        sample_id -> Id,
        import_id -> Id,
        file_digest -> Text,
        content_digest -> Text,
        first_row -> BigInt,
        filed -> Doc,
    }
}

diesel::joinable!(session -> person (person_id));
diesel::joinable!(refresh_token -> session (session_id));
diesel::allow_tables_to_appear_in_same_query!(session, person);
diesel::allow_tables_to_appear_in_same_query!(sample, conclusion, item, reinspection_item);
diesel::allow_tables_to_appear_in_same_query!(sample, sample_import);
diesel::allow_tables_to_appear_in_same_query!(sample, disposal);
