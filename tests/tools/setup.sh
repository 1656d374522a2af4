#!/usr/bin/env bash
# Installs what a fresh Debian with Rust lacks for building and testing. Does nothing when all is there.
set -euo pipefail
command -v cargo >/dev/null || { echo "Rust is needed: cargo was not found" >&2; exit 1; }
missing=()
command -v cc >/dev/null || missing+=(build-essential)
# Diesel reaches PostgreSQL through libpq; SQLite is compiled in and needs nothing.
command -v pkg-config >/dev/null || missing+=(pkg-config)
pkg-config --exists libpq 2>/dev/null || missing+=(libpq-dev)
# For the tests: the server's binaries, from which tests/tools/postgres.sh makes a cluster of its own.
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
# A mail server to send to.
/usr/bin/python3 -c 'import aiosmtpd' 2>/dev/null || missing+=(python3-aiosmtpd)
[ ${#missing[@]} -eq 0 ] && exit 0
echo "installing: ${missing[*]}"
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
as_root apt-get update -qq
as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
