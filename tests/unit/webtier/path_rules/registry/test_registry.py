"""The registry of rule options: no field may leave out what it becomes, and each becomes what the registry says."""

import importlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from pydantic.fields import FieldInfo

from environment.settings.reference import key_of
from environment.settings.schema import SettingsSchema
from tests.cluster.conformance.harness.services import service_settings
from tests.cluster.conformance.harness.stack import DEFAULT_BACKEND, all_hosts, all_rules
from webtier.path_rules import Backend, GatewayRouting, HostSettings, PathRule, RuleSet
from webtier.path_rules.gateway.api_types import fields_of
from webtier.path_rules.gateway.checks import http_route_problems
from webtier.path_rules.gateway.render import compile_routes
from webtier.path_rules.ingress.annotations import (
    PREFIX,
    canary_annotations,
    host_annotations,
    https_annotations,
    rule_annotations,
)
from webtier.path_rules.registry import all_options, clients, hosts
from webtier.path_rules.registry.all_options import HOSTS, RULES
from webtier.path_rules.registry.option import (
    FACETS,
    HttpRoute,
    Option,
    RefusedByGateway,
    annotation_names,
)
from webtier.path_rules.registry.registry import Declared, OptionsOfModels, Registry, UndeclaredOptionsError
from webtier.path_rules.rules.explanation import tables
from webtier.path_rules.rules.options import AccessLists, CorsSettings
from webtier.service_exposure.ports import tcp_ports
from webtier.shared.model import Settings

GATEWAY = GatewayRouting.permissive("web")
BACKENDS = {name: Backend(name, tcp_ports(settings.ports)) for name, settings in service_settings().items()}


# --- what is left out ---


def test_a_field_more_of_which_nothing_is_said_fails_at_the_import(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PathRule.model_fields, "more", FieldInfo(annotation=bool, default=True))
    with pytest.raises(UndeclaredOptionsError) as caught:
        importlib.reload(all_options)
    assert str(caught.value).splitlines()[1:] == [f"  PathRule.more (more) does not say {', '.join(FACETS.values())}"]


@pytest.mark.parametrize("facet", FACETS)
def test_a_field_that_leaves_out_one_of_all_fails_at_the_import(facet: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for options, model, name in ((clients.OPTIONS, PathRule, "access"), (hosts.OPTIONS, HostSettings, "app_root")):
        with monkeypatch.context() as patch:
            patch.setitem(options[model], name, replace(options[model][name], **{facet: None}))
            said = f"{model.__name__}.{name} ({name}) does not say {FACETS[facet]}"
            with pytest.raises(UndeclaredOptionsError, match=re.escape(said)):
                importlib.reload(all_options)


@pytest.mark.parametrize(("group", "name"), [(AccessLists, "allow"), (CorsSettings, "origins")])
def test_a_field_of_a_group_shares_a_refusal_and_nothing_else_that_differs(group: type[Settings], name: str) -> None:
    options: dict[type[Settings], dict[str, Option[PathRule]]] = {}
    for part in all_options.PARTS:
        for model, of_model in part.items():
            options.setdefault(model, {}).update(of_model)
    options[group][name] = Option()
    with pytest.raises(UndeclaredOptionsError) as caught:
        Registry(PathRule, options)
    # Access lists are refused by Gateway API as a whole, CORS is not.
    needed = ("annotations", "words") if group is AccessLists else ("annotations", "http_route", "words")
    assert str(caught.value).endswith(f" does not say {', '.join(FACETS[facet] for facet in needed)}")


def test_what_is_said_of_no_field_fails_too() -> None:
    nothing: OptionsOfModels[PathRule] = {AccessLists: {"alow": clients.OPTIONS[AccessLists]["allow"]}}
    with pytest.raises(UndeclaredOptionsError, match=r"AccessLists\.alow is no field of PathRule"):
        Registry(PathRule, *all_options.PARTS, nothing)


def test_every_setting_of_rules_and_hosts_is_in_the_registry() -> None:
    leaves = map(key_of, SettingsSchema().leaves())
    declared = [f"routes[].{each.key}" for each in RULES.declared]
    declared += [f"hosts.<name>.{each.key}" for each in HOSTS.declared]
    assert {leaf for leaf in leaves if leaf.startswith(("routes[].", "hosts.<name>."))} == set(declared)


# --- what each field becomes ---

RULES_BESIDE_THE_CASES = [
    PathRule.model_validate({"path": "/", "backend": "alpha", **more})
    for more in (
        # The controller of the embedded cluster was built without it.
        {"auth": {"kind": "basic", "secret": "admins", "scheme": "digest"}},
        {"canary": {"kind": "weight", "backend": {"service": "alpha", "port": "admin"}, "weight": 20}},
    )
]


@dataclass(frozen=True)
class Sample:
    """A rule or a host, and what it becomes."""

    annotations: Mapping[str, str]
    routes: Sequence[Any]
    refused: Sequence[tuple[str | int, ...]]
    """The places of what Gateway API can't express, within the rule or the host."""
    words: Sequence[Any]


def of_rule(rule: PathRule) -> Sample:
    rules = RuleSet({0: rule}, {}, DEFAULT_BACKEND)
    annotations = {**rule_annotations(rule), **canary_annotations(rule)}
    return _sample(rules, annotations)


def of_host(settings: HostSettings) -> Sample:
    host = "a.example"
    rules = RuleSet(
        {0: PathRule.model_validate({"path": "/", "host": host, "backend": "home"})}, {host: settings}, DEFAULT_BACKEND
    )
    return _sample(rules, {**https_annotations(settings), **host_annotations(host, settings)})


def _sample(rules: RuleSet, annotations: Mapping[str, str]) -> Sample:
    return Sample(
        annotations,
        [fields_of(route.spec) for route in compile_routes("routes", rules, GATEWAY, BACKENDS)],
        [problem.place[2:] for problem in http_route_problems(rules, GATEWAY)],
        tables(rules),
    )


def with_and_without(key: str, registry: Registry[Any], given: Sequence[Settings]) -> tuple[Settings, Settings] | None:
    """A rule or a host with a field, and the same without it; None for a field that none may leave out."""
    path = re.sub(r"<kind: \w+>\.", "", key).split(".")
    for each in given:
        if any(found.is_set and list(found.place) == path for found in registry.given(each) if _is_of_kind(each, key)):
            written: Any = each.model_dump(by_alias=True)
            group = written
            for name in path[:-1]:
                group = group[name]
            del group[path[-1]]
            if path in (["backend"], ["redirect"]):
                written["backend"] = DEFAULT_BACKEND  # one of the two is needed
            return each, type(each).model_validate(written)
    return None


def _is_of_kind(given: Settings, key: str) -> bool:
    for group, kind in re.findall(r"(\w+)\.<kind: (\w+)>", key):
        if getattr(getattr(given, group), "kind", None) != kind:
            return False
    return True


def check_effects(
    field: Declared[Any], registry: Registry[Any], given: Sequence[Settings], of: Callable[[Any], Sample]
) -> None:
    found = with_and_without(field.key, registry, given)
    assert found is not None, "no rule of tests/cluster/conformance sets it to anything but its default"
    there, gone = map(of, found)
    names = {name if "/" in name else PREFIX + name for name in annotation_names(field.option)}
    changed = {name for name, _ in there.annotations.items() ^ gone.annotations.items()}
    # Paths are regexes of the same kind whatever their rule is.
    assert names & changed or not names or field.key == "match"
    assert (there.words != gone.words) is (field.option.words != "not shown")
    if isinstance(field.option.http_route, HttpRoute):
        assert there.routes != gone.routes
    elif isinstance(field.option.http_route, RefusedByGateway):
        assert (field.key,) in there.refused
        assert (field.key,) not in gone.refused


def optional(registry: Registry[Any]) -> list[Declared[Any]]:
    """The fields that may be left out."""
    return [field for field in registry.declared if not field.is_required]


@pytest.mark.parametrize("field", optional(RULES), ids=lambda field: field.key)
def test_each_field_of_a_rule_becomes_what_the_registry_says(field: Declared[PathRule]) -> None:
    check_effects(field, RULES, [*RULES_BESIDE_THE_CASES, *all_rules()], of_rule)


@pytest.mark.parametrize("field", optional(HOSTS), ids=lambda field: field.key)
def test_each_field_of_a_host_becomes_what_the_registry_says(field: Declared[Any]) -> None:
    check_effects(field, HOSTS, list(all_hosts().values()), of_host)
