"""`python -m tests.faults.clients.client_process ACCESS`: an ordinary redis-py cluster client, and what it gave up on.

It reads and writes by turns until its standard input ends or says stop, and then prints what it has seen.
"""

import json
import sys
import threading
import time
from pathlib import Path

from redis.cluster import ClusterNode, RedisCluster
from redis.credentials import CredentialProvider

from tests.faults.clients.access import Access, Seeds

RATE = 50.0
"""Commands a second."""
KEYS = 2000
MOST_LISTED = 200


class FromFile(CredentialProvider):
    """The password as it is when a connection is made: how redis-py wants a rotation to be followed."""

    def __init__(self, access_file: Path) -> None:
        self._access_file = access_file

    def get_credentials(self) -> tuple[str, str]:
        who = Access.read(self._access_file).application
        return who.username, who.password


def connect(access_file: Path) -> RedisCluster:
    """As a careful application would: short timeouts, and more retries than redis-py's default of ten."""
    access = Access.read(access_file)
    seeds = Seeds(access)
    return RedisCluster(
        startup_nodes=[ClusterNode(*endpoint) for endpoint in seeds.endpoints()],
        **({} if access.announced else {"address_remap": seeds.address}),
        cluster_error_retry_attempts=20,
        socket_timeout=1.0,
        socket_connect_timeout=1.0,
        decode_responses=True,
        credential_provider=FromFile(access_file),
        ssl=access.ca is not None,
        **access.tls(),
    )


def main(access_file: Path) -> None:
    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.readline(), stop.set()), daemon=True).start()
    client = connect(access_file)
    done, failed, slowest = 0, list[tuple[float, str]](), 0.0
    print("ready", flush=True)
    while not stop.wait(1 / RATE):
        key = f"client:{done % KEYS}"
        start = time.monotonic()
        try:
            if done % 2:
                client.get(key)
            else:
                client.set(key, done)
        except Exception as error:  # whatever it is, the application got it
            failed.append((start, f"{type(error).__name__}: {error}"))
        done += 1
        slowest = max(slowest, time.monotonic() - start)
    print(json.dumps({"commands": done, "failed": len(failed), "failures": failed[:MOST_LISTED], "slowest": slowest}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
