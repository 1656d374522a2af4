#!/usr/bin/env bash
# Mutation tests of verdict, rate and alert code: a change of the code that no test notices is a hole in the tests.
# Arguments are handed on: `tests/tools/mutants.sh --file crates/lab/src/judge.rs` takes minutes, all of it the better part of an hour.
# A mutant that nobody could notice is written away; where that cannot be, it stands here as `--exclude-re` with its reason.
set -euo pipefail
cd "$(dirname "$0")/../.."
command -v cargo-mutants >/dev/null || cargo install --locked cargo-mutants
cargo mutants --package hege-lab --package hege-rates --package hege-alerts --package hege-core --package hege-sampling \
  --timeout 60 --minimum-test-timeout 60 "$@" -- --lib --tests
