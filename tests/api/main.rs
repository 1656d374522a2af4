//! Placeholder until the tests land.
fn main(){}
