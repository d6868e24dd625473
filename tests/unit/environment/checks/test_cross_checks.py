"""What one setting says of another: a service that a rule leads to, a name or a NodePort that is taken."""

import pytest

from tests.unit.environment.changed_stack import (
    at_node_port,
    changed,
    lines_about,
    parse_config,
    report_of,
    with_service,
)


def test_unknown_backend_lists_the_known_ones() -> None:
    text = report_of(changed(routes=[{"path": "/pay", "backend": "pay-v2"}]))
    assert lines_about("routes[0].backend", text) == (
        '  webtier:routes[0].backend = "pay-v2"\n      allowed: a web service of this stack: pay-v1, user-v1'
    )


def test_unknown_default_backend_lists_the_known_ones() -> None:
    assert "pay-v1, user-v1" in lines_about("default_backend", report_of(changed(default_backend="pay-v2")))


def test_two_of_the_same_node_port_are_refused_defaults_included() -> None:
    said = lines_about("ingress.http_node_port", report_of(at_node_port(31234)))
    assert "the same NodePort as services.user-v1.ports.http.node_port" in said
    config = at_node_port(30100)
    config["services"]["pay-v1"] = config["services"]["user-v1"]
    assert "webtier:services.pay-v1.ports.http.node_port = 30100" in report_of(config)
    assert parse_config(at_node_port(30100)).services["user-v1"].ports["http"].node_port == 30100


def test_node_port_of_redis_is_seen_too() -> None:
    said = lines_about("services.user-v1.ports.http.node_port", report_of(at_node_port(30010)))
    assert "the same NodePort as redis.access.node_port" in said


def test_a_node_port_of_a_redis_pod_is_taken_too() -> None:
    config = changed(
        redis={"access": {"pods": {"kind": "node_ports", "first": 31200}}}, ingress={"http_node_port": 31234}
    )
    said = lines_about("ingress.http_node_port", report_of(config))
    assert "one of the NodePorts 31200 to 31265 of Redis' pods (redis.access.pods.first)" in said


@pytest.mark.parametrize(
    ("names", "key", "said"),
    [
        (["redis"], "redis", "does not begin with 'redis'"),
        (["redis-shard-0"], "redis-shard-0", "does not begin with 'redis'"),
        (["pay-v1"], "pay-v1", "conflicts with services.pay-v1"),
        (["sessions", "sessions-access"], "sessions", "conflicts with standalone_redis.sessions-access"),
        (["Sessions"], "Sessions", "1 to 40 of a-z"),
        (["s" * 41], "s" * 41, "1 to 40 of a-z"),
    ],
)
def test_a_single_redis_has_a_name_of_its_own(names: list[str], key: str, said: str) -> None:
    text = report_of(changed(standalone_redis={name: {} for name in names}))
    assert said in lines_about(f"standalone_redis.{key}", text)
    assert text.startswith("1 setting is wrong")


def test_a_web_service_may_not_be_called_as_the_node_port_of_a_single_redis() -> None:
    config = with_service()
    config["services"]["sessions-access"] = {"image": "a:1"}
    config["standalone_redis"] = {"sessions": {}}
    said = lines_about("standalone_redis.sessions", report_of(config))
    assert "conflicts with services.sessions-access" in said


def test_node_port_of_a_single_redis_is_seen_too() -> None:
    singles = {"sessions": {"access": {"node_port": 30010}}}
    said = lines_about("standalone_redis.sessions.access.node_port", report_of(changed(standalone_redis=singles)))
    assert "the same NodePort as redis.access.node_port" in said


def test_same_path_twice_is_refused() -> None:
    route = {"path": "/user", "backend": "user-v1"}
    assert "each path once" in lines_about("routes[1].path", report_of(changed(routes=[route, route])))


def test_controller_needs_its_own_namespace() -> None:
    text = report_of(changed(namespace="ingress-nginx"))
    assert "a namespace of the controller's own" in lines_about("ingress.namespace", text)
