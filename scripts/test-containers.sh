#!/usr/bin/env bash
# Builds the images, runs the API's tests through NGINX over HTTP and HTTPS, and then
# brings the deployment of docker-compose.yml up and looks at it, while containers are
# killed and certificates change.
# Needs Docker with docker-compose of either version, openssl and python3.
set -euo pipefail
cd "$(dirname "$0")/.."

bases=(rust:1.95-bookworm gcr.io/distroless/cc-debian12:nonroot nginx:1.28-bookworm
  certbot/certbot:v5.1.0 amazon/dynamodb-local:3.1.0 public.ecr.aws/lambda/provided:al2023)
build=()

# Where no registry can be reached, stand-ins for the base images, if there are any.
stand_ins=../shared/containers/stand-ins
if [[ -x $stand_ins ]] && ! timeout 20 docker pull --quiet "${bases[1]}" >/dev/null 2>&1; then
  echo "== no registry: with stand-ins for the base images"
  export PATH=/usr/bin:$PATH
  "$stand_ins" engine
  for base in "${bases[@]}"; do
    docker image inspect "$base" >/dev/null 2>&1 || "$stand_ins" image "$base"
  done
  build=(--network host)
fi
for tool in docker openssl python3; do
  command -v "$tool" >/dev/null || { echo "make test-containers needs $tool" >&2; exit 1; }
done
compose=(docker-compose)
command -v docker-compose >/dev/null || compose=(docker compose)
export DOCKER_BUILDKIT=1 COMPOSE_DOCKER_CLI_BUILD=1
for base in "${bases[@]}"; do
  docker image inspect "$base" >/dev/null 2>&1 || docker pull --quiet "$base"
done

echo "== docker-compose.yml"
"${compose[@]}" config --quiet
"${compose[@]}" --profile tls config --quiet
echo "== building the images"
docker build "${build[@]}" --quiet --tag talel.io-backend .
docker build "${build[@]}" --quiet --tag nginx-talelio nginx
# The program as it is delivered, for whoever measures it.
mkdir -p target/image
container=$(docker create talel.io-backend)
docker cp "$container:/usr/local/bin/talelio-backend" target/image/talelio-backend
docker rm "$container" >/dev/null

# A certificate authority of our own, and what certbot would keep for `localhost`.
certificates=$PWD/target/certificates
rm -rf "$certificates"
live=$certificates/live/localhost
mkdir -p "$live" "$certificates/challenge"
echo challenge >"$certificates/challenge/token"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj '/CN=Test CA' \
  -keyout "$certificates/ca.key" -out "$certificates/ca.pem" 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj '/CN=localhost' \
  -keyout "$live/privkey.pem" -out "$certificates/request.pem" 2>/dev/null
openssl x509 -req -in "$certificates/request.pem" -CA "$certificates/ca.pem" -CAkey "$certificates/ca.key" \
  -CAcreateserial -days 2 -extfile <(printf 'subjectAltName=DNS:localhost') -out "$live/fullchain.pem" 2>/dev/null

echo "== the API's tests through NGINX, over HTTP"
TALELIO_TEST=nginx=nginx-talelio cargo test --locked --test handlers
echo "== the API's tests through NGINX, over HTTPS"
TALELIO_TEST=nginx=nginx-talelio TALELIO_TEST_CERTIFICATES=$certificates cargo test --locked --test handlers
echo "== the deployment"
python3 scripts/containers.py "$certificates"
