"""What of the values that drifted is not to be shown: a hand may have written a secret where none belongs.

A report ends in an issue. So nothing is shown that contains what a Secret of the stack's namespaces has, plain or
encoded, and nothing whose name says that it is a password, a token or a key.
"""

import base64
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, cast
from urllib.parse import quote

from operations.preview.model.differences import Difference
from operations.preview.model.paths import Path
from operations.preview.model.values import Opaque, Value

_NAMED_BY_PEOPLE = frozenset({"env", "data", "binaryData", "annotations", "labels"})
_NAMES = re.compile(r"pass(wd|word|phrase|$)|secret|token|credential|(api|private|access)[-_.]?key", re.IGNORECASE)
_SHORTEST = 8
"""Characters: what is shorter stands in ordinary texts too."""


@dataclass(frozen=True)
class Mask:
    """`known` are the texts that are not shown, wherever they stand."""

    known: frozenset[str]

    def of(self, difference: Difference) -> Difference:
        """The difference with SECRET in the place of what is not shown; the other side is then not shown either."""
        old, new = self._masked(difference.old), self._masked(difference.new)
        if _is_named_so(difference.path) or Opaque.SECRET in (old, new):
            old, new = (each if each is Opaque.ABSENT else Opaque.SECRET for each in (old, new))
        return Difference(difference.path, old, new)

    def _masked(self, value: Value) -> Value:
        match value:
            case str():
                return Opaque.SECRET if any(each in value for each in self.known) else value
            case Mapping():
                return self._of_object(cast("Mapping[str, Value]", value))
            case Opaque():
                return value
            case Sequence():
                return [self._masked(each) for each in value]
            case _:
                return value

    def _of_object(self, value: Mapping[str, Value]) -> Value:
        masked = {name: self._masked(each) for name, each in value.items()}
        name = value.get("name")
        if "value" in masked and isinstance(name, str) and _NAMES.search(name):
            masked["value"] = Opaque.SECRET
        return masked


def mask_of(objects: Iterable[Mapping[str, Any]]) -> Mask:
    """What the Secrets among live objects have is not shown."""
    data: Iterable[Mapping[str, str]] = (each.get("data") or {} for each in objects if each.get("kind") == "Secret")
    encoded = (text for each in data for text in each.values())
    return Mask(frozenset(text for each in encoded for text in _forms(each) if len(text) >= _SHORTEST))


def _forms(encoded: str) -> Iterator[str]:
    yield encoded
    try:
        text = base64.b64decode(encoded).decode()
    except ValueError:
        return
    # Of a key on several lines each can be told.
    for each in {text, text.strip(), *(line.strip() for line in text.splitlines())}:
        yield each
        yield quote(each, safe="")
        yield base64.b64encode(each.encode()).decode()


def _is_named_so(path: Path) -> bool:
    return any(
        above in _NAMED_BY_PEOPLE and isinstance(name, str) and _NAMES.search(name.strip("[]"))
        for above, name in pairwise(path)
    )
