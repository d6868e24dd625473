#!/usr/bin/env bash
# test-servers.sh PYTHON SERVERS: runs the tests that start a Redis with each of these servers, named as in
# `redis-8.0,valkey-9.1` (devcluster/images/redis.py has their names), instead of this machine's own.
# A server that can't be made here is named with the reason, and its tests are skipped.
set -euo pipefail
python=$1 servers=$2

failed=
for server in ${servers//,/ }; do
    made=0
    "$python" -m devcluster.servers "$server" || made=$?
    # 2 is what it says of a name that there is not.
    if [ "$made" = 2 ]; then exit 2; fi
    echo "the tests of Redis with $server:" >&2
    SERVER=$server "$python" -m pytest -n 4 --dist loadscope tests/unit/webtier/redis_cluster/agent \
        tests/unit/webtier/redis_cluster/pod tests/unit/webtier/redis_cluster/monitoring \
        tests/unit/webtier/redis_standalone || failed="$failed $server"
done
[ -z "$failed" ] || { echo "tests failed with:$failed" >&2 && exit 1; }
