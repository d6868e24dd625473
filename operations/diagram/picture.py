"""A picture of a stack as data: boxes in columns, what leads from one to another, and what a change does to them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

MOST_LINES = 8
"""Lines of a box, beyond which it says how many more there are."""
MOST_CHANGED = 25
"""Boxes of the changed part of a picture."""
MOST_BESIDE = 2
"""Boxes that stay as they are and are drawn behind one that changes."""


class Mark(StrEnum):
    """What a change does to a part of the picture."""

    SAME = ""
    NEW = "+"
    CHANGED = "~"
    GONE = "-"


@dataclass(frozen=True)
class Line:
    """One line of a box; the same `key` is the same thing before and after a change, and `detail` what is not drawn."""

    key: str
    text: str
    mark: Mark = Mark.SAME
    detail: str = ""


@dataclass(frozen=True)
class Node:
    """A box. `column` counts from the left, `frame` is its namespace, and `urns` are the resources it stands for."""

    id: str
    title: str
    column: int
    lines: tuple[Line, ...] = ()
    frame: str = ""
    urns: frozenset[str] = frozenset()
    mark: Mark = Mark.SAME


@dataclass(frozen=True)
class Edge:
    """What leads from one box to another. `is_part` says that only a part of what comes goes there, as to a canary."""

    source: str
    target: str
    label: str = ""
    is_part: bool = False
    mark: Mark = Mark.SAME


@dataclass(frozen=True)
class Picture:
    """Boxes in the order in which they are drawn from the top, and what leads from one to another."""

    title: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def shortened(self) -> "Picture":
        """The same with at most `MOST_LINES` lines in a box, marked ones before others."""
        return replace(self, nodes=tuple(map(_shortened, self.nodes)))


def compared(before: Picture, after: Picture, changed: Collection[str]) -> Picture:
    """What a change from one picture to the other does, where `changed` are the URNs of what it changes."""
    old, new = ({node.id: node for node in picture.nodes} for picture in (before, after))
    nodes = [_compared(old.get(id_), new[id_], changed) for id_ in new]
    nodes += [replace(node, mark=Mark.GONE) for id_, node in old.items() if id_ not in new]
    was, will = ({(edge.source, edge.target): edge for edge in picture.edges} for picture in (before, after))
    edges = [_compared_edges(was.get(way), edge) for way, edge in will.items()]
    edges += [replace(edge, mark=Mark.GONE) for way, edge in was.items() if way not in will]
    return Picture(after.title, tuple(nodes), tuple(edges))


def changed_part(picture: Picture, most: int = MOST_CHANGED) -> Picture:
    """The marked boxes, what leads to them, and what they lead to if that is not much; at most so many boxes."""
    by_id = {node.id: node for node in picture.nodes}
    marked = [node.id for node in picture.nodes if node.mark is not Mark.SAME]
    marked += [id_ for edge in picture.edges if edge.mark is not Mark.SAME for id_ in (edge.source, edge.target)]
    marked = list(dict.fromkeys(marked))
    leading_to = [edge.source for edge in picture.edges if edge.target in marked]
    led_to = [edge.target for id_ in marked for edge in _few(edge for edge in picture.edges if edge.source == id_)]
    beside = dict.fromkeys(id_ for id_ in (*leading_to, *led_to) if id_ not in marked)
    if len(marked) > most:
        left = len(marked) - (most - 1)
        more = Node("more", f"and {left} more", 0, (Line("", "which change too"),), mark=Mark.CHANGED)
        kept = {id_: by_id[id_] for id_ in marked[: most - 1]} | {more.id: more}
    else:
        kept = {id_: by_id[id_] for id_ in [*marked, *beside][:most]}
    nodes = [node for id_, node in by_id.items() if id_ in kept] + [node for id_, node in kept.items() if id_ == "more"]
    edges = [edge for edge in picture.edges if edge.source in kept and edge.target in kept]
    return Picture(picture.title, tuple(nodes), tuple(edges))


def _few(edges: Iterable[Edge]) -> list[Edge]:
    """Those of a rule, and not those of a controller or of a Redis Cluster."""
    found = list(edges)
    return found if len(found) <= MOST_BESIDE else []


def _compared(old: Node | None, new: Node, changed: Collection[str]) -> Node:
    if old is None:
        return replace(new, mark=Mark.NEW)
    lines = tuple(_compared_lines(_by_key(old.lines), _by_key(new.lines)))
    is_changed = any(urn in changed for urn in old.urns | new.urns)
    is_same = not is_changed and all(line.mark is Mark.SAME for line in lines) and old.title == new.title
    return replace(new, lines=lines, mark=Mark.SAME if is_same else Mark.CHANGED)


def _by_key(lines: Iterable[Line]) -> dict[str, Line]:
    return {line.key: line for line in lines}


def _compared_lines(old: Mapping[str, Line], new: Mapping[str, Line]) -> Iterable[Line]:
    for key, after in new.items():
        before = old.get(key)
        if before is None:
            yield replace(after, mark=Mark.NEW)
        elif before.text != after.text:
            yield Line(key, f"{before.text} → {after.text}", Mark.CHANGED)
        else:
            yield after if before.detail == after.detail else replace(after, mark=Mark.CHANGED)
    yield from (replace(line, mark=Mark.GONE) for key, line in old.items() if key not in new)


def _compared_edges(old: Edge | None, new: Edge) -> Edge:
    if old is None:
        return replace(new, mark=Mark.NEW)
    if old.label != new.label:
        return replace(new, label=f"{old.label or 'none'} → {new.label or 'none'}", mark=Mark.CHANGED)
    return new


def _shortened(node: Node) -> Node:
    if len(node.lines) <= MOST_LINES:
        return node
    marked = [line for line in node.lines if line.mark is not Mark.SAME]
    others = [line for line in node.lines if line.mark is Mark.SAME]
    kept = [*marked, *others][: MOST_LINES - 1]
    left = len(node.lines) - len(kept)
    hidden = sum(line.mark is not Mark.SAME for line in [*marked, *others][MOST_LINES - 1 :])
    more = f"and {left} more" + (f", {hidden} of them changed" if hidden else "")
    return replace(node, lines=(*kept, Line("", more, Mark.CHANGED if hidden else Mark.SAME)))
