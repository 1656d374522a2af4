//! Tables of what is kept as evidence, beside the others of [`super`].

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    attachment (city, sample_id, seq) {
        city -> Integer,
        sample_id -> Id,
        seq -> Integer,
        kind -> Text,
        subject -> Nullable<Text>,
        name -> Nullable<Text>,
        media_type -> Text,
        bytes -> BigInt,
        sha256 -> Text,
        stated -> Text,
        personal -> Bool,
        taken_at -> Nullable<Ts>,
        position -> Nullable<Doc>,
        organisation_id -> Id,
        recorded_by -> Id,
        recorded_at -> Ts,
    }
}
