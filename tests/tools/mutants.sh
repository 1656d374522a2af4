#!/usr/bin/env bash
# Mutation tests of verdict, rate and alert code: a change of the code that no test notices is a hole in the tests.
set -euo pipefail
cd "$(dirname "$0")/../.."
command -v cargo-mutants >/dev/null || cargo install --locked cargo-mutants
cargo mutants --package hege-lab --package hege-rates --package hege-alerts --package hege-core "$@"
