"""What differs between two versions of a settings file."""

from operations.preview.model.differences import Difference
from operations.preview.model.paths import format_path
from operations.preview.model.values import Opaque
from operations.preview.settings_file import changed_settings

BEFORE = b"""
config:
  webtier:redis_password: {secure: v1:AAAA}
  webtier:services:
    a: {image: a:1, replicas: 3}
  webtier:routes:
    - {path: /a, backend: a}
"""


def test_a_setting_has_old_and_new() -> None:
    after = BEFORE.replace(b"replicas: 3", b"replicas: 5, env: {TOKEN: {secure: v1:BBBB}}")
    assert list(changed_settings(BEFORE, after)) == [
        Difference(("services", "a", "env"), Opaque.ABSENT, {"TOKEN": Opaque.SECRET}),
        Difference(("services", "a", "replicas"), 3, 5),
    ]


def test_another_ciphertext_is_a_changed_secret_without_a_value() -> None:
    assert list(changed_settings(BEFORE, BEFORE.replace(b"AAAA", b"CCCC"))) == [
        Difference(("redis_password",), Opaque.SECRET, Opaque.SECRET)
    ]


def test_a_secret_that_becomes_plain_is_said_without_its_value() -> None:
    (found,) = changed_settings(BEFORE, BEFORE.replace(b"{secure: v1:AAAA}", b"in-plain-text"))
    assert found == Difference(("redis_password",), Opaque.SECRET, Opaque.PLAIN)


def test_a_rule_put_first_is_one_difference() -> None:
    after = BEFORE.replace(b"- {path: /a,", b"- {path: /b, backend: a}\n    - {path: /a,")
    (found,) = changed_settings(BEFORE, after)
    assert found.path == ("routes", "[/b]")


def test_no_file_before_has_no_settings() -> None:
    assert {each.path[0] for each in changed_settings(None, BEFORE)} == {"redis_password", "services", "routes"}


def test_a_file_that_nobody_can_read_says_nothing_here() -> None:
    assert list(changed_settings(BEFORE, b"config: [")) == []
    assert list(changed_settings(BEFORE, b"\xff")) == []


def test_a_password_in_plain_text_is_not_repeated() -> None:
    for old, new in ((b"config: {}", b"config: {webtier:redis_password: plain-text-1}"), (_PLAIN, _OTHER)):
        (found,) = changed_settings(old, new)
        assert found.path == ("redis_password",)
        assert found.new is Opaque.PLAIN
        assert found.old in (Opaque.ABSENT, Opaque.PLAIN)


_PLAIN, _OTHER = (f"config: {{redis_password: plain-text-{number}}}".encode() for number in (1, 2))


def _defaults(before: bytes, after: bytes) -> dict[str, tuple[object, object, object]]:
    return {format_path(each.path): (each.old, each.new, each.default) for each in changed_settings(before, after)}


def test_the_side_without_a_setting_has_its_default() -> None:
    after = BEFORE.replace(b"replicas: 3", b"replicas: 3, rollout: {max_surge: 2}")
    after = after.replace(b"backend: a}", b"backend: a, match: exact}")
    after += b"  redis: {shards: 2, tls: {kind: generated}}\n  routing: {kind: gateway}\n  node_address: 192.0.2.1\n"
    comes = {
        "node_address": (Opaque.ABSENT, "192.0.2.1", Opaque.ABSENT),
        "redis": (Opaque.ABSENT, {"shards": 2, "tls": {"kind": "generated"}}, {"shards": 3}),
        "routes[/a].match": (Opaque.ABSENT, "exact", "prefix"),
        "routing": (Opaque.ABSENT, {"kind": "gateway"}, "ingress"),
        "services.a.rollout": (Opaque.ABSENT, {"max_surge": 2}, {"max_surge": 1}),
    }
    assert _defaults(BEFORE, after) == comes
    assert _defaults(after, BEFORE) == {path: (new, old, default) for path, (old, new, default) in comes.items()}


def test_a_default_is_that_of_the_kind_that_the_side_without_the_setting_has() -> None:
    local, dynamic = (f"config: {{redis: {{storage: {{kind: {kind}}}}}}}".encode() for kind in ("local", "dynamic"))
    after = dynamic.replace(b"dynamic", b"dynamic, size: 3Gi, nodes: [a]")
    assert _defaults(dynamic, after)["redis.storage.size"] == (Opaque.ABSENT, "3Gi", "1Gi")
    assert _defaults(local, after)["redis.storage.nodes"] == (Opaque.ABSENT, ["a"], Opaque.ABSENT)
    # A default of another kind is none of what is given of this one.
    root = local.replace(b"local", b"local, root: /a")
    assert _defaults(local, root)["redis.storage.root"] == (Opaque.ABSENT, "/a", "/var/lib/webtier-volumes")


def test_a_secret_has_no_default_beside_it() -> None:
    after = BEFORE.replace(b"replicas: 3", b"replicas: {secure: v1:BBBB}")
    (_, _, default), *_ = _defaults(BEFORE.replace(b", replicas: 3", b""), after).values()
    assert default is Opaque.ABSENT


def test_what_no_model_knows_has_no_default() -> None:
    after = BEFORE.replace(b"replicas: 3", b"replicas: 3, no_such_key: 1") + b"  nothing: {a: 1}\n"
    assert {default for _, _, default in _defaults(BEFORE, after).values()} == {Opaque.ABSENT}
