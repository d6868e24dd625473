"""Whether the tier answers as its users would ask it: HTTP on every route, and Redis."""

import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any

import redis

from command_line.errors import UserError
from webtier.redis_cluster.agent.redis.topology import SLOTS
from webtier.redis_cluster.agent.redis.view import FAILED_FLAGS


def wait_for_answers(outputs: Mapping[str, Any], seconds: float = 120.0) -> None:
    """Return when every route and Redis answer; after `seconds` raise UserError with what does not.

    `outputs` are the stack's, secrets included. Pods that come back from a power cut are started by their
    kubelets, not by Pulumi, which has nothing to change then and so nothing to wait for.
    """
    end = time.monotonic() + seconds
    while silent := list(_silent(outputs)):
        if time.monotonic() > end:
            raise UserError(
                f"After {seconds:.0f} s something still does not answer: {'; '.join(silent)}. "
                "Look with `make status` and `kubectl describe pods -A`, or run `make up` again."
            )
        time.sleep(0.5)


def _silent(outputs: Mapping[str, Any]) -> Iterator[str]:
    for route in outputs.get("routes") or ():
        # A route with a host of its own answers only requests that name the host.
        if route["url"] and not route["host"] and (problem := _http_problem(route["url"])):
            yield f"{route['url']} ({problem})"
    external = outputs.get("redis_external")
    if external and (problem := _redis_problem(external, outputs)):
        yield f"redis at {external} ({problem})"


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer, and where it leads to may be anywhere."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None


def _http_problem(url: str) -> str | None:
    try:
        with urllib.request.build_opener(_NoRedirects).open(url, timeout=3):
            return None
    except urllib.error.HTTPError as error:
        # What the application answers is its own affair; 502 to 504 are the controller's.
        return f"HTTP {error.code}" if error.code in {502, 503, 504} else None
    except OSError as error:
        return str(error)


def _redis_problem(address: str, outputs: Mapping[str, Any]) -> str | None:
    host, port = address.rsplit(":", 1)
    try:
        with redis.Redis(
            host=host,
            port=int(port),
            username=outputs["redis_username"],
            password=outputs["redis_password"],
            socket_timeout=3,
            ssl=bool(ca := outputs.get("redis_ca_certificate")),
            ssl_ca_data=ca,
            # Any of the nodes' addresses will do here, and the certificate may name none of them.
            ssl_check_hostname=False,
        ) as client:
            info = _ask(client, "CLUSTER INFO")
            nodes = _ask(client, "CLUSTER NODES")
    except redis.RedisError as error:
        return str(error)
    if info["cluster_state"] != "ok" or int(info["cluster_slots_ok"]) != SLOTS:
        return f"cluster_state:{info['cluster_state']}, {info['cluster_slots_ok']} of {SLOTS} slots served"
    lost = [
        name
        for name, node in nodes.items()
        if not node["connected"] or not FAILED_FLAGS.isdisjoint(node["flags"].split(","))
    ]
    return f"out of touch: {', '.join(lost)}" if lost else None


def _ask(client: redis.Redis, command: str) -> dict[str, Any]:
    return client.execute_command(command)  # pyright: ignore[reportUnknownMemberType, reportReturnType, reportUnknownVariableType]
