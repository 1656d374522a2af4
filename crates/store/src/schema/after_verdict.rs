//! Tables of what follows a verdict, beside the others of [`super`].

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    service (city, sample_id, seq) {
        city -> Integer,
        sample_id -> Id,
        seq -> Integer,
        addressee -> Text,
        name -> Text,
        method -> Text,
        served_at -> Ts,
        proof -> Nullable<Text>,
        rights_told -> Bool,
        recorded_by -> Id,
        recorded_at -> Ts,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    reinspection (city, sample_id, seq) {
        city -> Integer,
        sample_id -> Id,
        seq -> Integer,
        state -> Text,
        applicant -> Text,
        applied_at -> Ts,
        items -> Doc,
        ground -> Nullable<Text>,
        body_id -> Nullable<Id>,
        report -> Nullable<Doc>,
        conclusion_revision -> Integer,
        revision -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    reinspection_item (city, sample_id, seq, analyte) {
        city -> Integer,
        sample_id -> Id,
        seq -> Integer,
        analyte -> Text,
        reported -> Text,
        unit -> Nullable<Text>,
        lod -> Nullable<Text>,
        method -> Nullable<Text>,
        verdict -> Text,
        reason -> Text,
        judgement -> Doc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    disposal (city, sample_id, side) {
        city -> Integer,
        sample_id -> Id,
        side -> Text,
        state -> Text,
        region -> Integer,
        name -> Text,
        since -> Ts,
        extended_until -> Nullable<Day>,
        record -> Doc,
        withdrawn_why -> Nullable<Text>,
        revision -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    objection (city, sample_id, seq) {
        city -> Integer,
        sample_id -> Id,
        seq -> Integer,
        subject -> Text,
        objector -> Text,
        raised_at -> Ts,
        reason -> Text,
        evidence -> Nullable<Text>,
        state -> Text,
        ground -> Nullable<Text>,
        accepted_by -> Nullable<Id>,
        answer -> Nullable<Text>,
        conclusion_revision -> Integer,
        revision -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    bulletin (id) {
        id -> Id,
        organisation_id -> Id,
        region -> Integer,
        stages -> Text,
        title -> Text,
        emergency -> Nullable<Text>,
        state -> Text,
        drafted_by -> Id,
        drafted_at -> Ts,
        reviewed_by -> Nullable<Id>,
        published_at -> Nullable<Ts>,
        withdrawn_at -> Nullable<Ts>,
        notes -> Doc,
        revision -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    bulletin_entry (city, sample_id, bulletin_id) {
        city -> Integer,
        sample_id -> Id,
        bulletin_id -> Id,
        position -> Integer,
        content -> Doc,
        note -> Nullable<Text>,
        noted_at -> Nullable<Ts>,
        revision -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(bulletin, bulletin_entry);
