"""How a Redis process begins and ends: two small shell scripts that ask the agent beside it first."""

from webtier.redis_cluster.pod.redis_conf import RUN_FOLDER
from webtier.redis_common.conf import CONF_FOLDER, DATA_FOLDER

HAND_OVER_SECONDS = 30
"""The longest that a stop waits for the agent; within the pod's grace period."""

START_SCRIPT = f"""\
#!/bin/sh
# Init containers do not run again when only this container is restarted, so that every start of Redis asks the
# agent: it looks whether a start is safe, and brings the peers' addresses up to date.
set -eu
run={RUN_FOLDER}
read -r start < /proc/sys/kernel/random/uuid
rm -f "$run/leaves" "$run/left" "$run/checking"
checker=
end() {{
  echo "asked to end before Redis was started"
  [ -z "$checker" ] || kill "$checker" 2>/dev/null || :
  exit 143
}}
# The first process of a container gets no SIGTERM that it does not ask for.
trap end TERM INT
ask() {{
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
        case $word in
          *-aof) file={DATA_FOLDER}/appendonlydir/appendonly.aof.manifest ;;
          *) file={DATA_FOLDER}/dump.rdb ;;
        esac
        status=0
        # The liveness probe looks for the process: a check of much data takes longer than Redis may be silent. In the
        # background, since a signal is not heeded before what runs in the foreground has ended.
        "$word" "$file" > "$run/check-report" 2>&1 &
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
exec redis-server {CONF_FOLDER}/redis.conf "$@"
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
