//! Every operation by every role: the table of permissions, the document and the server say the same.

use crate::contract::{self, Operation, operations};
use crate::on_both;
use crate::people::Who;
use crate::server::Server;
use hege_api::access::{PUBLIC, TABLE};
use hege_core::Role;
use std::collections::BTreeSet;

/// An id that nothing has, in the form of a sample's, an alert's or (where a UUID is asked) of no id at all.
const NOTHING: &str = "3301-00000000-0000-7000-8000-000000000000";

fn roles(operation: &Operation<'_>) -> Option<&'static [Role]> {
    TABLE.iter().find(|(id, _)| *id == operation.id).map(|(_, roles)| *roles)
}

#[test]
fn every_operation_stands_in_the_table_of_permissions_and_in_the_document() {
    let documented: BTreeSet<&str> = operations().iter().map(|operation| operation.id).collect();
    assert_eq!(documented.len(), operations().len(), "an operationId stands twice");
    let permitted: BTreeSet<&str> = TABLE.iter().map(|(id, _)| *id).chain(PUBLIC.iter().copied()).collect();
    assert_eq!(permitted.len(), TABLE.len() + PUBLIC.len(), "an operation is permitted twice");
    assert_eq!(documented, permitted);
    for operation in operations() {
        let is_public = PUBLIC.contains(&operation.id);
        assert_ne!(operation.needs_login(), is_public, "{}: security", operation.id);
        let says_401 = operation.says["responses"]["401"].is_object();
        assert!(is_public || says_401, "{} does not say that it needs a login", operation.id);
        let excludes = roles(&operation).is_some_and(|roles| roles.len() < Role::ALL.len());
        let says_403 = operation.says["responses"]["403"].is_object();
        assert!(!excludes || says_403, "{} does not say that a role may be missing", operation.id);
    }
}

/// A request that can do no harm: of nothing, and with an empty body where there must be one.
fn harmless(server: &Server, token: Option<&str>, operation: &Operation<'_>) -> crate::client::Answer {
    let client = token.map_or_else(|| server.stranger(), |token| server.with_token(token));
    let body: Option<(&str, &[u8])> = operation.takes_body().then_some(("application/json", b"{}"));
    client.send(&operation.method, &operation.path_with(NOTHING), body)
}

#[test]
fn a_role_may_do_what_the_table_gives_it_and_nothing_else() {
    on_both(|server| {
        let mut tried = 0;
        // The end of a session comes last, for whoever has ended theirs may do nothing.
        let mut operations = operations();
        operations.sort_by_key(|operation| operation.id == "session_end");
        for operation in &operations {
            let stranger = harmless(server, None, operation);
            tried += 1;
            let Some(roles) = roles(operation) else {
                assert_ne!(stranger.code(), "token_missing", "{}", operation.id);
                continue;
            };
            stranger.refused(401, "token_missing");
            for role in Role::ALL {
                let client = server.who(Who::with_only(*role));
                let answer = harmless(server, client.token.as_deref(), operation);
                tried += 1;
                if roles.contains(role) {
                    assert!(answer.status != 401 && answer.code() != "role_missing", "{role}: {answer:#?}");
                } else {
                    answer.refused(403, "role_missing");
                }
            }
        }
        println!("{}: {} operations, {tried} combinations with a role or none", server.name, operations.len());
        assert_eq!(tried, operations.len() + TABLE.len() * Role::ALL.len());
    });
}

#[test]
fn what_is_no_operation_is_not_there() {
    on_both(|server| {
        let administrator = server.who(Who::Administrator);
        for path in
            ["/", "/api/v1", "/api/v1/", "/api/v2/me", "/me", "/api/v1/users/x/y", "/api/v1/%00", "/favicon.ico"]
        {
            administrator.send("GET", path, None).refused(404, "not_found");
        }
        for (method, path) in [("POST", "/api/v1/me"), ("DELETE", "/api/v1/users"), ("PATCH", "/api/v1/samples")] {
            administrator.send(method, path, None).refused(404, "not_found");
        }
        assert_eq!(server.stranger().send("GET", "/api/openapi.json", None).ok(), *contract::DOCUMENT);
    });
}
