#!/usr/bin/env bash
# Measures what the product is held to, each figure beside its raw limit in the same run. Arguments are handed on to the bench:
# `flow` (the whole life of a sample in process), `http` (its steps over HTTP), `import`, `scale` (reads among many samples; `scale 300000` among so many);
# `sqlite` or `postgres` for one database alone.
set -euo pipefail
cd "$(dirname "$0")/../.."
tests/tools/setup.sh
cargo build --release --locked -p hege
HEGE_BIN=$PWD/target/release/hege cargo bench --locked -p hege-tests --bench flow -- "$@"
if [ $# = 0 ]; then cargo bench --locked -p hege-lab --bench judge && cargo bench --locked -p hege-store --bench writers --bench reads; fi
