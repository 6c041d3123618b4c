#!/usr/bin/env bash
# Fetches what stands for AWS on one machine, and prints where it is, a line each:
#   * DynamoDB Local, which AWS puts into the npm package amplify-dynamodb-simulator;
#   * Lambda's runtime interface emulator, out of the PyPI package aws-sam-cli.
# Needs python3 with pip, npm, and Java 11 or later to run the first.
set -euo pipefail
cd "$(dirname "$0")/.."

for tool in python3 npm java; do
  command -v "$tool" >/dev/null || { echo "$tool is missing, which DynamoDB Local or Lambda's emulator needs" >&2; exit 1; }
done

tools=$PWD/target/aws
mkdir -p "$tools"

dynamodb=$tools/package/emulator
if [[ ! -f $dynamodb/DynamoDBLocal.jar ]]; then
  (cd "$tools" && npm pack --silent amplify-dynamodb-simulator@2.9.30 && tar -xzf amplify-dynamodb-simulator-2.9.30.tgz) >&2
fi

case $(uname -m) in
  x86_64) emulator=$tools/aws-lambda-rie-x86_64 ;;
  aarch64 | arm64) emulator=$tools/aws-lambda-rie-arm64 ;;
  *) echo "AWS's Lambda emulator is not made for $(uname -m)" >&2; exit 1 ;;
esac
if [[ ! -x $emulator ]]; then
  python3 -m pip download --quiet --no-deps --dest "$tools" aws-sam-cli >&2
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

echo "$dynamodb/DynamoDBLocal.jar"
echo "$emulator"
