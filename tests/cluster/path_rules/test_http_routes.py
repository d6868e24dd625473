"""Rules as HTTPRoutes before the real API server, which checks them against what the Gateway API publishes.

No Gateway runs here: what one makes of them is asked in `gateway/test_http_routes_semantics.py` of the unit tests.
"""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pulumi
import pytest

from environment.cluster import make_namespace
from tests.cluster.harness.custom_resources import definitions
from tests.cluster.harness.stacks.program_stack import ProgramStack, inline_stack, provider
from tests.cluster.harness.tier import Tier
from webtier.path_rules import Backend, GatewayRouting, HostSettings, PathRule, PathRules, PathRulesArgs

NAMESPACE = "routes-test"
MODULE, DEFINITION = "sigs.k8s.io/gateway-api", "config/crd/standard/gateway.networking.k8s.io_httproutes.yaml"
BACKENDS = {name: Backend(name, {"http": 80, "admin": 81}) for name in ("user-v1", "user-v2", "pay-v1")}
GATEWAY = GatewayRouting.permissive("web").model_copy(update={"namespace": "edge"})

_CORS = {
    "origins": ["https://a.example:8443", "http://*.example.com"],
    "methods": ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "GET"],
    "exposed_headers": ["X-Total", "*"],
    "credentials": True,
    "max_age_seconds": 31_536_000,
}
_CANARIES: Sequence[Mapping[str, Any]] = (
    {"kind": "weight", "weight": 20},
    {"kind": "weight", "weight": 1, "total": 1_000_000},
    {"kind": "weight", "weight": 1_000_000, "total": 1_000_000},
    {"kind": "header", "header": "X-Canary", "weight": 10},
    {"kind": "header", "header": "X-Canary", "value": "a~b/c:d"},
    {"kind": "header", "header": "X-Canary", "pattern": "^(a|b)[0-9]{2}$"},
    {"kind": "cookie", "cookie": "canary", "weight": 50},
)

RULES: Sequence[Mapping[str, Any]] = (
    {"path": "/", "backend": "user-v1", "rewrite": {"kind": "replace_prefix", "with": "/x"}, "cors": _CORS},
    {"path": "/a", "backend": {"service": "user-v1", "port": "admin"}, "rewrite": "strip_prefix"},
    {"path": "/a/B_c-d.e", "match": "exact", "backend": "pay-v1", "rewrite": "strip_prefix"},
    {"path": f"/{'long/' * 39}x", "backend": "pay-v1", "rewrite": {"kind": "replace_prefix", "with": "/y"}},
    {"path": r"/items/[^/]+/(?:\d{1,2}|x)\.html", "match": "regex", "backend": "pay-v1"},
    {"path": "/shop/(.*)", "match": "regex", "backend": "pay-v1", "rewrite": {"kind": "regex", "to": "/~s:h-o_p"}},
    *({"path": f"/c{n}", "backend": "user-v1", "canary": {"backend": "user-v2", **c}} for n, c in enumerate(_CANARIES)),
    *(
        {"path": f"/r{code}", "redirect": {"to": f"https://New.example:{code}/x/y~z", "code": code}}
        for code in (301, 302, 303, 307, 308)
    ),
    {"host": "*.wild.example", "path": "/w", "backend": "user-v1"},
    {"host": "tls.example", "path": "/t", "backend": "user-v1", "cors": {"origins": ["*"]}},
    {"host": "tls.example", "path": "/old", "redirect": {"to": "http://plain.example"}},
    {"host": "x" * 63 + "." + "y" * 63 + "." + "z" * 63 + ".example", "path": "/h", "backend": "user-v1"},
)
HOSTS: Mapping[str, Mapping[str, Any]] = {
    "tls.example": {"tls_redirect": True, "www_redirect": True, "app_root": "/t"},
    "*.wild.example": {"app_root": "/w"},
}


class RoutesStack(ProgramStack):
    """Path rules of a Gateway in a namespace of their own."""

    def __init__(self, tier: Tier, folder: Path) -> None:
        super().__init__(tier, inline_stack(tier, "test", folder, "routes-test", self._program), NAMESPACE)
        self.rules: list[Mapping[str, Any]] = list(RULES)

    def _program(self) -> None:
        cluster = provider(self.tier)
        namespace = make_namespace(NAMESPACE, holds_data=False, provider=cluster).metadata.name
        args = PathRulesArgs(
            namespace,
            None,
            [PathRule.model_validate(rule) for rule in self.rules],
            "user-v1",
            BACKENDS,
            {host: HostSettings.model_validate(settings) for host, settings in HOSTS.items()},
            routing=GATEWAY,
        )
        routes = PathRules("routes", args, pulumi.ResourceOptions(providers=[cluster]))
        pulumi.export("names", routes.object_names)


@pytest.fixture
def stack(tier: Tier, tmp_path: Path) -> Iterator[RoutesStack]:
    with definitions(tier, MODULE, DEFINITION):
        made = RoutesStack(tier, tmp_path)
        yield made
        made.destroy()
        assert tier.kubectl("get", "namespace", NAMESPACE, "--ignore-not-found") == ""


def apply(tier: Tier, name: str, rules: Sequence[object]) -> subprocess.CompletedProcess[str]:
    """What the API server says to a route with these rules; nothing is kept of it."""
    route = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"parentRefs": [{"name": "web"}], "rules": rules},
    }
    return tier.run("kubectl", "create", "--dry-run=server", "-f", "-", input=json.dumps(route))


def test_the_api_server_takes_every_route_and_keeps_it_as_it_was_sent(stack: RoutesStack) -> None:
    tier = stack.tier
    changes = stack.up()
    names = stack.outputs["names"]
    kept = {item["metadata"]["name"]: item for item in tier.items("httproutes", "-n", NAMESPACE)}
    assert set(kept) == set(names)
    # Each rule's own, the hosts' routes for all paths, and what else the hosts have.
    roots, to_https, app_roots, www = 3, 2, 2, 1
    assert len(names) == len(RULES) + roots + to_https + app_roots + www
    hosts = {host for item in kept.values() for host in item["spec"].get("hostnames", [])}
    assert {"tls.example", "www.tls.example", "*.wild.example"} < hosts
    filters = {
        each["type"] for item in kept.values() for rule in item["spec"]["rules"] for each in rule.get("filters", [])
    }
    assert filters == {"CORS", "RequestHeaderModifier", "RequestRedirect", "URLRewrite"}
    # A component for each rule and each host's root, and for all; the namespace, the provider, the stack.
    assert changes["create"] == len(names) + len(RULES) + roots + 4

    # Nothing of what the API server fills in counts as a change, and a changed rule changes its route alone.
    assert set(stack.up()) == {"same"}
    position = next(n for n, rule in enumerate(stack.rules) if rule["path"] == "/c0")
    canary = {"kind": "weight", "backend": "user-v2", "weight": 50}
    stack.rules[position] = {**stack.rules[position], "canary": canary}
    assert stack.up()["update"] == 2
    changed = {item["metadata"]["name"]: item for item in tier.items("httproutes", "-n", NAMESPACE)}
    (name,) = (name for name in kept if kept[name]["spec"] != changed[name]["spec"])
    assert [ref["weight"] for ref in changed[name]["spec"]["rules"][0]["backendRefs"]] == [50, 50]

    # The API server does look: what is wrong is refused.
    one = cast("Mapping[str, Any]", kept[name]["spec"]["rules"][0])
    assert apply(tier, "right", [one] * 16).returncode == 0
    assert "must have at most 16 items" in apply(tier, "many", [one] * 17).stderr
    prefix = {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}
    rewrite = {"type": "URLRewrite", "urlRewrite": {"path": prefix}}
    exact = {"matches": [{"path": {"type": "Exact", "value": "/a"}}], "filters": [rewrite]}
    assert "exactly one PathPrefix match must be specified" in apply(tier, "exact", [exact]).stderr
    cors = {"matches": one["matches"], "filters": [{"type": "CORS", "cors": {"allowOrigins": ["https://a/b"]}}]}
    assert "allowOrigins" in apply(tier, "cors", [cors]).stderr
