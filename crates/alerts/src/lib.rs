//! Plan state, CUSUM, event and data alerts as state machines. Pure.
