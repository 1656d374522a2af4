//! Tables of law as data, beside the others of [`super`].

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    deadline_rule (code) {
        code -> Text,
        clock -> Text,
        amount -> Integer,
        unit -> Text,
        rolls -> Bool,
        extension -> Integer,
        stages -> Text,
        regime -> Text,
        department -> Text,
        valid_from -> Day,
        valid_until -> Nullable<Day>,
        clause -> Text,
        confidence -> Text,
        revision -> BigInt,
    }
}
