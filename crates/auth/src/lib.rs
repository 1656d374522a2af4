//! Refresh tokens and the randomness they are made of. What is decided here is pure; what is stored stays a digest.

pub mod random;
pub mod refresh;
