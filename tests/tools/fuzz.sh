#!/usr/bin/env bash
# Fuzzes the API by its own OpenAPI document, as each role of the demonstration: no 5xx, no answer outside the document.
#
#   tests/tools/fuzz.sh [REQUESTS]     so many requests as each role at least (5000)
#   HEGE_BIN=FILE                      the program; a release build by default
#   ROLES="inspector1 reviewer"        only these logins
#
# Left out: the stream of hints, which has no end, and ending one's own session or changing one's own password, which would end
# the run; their tests are in tests/api.
set -euo pipefail
cd "$(dirname "$0")/../.."
requests=${1:-5000}
roles=${ROLES:-inspector1 receiver tester checker approver reviewer publisher admin auditor}
bin=${HEGE_BIN:-}
if [ -z "$bin" ]; then
    cargo build --release --locked -p hege
    bin=$PWD/target/release/hege
fi
tool=$PWD/target/fuzz
[ -x "$tool/bin/schemathesis" ] || { python3 -m venv "$tool" && "$tool/bin/pip" install --quiet 'schemathesis==4.32.5'; }
folder=$(mktemp -d)
trap 'kill "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
server=
export DATABASE_URL="sqlite://$folder/hege.db"
"$bin" demo >/dev/null
"$bin" serve --listen 127.0.0.1:0 --limit-login off --limit-public off --limit-requests off >"$folder/told" 2>"$folder/log" &
server=$!
for _ in $(seq 100); do
    base=$(sed -n 's/^hege: //p' "$folder/told")
    [ -n "$base" ] && curl -sf "$base/readyz" >/dev/null && break
    sleep 0.1
done
operations=$(curl -sf "$base/api/openapi.json" | python3 -c '
import json, sys
verbs = {"get", "put", "post", "delete", "patch"}
print(sum(1 for path in json.load(sys.stdin)["paths"].values() for verb in path if verb in verbs))')
# Each operation gets its share; schemathesis may find fewer cases for one without anything to vary.
share=$((requests / operations * 3 / 2 + 1))
failed=0
for login in $roles; do
    token=$(curl -sf "$base/api/v1/session" -H 'content-type: application/json' \
        -d "{\"login\": \"$login\", \"password\": \"demo-password-2025\"}" | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
    echo "== $login"
    fuzz() {
        # From where it may leave its cache.
        cd "$folder" && "$tool/bin/schemathesis" run "$base/api/openapi.json" --header "Authorization: Bearer $token" \
            --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance \
            --continue-on-failure --no-shrink --seed 1 --request-timeout 60 --warnings off --suppress-health-check all "$@"
    }
    {
        fuzz --max-examples "$share" --phases examples,coverage,fuzzing --exclude-operation-id event_stream \
            --exclude-operation-id session_end --exclude-operation-id password_change --exclude-operation-id export_samples --exclude-operation-id export_official
        # Every answer that is no refusal is a whole province in a file.
        fuzz --max-examples 5 --phases fuzzing --include-operation-id export_samples --include-operation-id export_official
    } >"$folder/$login.txt" 2>&1 || failed=1
    sed -n '/Test cases:/,$p; /FAILURES/,/SUMMARY/p' "$folder/$login.txt" | head -${LINES_SHOWN:-120}
done
# What the HTTP library says of requests that are no HTTP is none of ours.
errors=$(grep '"level":"ERROR"\| ERROR ' "$folder/log" | grep -v actix_http || true)
if [ -n "$errors" ]; then
    echo "== the server logged errors"
    echo "$errors" | sort | uniq -c | sort -rn | head
    failed=1
fi
exit $failed
