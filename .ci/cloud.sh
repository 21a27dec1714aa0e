# For scripts that use `sluice cloud`: `serve OPTIONS…` starts one on ports of its own and tells where it is in `endpoint` and
# `dns`; it ends with the script, and so does the folder `work`.

work=$(mktemp -d)
cloud=

say() { printf '\n-- %s (%s s)\n' "$*" "$SECONDS"; }
fail() { printf '%s\n' "$*" >&2; exit 1; }
not_run() { # not_run WHAT LOG: said loudly, and why as the log has it
  printf '\n!! NOT RUN: %s: %s\n\n' "$1" "$(tail -n 1 "$2" 2>/dev/null)" >&2
  exit 0
}

serve() {
  node_modules/.bin/node --conditions=sluice-source harness/cli.ts cloud --port 0 --dns-port 0 "$@" \
    >"$work/cloud.json" 2>"$work/cloud.log" &
  cloud=$!
  local line
  for _ in $(seq 1 200); do
    [ ! -s "$work/cloud.json" ] || break
    still_serving
    sleep 0.1
  done
  line=$(cat "$work/cloud.json")
  [ -n "$line" ] || fail 'the cloud was not ready within 20 s'
  endpoint=$(sed -n 's/.*"endpoint":"\([^"]*\)".*/\1/p' <<<"$line")
  dns=$(sed -n 's/.*"dns":"\([^"]*\)".*/\1/p' <<<"$line")
}

still_serving() { kill -0 "$cloud" 2>/dev/null || fail "the cloud has ended: $(tail -n 20 "$work/cloud.log")"; }

stop_serving() { # fails where the cloud does not end within 5 s of being asked to
  [ -n "$cloud" ] || return 0
  kill "$cloud" 2>/dev/null || true
  for _ in $(seq 1 50); do
    kill -0 "$cloud" 2>/dev/null || { cloud=; return 0; }
    sleep 0.1
  done
  kill -9 "$cloud" 2>/dev/null || true
  cloud=
  printf 'the cloud did not end within 5 s of SIGTERM\n' >&2
  return 1
}

end() {
  local code=$?
  stop_serving || code=1
  if [ -n "${KEEP:-}" ]; then echo "kept: $work"; else rm -rf "$work"; fi
  exit "$code"
}
trap end EXIT
