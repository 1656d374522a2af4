//! HTTP: routes, bodies, problems, OpenAPI.
