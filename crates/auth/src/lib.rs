//! What is secret and how it is made: passwords, access and refresh tokens, personal data at rest.
//!
//! Invariants
//! - Time comes in as an argument; chance comes from the operating system, in [`random`] alone.
//! - Of a password or a refresh token only a digest leaves this crate for the store; `Debug` shows nothing of a secret.

pub mod access;
pub mod password;
pub mod random;
pub mod refresh;
pub mod sealed;
pub mod stream;
