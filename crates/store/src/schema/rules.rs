//! Tables of law as data, beside the others of [`super`].

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    criterion (id) {
        id -> Text,
        food_class -> Text,
        analyte -> Text,
        row -> Doc,
        verified -> Bool,
        accepted_by -> Nullable<Id>,
        accepted_at -> Nullable<Ts>,
        revision -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    calendar_day (day) {
        day -> Day,
        year -> Integer,
        kind -> Text,
        source -> Text,
    }
}

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
