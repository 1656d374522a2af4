#!/usr/bin/env bash
# A throw-away PostgreSQL for the tests, made with Debian's binaries. Installs nothing and touches no other cluster.
#
#   tests/tools/postgres.sh start DIR    makes a cluster in DIR, starts it and prints its URL (the only line on standard output)
#   tests/tools/postgres.sh restart DIR  kills it and starts it again at the same address
#   tests/tools/postgres.sh stop DIR     stops it; DIR itself is left to the caller
#
# It listens on 127.0.0.1 and on a socket in DIR. Everybody on this machine may connect, and fsync is off: the data
# are fixtures that live for minutes. Never point anything but tests at it.
set -euo pipefail

fail() { echo "postgres.sh: $*" >&2; exit 1; }

# The newest PostgreSQL Debian has installed.
binaries() {
    local found
    found=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
    [ -x "$found/initdb" ] || fail "no PostgreSQL in /usr/lib/postgresql: run tests/tools/setup.sh first"
    echo "$found"
}

# PostgreSQL refuses to run as root, so root steps down to Debian's postgres user.
as_owner() {
    if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

# The only sure way to find a free port is to try one: somebody may take it between the look and the use.
start_on_a_free_port() {
    local dir=$1 bin=$2 port
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        port=$((20000 + RANDOM % 12000))
        if as_owner "$bin/pg_ctl" --pgdata "$dir/cluster" --log "$dir/log" --wait --timeout 60 \
            --options "-c port=$port" start >/dev/null 2>&1; then
            echo "$port"
            return
        fi
    done
    tail -n 20 "$dir/log" >&2
    fail "PostgreSQL did not start; its log is above"
}

start() {
    local dir=$1 bin port
    bin=$(binaries)
    mkdir -p "$dir"
    dir=$(cd "$dir" && pwd)
    [ ! -e "$dir/cluster" ] || fail "$dir/cluster is there already: stop it and remove it, or name another folder"
    if [ "$(id -u)" = 0 ]; then chown postgres "$dir"; fi
    cd "$dir"
    as_owner "$bin/initdb" --pgdata "$dir/cluster" --username hege --auth trust --encoding UTF8 --locale C.UTF-8 --no-sync >"$dir/initdb.log" 2>&1 \
        || { cat "$dir/initdb.log" >&2; fail "initdb failed; its words are above"; }
    as_owner tee -a "$dir/cluster/postgresql.conf" >/dev/null <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = '$dir'
max_connections = 200
fsync = off
synchronous_commit = off
full_page_writes = off
CONF
    port=$(start_on_a_free_port "$dir" "$bin")
    echo "postgres://hege@127.0.0.1:$port/postgres"
}

# Immediate: as in a crash, nothing is written any more, and the start has to recover.
restart() {
    local dir
    dir=$(cd "$1" && pwd)
    cd "$dir"
    as_owner "$(binaries)/pg_ctl" --pgdata "$dir/cluster" --log "$dir/log" --wait --timeout 60 --mode immediate restart >/dev/null
}

stop() {
    local dir
    dir=$(cd "$1" && pwd)
    cd "$dir"
    as_owner "$(binaries)/pg_ctl" --pgdata "$dir/cluster" --wait --mode immediate stop >/dev/null
}

case "${1:-}" in
    start | restart | stop) [ $# = 2 ] || fail "which folder? postgres.sh $1 DIR"; "$1" "$2" ;;
    *) fail "say 'start DIR', 'restart DIR' or 'stop DIR'" ;;
esac
