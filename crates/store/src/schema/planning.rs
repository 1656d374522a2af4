//! Tables from the plan to what is taken for it, beside the others of [`super`].

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    quota (id) {
        id -> Id,
        plan_id -> Id,
        parent_id -> Nullable<Id>,
        cell -> Text,
        stage -> Text,
        task_type -> Text,
        campaign -> Nullable<Text>,
        region -> Integer,
        food_class -> Nullable<Text>,
        panel -> Doc,
        samples -> Integer,
        producers -> Nullable<Integer>,
        note -> Nullable<Text>,
        revision -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    task (city, id) {
        city -> Integer,
        id -> Id,
        quota_id -> Id,
        plan_id -> Id,
        title -> Text,
        stage -> Text,
        task_type -> Text,
        campaign -> Nullable<Text>,
        region -> Integer,
        food_class -> Nullable<Text>,
        panel -> Doc,
        samples -> Integer,
        producers -> Nullable<Integer>,
        inspecting_org_id -> Id,
        lab_id -> Id,
        starts_on -> Day,
        ends_on -> Day,
        state -> Text,
        note -> Nullable<Text>,
        cancelled_why -> Nullable<Text>,
        created_by -> Id,
        created_at -> Ts,
        revision -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    task_outcome (city, task_id, id) {
        city -> Integer,
        task_id -> Id,
        id -> Id,
        kind -> Text,
        at -> Ts,
        region -> Integer,
        place -> Text,
        unit -> Text,
        evidence -> Text,
        person_id -> Id,
        recorded_at -> Ts,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    indicator (plan_id, code) {
        plan_id -> Id,
        code -> Text,
        kind -> Text,
        title -> Text,
        stage -> Nullable<Text>,
        food_classes -> Doc,
        panel -> Doc,
        region_types -> Doc,
        wanted -> Nullable<Integer>,
        clause -> Text,
        words -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    indicator_evidence (city, id) {
        city -> Integer,
        id -> Id,
        plan_id -> Id,
        code -> Text,
        region -> Integer,
        subject -> Text,
        done_on -> Day,
        fault -> Nullable<Bool>,
        evidence -> Text,
        withdraws -> Nullable<Id>,
        person_id -> Id,
        recorded_at -> Ts,
    }
}
