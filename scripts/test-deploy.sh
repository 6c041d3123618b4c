#!/usr/bin/env bash
# Deploys to a simulated ECS (moto, from PyPI): first with an API that is
# well, then with one that is not, after which the services have to be back where they were.
# Needs python3 with pip.
set -euo pipefail
cd "$(dirname "$0")/.."

tools=$PWD/target/deploy
[[ -d $tools/moto/moto ]] || python3 -m pip install --quiet --target "$tools/moto" 'moto[ecs,server]==5.*'
[[ -d $tools/aws/awscli ]] || python3 -m pip install --quiet --target "$tools/aws" awscli

# Nothing runs in moto, so there is nothing that becomes stable: that wait is left out.
mkdir -p "$tools/bin"
cat >"$tools/bin/aws" <<SHIM
#!/bin/sh
[ "\$1 \$2" = "ecs wait" ] && exit
PYTHONPATH=$tools/aws exec python3 -m awscli "\$@"
SHIM
chmod +x "$tools/bin/aws"

# Both held at once, so that they are two.
read -r port site_port < <(python3 -c 'import socket
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(one.getsockname()[1] for one in held))')
PYTHONPATH=$tools/moto python3 -m moto.server --port "$port" >"$tools/moto.log" 2>&1 &
mkdir -p "$tools/site/v1" && echo well >"$tools/site/v1/health"
python3 -m http.server --directory "$tools/site" --bind 127.0.0.1 "$site_port" >"$tools/site.log" 2>&1 &
trap 'kill $(jobs -p) 2>/dev/null' EXIT
for listening in "$port" "$site_port"; do
  for attempt in $(seq 100); do
    (exec 3<>"/dev/tcp/127.0.0.1/$listening") 2>/dev/null && break
    [[ $attempt == 100 ]] && { cat "$tools"/*.log >&2; exit 1; }
    sleep 0.2
  done
done

export PATH=$tools/bin:$PATH AWS_ENDPOINT_URL=http://127.0.0.1:$port AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x
export AWS_REGION=eu-north-1 AWS_DEFAULT_REGION=eu-north-1 AWS_ACCOUNT_ID=123456789012
export DOMAIN=example.com CERTBOT_EMAIL=ada@example.com
aws ecs create-cluster --cluster-name talelio --output text --query cluster.status

definitions() {
  aws ecs describe-services --cluster talelio --services talelio-backend talelio-nginx \
    --query 'services[].taskDefinition' --output text | tr '\t' '\n' | sed 's/.*\///' | paste -sd' '
}
expect() {
  [[ $(definitions) == "$1" ]] || { echo "expected the services on $1, not on $(definitions)" >&2; exit 1; }
}

SMOKE_TEST_URL=http://127.0.0.1:$site_port scripts/deploy-ecs.sh first
expect "talelio-backend:1 talelio-nginx:1"
SMOKE_TEST_URL=http://127.0.0.1:$site_port scripts/deploy-ecs.sh second
expect "talelio-backend:2 talelio-nginx:2"
image=$(aws ecs describe-task-definition --task-definition talelio-backend \
  --query 'taskDefinition.containerDefinitions[0].image' --output text)
[[ $image == 123456789012.dkr.ecr.eu-north-1.amazonaws.com/talel.io-backend:second ]]
if SMOKE_TEST_ATTEMPTS=1 SMOKE_TEST_URL=http://127.0.0.1:1 scripts/deploy-ecs.sh third; then
  echo "a deployment that is not well was taken for one that is" >&2
  exit 1
fi
expect "talelio-backend:2 talelio-nginx:2"
echo "It deploys, and goes back."
