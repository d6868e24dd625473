"""A stack's ingress controller: its own, somebody else's, and what a protected stack asks of it."""

import pytest
import yaml

from tests.refused_settings.case import Refused
from tests.unit.environment.changed_stack import check_refused, parse, report
from tests.unit.environment.stack_files import stack_config

RETIRED = "upstream ended ingress-nginx in March 2026"
OTHER = {"install": False, "class_name": "other"}

REFUSED = (
    Refused(
        "a controller's setting without a controller",
        "{install: false, class_name: other, replicas: 2}",
        "replicas",
        "2",
        "install is false, and this is about a controller that the stack installs; allowed: nothing, or install: true",
    ),
    Refused(
        "a group of them",
        "{install: false, class_name: other, default_certificate: {kind: secret, name: tls}}",
        "default_certificate",
        "an object with kind, name",
        "install is false",
    ),
    Refused("no class", "{install: false}", "class_name", None, "needed with install: false: the IngressClass"),
    Refused(
        "an address of one's own controller",
        "{http_url: 'http://a.example'}",
        "http_url",
        '"http://a.example"',
        "the installed controller's own address is known; allowed: nothing, or install: false",
    ),
    Refused(
        "an address with a path",
        "{install: false, class_name: other, https_url: 'https://a.example/b'}",
        "https_url",
        '"https://a.example/b"',
        "allowed: a URL without a path",
    ),
    Refused("somebody's namespace", "{watch: shop}", "watch", '"shop"', "allowed: one of 'stack', 'all'"),
    Refused(
        "a certificate of no known kind",
        "{default_certificate: {kind: file}}",
        "default_certificate.kind",
        '"file"',
        "allowed: one of 'generated', 'secret'",
    ),
)

REFUSED_IN_PROTECTED_STACKS = (
    Refused(
        "a single controller",
        "{replicas: 1, accept_retired: true}",
        "replicas",
        "1",
        "this stack is protected (protect: true), and with a single controller nothing answers",
    ),
    Refused("one that is retired", "{replicas: 2}", "accept_retired", None, RETIRED),
    Refused("one that is not accepted", "{replicas: 2, accept_retired: false}", "accept_retired", "false", RETIRED),
)


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: refused.name)
def test_what_can_not_be_is_refused_with_the_reason(refused: Refused) -> None:
    check_refused(report(ingress=yaml.safe_load(refused.yaml)), "ingress", refused)


@pytest.mark.parametrize("refused", REFUSED_IN_PROTECTED_STACKS, ids=lambda refused: refused.name)
def test_what_a_protected_stack_does_not_take_others_do(refused: Refused) -> None:
    ingress = yaml.safe_load(refused.yaml)
    check_refused(report(ingress=ingress, protect=True), "ingress", refused)
    assert parse(ingress=ingress).ingress.install


def test_a_retired_controllers_error_names_the_alternatives() -> None:
    text = "\n".join(report(ingress={}, protect=True))
    assert "allowed: true" in text
    assert "ingress.image is a build that somebody maintains" in text
    assert "ingress.install: false, with ingress.class_name of another controller" in text


def test_two_controllers_are_the_default_and_enough_for_a_protected_stack() -> None:
    settings = parse(ingress={"accept_retired": True}, protect=True).ingress
    assert (settings.replicas, settings.grace_seconds, settings.watch) == (2, 300, "stack")


def test_a_misspelt_key_is_one_also_without_a_controller() -> None:
    assert "did you mean 'class_name'?" in "\n".join(report(ingress={**OTHER, "clas_name": "x"}))


def test_a_protected_stack_with_somebody_elses_controller_has_nothing_to_accept() -> None:
    assert parse(ingress=OTHER, protect=True).ingress.class_name == "other"


def test_node_ports_and_namespace_of_a_controller_that_is_not_there_are_free() -> None:
    services = stack_config("dev")["services"]
    services["user-v1"] |= {
        "exposure": {"kind": "node_port"},
        "ports": {"http": {"port": 80, "target_port": 8080, "node_port": 31234}},
    }
    assert parse(ingress=OTHER, services=services, namespace="ingress-nginx").namespace == "ingress-nginx"
    assert "the same NodePort as" in "\n".join(report(services=services))
