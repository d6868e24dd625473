"""Where a field is in a resource: read from the engine's property paths, and written for people."""

import re
from typing import TypeAlias

Path: TypeAlias = "tuple[str | int, ...]"
"""From the top of a resource to one of its fields: names of objects, positions or identities of lists' items."""

_PART = re.compile(
    r"""
    \["(?P<quoted>(?:[^"\\]|\\.)*)"\]   # ["a.b/c"]
    | \[(?P<index>\d+|\*)\]             # [0]
    | \.?(?P<name>[^.\[\]"]+)           # spec, .template
    """,
    re.VERBOSE,
)
_PLAIN = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]*")


def parse_path(text: str) -> Path:
    """A path as the engine writes it, such as `spec.ports[0].port` or `metadata.labels["app.kubernetes.io/name"]`.

    Raises ValueError for what is none.
    """
    parts: list[str | int] = []
    position = 0
    while position < len(text):
        found = _PART.match(text, position)
        if found is None:
            raise ValueError(f"no property path: {text!r}")
        position = found.end()
        if (quoted := found["quoted"]) is not None:
            parts.append(re.sub(r"\\(.)", r"\1", quoted))
        elif (index := found["index"]) is not None:
            parts.append(index if index == "*" else int(index))
        else:
            parts.append(found["name"])
    return tuple(parts)


def format_path(path: Path) -> str:
    """For people: `spec.ports[http].port`, `metadata.labels["app.kubernetes.io/name"]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part.startswith("["):
            # The identity of a list's item.
            text += part
        elif _PLAIN.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f'["{part}"]'
    return text
