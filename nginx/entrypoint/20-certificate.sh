#!/bin/sh
# A certificate from the first second: one that we sign ourselves, until certbot has
# put another into the volume. NGINX is reloaded whenever that one changes.
set -eu

[ "$TLS" = on ] || exit 0
live=/etc/letsencrypt/live/$DOMAIN
used=/tmp/certificate
mkdir -p "$used"

take() {
  cp "$live/fullchain.pem" "$used/fullchain.pem"
  cp "$live/privkey.pem" "$used/privkey.pem"
}

if [ -e "$live/fullchain.pem" ]; then
  take
else
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj "/CN=$DOMAIN" \
    -addext "subjectAltName=DNS:$DOMAIN" -keyout "$used/privkey.pem" -out "$used/fullchain.pem" 2>/dev/null
fi

(
  while sleep "${CERTIFICATE_SECONDS:-60}"; do
    if [ -e "$live/fullchain.pem" ] && ! cmp -s "$live/fullchain.pem" "$used/fullchain.pem"; then
      take
      nginx -t -q && nginx -s reload && echo "a new certificate is in use" >&2
    fi
  done
) &
