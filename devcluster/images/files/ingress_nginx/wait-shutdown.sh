#!/bin/sh
# The preStop hook: the controller drains nginx after SIGTERM, and the pod may go once nginx has ended.
pkill -TERM -f nginx-ingress-controller || exit 1
while pgrep -x nginx > /dev/null; do
    sleep 1
done
