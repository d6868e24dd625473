#!/bin/sh
# On a kernel without IPv6 nginx would not start if it were told to listen on it.
if [ -e /proc/net/if_inet6 ] && [ -w /tmp ]; then
    echo 'listen [::]:8080;' > /tmp/listen-ipv6.conf
fi
exec "$@"
