//! Diesel on SQLite and PostgreSQL: connections, the one way to write, queries by noun.
