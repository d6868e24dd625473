"""Where each part of a picture stands: columns from left to right, what belongs together in bands below each other."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from operations.diagram.picture import Edge, Node, Picture

TITLE, LINE = 9, 7
"""Pixels that a character takes at most, on average, in a title and in a line."""
LINE_HEIGHT, HEAD, FOOT = 17, 27, 9
FRAME_HEAD = 26
_LONGEST = 40
"""Characters of a line; what is longer is cut."""
_LEAST_WIDTH, _PADDING, _MARGIN = 120, 12, 16
_BETWEEN_COLUMNS, _BETWEEN_NODES, _BETWEEN_BANDS, _AROUND_FRAME = 76, 16, 30, 14


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels from the upper left corner."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def bottom(self) -> int:
        return self.y + self.height

    @property
    def middle(self) -> int:
        """Halfway down."""
        return self.y + self.height // 2

    def overlaps(self, other: "Box") -> bool:
        """Whether the two share any area."""
        return self.x < other.right and other.x < self.right and self.y < other.bottom and other.y < self.bottom


@dataclass(frozen=True)
class Layout:
    """The boxes of nodes by id, of frames by name, and of edges' labels by source and target; and the whole's size."""

    nodes: Mapping[str, Box]
    frames: Mapping[str, Box]
    labels: Mapping[tuple[str, str], Box]
    width: int
    height: int


def cut(text: str) -> str:
    """The text as it is drawn: what is too long ends with `…`."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def lay_out(picture: Picture) -> Layout:
    """The places of all parts. The same picture has the same places."""
    places = _horizontal(picture)
    nodes: dict[str, Box] = {}
    top = _MARGIN + FRAME_HEAD
    for band in _bands(picture):
        columns = _ordered(band, picture.edges)
        heights = {
            column: sum(map(_height, each)) + _BETWEEN_NODES * (len(each) - 1) for column, each in columns.items()
        }
        for column, each in columns.items():
            x, width = places[column]
            y = top + (max(heights.values()) - heights[column]) // 2
            for node in each:
                nodes[node.id] = Box(x, y, width, _height(node))
                y += _height(node) + _BETWEEN_NODES
        top += max(heights.values()) + _BETWEEN_BANDS
    frames = dict(_frames(picture, nodes))
    labels = {(edge.source, edge.target): _label(edge, nodes) for edge in picture.edges if edge.label}
    around = [*nodes.values(), *frames.values()]
    width = max((box.right for box in around), default=0) + _MARGIN
    return Layout(nodes, frames, labels, width, max((box.bottom for box in around), default=0) + _MARGIN)


def _height(node: Node) -> int:
    return HEAD + LINE_HEIGHT * len(node.lines) + FOOT


def _width(node: Node) -> int:
    longest = max([TITLE * (len(cut(node.title)) + 2), *(LINE * (len(cut(line.text)) + 2) for line in node.lines)])
    return max(_LEAST_WIDTH, longest + 2 * _PADDING)


def _horizontal(picture: Picture) -> dict[int, tuple[int, int]]:
    """By column where it begins and how wide it is; labels have room behind it."""
    columns = sorted({node.column for node in picture.nodes})
    column_of = {node.id: node.column for node in picture.nodes}
    places: dict[int, tuple[int, int]] = {}
    x = _MARGIN + _AROUND_FRAME
    for column in columns:
        width = max(_width(node) for node in picture.nodes if node.column == column)
        labels = [LINE * len(cut(edge.label)) for edge in picture.edges if column_of[edge.source] == column]
        places[column] = (x, width)
        x += width + max([_BETWEEN_COLUMNS, *(label + 2 * _AROUND_FRAME + 24 for label in labels if label)])
    return places


def _bands(picture: Picture) -> list[list[Node]]:
    """The nodes that edges join, in the order of the first of each."""
    band_of = {node.id: number for number, node in enumerate(picture.nodes)}
    for edge in picture.edges:
        one, other = sorted((band_of[edge.source], band_of[edge.target]))
        band_of = {id_: one if band == other else band for id_, band in band_of.items()}
    bands: dict[int, list[Node]] = {}
    for node in picture.nodes:
        bands.setdefault(band_of[node.id], []).append(node)
    return [bands[band] for band in sorted(bands)]


def _ordered(band: Sequence[Node], edges: Sequence[Edge]) -> dict[int, list[Node]]:
    """The columns of a band, each node near those that it is joined to, so that few edges cross."""
    columns: dict[int, list[Node]] = {}
    for node in band:
        columns.setdefault(node.column, []).append(node)
    beside: dict[str, list[str]] = {node.id: [] for node in band}
    for edge in edges:
        if edge.source in beside:
            beside[edge.source].append(edge.target)
            beside[edge.target].append(edge.source)
    rank = {node.id: (place + 0.5) / len(each) for each in columns.values() for place, node in enumerate(each)}

    def wanted(node: Node) -> float:
        ranks = [rank[id_] for id_ in beside[node.id]]
        return sum(ranks) / len(ranks) if ranks else rank[node.id]

    forth = sorted(columns)
    for order in (forth, forth[::-1], forth):
        for column in order:
            columns[column].sort(key=wanted)
            rank |= {node.id: (place + 0.5) / len(columns[column]) for place, node in enumerate(columns[column])}
    return columns


def _frames(picture: Picture, nodes: Mapping[str, Box]) -> Iterator[tuple[str, Box]]:
    for frame in dict.fromkeys(node.frame for node in picture.nodes if node.frame):
        boxes = [nodes[node.id] for node in picture.nodes if node.frame == frame]
        x, y = min(box.x for box in boxes) - _AROUND_FRAME, min(box.y for box in boxes) - FRAME_HEAD
        right, bottom = (
            max(box.right for box in boxes) + _AROUND_FRAME,
            max(box.bottom for box in boxes) + _AROUND_FRAME,
        )
        yield frame, Box(x, y, right - x, bottom - y)


def _label(edge: Edge, nodes: Mapping[str, Box]) -> Box:
    source, target = nodes[edge.source], nodes[edge.target]
    width = LINE * len(cut(edge.label))
    x, y = (source.right + target.x) // 2, (source.middle + target.middle) // 2
    return Box(x - width // 2, y - LINE_HEIGHT // 2, width, LINE_HEIGHT)
