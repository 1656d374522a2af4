#!/usr/bin/env bash
# What must hold before a change lands.
set -euo pipefail
cd "$(dirname "$0")/../.."
tests/tools/setup.sh
cargo fmt --all --check
cargo clippy --locked --workspace --all-targets -- -D warnings
RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --document-private-items
# Alone, a pure crate gets no feature that another crate of the workspace switched on.
for bans in crates/*/clippy.toml; do cargo check --locked -p "hege-$(basename "$(dirname "$bans")")"; done
tests/tools/test.sh
