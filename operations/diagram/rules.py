"""The rules of a stack in its picture: a box for all paths of a host that go to the same service."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

from operations.diagram.components import COLUMN_OF_RULES, Component, Part, frame_of
from operations.diagram.picture import Edge, Line, Node
from operations.diagram.resources import Resource
from operations.preview.model.values import Value

RULE = "PathRule"
EVERY_HOST = "every other host"


@dataclass(frozen=True)
class _Rule:
    """One rule as users write it. `service` and `canary` are names, empty for none; `share` says what a canary gets."""

    host: str
    path: str
    service: str
    canary: str = ""
    share: str = ""
    redirect: str = ""
    detail: str = ""

    @property
    def text(self) -> str:
        """The path, and where a redirect leads."""
        return f"{self.path} → {self.redirect}" if self.redirect else self.path


@dataclass
class _Group:
    rules: list[_Rule] = field(default_factory=list[_Rule])
    members: list[Resource] = field(default_factory=list[Resource])


def rules_parts(component: Component, controller: str, service_ids: Mapping[str, str]) -> Iterator[Part]:
    """The boxes of all rules, and what leads from the controller to them and from them to the services."""
    groups: dict[tuple[str, str, str], _Group] = {}
    below: dict[str, list[Resource]] = {}
    for member in component.members:
        below.setdefault(member.parent, []).append(member)
    for member in component.all(RULE):
        for rule in _rules(member):
            group = groups.setdefault((rule.host, rule.service, rule.canary), _Group())
            group.rules.append(rule)
            group.members += below.get(member.urn, ())
    for (host, service, canary), group in sorted(groups.items(), key=lambda each: (not each[0][0], each[0])):
        id_ = f"rules {host} {service} {canary}"
        ordered = sorted(group.rules, key=lambda rule: rule.path)
        # An object can have several rules, so that a change of it is no change of each of them.
        lines = tuple(Line(rule.path, rule.text, detail=rule.detail) for rule in ordered)
        frame = frame_of(*group.members, *component.members)
        yield Node(id_, host or EVERY_HOST, COLUMN_OF_RULES, lines, frame)
        yield Edge(controller, id_)
        if service in service_ids:
            yield Edge(id_, service_ids[service])
        if canary in service_ids:
            shares = sorted({rule.share for rule in group.rules})
            yield Edge(id_, service_ids[canary], shares[0] if len(shares) == 1 else "canary", is_part=True)


def hosts(components: list[Component]) -> list[str]:
    """The hosts of all rules, by name; the empty one for every other host comes last."""
    found = {rule.host for component in components for each in component.all(RULE) for rule in _rules(each)}
    return [*sorted(found - {""}), *([""] if "" in found else [])]


def _rules(resource: Resource) -> Iterator[_Rule]:
    host = resource.text("host")
    shared = resource.at("rules")
    if resource.at("path") is not None:
        canary = resource.at("canary")
        yield _Rule(
            host,
            _path(resource),
            _service(resource.at("backend")),
            _service(resource.at("canary", "backend")),
            _share(resource) if isinstance(canary, Mapping) else "",
            resource.text("redirect", "to"),
            _detail(cast("Mapping[str, Value]", resource.inputs)),
        )
    if isinstance(shared, Mapping):
        for path, backend in cast("Mapping[str, Value]", shared).items():
            yield _Rule(host, path, _service(backend), detail=_detail({"backend": backend}))


def _detail(fields: Mapping[str, Value]) -> str:
    """All that a rule says but what its line has, the same for a rule that shares its object and one that does not."""
    return repr(sorted((key, each) for key, each in fields.items() if key not in ("host", "match", "path", "rules")))


def _path(resource: Resource) -> str:
    """As nginx writes it: `= /a` for an exact path, `~ /a(.*)` for a regular expression."""
    sign = {"exact": "= ", "regex": "~ "}.get(resource.text("match"), "")
    return f"{sign}{resource.text('path')}"


def _service(backend: Value) -> str:
    if isinstance(backend, Mapping):
        backend = cast("Mapping[str, Value]", backend).get("service")
    return backend if isinstance(backend, str) else ""


def _share(resource: Resource) -> str:
    kind, weight = resource.text("canary", "kind"), resource.text("canary", "weight") or "0"
    total = resource.text("canary", "total") or "100"
    part = f"{weight} %" if total == "100" else f"{weight} of {total}"
    if kind == "weight":
        return part
    sign = f"{kind} {resource.text('canary', kind)}"
    return sign if weight == "0" else f"{sign}, else {part}"
