"""How a Redis process begins and ends: two small shell scripts that ask the agent beside it first."""

from webtier.redis_cluster.pod.redis_conf import RUN_FOLDER
from webtier.redis_common.conf import CONF_FOLDER, DATA_FOLDER
from webtier.redis_common.container import KIND

HAND_OVER_SECONDS = 30
"""The longest that a stop waits for the agent; within the pod's grace period."""

CHECK = f"""\
check() {{
  case $1 in *-rdb) "$kind-check-rdb" {DATA_FOLDER}/dump.rdb; return ;; esac
  # File by file: of all at once, valkey-check-aof 9 takes a base file in Valkey's own format for a broken one.
  # One of no length holds nothing that could be, and the tools refuse it.
  while read -r _ name rest; do
    file={DATA_FOLDER}/appendonlydir/$name
    case "$name $rest" in
      *" type h"*) continue ;;
      *'.rdb '*) tool=rdb ;;
      *) tool=aof ;;
    esac
    [ ! -s "$file" ] || "$kind-check-$tool" "$file" || return
  done < {DATA_FOLDER}/appendonlydir/appendonly.aof.manifest
}}
"""
"""The part of a script that checks the data as `redis-check-aof` or `redis-check-rdb`, until the first broken file."""

START_SCRIPT = f"""\
#!/bin/sh
# Init containers do not run again when only this container is restarted, so that every start of Redis asks the
# agent: it looks whether a start is safe, and brings the peers' addresses up to date.
set -eu
run={RUN_FOLDER}
{KIND}read -r start < /proc/sys/kernel/random/uuid
rm -f "$run/leaves" "$run/left" "$run/checking"
checker=
end() {{
  echo "asked to end before Redis was started"
  [ -z "$checker" ] || kill "$checker" 2>/dev/null || :
  exit 143
}}
# The first process of a container gets no SIGTERM that it does not ask for.
trap end TERM INT
{CHECK}ask() {{
  echo "$1" > "$run/asks.partial"
  mv "$run/asks.partial" "$run/asks"
}}
ask "$start"
echo "waiting for the agent's word; its container says why when it takes long"
while :; do
  id= word=
  [ -r "$run/granted" ] && read -r id word < "$run/granted"
  if [ "$id" = "$start" ]; then
    case $word in
      start) break ;;
      redis-check-*)
        status=0
        # The liveness probe looks for the process: a check of much data takes longer than Redis may be silent. In the
        # background, since a signal is not heeded before what runs in the foreground has ended.
        check "$word" > "$run/check-report" 2>&1 &
        checker=$!
        echo "$checker" > "$run/checking"
        wait "$checker" || status=$?
        checker=
        rm -f "$run/checking"
        echo "$status" > "$run/checked"
        read -r start < /proc/sys/kernel/random/uuid
        ask "$start"
        ;;
    esac
  fi
  sleep 0.1
done
exec "$kind-server" {CONF_FOLDER}/redis.conf "$@"
"""
"""The redis container's command; its arguments are redis-server's."""

STOP_SCRIPT = f"""\
#!/bin/sh
# A master's shard is handed to a replica before the master ends.
run={RUN_FOLDER}
read -r stop < /proc/sys/kernel/random/uuid
echo "$stop" > "$run/leaves.partial"
mv "$run/leaves.partial" "$run/leaves"
tenths=0
while [ "$tenths" -lt {HAND_OVER_SECONDS * 10} ]; do
  left=
  [ -r "$run/left" ] && read -r left < "$run/left"
  [ "$left" = "$stop" ] && exit 0
  sleep 0.1
  tenths=$((tenths + 1))
done
echo "the agent did not answer within {HAND_OVER_SECONDS} s"
"""
"""The redis container's preStop hook."""
