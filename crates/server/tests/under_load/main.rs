//! `hege serve` under load: killed, with its database killed, and as two servers on one database. Nothing that was acknowledged
//! is lost, nothing is there twice, nothing is half there. `make crash` kills twenty times each; `HEGE_KILLS` says how often.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking; a JSON value that lacks a field gives null"
)]
#![expect(clippy::print_stderr, reason = "it tells how much it has proved")]

mod crash;
mod load;
mod site;
mod together;
