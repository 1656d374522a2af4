//! The binary `hege`.
fn main() {}
