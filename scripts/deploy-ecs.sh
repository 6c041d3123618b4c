#!/usr/bin/env bash
# Deploys the images of a tag to the ECS cluster `talelio`: registers the task definitions
# of .aws/ with them, moves the services to those, waits until they are stable and asks
# the API whether it is well. If anything of that fails, the services are moved back.
#
#   scripts/deploy-ecs.sh TAG
#
# Reads AWS_ACCOUNT_ID, AWS_REGION, DOMAIN, CERTBOT_EMAIL, and SMOKE_TEST_URL if the API
# is not at https://api.DOMAIN. Needs the aws command and python3.
set -euo pipefail
cd "$(dirname "$0")/.."

tag=${1:?the tag of the images}
: "${AWS_ACCOUNT_ID:?}" "${AWS_REGION:?}" "${DOMAIN:?}" "${CERTBOT_EMAIL:?}"
registry=$AWS_ACCOUNT_ID.dkr.ecr.$AWS_REGION.amazonaws.com
smoke_test=${SMOKE_TEST_URL:-https://api.$DOMAIN}/v1/health
rendered=$(mktemp -d)
trap 'rm -rf "$rendered"' EXIT

# Two services, each with one container of ours: service, task definition, image.
services=(
  "talelio-backend talelio-backend talel.io-backend"
  "talelio-nginx nginx nginx"
)

render() { # task definition, image
  python3 - ".aws/$1-task-definition.json" "$2" "$registry/$2:$tag" <<'PYTHON'
import json, os, sys

path, image, pushed = sys.argv[1:]
text = open(path).read()
for name in ("ACCOUNT_ID", "REGION"):
    text = text.replace(f"__{name}__", os.environ[f"AWS_{name}"])
for name in ("DOMAIN", "CERTBOT_EMAIL"):
    text = text.replace(f"__{name}__", os.environ[name])
definition = json.loads(text)
for container in definition["containerDefinitions"]:
    if container["image"] == image:
        container["image"] = pushed
print(json.dumps(definition))
PYTHON
}

running() { # service: the task definition that it is on, empty where there is none
  aws ecs describe-services --cluster talelio --services "$1" \
    --query "services[?status=='ACTIVE'].taskDefinition" --output text
}

update_service() { # service, task definition
  if [[ $(running "$1") ]]; then
    aws ecs update-service --cluster talelio --service "$1" --task-definition "$2" --output text --query service.status
  else
    aws ecs create-service --cluster talelio --service-name "$1" --task-definition "$2" --desired-count 1 \
      --launch-type EC2 --output text --query service.status \
      --deployment-configuration 'minimumHealthyPercent=0,maximumPercent=100,deploymentCircuitBreaker={enable=true,rollback=true}'
  fi
}

is_healthy() {
  aws ecs wait services-stable --cluster talelio --services talelio-backend talelio-nginx || return 1
  for name in "${!new[@]}"; do
    # The circuit breaker goes back by itself, and is stable then.
    [[ $(running "$name") == "${new[$name]}" ]] || return 1
  done
  curl --silent --show-error --fail --retry "${SMOKE_TEST_ATTEMPTS:-10}" --retry-delay 3 --retry-all-errors --output /dev/null "$smoke_test"
}

declare -A old new
for entry in "${services[@]}"; do
  read -r service definition image <<<"$entry"
  render "$definition" "$image" >"$rendered/$service.json"
  old[$service]=$(running "$service")
  new[$service]=$(aws ecs register-task-definition --cli-input-json "file://$rendered/$service.json" \
    --query taskDefinition.taskDefinitionArn --output text)
done
for entry in "${services[@]}"; do
  read -r service _ <<<"$entry"
  echo "$service: ${old[$service]:-nothing} -> ${new[$service]}"
  update_service "$service" "${new[$service]}"
done
if is_healthy; then
  echo "deployed $tag"
  exit
fi

echo "the deployment is not well: going back" >&2
for service in "${!old[@]}"; do
  if [[ ${old[$service]} ]]; then update_service "$service" "${old[$service]}"; fi
done
aws ecs wait services-stable --cluster talelio --services "${!old[@]}"
exit 1
