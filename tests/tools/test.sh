#!/usr/bin/env bash
# Every test of the workspace, on SQLite and on a throw-away PostgreSQL (or on the one that HEGE_TEST_POSTGRES names).
set -euo pipefail
cd "$(dirname "$0")/../.."
tests/tools/setup.sh
if [ -z "${HEGE_TEST_POSTGRES:-}" ]; then
    # Among the system's temporary files: PostgreSQL's user may not be let into the folder of a person.
    folder=$(mktemp -d)
    HEGE_TEST_POSTGRES=$(tests/tools/postgres.sh start "$folder")
    trap 'tests/tools/postgres.sh stop "$folder"; rm -rf "$folder"' EXIT
    export HEGE_TEST_POSTGRES
fi
# Arguments choose some of them: `tests/tools/test.sh -p hege --test under_load`.
if [ $# = 0 ]; then set -- --workspace --no-fail-fast; fi
cargo test --locked "$@"
