"""How what is wrong in the settings is reported: where it is, what is allowed, and nothing secret."""

from typing import Any

import pulumi
import pytest

from environment.settings.report import SettingsError, key_text
from tests.unit.environment.changed_stack import SECRET, at_node_port, changed, lines_about, report_of, with_service
from tests.unit.environment.stack_files import PASSWORD


def test_negative_replicas() -> None:
    assert lines_about("services.user-v1.replicas", report_of(with_service(replicas=-1))) == (
        "  webtier:services.user-v1.replicas = -1\n      allowed: a whole number from 0 to 1000"
    )


def test_node_port_out_of_range() -> None:
    assert lines_about("services.user-v1.ports.http.node_port", report_of(at_node_port(80))) == (
        "  webtier:services.user-v1.ports.http.node_port = 80\n"
        "      allowed: a whole number from 30000 to 32767, or null"
    )


@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("port", "ports.http.port"),
        ("container_port", "ports.http.target_port"),
        ("node_port", "ports.http.node_port, with exposure: {kind: node_port}"),
        ("run_as_user", "security.run_as_user"),
        ("probe", "probes, its path to probes.check"),
    ],
)
def test_a_key_of_an_earlier_release_says_where_it_is_now(key: str, place: str) -> None:
    said = lines_about(f"services.user-v1.{key}", report_of(with_service(**{key: 8000})))
    assert f"this key has moved; allowed: {place}" in said


@pytest.mark.parametrize(
    ("config", "key", "meant"),
    [
        (changed(ingres={}), "ingres", "ingress"),
        (with_service(replica=3), "services.user-v1.replica", "replicas"),
        (with_service(probes={"startp": {}}), "services.user-v1.probes.startp", "startup"),
        (with_service(autoscaling={"mx": 3, "max": 3}), "services.user-v1.autoscaling.mx", "max"),
        (changed(routes=[{"path": "/", "backend": "user-v1", "rewrites": None}]), "routes[0].rewrites", "rewrite"),
        (changed(redis={"shard": 3}), "redis.shard", "shards"),
        (changed(redis={"storage": {"kind": "nfs", "serve": "a", "path": "/b"}}), "redis.storage.serve", "server"),
        (changed(redis={"access": {"pods": {"kind": "node_ports", "frst": 1}}}), "redis.access.pods.frst", "first"),
    ],
)
def test_misspelt_key_gets_the_nearest_right_one(config: dict[str, Any], key: str, meant: str) -> None:
    said = lines_about(key, report_of(config))
    assert f"unknown key; did you mean '{meant}'?" in said
    assert "known here: " in said


def test_unknown_kind_of_a_group_that_may_be_null_lists_the_known_ones() -> None:
    said = lines_about("redis.access.pods.kind", report_of(changed(redis={"access": {"pods": {"kind": "node_port"}}})))
    assert "did you mean 'node_ports'? allowed: one of 'load_balancers', 'node_ports'" in said


def test_all_that_is_wrong_is_in_one_report() -> None:
    config = with_service(replicas=-1)
    config["services"]["pay-v1"]["app"] = "Pay"
    config["routes"][0]["backend"] = "pay-v2"
    config["ingres"] = {}
    text = report_of(config)
    assert text.startswith("4 settings are wrong in the stack 'dev'; nothing was changed.")
    for key in ("services.user-v1.replicas", "services.pay-v1.app", "routes[0].backend", "ingres"):
        assert lines_about(key, text)
    assert "Pulumi.dev.yaml" in text


def test_what_is_needed_and_not_set_says_what_it_is_for() -> None:
    text = report_of(changed(context="", redis_password="", default_backend=""))
    assert "not set, but needed: The kubeconfig context" in lines_about("context", text)
    assert "pulumi config set --secret webtier:redis_password" in lines_about("redis_password", text)
    assert "not set, but needed" in lines_about("default_backend", text)


def test_missing_key_of_a_group_is_named() -> None:
    config = changed()
    config["services"]["new"] = {"replicas": 1}
    assert "not set, but needed: The container image" in lines_about("services.new.image", report_of(config))


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("protect", "maybe", "true or false"),
        ("namespace", "Web_Tier", "RFC 1123"),
        ("services", {"1st": {"image": "a:1"}}, "begin"),
        ("services", [], "an object"),
        ("routes", {}, "a list"),
        ("ingress", {"service_type": "ClusterIP"}, "one of 'NodePort', 'LoadBalancer'"),
        ("ingress", {"load_balancer": {"source_ranges": ["10.0.0.0/8"]}}, "nothing, or service_type: LoadBalancer"),
        ("ingress", {"http_node_port": "31234"}, "a whole number from 30000 to 32767, or null"),
        ("routes", [{"path": "user", "backend": "user-v1"}], "'/' and then any of"),
        ("routes", [{"path": "/a", "backend": "user-v1", "rewrite": "replace"}], "'strip_prefix'"),
        ("routes", [{"path": "/a", "backend": "user-v1", "canary": {"kind": "weigth"}}], "did you mean 'weight'?"),
        ("routes", [{"path": "/a", "backend": "user-v1", "canary": {"kind": "weight", "weigth": 1}}], ".weight"),
        ("redis", {"storage": "local"}, "an object whose kind is one of 'dynamic', 'local', 'nfs'"),
        ("redis_password", "short", "16 to 512"),
        ("redis_password", "with spaces in it 123", "without spaces"),
    ],
)
def test_wrong_value_says_what_is_allowed(key: str, value: Any, allowed: str) -> None:
    text = report_of(changed(**{key: value}))
    assert allowed in text
    assert f"webtier:{key}" in text


def test_plain_password_is_refused_and_not_shown() -> None:
    text = report_of(changed(), secrets=frozenset())
    assert "it stands in plain text" in lines_about("redis_password", text)
    assert PASSWORD not in text


def test_value_of_a_secret_is_never_in_a_report() -> None:
    text = report_of(changed(redis_password="too-short"))
    assert "(secret)" in lines_about("redis_password", text)
    assert "too-short" not in text
    # Pulumi marks a whole group as secret when anything in it is.
    hidden = report_of(at_node_port(80), secrets=SECRET | {"services"})
    assert "webtier:services.user-v1.ports.http.node_port = (secret)" in hidden


def test_error_is_one_that_pulumi_prints_without_a_stack_trace() -> None:
    assert issubclass(SettingsError, pulumi.RunError)


def test_keys_are_written_as_pulumi_config_set_takes_them() -> None:
    assert key_text(("routes", 0, "path")) == "webtier:routes[0].path"
    assert key_text(("services", "user-v1", "files", "/a")) == 'webtier:services.user-v1.files["/a"]'
