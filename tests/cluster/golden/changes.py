"""The golden set: changes as people make them, each of the base's settings or of the code."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.cluster.golden.golden_stack import PASSWORD, GoldenStack
from tests.cluster.golden.live import ORIGIN
from tests.cluster.harness.stacks.copied_stack import Settings

Edit = Callable[[Settings], None]


def _nothing(_: Settings) -> None: ...


@dataclass(frozen=True)
class GoldenChange:
    """One of them. `before` is what the base has besides, deployed first; `code` edits files of the copy.

    `edit` is made on the base's settings without `before`, so that `nothing` takes back what `before` does.

    `closes` says that the gate is closed. `urls` are asked before and after, beside those that the report names.
    """

    name: str
    edit: Edit = _nothing
    before: Edit = _nothing
    code: Callable[[GoldenStack], None] | None = None
    closes: bool = False
    is_in_git: bool = True
    """False for what the base sees too, so that it is pending and not the pull request's."""
    is_refused: bool = False
    """True for what the program refuses, whatever is there."""
    is_deployed: bool = True
    """False for what is known not to come to its end, and is stopped by the gate for that."""
    is_final: bool = False
    """True for what nothing takes back, so that the stack is made anew after it."""
    urls: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        return self.name


def put(path: str, value: object) -> Edit:
    """Sets the setting at a path such as `services.user-v1.replicas`."""

    def edit(settings: Settings) -> None:
        *parents, last = path.split("/")
        at = settings
        for parent in parents:
            at = at.setdefault(parent, {})
        at[last] = value

    return edit


def drop(path: str) -> Edit:
    """Takes the setting at a path away."""

    def edit(settings: Settings) -> None:
        *parents, last = path.split("/")
        at = settings
        for parent in parents:
            at = at[parent]
        del at[last]

    return edit


def both(*edits: Edit) -> Edit:
    """One after the other."""

    def edit(settings: Settings) -> None:
        for each in edits:
            each(settings)

    return edit


def rule(number: int, **fields: object) -> Edit:
    """Sets fields of the rule with this number."""
    return lambda settings: settings["routes"][number].update(fields)


def _more_rules(settings: Settings) -> None:
    settings["routes"].append({"path": "/shop", "backend": "pay-v1", "rewrite": "strip_prefix"})


def _fewer_rules(settings: Settings) -> None:
    del settings["routes"][1]


def _moved_rule(settings: Settings) -> None:
    settings["routes"][1]["path"] = "/payment"


def _without_pay(settings: Settings) -> None:
    del settings["services"]["pay-v1"]
    _fewer_rules(settings)


def _renamed_pay(settings: Settings) -> None:
    renamed = settings["services"]["pay-v2"] = settings["services"].pop("pay-v1")
    renamed["files"]["/usr/share/nginx/html/index.html"] = "pay-v2\n"
    settings["routes"][1]["backend"] = "pay-v2"


def _canary(weight: int) -> Edit:
    def edit(settings: Settings) -> None:
        settings["services"]["user-v2"] = settings["services"]["pay-v1"]
        settings["routes"][0]["canary"] = {"kind": "weight", "backend": "user-v2", "weight": weight}

    return edit


def _other_password(stack: GoldenStack) -> None:
    stack.password_file.write_text(PASSWORD + "-2")


def replaced_in(name: str, old: str, new: str) -> Callable[[GoldenStack], None]:
    """Edits a file of the copy, which has to have the old text."""

    def edit(stack: GoldenStack) -> None:
        file: Path = stack.folder / name
        text = file.read_text()
        assert old in text, f"{name} has no {old!r} any more"
        file.write_text(text.replace(old, new, 1))

    return edit


_AUTOSCALING = {"min": 2, "max": 4}
_LOW = both(put("services/user-v1/autoscaling", _AUTOSCALING), drop("services/user-v1/replicas"))
_SHARDS = put("redis/shards", 4)
_USER = "any.example/user"
_REDIS = "components/webtier/redis_cluster"
_METRICS = put("redis/metrics", {"enabled": True, "image": "webtier.local/redis-exporter:debian-12"})
_ONE_REDIS = put("standalone_redis", {"sessions": {"image": "webtier.local/redis:debian-12"}})
PROTECTED = both(put("protect", True), put("ingress/accept_retired", True), put("ingress/replicas", 2))
"""All that a protected stack needs."""

CHANGES = (
    GoldenChange("nothing"),
    GoldenChange("image", put("services/user-v1/image", "webtier.local/nginx:golden")),
    GoldenChange("replicas", put("services/user-v1/replicas", 3)),
    GoldenChange("autoscaling on", _LOW),
    GoldenChange("autoscaling off", before=_LOW),
    GoldenChange("memory", put("services/user-v1/resources", {"limits": {"memory": "96Mi"}})),
    GoldenChange("memory of Redis", put("redis/resources/limits/memory", "192Mi")),
    GoldenChange("password", code=_other_password, is_in_git=False),
    GoldenChange("rule added", _more_rules, urls=("any.example/shop",)),
    GoldenChange("rule moved", _moved_rule, urls=("any.example/pay", "golden.example/payment/x")),
    GoldenChange("rule removed", _fewer_rules, urls=("any.example/pay",)),
    GoldenChange("canary weight", _canary(100), before=_canary(0), urls=(_USER,)),
    GoldenChange("CORS", rule(0, cors={"origins": [ORIGIN]}), urls=(_USER,)),
    GoldenChange("access list", rule(0, access={"allow": ["192.0.2.0/24"]}), urls=(_USER,)),
    GoldenChange("redis.conf", put("redis/conf", {"maxmemory_policy": "allkeys-lru"})),
    GoldenChange("TLS on", put("redis/tls", {"kind": "generated"}), closes=True, is_deployed=False),
    GoldenChange("volume size", put("redis/storage/size", "2Gi"), is_final=True),
    GoldenChange("shards up", _SHARDS),
    GoldenChange("shards down", before=_SHARDS, closes=True),
    GoldenChange("Redis replicas up", put("redis/replicas_per_shard", 2)),
    GoldenChange("Redis replicas down", before=put("redis/replicas_per_shard", 2), closes=True),
    GoldenChange("service removed", _without_pay, urls=("any.example/pay",)),
    GoldenChange("service renamed", _renamed_pay, urls=("any.example/pay",)),
    GoldenChange("namespace renamed", put("namespace", "golden-other"), closes=True, is_deployed=False),
    GoldenChange("storage class", put("redis/storage/storage_class", "golden-second"), closes=True, is_deployed=False),
    GoldenChange("node port", put("ingress/http_node_port", 31274)),
    GoldenChange("ingress class", put("ingress/class_name", "golden-second"), closes=False),
    GoldenChange("label", put("services/user-v1/labels", {"team": "golden"})),
    GoldenChange("agent code", code=replaced_in(f"{_REDIS}/agent/__init__.py", '"""', '"""Golden. ')),
    GoldenChange(
        "dashboard",
        edit=_METRICS,
        before=_METRICS,
        code=replaced_in(f"{_REDIS}/monitoring/dashboard.py", "Slots served", "Slots that are served"),
    ),
    GoldenChange(
        "one Redis",
        both(_ONE_REDIS, put("standalone_redis/sessions/resources", {"requests": {"cpu": "40m"}})),
        before=_ONE_REDIS,
    ),
    GoldenChange("two at once", both(put("services/user-v1/replicas", 3), _more_rules), urls=("any.example/shop",)),
    GoldenChange(
        "secret to plain",
        both(put("redis_password", PASSWORD), drop("redis_password_file")),
        closes=True,
        is_refused=True,
    ),
    GoldenChange("protect off", put("protect", False), before=PROTECTED, closes=True),
)
