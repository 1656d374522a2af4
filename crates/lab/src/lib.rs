//! Results: what was reported, criteria and their editions, verdicts that explain themselves. Pure.
