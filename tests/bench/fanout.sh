#!/usr/bin/env bash
# Ten thousand subscribers on one gateway, beside a raw broadcast server on the same machine in the same run.
#
#   tests/bench/fanout.sh [SUBSCRIBERS] [ROUNDS]
#
# Builds the gateway and the driver (release) unless RECERT and FANOUT name binaries, starts the gateway on an SQLite file (or on
# BENCH_DATABASE_URL, an empty PostgreSQL database), takes in 200 cases, and measures in turn, each on a server just started:
# one event a second to everybody, and 200 events a second to those who follow their case (SUBSCRIBERS / 200 each). The
# events are assignments by HTTP, so the time runs from the request over the commit to the subscriber. BENCH_RAW=HOST:PORT,
# BENCH_RAW_INJECT (where its POST /push is, if elsewhere) and BENCH_RAW_PID name another raw server that speaks like the driver's
# own; BENCH_PORT is the first of three ports.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
subscribers=${1:-10000} rounds=${2:-2}
port=${BENCH_PORT:-18480}
target=${CARGO_TARGET_DIR:-$root/target}
work=$(mktemp -d)
running=()
cleanup() { for pid in "${running[@]:-}"; do [ -z "$pid" ] || kill "$pid" 2>/dev/null || true; done; rm -rf "$work"; }
trap cleanup EXIT
ulimit -n "$(ulimit -Hn)"

[ -n "${RECERT:-}" ] || (cd "$root" && cargo build --release --bin recert)
recert=${RECERT:-$target/release/recert}
[ -n "${FANOUT:-}" ] || (cd "$here/fanout" && CARGO_TARGET_DIR="$target/fanout" cargo build --release)
fanout=${FANOUT:-$target/fanout/release/fanout}

# One token for all, so the limits for one subject are as wide as those of the whole gateway.
cat >"$work/recert.toml" <<TOML
[server]
listen = "127.0.0.1:$port"
admin_listen = "127.0.0.1:$((port + 1))"
[truv]
url = "http://127.0.0.1:9/"
[graphql]
max_per_subject = 100000
max_per_agency = 100000
requests_per_second = 100000
[graphql.socket]
max_per_subject = 100000
max_sockets = 100000
[[agencies]]
slug = "bench"
name = "Bench"
environment = "sandbox"
client_id = "bench"
secrets = ["sandbox-0000000000000000000000000000000000000009"]
TOML
export RECERT_AUTH_HMAC_SECRET="a secret for a measurement, and for nothing else"
export RECERT_DATABASE_URL=${BENCH_DATABASE_URL:-sqlite://$work/bench.sqlite}
export RECERT_LOG=warn,recert::work=off,recert::webhooks=off,recert::gate=off,recert::truv=off
cd "$work"
"$recert" migrate >/dev/null
{
  echo case_number,program,due_date,period_start,period_end,external_user_id,first_name,last_name,assignee_id,assignee_name
  for n in $(seq 200); do echo "B-$n,SNAP,2099-12-31,2099-01-01,2099-12-31,c-$n,Ada,Diaz,w-$((n % 2)),Dana"; done
} >cases.csv
"$recert" import cases.csv >/dev/null 2>&1
token=$("$recert" token --scope cases:read,cases:write)

# Each measurement has a server of its own, so that the memory per subscriber is true.
gateway() {
  "$recert" serve >"$work/log" 2>&1 &
  pid=$!
  running+=("$pid")
  for _ in $(seq 300); do curl -sf http://127.0.0.1:$((port + 1))/readyz >/dev/null && return; sleep 0.1; done
  cat "$work/log"
  exit 1
}
raw() {
  "$fanout" raw $((port + 2)) &
  pid=$!
  running+=("$pid")
  sleep 0.5
}
end() { kill -9 "$pid"; wait "$pid" 2>/dev/null || true; }
measure() { # topics rate seconds
  gateway
  "$fanout" drive label=recert address=127.0.0.1:$port token="$token" pid="$pid" subscribers="$subscribers" topics="$1" rate="$2" seconds="$3"
  end
  if [ -n "${BENCH_RAW:-}" ]; then
    "$fanout" drive label=raw target=push address="$BENCH_RAW" inject="${BENCH_RAW_INJECT:-$BENCH_RAW}" pid="${BENCH_RAW_PID:-0}" subscribers="$subscribers" topics="$1" rate="$2" seconds="$3"
  else
    raw
    "$fanout" drive label=raw target=push address=127.0.0.1:$((port + 2)) pid="$pid" subscribers="$subscribers" topics="$1" rate="$2" seconds="$3"
    end
  fi
}
for _ in $(seq "$rounds"); do
  measure 0 1 10
  measure 200 200 10
done
