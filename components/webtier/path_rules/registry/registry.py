"""What the fields of rules, or of hosts, become, all together: complete, or else it can't be made."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, get_args

from webtier.path_rules.registry.option import FACETS, Option, RefusedByGateway, Root
from webtier.shared.model import Settings
from webtier.shared.problems import Place

OptionsOfModels = Mapping[type[Settings], Mapping[str, Option[Root]]]
"""By the model and the field's name."""

KIND = "kind"
"""The field that tells one group from another: it is no option, and becomes nothing by itself."""


class UndeclaredOptionsError(TypeError):
    """Fields of a model of which the registry does not say what they become."""


@dataclass(frozen=True)
class Declared(Generic[Root]):
    """A field of a model: its `key` as the documents call it, such as `auth.<kind: basic>.secret`."""

    key: str
    name: str
    option: Option[Root]
    is_required: bool
    said_of_group: frozenset[str]
    """The facets that a group which it is in has for it too."""


@dataclass(frozen=True)
class Given(Generic[Root]):
    """A field as a rule or a host gives it. `is_set` is whether its value is another than the default."""

    place: Place
    value: Any
    is_set: bool
    option: Option[Root]


class Registry(Generic[Root]):
    """What each field of `model` and of the groups below becomes.

    UndeclaredOptionsError, listing all, for fields that leave some of it out, and for those that no model has.
    """

    def __init__(self, model: type[Settings], *parts: OptionsOfModels[Root]) -> None:
        self._options: dict[type[Settings], dict[str, Option[Root]]] = {}
        for part in parts:
            for group, options in part.items():
                self._options.setdefault(group, {}).update(options)
        self.declared: list[Declared[Root]] = list(self._declared(model, None))
        """All fields of the model, each before what is below it."""
        self._check(model)
        self._fields = {group: list(self._fields_of(group)) for group in self._options}

    def given(self, settings: Settings, place: Place = ()) -> Iterator[Given[Root]]:
        """All fields of a rule or a host, each before what is below it."""
        for name, key, default, option in self._fields.get(type(settings), ()):
            value: Any = getattr(settings, name)
            yield Given((*place, key), value, value != default, option)
            if isinstance(value, Settings):
                yield from self.given(value, (*place, key))

    def _fields_of(self, group: type[Settings]) -> Iterator[tuple[str, str, object, Option[Root]]]:
        for name, field in group.model_fields.items():
            if name != KIND:
                default: object = field.get_default(call_default_factory=True, validated_data={})
                yield name, field.alias or name, default, self._options[group][name]

    def _declared(self, model: type[Settings], group: Declared[Root] | None) -> Iterator[Declared[Root]]:
        for name, field in model.model_fields.items():
            if name == KIND:
                continue
            key = field.alias or name
            found = Declared(
                key if group is None else f"{group.key}.{key}",
                f"{model.__name__}.{name}",
                self._options.get(model, {}).get(name, Option[Root]()),
                field.is_required(),
                frozenset() if group is None else _said_of_parts(group),
            )
            yield found
            below = list(_groups_in(field.annotation))
            for each in below:
                kind = f".<{KIND}: {get_args(each.model_fields[KIND].annotation)[0]}>" if len(below) > 1 else ""
                yield from self._declared(each, replace(found, key=found.key + kind))

    def _check(self, model: type[Settings]) -> None:
        wrong: list[str] = []
        for field in self.declared:
            missing = [
                said
                for facet, said in FACETS.items()
                if getattr(field.option, facet) is None and facet not in field.said_of_group
            ]
            if missing:
                wrong.append(f"{field.name} ({field.key}) does not say {', '.join(missing)}")
        known = {field.name for field in self.declared}
        names = (f"{group.__name__}.{name}" for group, options in self._options.items() for name in options)
        wrong += [f"{name} is no field of {model.__name__}" for name in names if name not in known]
        if wrong:
            raise UndeclaredOptionsError("\n  ".join(["the registry of rule options is incomplete:", *wrong]))


def _groups_in(annotation: object) -> Iterator[type[Settings]]:
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        yield annotation
    for part in get_args(annotation):
        yield from _groups_in(part)


def _said_of_parts(group: Declared[Any]) -> frozenset[str]:
    refused = {"http_route"} if isinstance(group.option.http_route, RefusedByGateway) else set[str]()
    return group.said_of_group | {"beside_redirect", "services"} | refused
