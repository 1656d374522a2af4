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
# Only where the tool is installed: the compose file holds together, and starts with no password of its own.
if command -v docker-compose >/dev/null; then
    HEGE_DB_PASSWORD=- docker-compose config -q
    if env -u HEGE_DB_PASSWORD docker-compose --env-file /dev/null config -q 2>/dev/null; then
        echo "docker-compose.yml starts without a password" >&2
        exit 1
    fi
fi
tests/tools/test.sh
