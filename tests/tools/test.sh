#!/usr/bin/env bash
# Every test of the workspace.
set -euo pipefail
cd "$(dirname "$0")/../.."
tests/tools/setup.sh
cargo test --locked --workspace
