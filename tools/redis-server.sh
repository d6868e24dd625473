#!/usr/bin/env bash
# Puts a redis-server on this machine for the agent's tests, without starting a service of it.
# Where that can't be done, those tests are skipped and say so.
set -euo pipefail

if command -v redis-server >/dev/null || [ -n "${REDIS_SERVER:-}" ]; then exit 0; fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "no redis-server here: the tests that need one are skipped (install redis-server 7 or newer)" >&2
    exit 0
fi
echo "installing redis-server from Debian's packages, for the agent's tests" >&2
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    # Debian asks this program before it starts a service; 101 is its word for no.
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod +x "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q >/dev/null
apt-get install -y -q --no-install-recommends redis-server >/dev/null
