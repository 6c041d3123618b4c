#!/usr/bin/env bash
# Takes the main flow through `cargo lambda watch`, as a developer has it on a laptop:
# registering, sending mail, verifying, logging in, publishing, reading.
# Needs python3 with venv, and curl.
set -euo pipefail
cd "$(dirname "$0")/.."

tools=$PWD/target/cargo-lambda
[[ -x $tools/bin/cargo-lambda ]] || { python3 -m venv "$tools" && "$tools/bin/pip" install --quiet cargo-lambda; }
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
log=$tools/watch.log
cargo build --locked
PATH=$tools/bin:$PATH DATA_DIR=:memory: setsid cargo lambda watch --bin talelio-backend --ignore-changes \
  --invoke-port "$port" >"$log" 2>&1 &
watch=$!
trap 'kill -- "-$watch" 2>/dev/null; [[ $? == 0 ]] || tail -20 "$log" >&2' EXIT

api=http://127.0.0.1:$port
call() { # expected text, path, options of curl
  local expected=$1 path=$2
  shift 2
  answer=$(curl --silent --show-error --fail-with-body --retry 60 --retry-connrefused --retry-delay 1 "$api$path" "$@")
  [[ $answer == *"$expected"* ]] || { echo "$path: expected $expected in $answer" >&2; exit 1; }
}
account='{"email": "ada@example.com", "password": "correct horse", "username": "ada"}'
call 👍 /v1/health
call '"verified":false' /v1/accounts/register --json "$account"
# Mail is sent by a job, which AWS invokes by a schedule, and here nobody else does.
"$tools/bin/cargo-lambda" lambda invoke --invoke-port "$port" --data-ascii '{"job": "all"}' _
call '"verified":true' "$(grep --only-matching '/v1/accounts/verify/[A-Za-z0-9._-]*' "$log" | tail -1)"
call access_token /v1/accounts/login --json "$account"
token=${answer#*'"access_token":"'}
token=${token%%'"'*}
article='{"title": "Hello", "body": "*world*", "meta_description": "x"}'
call '"slug":"hello"' /v1/articles --header "Authorization: Bearer $token" --json "$article"
call '<em>world</em>' /v1/articles/hello
call '"articles":[{' /v1/users/ada/articles
echo "cargo lambda watch answers."
