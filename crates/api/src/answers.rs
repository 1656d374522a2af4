//! What operations are refused with, for the document: said once, and named by a handler beside what it gives.

use std::collections::BTreeMap;
use utoipa::IntoResponses;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

fn problem(description: &str) -> RefOr<Response> {
    let body = ContentBuilder::new().schema(Some(Ref::from_schema_name("ProblemBody"))).build();
    ResponseBuilder::new().description(description).content("application/problem+json", body).build().into()
}

macro_rules! refusals {
    ($($(#[$meta:meta])* $name:ident: $($status:literal $text:literal),+;)+) => {
        $($(#[$meta])* pub(crate) struct $name;
        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                BTreeMap::from([$(($status.to_owned(), problem($text))),+])
            }
        })+
    };
}

refusals! {
    /// Anybody with a login may ask.
    Stranger: "401" "not let in";
    /// Those who have the role may.
    NoRole: "401" "not let in", "403" "the role is missing";
    /// Those who have the role may, and had no other part in the same sample.
    OtherPart: "401" "not let in", "403" "the role is missing, or the person had another part in it";
    /// Those who have the role may, as far as they see.
    OutOfReach: "401" "not let in", "403" "the role is missing, or it reaches beyond the person's scope";
    /// What is named in the path.
    NotThere: "404" "not there, or not for this person";
    /// What is changed carries a revision.
    Stale: "409" "changed meanwhile";
    /// What is changed carries a revision, and has a life.
    WrongMoment: "409" "changed meanwhile, or its life does not allow it now";
    /// Body or query are read field by field.
    NotValid: "422" "what was given is not valid";
}
