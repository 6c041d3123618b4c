#!/usr/bin/env bash
# Runs the API's tests against what stands for AWS on one machine:
#   * DynamoDB Local and Lambda's runtime interface emulator (aws-emulators.sh);
#   * moto, which is S3 over HTTP, out of the PyPI package of that name.
# Needs python3 with pip, npm and Java 11 or later; says so when one is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

tools=$PWD/target/aws
emulators=$(scripts/aws-emulators.sh)
{ read -r jar; read -r emulator; } <<<"$emulators"
dynamodb=$(dirname "$jar")

[[ -d $tools/python/moto ]] || python3 -m pip install --quiet --target "$tools/python" 'moto[s3,server]==5.*'

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
wait_for() { # port, log
  for attempt in $(seq 100); do
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
    [[ $attempt == 100 ]] && { cat "$2" >&2; exit 1; }
    sleep 0.2
  done
}

trap 'kill $(jobs -p) 2>/dev/null' EXIT
port=$(free_port)
(cd "$dynamodb" && exec java -Djava.library.path=DynamoDBLocal_lib -jar DynamoDBLocal.jar -inMemory -sharedDb -disableTelemetry -port "$port") \
  >"$tools/dynamodb.log" 2>&1 &
s3_port=$(free_port)
PYTHONPATH=$tools/python python3 -m moto.server --port "$s3_port" >"$tools/moto.log" 2>&1 &
wait_for "$port" "$tools/dynamodb.log"
wait_for "$s3_port" "$tools/moto.log"
endpoint=http://127.0.0.1:$port

echo "== articles of two processes on DynamoDB Local"
TALELIO_TEST=dynamodb=$endpoint cargo test --locked --lib everything_that_is_derived
echo "== on DynamoDB Local"
TALELIO_TEST=dynamodb=$endpoint cargo test --locked --test handlers
echo "== with images in S3"
TALELIO_TEST=s3=http://127.0.0.1:$s3_port cargo test --locked --test handlers -- images s3
echo "== under the Lambda emulator"
TALELIO_TEST=lambda=$emulator TALELIO_TEST_DYNAMODB=$endpoint cargo test --locked --test handlers
