"""The first of all complaints about ingress-nginx: one rewriting rule makes a regex of every path of its host.

Once as this project compiles the rules, and once as people write the same by hand, so that the difference is seen.
"""

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from pulumi_kubernetes.networking.v1 import (
    HTTPIngressPathArgs,
    HTTPIngressRuleValueArgs,
    Ingress,
    IngressBackendArgs,
    IngressRuleArgs,
    IngressServiceBackendArgs,
    IngressSpecArgs,
    ServiceBackendPortArgs,
)

from tests.cluster.conformance.case import Case, Chapter, rule_fields
from tests.cluster.conformance.harness.asking import Ask
from webtier.path_rules.ingress.annotations import PREFIX

_RULES = """
- {host: trap.example, path: /ba, backend: alpha, rewrite: strip_prefix}
- {host: trap.example, path: /shop, backend: beta}
"""

RAW_HOST = "raw-trap.example"
_BY_HAND: Sequence[tuple[str, str, str, Mapping[str, str]]] = (
    ("/ba", "ImplementationSpecific", "alpha", {PREFIX + "rewrite-target": "/", PREFIX + "use-regex": "true"}),
    ("/shop", "Prefix", "beta", {}),
    ("/", "Prefix", "home", {}),
)
"""What stands in many tutorials: path, its type, the web service and the annotations of one Ingress each."""


def make_raw_trap(
    namespace: pulumi.Input[str],
    ingress_class: pulumi.Input[str],
    after: Sequence[pulumi.Resource],
    cluster: kubernetes.Provider,
) -> None:
    for path, path_type, service, annotations in _BY_HAND:
        name = f"raw-{service}"
        backend = IngressServiceBackendArgs(name=service, port=ServiceBackendPortArgs(number=80))
        Ingress(
            name,
            metadata=ObjectMetaArgs(name=name, namespace=namespace, annotations=annotations),
            spec=IngressSpecArgs(
                ingress_class_name=ingress_class,
                rules=[
                    IngressRuleArgs(
                        host=RAW_HOST,
                        http=HTTPIngressRuleValueArgs(
                            paths=[
                                HTTPIngressPathArgs(
                                    path=path, path_type=path_type, backend=IngressBackendArgs(service=backend)
                                )
                            ]
                        ),
                    )
                ],
            ),
            opts=pulumi.ResourceOptions(provider=cluster, depends_on=list(after)),
        )


def _case(shows: str, path: str, service: str, seen_path: str, host: str = "trap.example") -> Case:
    fields = rule_fields("path", "rewrite") if host == "trap.example" else ()
    return Case(fields, shows, Ask(host, path), 200, service, seen_path)


_COMPILED = (
    _case("a rewriting rule is for its path", "/ba", "alpha", "/"),
    _case("and what is below it", "/ba/x", "alpha", "/x"),
    _case("not for a longer name", "/banana", "home", "/banana"),
    _case("not for one below a longer name", "/bananas/x", "home", "/bananas/x"),
    _case("not in capitals", "/BA/x", "home", "/BA/x"),
    _case("a rule beside it is for its path", "/shop/x", "beta", "/shop/x"),
    _case("not for a longer name", "/shopping", "home", "/shopping"),
    _case("not in capitals", "/Shop", "home", "/Shop"),
)

_RAW = (
    _case("by hand it is for its path", "/ba", "alpha", "/", RAW_HOST),
    _case("by hand all that is below it is lost", "/ba/x", "alpha", "/", RAW_HOST),
    _case("by hand it takes a longer name", "/banana", "alpha", "/", RAW_HOST),
    _case("by hand it takes one below a longer name", "/bananas/x", "alpha", "/", RAW_HOST),
    _case("by hand it takes capitals", "/BA/x", "alpha", "/", RAW_HOST),
    _case("by hand a rule beside it takes a longer name", "/shopping", "beta", "/shopping", RAW_HOST),
    _case("by hand a rule beside it takes capitals", "/Shop", "beta", "/Shop", RAW_HOST),
)

TRAP = Chapter(_RULES, (*_COMPILED, *_RAW))
