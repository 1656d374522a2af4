#!/usr/bin/env bash
# Installs what a fresh Debian with Rust lacks for building and testing. Does nothing when all is there.
set -euo pipefail
missing=()
command -v cc >/dev/null || missing+=(build-essential)
command -v cargo >/dev/null || { echo "Rust is needed: cargo was not found" >&2; exit 1; }
[ ${#missing[@]} -eq 0 ] && exit 0
echo "installing: ${missing[*]}"
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
as_root apt-get update -qq
as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}"
