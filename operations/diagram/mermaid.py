"""The picture as a Mermaid flowchart, which GitHub and GitLab draw within Markdown."""

from collections.abc import Iterator

from operations.diagram.picture import Edge, Mark, Node, Picture

_CLASSES = {Mark.NEW: "new", Mark.CHANGED: "changed", Mark.GONE: "gone"}
_COLORS = {Mark.NEW: "#1a7f37", Mark.CHANGED: "#9a6700", Mark.GONE: "#cf222e"}
_PLAIN = frozenset(" -_.,:/=~+%()→…")
"""Signs beside letters and digits that mean nothing in a label."""


def mermaid(picture: Picture, *, compact: bool = False) -> str:
    """The text of the flowchart, without a fence around it; if `compact`, on two lines."""
    head, *statements = _lines(picture.shortened())
    if compact:
        return "\n".join([head, *([";".join(map(str.strip, statements))] if statements else [])]) + "\n"
    return "\n".join([head, *statements]) + "\n"


def _lines(picture: Picture) -> Iterator[str]:
    ids = {node.id: f"n{number}" for number, node in enumerate(picture.nodes)}
    yield "flowchart LR"
    frames = dict.fromkeys(node.frame for node in picture.nodes)
    for number, frame in enumerate(frames):
        indent = "  "
        if frame:
            yield f'  subgraph f{number}["{_label(f"namespace {frame}")}"]'
            indent = "    "
        yield from (f"{indent}{_node(node, ids)}" for node in picture.nodes if node.frame == frame)
        if frame:
            yield "  end"
    yield from (f"  {_edge(edge, ids)}" for edge in picture.edges)
    for mark, color in _COLORS.items():
        if numbers := [str(number) for number, edge in enumerate(picture.edges) if edge.mark is mark]:
            yield f"  linkStyle {','.join(numbers)} stroke:{color},stroke-width:3px"
    marks = {node.mark for node in picture.nodes} - {Mark.SAME}
    yield from (f"  classDef {_CLASSES[mark]} stroke:{_COLORS[mark]},stroke-width:3px" for mark in sorted(marks))


def _node(node: Node, ids: dict[str, str]) -> str:
    # Not at the beginning, where it would be read as an item of a list.
    title = f"<b>{_label(node.title)}</b>" + (f" ({node.mark})" if node.mark else "")
    lines = [
        f"{_label(line.text)}" + (f" ({line.mark})" if line.mark not in ("", node.mark) else "") for line in node.lines
    ]
    marked = f":::{_CLASSES[node.mark]}" if node.mark else ""
    return f'{ids[node.id]}["{"<br/>".join([title, *lines])}"]{marked}'


def _edge(edge: Edge, ids: dict[str, str]) -> str:
    arrow = "-.->" if edge.is_part else "-->"
    label = f'|"{_label(edge.label)}"|' if edge.label else ""
    return f"{ids[edge.source]} {arrow}{label} {ids[edge.target]}"


def _label(text: str) -> str:
    """The text with every sign that could mean something as its number."""
    return "".join(sign if sign.isalnum() or sign in _PLAIN else f"#{ord(sign)};" for sign in text)
