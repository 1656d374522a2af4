//! Use cases: one function for each thing a person or the clock does; owns the transaction; knows no HTTP.
