//! Passwords, tokens and the data key.
