"""How the kubelet asks a Redis pod: two small shell scripts, since each question starts a process."""

from webtier.redis_cluster.agent.start.aof import UNFINISHED
from webtier.redis_cluster.credentials.acl import EXPORTER_USER
from webtier.redis_cluster.pod.redis_conf import RUN_FOLDER, TLS_CA, TLS_CERTIFICATE, TLS_FOLDER, TLS_KEY
from webtier.redis_cluster.settings import RedisClusterSettings
from webtier.redis_common.conf import AUTH_FOLDER, DATA_FOLDER
from webtier.redis_common.container import CLI, KIND, answers


def _cli(settings: RedisClusterSettings) -> str:
    files = f"--cacert {TLS_FOLDER}/{TLS_CA} --cert {TLS_FOLDER}/{TLS_CERTIFICATE} --key {TLS_FOLDER}/{TLS_KEY}"
    return CLI if settings.tls is None else f"{CLI} --tls {files}"


def alive_script(settings: RedisClusterSettings) -> str:
    """Liveness and startup."""
    return f"""\
#!/bin/sh
# Waiting for the agent's word is no reason to be restarted.
asks= granted= word= checker=
[ -r {RUN_FOLDER}/asks ] && read -r asks < {RUN_FOLDER}/asks
[ -r {RUN_FOLDER}/granted ] && read -r granted word < {RUN_FOLDER}/granted
[ "$asks" = "$granted" ] || exit 0
case $word in
  redis-check-*)
    # A restart would begin the check anew, and never end it.
    [ -r {RUN_FOLDER}/checking ] && read -r checker < {RUN_FOLDER}/checking
    [ -n "$checker" ] && kill -0 "$checker" 2>/dev/null && exit 0
    ;;
esac
{KIND}{answers(_cli(settings))}"""


def ready_script(settings: RedisClusterSettings) -> str:
    """Readiness. It is latched for the life of one Redis process, told by its run id."""
    return f"""\
#!/bin/sh
# Ready once this process has been a healthy part of the cluster; from then on while it answers. If trouble
# elsewhere in the cluster took it out again, a cluster that is down would also have no address.
IFS= read -r REDISCLI_AUTH < {AUTH_FOLDER}/{EXPORTER_USER}
export REDISCLI_AUTH
latch={RUN_FOLDER}/ready
{KIND}facts=$(
  printf 'INFO server\\nINFO replication\\nCLUSTER INFO\\n' |
    {_cli(settings)} --user {EXPORTER_USER} 2>&1
)
case $facts in
  *run_id:*cluster_state:*) ;;
  *) echo "Redis does not answer, or is still loading"; exit 1 ;;
esac
run_id=${{facts#*run_id:}}
run_id=${{run_id%%[!0-9a-f]*}}
latched=
[ -r "$latch" ] && read -r latched < "$latch"
[ "$latched" = "$run_id" ] && exit 0
case $facts in
  # The cluster has not been formed: that waits for all pods to be ready.
  *cluster_slots_assigned:0[!0-9]*) exit 0 ;;
  *master_link_status:down*) echo "the master's data is not copied yet"; exit 1 ;;
  *role:slave*) [ -e {DATA_FOLDER}/{UNFINISHED} ] && echo "the master's data is not on the disk yet" && exit 1 ;;
esac
case $facts in
  *cluster_state:ok*) echo "$run_id" > "$latch"; exit 0 ;;
esac
echo "the cluster is not ok yet"
exit 1
"""
