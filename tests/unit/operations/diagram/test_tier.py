"""What a picture has: every service, every rule, every shard, and how they are reached."""

import json
from typing import Any

import pytest

from operations.diagram.picture import Mark, Picture, changed_part
from operations.diagram.resources import after, before, of_state
from operations.diagram.tier import tier
from tests.unit.environment.program.recorded_program import files_of_this_machine as files_of_this_machine
from tests.unit.environment.stack_files import STACKS, stack_config
from tests.unit.operations.diagram.pictures import (
    IMAGE,
    change,
    changed,
    node,
    of_recording,
    picture,
    resources,
    texts,
    with_services,
)

EXTERNAL = {
    "legacy": {
        "target": {"kind": "endpoints", "addresses": ["192.0.2.7", "192.0.2.8"]},
        "ports": {"http": {"port": 80}},
    },
    "mail": {"target": {"kind": "external_name", "host": "mail.example.com"}},
}
CANARY = {"kind": "weight", "backend": "shop-v2", "weight": 20}
RULES: list[dict[str, Any]] = [
    {"path": "/user", "backend": "user-v1", "canary": CANARY},
    {"path": "/pay", "backend": "pay-v1", "rewrite": "strip_prefix"},
    {"path": "/pay/by-card", "backend": "pay-v1"},
    {"path": "/login", "backend": "user-v1", "host": "shop.example.com", "match": "exact"},
    {"path": "/old", "host": "shop.example.com", "redirect": {"to": "https://www.example.com/new", "code": 301}},
    {"path": "/legacy", "backend": "legacy"},
]


def shop(**service: Any) -> dict[str, Any]:
    return {**with_services("dev", **{"shop-v2": {"image": IMAGE, **service}}), "external_services": EXTERNAL}


def edges(found: Picture) -> set[tuple[str, str, str]]:
    return {(edge.source, edge.target, edge.label) for edge in found.edges}


@pytest.mark.parametrize("stack", STACKS)
def test_every_service_rule_and_shard_is_there(stack: str) -> None:
    config, found = stack_config(stack), picture(stack)
    ids = {each.id for each in found.nodes}
    assert {f"service {name}" for name in config["services"]} <= ids
    paths = {text for each in found.nodes if each.id.startswith("rules ") for text in texts(each)}
    assert {*(rule["path"] for rule in config["routes"]), "/"} == paths
    shards = config["redis"].get("shards", 3)
    assert {f"redis redis redis-shard-{number}" for number in range(shards)} <= ids
    replicas = config["redis"].get("replicas_per_shard", 1)
    size = config["redis"]["storage"]["size"]
    expected = [f"a master and {replicas} replica{'s' * (replicas != 1)}", f"{replicas + 1} volumes of {size}"]
    assert texts(node(found, "redis redis redis-shard-0")) == expected
    assert {each.frame for each in found.nodes} == {"", "ingress-nginx", "webtier"}


def test_what_comes_in_leads_to_what_answers() -> None:
    found = picture("dev", routes=RULES, **shop())
    user, pay, legacy = "rules  user-v1 shop-v2", "rules  pay-v1 ", "rules  legacy "
    assert edges(found) >= {
        ("clients", "controller", ""),
        ("controller", user, ""),
        (user, "service user-v1", ""),
        (user, "service shop-v2", "20 %"),
        ("controller", pay, ""),
        (pay, "service pay-v1", ""),
        (legacy, "service legacy", ""),
    }
    assert [edge.is_part for edge in found.edges if edge.label] == [True]
    assert texts(node(found, pay)) == ["/pay", "/pay/by-card"]
    assert texts(node(found, "rules shop.example.com user-v1 ")) == ["/", "= /login"]
    assert texts(node(found, "rules shop.example.com  ")) == ["/old → https://www.example.com/new"]
    assert texts(node(found, "clients")) == [
        "NodePort 31234 (http)",
        "NodePort 31235 (https)",
        "shop.example.com",
        "every other host",
    ]
    assert texts(node(found, "service legacy")) == ["leads to 2 addresses", "port 80"]
    assert texts(node(found, "service mail")) == ["alias of mail.example.com"]


@pytest.mark.parametrize(
    ("canary", "share"),
    [
        ({"kind": "weight", "weight": 5, "total": 1000}, "5 of 1000"),
        ({"kind": "header", "header": "X-Canary"}, "header X-Canary"),
        ({"kind": "cookie", "cookie": "beta", "weight": 10}, "cookie beta, else 10 %"),
    ],
)
def test_what_a_canary_gets(canary: dict[str, Any], share: str) -> None:
    rules = [{"path": "/user", "backend": "user-v1", "canary": {"backend": "shop-v2", **canary}}]
    assert [edge.label for edge in picture("dev", routes=rules, **shop()).edges if edge.is_part] == [share]


def test_how_many_pods_and_how_they_are_reached() -> None:
    ports = {"http": {"port": 80, "target_port": 8080, "node_port": 30080}}
    service = {"autoscaling": {"min": 2, "max": 9}, "exposure": {"kind": "node_port"}, "ports": ports}
    assert texts(node(picture("dev", **shop(**service)), "service shop-v2")) == [
        "2 to 9 pods",
        "shop:1",
        "port 80",
        "NodePort 30080",
    ]
    assert texts(node(picture("dev"), "service user-v1"))[0] == "1 pod"
    assert "load balancer, 80, 443" in texts(node(picture("prod"), "clients"))


def test_a_single_redis() -> None:
    singles: dict[str, dict[str, Any]] = {
        "sessions": {"storage": {"kind": "dynamic", "size": "2Gi"}, "access": {"node_port": 30020}},
        "pages": {"conf": {"maxmemory_policy": "allkeys-lru", "appendonly": False, "save": []}},
    }
    found = picture("dev", standalone_redis=singles)
    assert texts(node(found, "redis sessions"))[-1] == "1 volume of 2Gi"
    assert texts(node(found, "redis pages"))[-1] == "no volume"
    assert texts(node(found, "clients of sessions")) == ["NodePort 30020"]
    assert ("clients of sessions", "redis sessions", "") in edges(found)


def test_a_controller_of_somebody_elses() -> None:
    found = picture("dev", ingress={"install": False, "class_name": "traefik"})
    assert (node(found, "controller").title, node(found, "controller").frame) == ("class traefik", "")
    found = picture("dev", routing={"kind": "gateway", "gateway": "shared", "section": "http"})
    assert node(found, "controller").title == "Gateway shared"


def test_many_shards_share_a_box() -> None:
    found = picture("dev", redis={**stack_config("dev")["redis"], "shards": 20})
    shards = [each for each in found.nodes if each.id.startswith("redis redis ")]
    assert [each.title for each in shards] == [*(f"shard {number}" for number in range(11)), "9 more shards"]
    assert all(each.urns for each in shards)


def test_a_state_has_the_same_picture() -> None:
    found = of_recording("dev").resources
    listed: list[dict[str, Any]] = [{"urn": each.urn, "parent": each.parent, "inputs": each.inputs} for each in found]
    # Another that waits for its deletion.
    listed.append({**next(each for each in listed if each["urn"].endswith("user-v1")), "inputs": {}, "delete": True})
    assert tier(of_state(json.dumps({"deployment": {"resources": listed}})), "The stack dev") == picture("dev")


def test_the_order_of_resources_does_not_matter() -> None:
    assert tier(reversed(resources("dev")), "The stack dev") == picture("dev")


def test_a_change_is_marked_where_it_is() -> None:
    old = {"routes": RULES, **shop(replicas=2)}
    moved = [
        {**RULES[0], "canary": {**CANARY, "weight": 50}},
        *RULES[1:3],
        *RULES[4:],
        {"path": "/new", "backend": "pay-v1"},
    ]
    new = {"routes": moved, **shop(replicas=5)}
    found = changed("dev", old, new)
    assert texts(node(found, "service shop-v2"))[0] == "2 pods → 5 pods"
    assert node(found, "service shop-v2").mark is Mark.CHANGED
    assert node(found, "service pay-v1").mark is Mark.SAME
    pay = node(found, "rules  pay-v1 ")
    assert {line.text: line.mark for line in pay.lines} == {
        "/new": Mark.NEW,
        "/pay": Mark.SAME,
        "/pay/by-card": Mark.SAME,
    }
    assert pay.mark is Mark.CHANGED
    host = node(found, "rules shop.example.com user-v1 ")
    assert {line.text: line.mark for line in host.lines} == {"/": Mark.SAME, "= /login": Mark.GONE}
    assert [(edge.label, edge.mark) for edge in found.edges if edge.mark] == [("20 % → 50 %", Mark.CHANGED)]


def test_a_rule_that_does_something_else_is_marked_and_its_neighbours_are_not() -> None:
    # Both stand in one object.
    rules: list[dict[str, Any]] = [{"path": path, "backend": "pay-v1"} for path in ("/pay", "/pay/by-card")]
    limited: list[dict[str, Any]] = [{**rules[0], "limits": {"rps": 5}}, rules[1]]
    found = changed("dev", {"routes": rules}, {"routes": limited})
    assert [(line.text, line.mark) for line in node(found, "rules  pay-v1 ").lines] == [
        ("/pay", Mark.CHANGED),
        ("/pay/by-card", Mark.SAME),
    ]
    assert node(found, "rules  user-v1 ").mark is Mark.SAME


def test_what_comes_and_what_goes_is_marked() -> None:
    old: dict[str, Any] = {**with_services("dev"), "routes": []}
    new: dict[str, Any] = {**with_services("dev", **{"pay-v1": None}), "routes": []}
    assert node(changed("dev", old, new), "service pay-v1").mark is Mark.GONE
    assert node(changed("dev", new, old), "service pay-v1").mark is Mark.NEW
    redis = stack_config("dev")["redis"]
    found = changed("dev", {}, {"redis": {**redis, "shards": 4}})
    assert node(found, "redis redis redis-shard-3").mark is Mark.NEW
    assert node(found, "redis redis").mark is Mark.CHANGED


def test_nothing_that_stays_is_in_the_changed_part() -> None:
    new = with_services("dev", **{"pay-v1": {**stack_config("dev")["services"]["pay-v1"], "replicas": 4}})
    part = changed_part(changed("dev", {}, new))
    assert {each.id: each.mark for each in part.nodes} == {
        "rules  pay-v1 ": Mark.SAME,
        "service pay-v1": Mark.CHANGED,
    }
    assert changed_part(changed("dev", {}, {})).nodes == ()


def test_of_a_cluster_that_grows_the_shards_that_stay_are_not_drawn() -> None:
    redis = stack_config("dev")["redis"]
    part = changed_part(changed("dev", {}, {"redis": {**redis, "shards": 4}}))
    assert {each.title for each in part.nodes} == {"Redis clients outside", "redis", "shard 3"}


def test_the_changed_part_has_few_boxes() -> None:
    services = {f"s{number}": {"image": IMAGE} for number in range(40)}
    part = changed_part(changed("dev", {}, with_services("dev", **services)))
    assert len(part.nodes) == 25
    assert part.nodes[-1].title == "and 16 more"
    assert len(changed_part(changed("dev", {}, with_services("dev", **services)), 60).nodes) == 40


def test_a_change_has_its_resources_before_and_after() -> None:
    update = change("dev", {}, {"redis": {**stack_config("dev")["redis"], "shards": 4}})
    assert tier(before(update), "The stack dev") == picture("dev")
    assert len(tier(after(update), "").nodes) == len(picture("dev").nodes) + 1
