"""The base of every settings model, and the field types that several of them share."""

import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Annotated, ClassVar, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, GetJsonSchemaHandler, model_validator
from pydantic.config import JsonDict
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from typing_extensions import TypeIs

from webtier.shared.addresses import is_network, meant_network
from webtier.shared.problems import check, checked

MOVED = "moved"
"""In the JSON schema of a model: what its `Moved` says."""


@dataclass(frozen=True)
class Moved:
    """What settings were called in an earlier release.

    `keys` are old keys with the new ones, and `values` by key old values with the new ones: both still work. `gone` are
    keys that do not, with where each is now.
    """

    keys: Mapping[str, str] = field(default_factory=dict[str, str])
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    gone: Mapping[str, str] = field(default_factory=dict[str, str])

    def renamed(self, given: Mapping[str, object]) -> tuple[dict[str, object], list[tuple[str, str]]]:
        """The settings under their new names, and of each old one its key and what is to be said of it."""
        values, notes = dict(given), list[tuple[str, str]]()
        for old, new in self.keys.items():
            # With both there is one too many, which is reported as an unknown key.
            if old in values and new not in values:
                values[new] = values.pop(old)
                notes.append((old, f"is called '{new}' now; the old name still works"))
        for key, words in self.values.items():
            word = values.get(key)
            if isinstance(word, str) and word in words:
                values[key] = words[word]
                notes.append((key, f"'{word}' is called '{words[word]}' now; the old word still works"))
        return values, notes


def _say_what_moved(schema: JsonDict, model: type[BaseModel]) -> None:
    moved = model.moved if issubclass(model, Settings) else Moved()
    if moved == Moved():
        return
    schema[MOVED] = cast("JsonDict", asdict(moved))
    for old, new in moved.keys.items():
        described = cast("dict[str, JsonDict]", schema["properties"])[new]
        described["description"] = f"{described['description']} Formerly `{old}`."


class Settings(BaseModel):
    """Plain data, checked when it is made and unchangeable after: unknown keys are errors.

    A group that is given in part keeps its other defaults: with `resources: {limits: {cpu: "1"}}` the default
    requests and memory limit still hold. `null` takes one away, where the field allows it.
    """

    # Strict, since a number written as text ("3") is a mistake that would come back elsewhere.
    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        validate_default=True,
        hide_input_in_errors=True,
        json_schema_extra=_say_what_moved,
    )

    moved: ClassVar[Moved] = Moved()
    """Old names of its keys and values."""

    @model_validator(mode="before")
    @classmethod
    def _complete_groups(cls, given: object) -> object:
        values = _as_object(given)
        return given if values is None else _completed(cls, values)


def _is_group_of(default: object, info: FieldInfo) -> TypeIs[Settings]:
    # Of a union's alternatives another one than the default's may be meant.
    return isinstance(default, Settings) and info.annotation is type(default)


def _completed(model: type[Settings], given: dict[str, object], default: Settings | None = None) -> dict[str, object]:
    """What was given under its new names, its groups completed; with a default, so is the whole."""
    completed, notes = model.moved.renamed(given)
    for key, note in notes:
        warnings.warn(f"{key} {note}", FutureWarning, stacklevel=3)
    for name, info in model.model_fields.items():
        if default is None:
            value: object = info.get_default(call_default_factory=True, validated_data={})
        else:
            value = getattr(default, name)
        part = _as_object(completed.get(name))
        if part is not None and _is_group_of(value, info):
            completed[name] = _completed(type(value), part, value)
        elif default is not None and name not in completed:
            completed[name] = value
    return completed


def _as_object(value: object) -> dict[str, object] | None:
    return cast("dict[str, object]", value) if isinstance(value, dict) else None


@dataclass(frozen=True)
class TextForm:
    """Text that is as the regular expression says, as a whole, and at most so long; `allowed` says so in words.

    In an `Annotated` it puts the expression into the JSON schema and checks nothing: `text_of` does.
    """

    pattern: str
    allowed: str
    longest: int | None = None

    def problem(self, text: str) -> str | None:
        """What is wrong with a text; None for nothing."""
        is_right = (self.longest is None or len(text) <= self.longest) and re.fullmatch(self.pattern, text) is not None
        return None if is_right else f"allowed: {self.allowed}"

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        # In the dialect of JSON schemas, which search for a pattern, and know no `\Z`.
        longest = "" if self.longest is None else f"(?=.{{0,{self.longest}}}$)"
        pattern = f"^{longest}(?:{self.pattern})$".replace(r"\Z", "$")
        return {**handler(schema), "pattern": pattern, "patternErrorMessage": f"allowed: {self.allowed}"}


@dataclass(frozen=True)
class _CheckedForm(AfterValidator):
    form: TextForm

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return self.form.__get_pydantic_json_schema__(schema, handler)


def text_of(form: TextForm) -> AfterValidator:
    """For an `Annotated`: text of this form."""
    return _CheckedForm(check(form.problem), form)


def text_type(pattern: str, allowed: str, *, longest: int | None = None) -> AfterValidator:
    """For an `Annotated`: text that is as the regular expression says."""
    return text_of(TextForm(pattern, allowed, longest))


_DNS_NAME = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*"


def _cidr_problem(text: str) -> str | None:
    if is_network(text) and "/" in text:
        return None
    allowed = "addresses as a CIDR without host bits, such as '10.0.0.0/8' or '192.0.2.7/32'"
    return f"{meant_network(text)}allowed: {allowed}"


DnsLabel = Annotated[
    str,
    text_type(
        r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?",
        "1 to 63 of a-z, 0-9 and '-', beginning and ending with a letter or digit (an RFC 1123 label)",
    ),
]

ServiceName = Annotated[
    str,
    text_type(
        r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?",
        "1 to 63 of a-z, 0-9 and '-', beginning with a letter and ending with a letter or digit (a Service's name is "
        "an RFC 1035 label)",
    ),
]
"""The name of an object that gets a Service: an RFC 1123 label that begins with a letter."""

DnsName = Annotated[
    str,
    text_type(_DNS_NAME, "a DNS name in lower case, such as 'shop.example.com' (an RFC 1123 subdomain)", longest=253),
]

Port = Annotated[int, Field(ge=1, le=65535)]

NodePort = Annotated[int, Field(ge=30000, le=32767)]
"""A port on every node, in the range that an API server hands out by default."""

Image = Annotated[
    str,
    text_type(
        # The host's port comes before a slash, and a tag or a digest at the end.
        r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]+(?=/))?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*"
        r"(?!\Z)(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?(@sha256:[0-9a-f]{64})?",
        "an image with its tag or digest, such as 'docker.io/library/redis:8.2.10'",
    ),
]

HttpPath = Annotated[str, text_type(r"/[!-~]*", "'/' and then printable characters, such as '/healthz'")]

_PORT_NAME = TextForm(
    r"(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*",
    "1 to 15 of a-z, 0-9 and single '-' between them, at least one of them a letter, such as 'http'",
    longest=15,
)

port_name_problem: Callable[[str], str | None] = _PORT_NAME.problem
"""For what may also be something else than a port's name."""

PortName = Annotated[str, text_of(_PORT_NAME)]
"""The name of a container's port, and so of a Service's: an IANA service name."""

QualifiedName = Annotated[
    str,
    text_type(
        rf"((?=[^/]{{1,253}}/){_DNS_NAME}/)?[A-Za-z0-9]([A-Za-z0-9._-]{{0,61}}[A-Za-z0-9])?",
        "1 to 63 of A-Z, a-z, 0-9, '-', '_' and '.', beginning and ending with a letter or digit, and before it a DNS "
        "name and '/' if it shall have one, such as 'team' or 'example.com/team'",
    ),
]
"""The key of a label or an annotation, and what else Kubernetes names so."""

LabelValue = Annotated[
    str,
    text_type(
        r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?",
        "at most 63 of A-Z, a-z, 0-9, '-', '_' and '.', beginning and ending with a letter or digit",
    ),
]

AbsolutePath = Annotated[
    str,
    text_type(
        r"(/(?!\.{1,2}(/|\Z))[A-Za-z0-9._@+-]+)+", "an absolute path without '..' and a final '/', such as '/srv/files'"
    ),
]
"""An absolute path in its shortest form."""

Cidr = Annotated[str, checked(_cidr_problem)]
"""Addresses by their common first bits."""
