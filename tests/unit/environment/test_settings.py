"""The settings: what is read from a stack's config, and how what is wrong in it is reported."""

import copy
import json
from pathlib import Path
from typing import Any

import pulumi
import pytest

from environment.settings import raw_config
from environment.settings.loading import parse_settings
from environment.settings.model import EnvironmentSettings
from environment.settings.raw_config import RawConfig, read_raw_config
from environment.settings.reference import BEGIN, DOCUMENTS, END, with_table
from environment.settings.report import SettingsError, key_text
from environment.settings.schema import SettingsSchema
from tests.unit.environment.stack_files import PASSWORD, as_engine_text, project_config, stack_config
from tests.unit.harness.recording import run_recorded

SECRET = frozenset({"redis_password"})


def parse(config: dict[str, Any], secrets: frozenset[str] = SECRET, **environ: str) -> EnvironmentSettings:
    return parse_settings(RawConfig("webtier", as_engine_text(config), secrets), "dev", environ)


def changed(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(stack_config("dev")), **changes}


def with_service(name: str = "user-v1", **changes: Any) -> dict[str, Any]:
    config = changed()
    config["services"][name].update(changes)
    return config


def report(config: dict[str, Any], **options: Any) -> str:
    with pytest.raises(SettingsError) as caught:
        parse(config, **options)
    return str(caught.value)


def lines_about(key: str, text: str) -> str:
    """The report's line for a key and the one below it, which says what is allowed."""
    lines = text.splitlines()
    [position] = [number for number, line in enumerate(lines) if line.split(" = ")[0].strip() == f"webtier:{key}"]
    return "\n".join(lines[position : position + 2])


def test_negative_replicas() -> None:
    assert lines_about("services.user-v1.replicas", report(with_service(replicas=-1))) == (
        "  webtier:services.user-v1.replicas = -1\n      allowed: a whole number from 0 to 1000"
    )


def at_node_port(port: int, name: str = "user-v1") -> dict[str, Any]:
    """The stack with this NodePort for the service."""
    http = {"port": 80, "target_port": 8080, "node_port": port}
    return with_service(name, exposure={"kind": "node_port"}, ports={"http": http})


def test_node_port_out_of_range() -> None:
    assert lines_about("services.user-v1.ports.http.node_port", report(at_node_port(80))) == (
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
    said = lines_about(f"services.user-v1.{key}", report(with_service(**{key: 8000})))
    assert f"this key has moved; allowed: {place}" in said


def test_unknown_backend_lists_the_known_ones() -> None:
    text = report(changed(routes=[{"path": "/pay", "backend": "pay-v2"}]))
    assert lines_about("routes[0].backend", text) == (
        '  webtier:routes[0].backend = "pay-v2"\n      allowed: a web service of this stack: pay-v1, user-v1'
    )


def test_unknown_default_backend_lists_the_known_ones() -> None:
    assert "pay-v1, user-v1" in lines_about("default_backend", report(changed(default_backend="pay-v2")))


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
    said = lines_about(key, report(config))
    assert f"unknown key; did you mean '{meant}'?" in said
    assert "known here: " in said


def test_unknown_kind_of_a_group_that_may_be_null_lists_the_known_ones() -> None:
    said = lines_about("redis.access.pods.kind", report(changed(redis={"access": {"pods": {"kind": "node_port"}}})))
    assert "did you mean 'node_ports'? allowed: one of 'load_balancers', 'node_ports'" in said


def test_all_that_is_wrong_is_in_one_report() -> None:
    config = with_service(replicas=-1)
    config["services"]["pay-v1"]["app"] = "Pay"
    config["routes"][0]["backend"] = "pay-v2"
    config["ingres"] = {}
    text = report(config)
    assert text.startswith("4 settings are wrong in the stack 'dev'; nothing was changed.")
    for key in ("services.user-v1.replicas", "services.pay-v1.app", "routes[0].backend", "ingres"):
        assert lines_about(key, text)
    assert "Pulumi.dev.yaml" in text


def test_right_settings_raise_nothing() -> None:
    settings = parse(changed())
    assert settings.context == "kind-webtier"
    assert settings.services["user-v1"].ports["http"].port == 80
    assert settings.redis_password.get_secret_value() == PASSWORD


def test_what_is_needed_and_not_set_says_what_it_is_for() -> None:
    text = report(changed(context="", redis_password="", default_backend=""))
    assert "not set, but needed: The kubeconfig context" in lines_about("context", text)
    assert "pulumi config set --secret webtier:redis_password" in lines_about("redis_password", text)
    assert "not set, but needed" in lines_about("default_backend", text)


def test_missing_key_of_a_group_is_named() -> None:
    config = changed()
    config["services"]["new"] = {"replicas": 1}
    assert "not set, but needed: The container image" in lines_about("services.new.image", report(config))


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
    text = report(changed(**{key: value}))
    assert allowed in text
    assert f"webtier:{key}" in text


def test_two_of_the_same_node_port_are_refused_defaults_included() -> None:
    said = lines_about("ingress.http_node_port", report(at_node_port(31234)))
    assert "the same NodePort as services.user-v1.ports.http.node_port" in said
    config = at_node_port(30100)
    config["services"]["pay-v1"] = config["services"]["user-v1"]
    assert "webtier:services.pay-v1.ports.http.node_port = 30100" in report(config)
    assert parse(at_node_port(30100)).services["user-v1"].ports["http"].node_port == 30100


def test_node_port_of_redis_is_seen_too() -> None:
    said = lines_about("services.user-v1.ports.http.node_port", report(at_node_port(30010)))
    assert "the same NodePort as redis.access.node_port" in said


def test_a_node_port_of_a_redis_pod_is_taken_too() -> None:
    config = changed(
        redis={"access": {"pods": {"kind": "node_ports", "first": 31200}}}, ingress={"http_node_port": 31234}
    )
    said = lines_about("ingress.http_node_port", report(config))
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
    text = report(changed(standalone_redis={name: {} for name in names}))
    assert said in lines_about(f"standalone_redis.{key}", text)
    assert text.startswith("1 setting is wrong")


def test_a_web_service_may_not_be_called_as_the_node_port_of_a_single_redis() -> None:
    config = with_service()
    config["services"]["sessions-access"] = {"image": "a:1"}
    config["standalone_redis"] = {"sessions": {}}
    said = lines_about("standalone_redis.sessions", report(config))
    assert "conflicts with services.sessions-access" in said


def test_node_port_of_a_single_redis_is_seen_too() -> None:
    singles = {"sessions": {"access": {"node_port": 30010}}}
    said = lines_about("standalone_redis.sessions.access.node_port", report(changed(standalone_redis=singles)))
    assert "the same NodePort as redis.access.node_port" in said


def test_same_path_twice_is_refused() -> None:
    route = {"path": "/user", "backend": "user-v1"}
    assert "each path once" in lines_about("routes[1].path", report(changed(routes=[route, route])))


def test_controller_needs_its_own_namespace() -> None:
    text = report(changed(namespace="ingress-nginx"))
    assert "a namespace of the controller's own" in lines_about("ingress.namespace", text)


# --- secrets ---


def test_plain_password_is_refused_and_not_shown() -> None:
    text = report(changed(), secrets=frozenset())
    assert "it stands in plain text" in lines_about("redis_password", text)
    assert PASSWORD not in text


def test_value_of_a_secret_is_never_in_a_report() -> None:
    text = report(changed(redis_password="too-short"))
    assert "(secret)" in lines_about("redis_password", text)
    assert "too-short" not in text
    # Pulumi marks a whole group as secret when anything in it is.
    hidden = report(at_node_port(80), secrets=SECRET | {"services"})
    assert "webtier:services.user-v1.ports.http.node_port = (secret)" in hidden


# --- files of this machine ---


def with_password_file(path: str) -> dict[str, Any]:
    return changed(redis_password="", redis_password_file=path)


def test_password_is_read_from_a_file_named_by_a_variable(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(PASSWORD + "\n")
    settings = parse(with_password_file("$HERE/password"), HERE=str(tmp_path))
    assert settings.redis_password.get_secret_value() == PASSWORD


def test_unset_variable_says_what_to_do() -> None:
    text = report(with_password_file("${NOWHERE}/password"))
    assert "the environment variable NOWHERE is not set" in lines_about("redis_password_file", text)
    assert 'eval "$(make -s env)"' in text
    assert "webtier:redis_password\n" not in text
    assert "KUBE_NOWHERE" in lines_about("kubeconfig", report(changed(kubeconfig="$KUBE_NOWHERE")))


def test_unreadable_password_file_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    said = lines_about("redis_password_file", report(with_password_file(str(missing))))
    assert str(missing) in said
    assert "No such file" in said


def test_password_is_given_in_one_way_only(tmp_path: Path) -> None:
    text = report(changed(redis_password_file=str(tmp_path)))
    assert "'redis_password' is set too" in lines_about("redis_password_file", text)


def test_kubeconfig_is_expanded() -> None:
    assert parse(changed(kubeconfig="$PLACE/config"), PLACE="/state").kubeconfig == "/state/config"
    assert parse(changed(kubeconfig="~/config")).kubeconfig == str(Path.home() / "config")
    assert parse(changed()).kubeconfig == ""


def test_missing_kubeconfig_stops_a_deployment_but_no_preview(tmp_path: Path) -> None:
    raw = RawConfig("webtier", as_engine_text(changed(kubeconfig=str(tmp_path / "none"))), SECRET)
    assert parse_settings(raw, "dev", {}).kubeconfig
    with pytest.raises(SettingsError, match="there is no such file"):
        parse_settings(raw, "dev", {}, deploying=True)


# --- groups given in part ---


def test_group_given_in_part_keeps_its_other_defaults() -> None:
    service = parse(
        with_service(resources={"limits": {"memory": "1Gi"}}, probes={"startup": {"period_seconds": 9}})
    ).services["user-v1"]
    assert service.resources.requests.as_mapping() == {"cpu": "10m", "memory": "32Mi"}
    assert service.resources.limits.as_mapping() == {"memory": "1Gi"}
    assert service.probes.startup is not None
    assert (service.probes.startup.period_seconds, service.probes.startup.failure_threshold) == (9, 12)
    assert service.probes.liveness is not None


def test_group_of_another_kind_than_the_defaults_is_taken_as_it_is() -> None:
    nfs = {"kind": "nfs", "server": "files.example.com", "path": "/redis"}
    storage = parse(changed(redis={"shards": 4, "storage": nfs})).redis.storage
    assert storage.model_dump(exclude_none=True) == {**nfs, "size": "1Gi"}


def test_null_takes_a_default_away() -> None:
    service = parse(with_service(resources={"limits": {"memory": None}})).services["user-v1"]
    assert service.resources.limits.as_mapping() == {}


# --- where the values come from ---


def test_raw_config_has_every_key_of_the_namespace_and_says_which_are_secret() -> None:
    seen: list[RawConfig] = []
    run_recorded(
        lambda: seen.append(read_raw_config("webtier")),
        config={"webtier:redis": '{"shards":3}', "webtier:typo": "x", "other:key": "y", "webtier:redis_password": "z"},
        secret_config=["webtier:redis_password"],
    )
    assert seen == [
        RawConfig(
            "webtier", {"redis": '{"shards":3}', "typo": "x", "redis_password": "z"}, frozenset({"redis_password"})
        )
    ]


def test_raw_config_is_also_read_from_the_environment_as_the_official_host_sets_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps({"webtier:context": "kind", "webtier:redis_password": "z"}))
    monkeypatch.setenv("PULUMI_CONFIG_SECRET_KEYS", json.dumps(["webtier:redis_password"]))
    raw = raw_config.read_raw_config("webtier")
    assert raw.values["context"] == "kind"
    assert "redis_password" in raw.secret_keys


def test_text_that_looks_like_a_number_stays_text() -> None:
    assert parse(changed(context="123")).context == "123"


def test_error_is_one_that_pulumi_prints_without_a_stack_trace() -> None:
    assert issubclass(SettingsError, pulumi.RunError)


def test_keys_are_written_as_pulumi_config_set_takes_them() -> None:
    assert key_text("webtier", ("routes", 0, "path")) == "webtier:routes[0].path"
    assert key_text("webtier", ("services", "user-v1", "files", "/a")) == 'webtier:services.user-v1.files["/a"]'


# --- what is written about them ---


def _declared_default(schema: SettingsSchema, key: str) -> Any:
    node = schema.at((key,)) or {}
    # The engine does not merge groups, so that their defaults are the models' business.
    empty: dict[str, Any] = {"string": "", "object": {}, "array": []}
    kind = node["type"]
    if schema.kinds((key,)):
        return node["default"]
    return empty[kind] if kind in ("object", "array") else node.get("default", empty.get(kind))


def test_pulumi_yaml_declares_every_key_as_the_models_have_it() -> None:
    schema = SettingsSchema(EnvironmentSettings)
    nodes = {key: schema.at((key,)) or {} for key in schema.keys(())}
    expected = {
        key: {"type": node["type"], "description": node["description"], "default": _declared_default(schema, key)}
        for key, node in nodes.items()
    }
    declared = {
        key: {part: declaration[part] for part in ("type", "description", "default")}
        for key, declaration in project_config().items()
    }
    assert declared == expected


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_reference_is_up_to_date(path: Path) -> None:
    document = path.read_text()
    assert BEGIN in document
    assert END in document
    assert document == with_table(document, DOCUMENTS[path]()), "run: python -m environment.settings.reference"


def test_every_setting_is_described() -> None:
    undescribed = [
        leaf.keys for leaf in SettingsSchema(EnvironmentSettings).leaves() if not leaf.node.get("description")
    ]
    assert undescribed == []
