//! For tests only: databases of both kinds, builders, a clock.
