"""`PathRules`, the component: what it registers, in which order, and what a preview shows of it."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from pulumi_kubernetes.core.v1 import Service
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from tests.unit.harness.recording import Recording, run_recorded
from tests.unit.webtier.path_rules.harness.ingress_nginx import IngressPath
from tests.unit.webtier.path_rules.harness.rule_objects import PORTS, as_object, rule, rule_set
from webtier.path_rules import Backend, HostSettings, PathRule, PathRules, PathRulesArgs
from webtier.path_rules.ingress.objects import AT_ONCE
from webtier.path_rules.ingress.render import compile_rules
from webtier.path_rules.rules.object_names import object_name
from webtier.shared.problems import WrongSettingsError

INGRESS = "kubernetes:networking.k8s.io/v1:Ingress"
RULE = "webtier:index:PathRule"
KNOWN = "routes-known-backends"
USER_AND_PAY = (rule("/user", rewrite="strip_prefix"), rule("/pay", "pay-v1", rewrite="strip_prefix"))
CANARY = {"kind": "weight", "backend": "user-v2", "weight": 20}


def record(
    rules: Sequence[PathRule] = USER_AND_PAY, default: str = "user-v1", hosts: Mapping[str, Any] | None = None
) -> Recording:
    backends = {name: Backend(name, {port: 80 + n for n, port in enumerate(ports)}) for name, ports in PORTS.items()}
    settings = {host: HostSettings.model_validate(given) for host, given in (hosts or {}).items()}
    args = PathRulesArgs("shop", "nginx", rules, default, backends, settings)
    return run_recorded(lambda: PathRules("routes", args))


def test_objects_are_sent_as_they_were_compiled() -> None:
    rules = [
        rule("/a", host="a.example", body_size="8Mi", cors={"origins": ["*"]}),
        rule("/a", "pay-v1", canary=CANARY),
    ]
    hosts = {"a.example": {"tls": {"kind": "secret", "secret": "a"}, "www_redirect": True}}
    recording = record(rules, "pay-v1", hosts)
    compiled = compile_rules("routes", rule_set(rules, hosts))
    assert {ingress.name for ingress in recording.of_type(INGRESS)} == {KNOWN, *(each.name for each in compiled)}
    for each in compiled:
        sent, wanted = recording.one(INGRESS, each.name).inputs, as_object(each)
        assert sent["metadata"] == {
            "name": each.name,
            "namespace": "shop",
            "labels": sent["metadata"]["labels"],
            "annotations": {**each.annotations, "pulumi.com/skipAwait": "true"},
        }
        [rule_sent] = sent["spec"]["rules"]
        assert rule_sent.get("host") == each.host
        for path, expected in zip(rule_sent["http"]["paths"], wanted.paths, strict=True):
            service = path["backend"]["service"]
            port = str(service["port"].get("name", service["port"].get("number")))
            found = IngressPath(path["path"], path["pathType"], service["name"], port)
            assert found == expected
        assert [entry["hosts"] for entry in sent["spec"].get("tls", [])] == ([wanted.tls_hosts] if each.tls else [])
        assert sent["spec"]["ingressClassName"] == "nginx"


def test_the_service_of_error_pages_is_there_before_the_annotation_that_names_it() -> None:
    def program() -> None:
        service = Service("pages", metadata=ObjectMetaArgs(name="error-pages"))
        backends = {"user-v1": Backend("user-v1", {"http": 80}), "errors": Backend(service.metadata.name, {"http": 80})}
        rules = [rule("/a", error_pages={"codes": [404], "backend": "errors"})]
        PathRules("routes", PathRulesArgs("shop", "nginx", rules, "user-v1", backends))

    sent = run_recorded(program).one(INGRESS, object_name("routes", None, "/a"))
    assert sent.inputs["metadata"]["annotations"]["nginx.ingress.kubernetes.io/default-backend"] == "error-pages"
    assert "pages" in sent.dependencies


def test_objects_are_sent_by_precedence_and_a_canary_after_its_rule() -> None:
    options = {"body_size": "1Mi"}
    within, exact, regex = (
        rule("/a/b", **options),
        rule("/x", match="exact", **options),
        rule("/[u-w]", match="regex"),
    )
    recording = record([rule("/a", canary=CANARY), within, exact, regex, rule("/plain")])
    a, b, x, r, root = (object_name("routes", None, path) for path in ("/a", "/a/b", "/x exact", "/[u-w] regex", "/"))
    assert recording.one(INGRESS, x).dependencies == set()
    assert recording.one(INGRESS, r).dependencies == {x}
    assert recording.one(INGRESS, b).dependencies == {r}
    assert recording.one(INGRESS, a).dependencies == {r, b}
    assert recording.one(INGRESS, f"{a}-canary").dependencies == {a}
    assert recording.one(INGRESS, root).dependencies == {x, r, b, a, f"{a}-canary"}


def test_the_rules_of_a_name_come_before_those_of_its_wildcard_and_these_before_those_of_every_host() -> None:
    recording = record([rule("/a", host=host) for host in (None, "a.example", "*.example")])
    every, name, wildcard = (object_name("routes", host, "/") for host in (None, "a.example", "*.example"))
    assert recording.one(INGRESS, name).dependencies == set()
    assert recording.one(INGRESS, wildcard).dependencies == {name}
    assert recording.one(INGRESS, every).dependencies == {name, wildcard}


def test_so_many_ingresses_are_sent_at_a_time_as_the_webhook_can_look_at() -> None:
    recording = record([rule(f"/{number}", body_size="1Mi") for number in range(3 * AT_ONCE)])
    waiting = {ingress.name: ingress.dependencies for ingress in recording.of_type(INGRESS)}
    sent: list[set[str]] = []
    while waiting:
        sent.append({name for name, before in waiting.items() if not before & waiting.keys()})
        waiting = {name: before for name, before in waiting.items() if name not in sent[-1]}
    assert max(len(names) for names in sent) == AT_ONCE


def test_every_backend_is_known_by_the_name_and_the_number_of_its_ports_but_no_canary() -> None:
    recording = record([rule("/a", canary=CANARY)])
    sent = recording.one(INGRESS, KNOWN)
    [listed] = sent.inputs["spec"]["rules"]
    assert listed["host"] == "routes.shop.invalid"
    services = [path["backend"]["service"] for path in listed["http"]["paths"]]
    assert [(service["name"], *service["port"].values()) for service in services] == [
        ("user-v1", "http"),
        ("user-v1", 80),
        ("user-v1", "admin"),
        ("user-v1", 81),
        ("pay-v1", "http"),
        ("pay-v1", 80),
        ("errors", "http"),
        ("errors", 80),
    ]
    assert len({path["path"] for path in listed["http"]["paths"]}) == len(services)
    a, root = object_name("routes", None, "/a"), object_name("routes", None, "/")
    assert sent.dependencies == {a, f"{a}-canary", root}
    assert sent.inputs["metadata"]["annotations"] == {
        "nginx.ingress.kubernetes.io/denylist-source-range": "0.0.0.0/0,::/0",
        "pulumi.com/skipAwait": "true",
    }


def test_the_object_that_all_plain_paths_shared_becomes_that_of_the_root() -> None:
    """Else its successor for `/` would be refused as a duplicate, since new objects are made before old ones go."""
    recording = record([rule("/a", host="a.example")])
    former = {
        ingress.name: [alias.spec.name for alias in ingress.options.aliases if alias.spec.name]
        for ingress in recording.of_type(INGRESS)
        if any(alias.spec.name for alias in ingress.options.aliases)
    }
    assert former == {
        object_name("routes", None, "/"): ["routes-plain"],
        object_name("routes", "a.example", "/"): ["routes-a.example-plain"],
    }


def test_waiting_for_an_ingress_is_bounded_and_a_replacement_deletes_first() -> None:
    for ingress in record().of_type(INGRESS):
        assert ingress.options.customTimeouts.create == "5m"
        assert ingress.options.deleteBeforeReplace is True


def test_each_object_has_a_component_whose_inputs_are_what_the_user_wrote() -> None:
    rules = [
        rule("/a", host="a.example", canary=CANARY),
        rule("/b", {"service": "user-v1", "port": "admin"}),
        rule("/c", match="exact"),
    ]
    recording = record(rules, "pay-v1", {"a.example": {"app_root": "/a"}})
    a = object_name("routes", "a.example", "/a")
    assert {each.name: each.inputs for each in recording.of_type(RULE)} == {
        a: {"host": "a.example", "path": "/a", "backend": "user-v1", "canary": CANARY},
        object_name("routes", None, "/"): {
            "path": "/",
            "backend": "pay-v1",
            "rules": {"/b": {"service": "user-v1", "port": "admin"}, "= /c": "user-v1"},
        },
        object_name("routes", "a.example", "/"): {
            "host": "a.example",
            "path": "/",
            "backend": "pay-v1",
            "host_settings": {"app_root": "/a"},
        },
    }
    assert {ingress.name: ingress.parent_name for ingress in recording.of_type(INGRESS) if "-a-" in ingress.name} == {
        a: a,
        f"{a}-canary": a,
    }


def test_ingress_objects_need_a_class() -> None:
    backends = {"user-v1": Backend("user-v1", {"http": 80})}
    with pytest.raises(ValueError, match="need an ingress_class"):
        run_recorded(lambda: PathRules("routes", PathRulesArgs("shop", None, [], "user-v1", backends)))


def test_component_refuses_wrong_rules_before_it_registers_anything() -> None:
    with pytest.raises(WrongSettingsError) as caught:
        record([rule("/pay", "pay-v2"), rule("/pay")], "user-v3")
    text = str(caught.value)
    assert "pay-v2" in text
    assert "user-v3" in text
    assert "errors, pay-v1, user-v1, user-v2" in text
    assert "each path once" in text
