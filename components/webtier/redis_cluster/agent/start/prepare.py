"""Before Redis starts: bring the peers' addresses in nodes.conf up to date.

After a power cut every pod comes back with another address, and Redis dials addresses, not names:
without this no node finds any other, and the cluster stays down. A peer that has no address while DNS answers loses
the one that it had: by now another pod may have that one, and a replica would dial it as its master.
"""

import time
from pathlib import Path

from ..console import Console
from ..parallel import in_parallel
from ..redis.nodes_file import read_hostnames, replace_file, rewrite_addresses
from ..redis.resolver import Resolve
from ..redis.view import Address


def prepare(
    nodes_file: Path,
    own: Address,
    resolve: Resolve,
    console: Console,
    *,
    rewrite_peers: bool = True,
    longest_wait: float = 10.0,
    wait_for_rest: float = 2.0,
) -> None:
    """Rewrites nodes.conf. Without one, or without DNS, it changes nothing: Redis can still start.

    Without `rewrite_peers`, where nodes announce addresses that are not their pods' own, only the `own` one is written.
    `longest_wait` bounds the waiting for names, in seconds; a peer that is gone for good never gets one. Once more than
    half of the peers are known, the rest get `wait_for_rest`: Redis tells the others' addresses on by itself, and
    healing/heal.py repairs what is left.
    """
    try:
        text = nodes_file.read_text(encoding="utf-8")
    except FileNotFoundError:
        console.event("this node has never been in a cluster: nothing to prepare")
        return
    except (OSError, UnicodeDecodeError) as error:
        console.event(f"{nodes_file} can't be read and is left alone: {error}")
        return
    hostnames = read_hostnames(text) if rewrite_peers else {}
    addresses = _resolve_all(hostnames, resolve, longest_wait, wait_for_rest)
    missing = sorted(set(hostnames) - set(addresses))
    # Without an answer for the cluster's own name it is DNS that is missing, and the peers may be where they were.
    dns_answers = bool(missing and resolve(own.hostname.partition(".")[2]))
    for node_id in missing:
        what = "this node dials it nowhere" if dns_answers else "its old one stays, since DNS does not answer"
        console.event(f"{hostnames[node_id]} has no address yet: {what}")
    unknown: dict[str, str | None] = dict.fromkeys(missing) if dns_answers else {}
    rewritten = rewrite_addresses(text, addresses | unknown, own)
    if rewritten == text:
        console.event(f"the addresses of {len(hostnames)} peers are up to date")
        return
    try:
        replace_file(nodes_file, rewritten)
    except OSError as error:
        console.event(f"{nodes_file} can't be rewritten and is left alone: {error}")
        return
    console.event(f"brought {nodes_file} up to date: {len(addresses)} of {len(hostnames)} peers found")


def _resolve_all(
    hostnames: dict[str, str], resolve: Resolve, longest_wait: float, wait_for_rest: float
) -> dict[str, str]:
    found: dict[str, str] = {}
    end = time.monotonic() + longest_wait
    while True:
        missing = [node_id for node_id in hostnames if node_id not in found]
        answers = in_parallel(resolve, [hostnames[node_id] for node_id in missing])
        found |= {node_id: ips[0] for node_id, ips in zip(missing, answers, strict=True) if ips}
        if 2 * len(found) > len(hostnames):
            end = min(end, time.monotonic() + wait_for_rest)
        if len(found) == len(hostnames) or time.monotonic() >= end:
            return found
        time.sleep(0.25)
