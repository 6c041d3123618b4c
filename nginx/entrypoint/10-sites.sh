#!/bin/sh
# Makes the sites from their templates, in a folder that can be written to even where
# the image cannot.
set -eu

case $TLS in
  on | off) ;;
  *) echo "TLS is neither on nor off, but $TLS" >&2; exit 1 ;;
esac
mkdir -p /tmp/sites
for template in shared "tls-$TLS"; do
  # shellcheck disable=SC2016 # envsubst wants the names as they are
  envsubst '$DOMAIN $BACKEND $HTTP_PORT $HTTPS_PORT $MICROCACHE' \
    <"/etc/nginx/sites/$template.conf" >"/tmp/sites/$template.conf"
done
