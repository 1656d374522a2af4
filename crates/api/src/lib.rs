//! HTTP: routes, permissions, wire types, OpenAPI, problems; knows no SQL.
