"""`PathRules`: what rules are refused, and what the others compile to."""

import re
from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import ValidationError

from components.path_rules import Backend, PathRule, PathRules, PathRulesArgs
from components.path_rules.checks import check_rules
from components.path_rules.render_ingress import CompiledIngress, compile_rules
from components.shared.problems import WrongSettingsError
from tests.unit.recording import Recording, run_recorded

INGRESS = "kubernetes:networking.k8s.io/v1:Ingress"
BACKENDS = {"user-v1": Backend("user-v1", 80), "pay-v1": Backend("pay-v1", 8000)}
USER_AND_PAY = (
    PathRule.model_validate({"path": "/user", "backend": "user-v1", "rewrite": "strip_prefix"}),
    PathRule.model_validate({"path": "/pay", "backend": "pay-v1", "rewrite": "strip_prefix"}),
)


def rule(path: str, backend: str = "user-v1", **more: Any) -> PathRule:
    return PathRule.model_validate({"path": path, "backend": backend, **more})


def by_name(rules: Sequence[PathRule]) -> dict[str, CompiledIngress]:
    return {compiled.name: compiled for compiled in compile_rules("routes", rules, "user-v1")}


class Nginx:
    """What nginx does with the compiled objects of one host: its rules, not ours.

    Locations are regexes, tried from the longest text on, case-insensitive and anchored at the
    beginning only; a rewrite replaces what its own regex matches, wherever that is.
    """

    def __init__(self, compiled: Sequence[CompiledIngress]) -> None:
        self._locations = sorted(
            ((path, ingress.annotations) for ingress in compiled for path in ingress.paths),
            key=lambda location: (len(location[0].path), location[0].path),
            reverse=True,
        )

    def serve(self, request: str) -> tuple[str, str, str | None]:
        """Backend, path as it sees it, and X-Forwarded-Prefix."""
        prefix = "nginx.ingress.kubernetes.io/"
        for path, annotations in self._locations:
            if not re.match(path.path, request, re.IGNORECASE):
                continue
            target = annotations.get(prefix + "rewrite-target")
            if target is None:
                return path.backend, request, None
            found = re.search(path.path, request, re.IGNORECASE)
            assert found is not None
            header = _filled(annotations[prefix + "x-forwarded-prefix"], found)
            return path.backend, _filled(target, found), header
        raise AssertionError(f"no location for {request}")


def _filled(template: str, found: re.Match[str]) -> str:
    return re.sub(r"\$(\d)", lambda group: found[int(group[1])] or "", template)


@pytest.mark.parametrize(
    ("request_path", "answer"),
    [
        ("/user", ("user-v1", "/", "/user")),
        ("/user/", ("user-v1", "/", "/user")),
        ("/user/a/b.html", ("user-v1", "/a/b.html", "/user")),
        ("/user/user/x", ("user-v1", "/user/x", "/user")),
        ("/pay/x", ("pay-v1", "/x", "/pay")),
        ("/", ("user-v1", "/", None)),
        ("/unknown", ("user-v1", "/unknown", None)),
        ("/users", ("user-v1", "/users", None)),
        ("/payment", ("user-v1", "/payment", None)),
        ("/PAY/x", ("user-v1", "/PAY/x", None)),
        ("/x/pay/y", ("user-v1", "/x/pay/y", None)),
    ],
)
def test_prefix_is_stripped_and_stays_a_prefix(request_path: str, answer: tuple[str, str, str | None]) -> None:
    assert Nginx(compile_rules("routes", USER_AND_PAY, "user-v1")).serve(request_path) == answer


@pytest.mark.parametrize(
    ("request_path", "backend"),
    [
        ("/ba", "pay-v1"),
        ("/ba/x", "pay-v1"),
        ("/banana", "user-v1"),
        ("/BA/x", "user-v1"),
        ("/user/deep/x", "pay-v1"),
        ("/user/deeper", "user-v1"),
        ("/v1.2/x", "pay-v1"),
        ("/v1x2/x", "user-v1"),
    ],
)
def test_siblings_of_a_rewriting_rule_stay_prefixes(request_path: str, backend: str) -> None:
    rules = [
        rule("/user", rewrite="strip_prefix"),
        rule("/ba", "pay-v1"),
        rule("/user/deep", "pay-v1"),
        rule("/v1.2", "pay-v1"),
    ]
    assert Nginx(compile_rules("routes", rules, "user-v1")).serve(request_path)[0] == backend


def test_the_nginx_of_these_tests_falls_for_the_trap_that_the_compilation_avoids() -> None:
    compiled = by_name([rule("/user", rewrite="strip_prefix"), rule("/ba", "pay-v1")])
    path = next(path for path in compiled["routes-plain"].paths if path.backend == "pay-v1")
    assert re.match("/ba", "/banana", re.IGNORECASE)
    assert not re.match(path.path, "/banana", re.IGNORECASE)


def test_host_without_regex_has_plain_prefixes_and_no_annotations() -> None:
    compiled = by_name([rule("/pay", "pay-v1")])
    assert list(compiled) == ["routes-plain"]
    assert compiled["routes-plain"].annotations == {}
    assert [(path.path, path.path_type) for path in compiled["routes-plain"].paths] == [
        ("/", "Prefix"),
        ("/pay", "Prefix"),
    ]


def test_regex_of_one_host_does_not_touch_another() -> None:
    compiled = by_name([rule("/user", host="a.example.com", rewrite="strip_prefix"), rule("/pay", "pay-v1")])
    assert set(compiled) == {"routes-plain", "routes-a.example.com-plain", "routes-a.example.com-strip-prefix"}
    assert [path.path for path in compiled["routes-plain"].paths] == ["/", "/pay"]
    assert [path.path for path in compiled["routes-a.example.com-plain"].paths] == ["/"]


def test_every_host_answers_unknown_paths_with_the_default_backend() -> None:
    for compiled in compile_rules("routes", [rule("/pay", "pay-v1", host="a.example.com")], "user-v1"):
        root = [path for path in compiled.paths if path.path == "/"]
        assert [path.backend for path in root] == ["user-v1"]


def test_a_rule_for_the_root_takes_the_default_backends_place() -> None:
    compiled = by_name([rule("/", "pay-v1")])
    assert [(path.path, path.backend) for path in compiled["routes-plain"].paths] == [("/", "pay-v1")]


def test_order_of_the_rules_changes_nothing() -> None:
    assert compile_rules("routes", USER_AND_PAY, "user-v1") == compile_rules("routes", USER_AND_PAY[::-1], "user-v1")


def test_a_rule_that_changes_its_kind_never_has_the_same_path_in_two_objects() -> None:
    # The webhook would refuse the second while the first still has it.
    before = {path.path for path in by_name([rule("/a", rewrite="strip_prefix")])["routes-strip-prefix"].paths}
    after = {path.path for path in by_name([rule("/a"), rule("/b", rewrite="strip_prefix")])["routes-plain"].paths}
    assert not before & after


def test_regexes_are_no_prefix_paths_since_the_strict_check_refuses_those() -> None:
    for compiled in compile_rules("routes", [*USER_AND_PAY, rule("/a.b")], "user-v1"):
        for path in compiled.paths:
            assert path.path_type == ("Prefix" if re.fullmatch(r"/[A-Za-z0-9_\-/]*", path.path) else path.path_type)
            assert path.path_type == "ImplementationSpecific" or path.path == "/"


def record(rules: Sequence[PathRule] = USER_AND_PAY, default: str = "user-v1") -> Recording:
    args = PathRulesArgs("shop", "nginx", rules, default, BACKENDS)
    return run_recorded(lambda: PathRules("routes", args))


def test_ingress_names_class_backend_and_port() -> None:
    ingress = record().one(INGRESS, "routes-strip-prefix").inputs
    assert ingress["metadata"]["name"] == "routes-strip-prefix"
    assert ingress["metadata"]["namespace"] == "shop"
    assert ingress["spec"]["ingressClassName"] == "nginx"
    backends = [path["backend"]["service"] for path in ingress["spec"]["rules"][0]["http"]["paths"]]
    assert {"name": "pay-v1", "port": {"number": 8000}} in backends
    assert not any("snippet" in key for key in ingress["metadata"]["annotations"])


def test_ingress_without_a_host_has_none_and_one_with_a_host_has_it() -> None:
    recording = record([rule("/a", host="shop.example.com")])
    assert "host" not in recording.one(INGRESS, "routes-plain").inputs["spec"]["rules"][0]
    named = recording.one(INGRESS, "routes-shop.example.com-plain").inputs["spec"]["rules"][0]
    assert named["host"] == "shop.example.com"


def test_waiting_for_an_ingress_is_bounded_and_a_replacement_deletes_first() -> None:
    for ingress in record().of_type(INGRESS):
        assert ingress.options.customTimeouts.create == "5m"
        assert ingress.options.deleteBeforeReplace is True


def test_component_refuses_wrong_rules_before_it_registers_anything() -> None:
    with pytest.raises(WrongSettingsError) as caught:
        record([rule("/pay", "pay-v2"), rule("/pay")], "user-v2")
    text = str(caught.value)
    assert "pay-v2" in text
    assert "user-v2" in text
    assert "pay-v1, user-v1" in text
    assert "each path once" in text


def problems(rules: Sequence[PathRule], default: str = "user-v1") -> list[tuple[tuple[str | int, ...], str]]:
    return [(found.place, found.message) for found in check_rules(dict(enumerate(rules)), default, BACKENDS)]


def test_unknown_backend_lists_the_known_ones() -> None:
    assert problems([rule("/a", "shop")]) == [
        (("routes", 0, "backend"), "allowed: a web service of this stack: pay-v1, user-v1")
    ]


def test_unknown_default_backend_lists_the_known_ones() -> None:
    assert problems([], "shop") == [(("default_backend",), "allowed: a web service of this stack: pay-v1, user-v1")]


def test_same_path_twice_is_refused_for_the_same_host_only() -> None:
    assert problems([rule("/a"), rule("/a", "pay-v1", host="x.example.com")]) == []
    [(place, message)] = problems([rule("/a"), rule("/b"), rule("/a", "pay-v1")])
    assert place == ("routes", 2, "path")
    assert "routes[0] has this path already for all hosts" in message


def test_paths_that_differ_only_in_case_are_refused() -> None:
    [(place, message)] = problems([rule("/pay"), rule("/Pay", "pay-v1")])
    assert place == ("routes", 1, "path")
    assert "'/pay': differing in case is not enough" in message


def test_the_root_has_no_prefix_to_strip() -> None:
    assert [place for place, _ in problems([rule("/", rewrite="strip_prefix")])] == [("routes", 0, "rewrite")]


@pytest.mark.parametrize(
    "path", ["", "user", "/user/", "//", "/a//b", "/a b", "/a?b", "/(.*)", "/a/../b", "/./a", "/ü", "/a\n"]
)
def test_wrong_paths_are_refused(path: str) -> None:
    with pytest.raises(ValidationError, match="allowed"):
        rule(path)


@pytest.mark.parametrize("host", ["Shop.example.com", "a_b.example.com", ".example.com", "a..b", "x:80", "http://x"])
def test_wrong_hosts_are_refused(host: str) -> None:
    with pytest.raises(ValidationError, match="allowed"):
        rule("/a", host=host)


def test_rewrite_has_a_short_and_a_long_form() -> None:
    assert rule("/a", rewrite="strip_prefix") == rule("/a", rewrite={"kind": "strip_prefix"})
    with pytest.raises(ValidationError):
        rule("/a", rewrite="replace")
