"""The secrets of a stack's own settings, taken out of whatever a preview says.

The engine hides what it knows to be secret in values, but not what a program, a provider or a policy says about them,
nor a secret that stands within another text, or encoded.
"""

import base64
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, cast
from urllib.parse import quote, quote_plus

from command_line.pulumi_runner import Pulumi
from environment.settings.machine_files import PASSWORD, PREVIOUS_PASSWORD, resolve_files
from environment.settings.raw_config import NAMESPACE
from operations.preview.model.change import Change, Step
from operations.preview.model.differences import Difference
from operations.preview.model.values import with_texts

_HIDDEN = "[secret]"
_SHORTEST = 6
"""In characters: what is shorter stands in other words by chance."""


@dataclass(frozen=True)
class KnownSecrets:
    """`values` in plain text; they stay in this process."""

    values: frozenset[str] = frozenset()

    @classmethod
    def of(cls, stack: str, pulumi: Pulumi) -> "KnownSecrets":
        """Those that the stack's settings have, encrypted or in the password's file; none where nobody can read them.

        What can't be read is no reason to stop: the preview itself says so.
        """
        shown = pulumi.attempt("config", "--stack", stack, "--json", "--show-secrets")
        hidden = pulumi.attempt("config", "--stack", stack, "--json")
        if shown.returncode != 0 or hidden.returncode != 0:
            return cls()
        read, masked = _values(shown.stdout), _values(hidden.stdout)
        found = set(_differing(read, masked))
        resolved, _ = resolve_files(read, {**os.environ, **pulumi.environment}, deploying=False)
        # Written in plain text, which is refused, they are secret all the same.
        found.update(str(resolved[key]) for key in (PASSWORD, PREVIOUS_PASSWORD) if key in resolved)
        return cls(frozenset(each for each in found if len(each) >= _SHORTEST))

    def and_also(self, others: "KnownSecrets") -> "KnownSecrets":
        """These and others."""
        return KnownSecrets(self.values | others.values)

    def hide_in(self, text: str) -> str:
        """The text with `[secret]` in the place of each, plain or encoded for JSON, a URL or in base64."""
        return self._pattern.sub(_HIDDEN, text) if self.values else text

    def hide_in_change(self, change: Change) -> Change:
        """The same in all that a change says and shows."""
        if not self.values:
            return change
        return replace(
            change,
            steps=tuple(map(self._in_step, change.steps)),
            diagnostics=tuple(replace(each, message=self.hide_in(each.message)) for each in change.diagnostics),
            policies=tuple(replace(each, message=self.hide_in(each.message)) for each in change.policies),
        )

    def hide_in_differences(self, differences: Iterable[Difference]) -> list[Difference]:
        """The same in both sides of each."""
        hide = self.hide_in
        return [replace(each, old=with_texts(each.old, hide), new=with_texts(each.new, hide)) for each in differences]

    def _in_step(self, step: Step) -> Step:
        before, after = (with_texts(each, self.hide_in) for each in (step.before, step.after))
        return replace(step, differences=tuple(self.hide_in_differences(step.differences)), before=before, after=after)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        # The longest first, since one may begin like another.
        forms = sorted({form for each in self.values for form in _forms(each)}, key=len, reverse=True)
        return re.compile("|".join(map(re.escape, forms)))


def _forms(secret: str) -> Iterator[str]:
    yield from (secret, quote(secret), quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1])
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(secret.encode()).decode().rstrip("=")
        # Within a longer text that is encoded, what is the same of it wherever it begins.
        within = (encode(b"x" * before + secret.encode()).decode()[4:-4] for before in (1, 2))
        yield from (form for form in within if len(form) >= _SHORTEST)


def _values(printed: str) -> dict[str, Any]:
    """The project's own settings that are set, by their key."""
    config = cast("dict[str, dict[str, Any]]", json.loads(printed))
    prefix = f"{NAMESPACE}:"
    own = {key.removeprefix(prefix): each for key, each in config.items() if key.startswith(prefix)}
    values = {key: each.get("objectValue", each.get("value")) for key, each in own.items()}
    return {key: value for key, value in values.items() if value != ""}


def _differing(read: object, masked: object) -> Iterator[str]:
    """The texts that the engine shows only when it is asked to."""
    match read, masked:
        case Mapping(), Mapping():
            others = cast("Mapping[str, object]", masked)
            for name, each in cast("Mapping[str, object]", read).items():
                yield from _differing(each, others.get(name))
        case list(), list():
            for each, other in zip(cast("list[object]", read), cast("list[object]", masked), strict=False):
                yield from _differing(each, other)
        case str(), _ if read != masked:
            yield read
        case _:
            pass
