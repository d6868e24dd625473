"""The picture as SVG: nothing from elsewhere, and readable on a light and on a dark page."""

from collections.abc import Iterator
from html import escape

from operations.diagram.layout import HEAD, LINE_HEIGHT, Box, Layout, cut, lay_out
from operations.diagram.picture import Edge, Line, Mark, Node, Picture

_STYLE = """\
.tier text { font: 12px system-ui, sans-serif; fill: #1f2328; }
.tier .title { font-weight: 600; font-size: 13px; }
.tier .soft { fill: #59636e; }
.tier .page { fill: #ffffff; }
.tier .frame { fill: #f6f8fa; stroke: #d1d9e0; }
.tier .box { fill: #ffffff; stroke: #8c959f; }
.tier path { fill: none; stroke: #8c959f; stroke-width: 1.5; }
.tier .tip { fill: #8c959f; }
.tier .label { stroke: #f6f8fa; stroke-width: 5; paint-order: stroke; }
.tier .part { stroke-dasharray: 5 4; }
.tier .new .box, .tier path.new { stroke: #1a7f37; stroke-width: 2.5; }
.tier .changed .box, .tier path.changed { stroke: #9a6700; stroke-width: 2.5; }
.tier .gone .box, .tier path.gone { stroke: #cf222e; stroke-width: 2.5; stroke-dasharray: 3 3; }
.tier text.new { fill: #1a7f37; } .tier text.changed { fill: #9a6700; }
.tier text.gone { fill: #cf222e; text-decoration: line-through; }
@media (prefers-color-scheme: dark) {
.tier text { fill: #f0f6fc; }
.tier .soft { fill: #9198a1; }
.tier .page { fill: #0d1117; }
.tier .frame { fill: #151b23; stroke: #3d444d; }
.tier .box { fill: #0d1117; stroke: #656c76; }
.tier path { stroke: #656c76; }
.tier .tip { fill: #656c76; }
.tier .label { stroke: #151b23; }
.tier .new .box, .tier path.new { stroke: #3fb950; } .tier text.new { fill: #3fb950; }
.tier .changed .box, .tier path.changed { stroke: #d29922; } .tier text.changed { fill: #d29922; }
.tier .gone .box, .tier path.gone { stroke: #f85149; } .tier text.gone { fill: #f85149; }
}
"""
_CLASSES = {Mark.SAME: "", Mark.NEW: "new", Mark.CHANGED: "changed", Mark.GONE: "gone"}
_INSET, _BASELINE = 12, 18


def svg(picture: Picture) -> str:
    """The text of an SVG file, which can also stand within an HTML page."""
    picture = picture.shortened()
    return "\n".join(_lines(picture, lay_out(picture))) + "\n"


def _lines(picture: Picture, layout: Layout) -> Iterator[str]:
    width, height = layout.width, layout.height
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="tier" role="img" aria-label="{_text(picture.title)}" '
        f'width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
    )
    yield f"<style>\n{_STYLE}</style>"
    yield f'<rect class="page" width="{width}" height="{height}" rx="8"/>'
    for name, box in layout.frames.items():
        yield _rectangle("frame", box, 8)
        yield f'<text class="soft" x="{box.x + _INSET}" y="{box.y + 17}">namespace {_text(name)}</text>'
    for edge in picture.edges:
        yield from _edge(edge, layout)
    for node in picture.nodes:
        yield from _node(node, layout.nodes[node.id])
    for edge in picture.edges:
        if edge.label:
            box = layout.labels[edge.source, edge.target]
            place = f'x="{box.x + box.width // 2}" y="{box.middle + 4}" text-anchor="middle"'
            yield f'<text class="{_classes("label", edge.mark)}" {place}>{_text(cut(edge.label))}</text>'
    yield "</svg>"


def _node(node: Node, box: Box) -> Iterator[str]:
    yield f'<g class="{_classes("node", node.mark)}">'
    yield f"<title>{_text(' '.join([node.title, *(line.text for line in node.lines)]))}</title>"
    yield _rectangle("box", box, 6)
    x, y = box.x + _INSET, box.y + _BASELINE
    yield f'<text class="{_classes("title", node.mark)}" x="{x}" y="{y}">{_marked(node.mark, node.title)}</text>'
    for number, line in enumerate(node.lines):
        place = f'x="{x}" y="{box.y + HEAD + 10 + LINE_HEIGHT * number}"'
        yield f'<text class="{_classes("soft", line.mark)}" {place}>{_marked(_own_mark(line, node), line.text)}</text>'
    yield "</g>"


def _own_mark(line: Line, node: Node) -> Mark:
    """That of a line, where the box as a whole does not say it."""
    return Mark.SAME if line.mark is node.mark and line.mark is not Mark.CHANGED else line.mark


def _marked(mark: Mark, text: str) -> str:
    return _text(f"{mark} {cut(text)}" if mark else cut(text))


def _edge(edge: Edge, layout: Layout) -> Iterator[str]:
    source, target = layout.nodes[edge.source], layout.nodes[edge.target]
    x, y, end, y_end = source.right, source.middle, target.x - 7, target.middle
    bend = (x + end) // 2
    classes = _classes("part" if edge.is_part else "way", edge.mark)
    yield f'<path class="{classes}" d="M{x} {y}C{bend} {y} {bend} {y_end} {end} {y_end}"/>'
    yield f'<polygon class="tip" points="{end},{y_end - 5} {target.x},{y_end} {end},{y_end + 5}"/>'


def _classes(name: str, mark: Mark) -> str:
    return f"{name} {_CLASSES[mark]}".rstrip()


def _rectangle(name: str, box: Box, radius: int) -> str:
    size = f'width="{box.width}" height="{box.height}"'
    return f'<rect class="{name}" x="{box.x}" y="{box.y}" {size} rx="{radius}"/>'


def _text(text: str) -> str:
    """Escaped, and without what XML can't have."""
    return escape("".join(sign if sign.isprintable() else " " for sign in text))
