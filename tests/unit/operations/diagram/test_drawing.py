"""How a picture is drawn: nothing upon each other, everything escaped, and the same bytes for the same picture."""

import re
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest

from operations.diagram import __main__ as command
from operations.diagram.layout import Box, lay_out
from operations.diagram.mermaid import mermaid
from operations.diagram.picture import Edge, Line, Mark, Node, Picture
from operations.diagram.svg import svg
from tests.unit.environment.program.recorded_program import files_of_this_machine as files_of_this_machine
from tests.unit.environment.stack_files import PROJECT, STACKS
from tests.unit.operations.diagram.pictures import changed, picture
from tests.unit.operations.diagram.test_tier import RULES, shop

SVG = "{http://www.w3.org/2000/svg}"
ODD = """a"b'<script>alert(1)</script>&amp;`|]) end #35; \x00\x1b\n```-- %% ;"""


def pictures() -> dict[str, Picture]:
    found = {stack: picture(stack) for stack in STACKS}
    found["many"] = picture("dev", routes=RULES, **shop())
    found["change"] = changed("dev", {"routes": RULES, **shop()}, {})
    found["shards"] = picture("dev", redis={"shards": 20})
    return found


def odd() -> Picture:
    nodes = (
        Node(ODD, ODD, 0, (Line("a", ODD), Line("b", "x" * 300, Mark.NEW)), ODD, mark=Mark.CHANGED),
        Node("end", "- end", 1, (Line("c", "1. no list"),), mark=Mark.GONE),
    )
    return Picture(ODD, nodes, (Edge(ODD, "end", ODD, is_part=True, mark=Mark.NEW),))


def parsed(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)  # noqa: S314 - it is our own


def is_within(inner: Box, outer: Box) -> bool:
    return outer.x <= inner.x and inner.right <= outer.right and outer.y <= inner.y and inner.bottom <= outer.bottom


def test_no_box_is_upon_another() -> None:
    for name, found in pictures().items():
        layout = lay_out(found)
        assert set(layout.nodes) == {each.id for each in found.nodes}
        for (one, first), (other, second) in combinations(layout.nodes.items(), 2):
            assert not first.overlaps(second), (name, one, other)
        for first, second in combinations(layout.frames.values(), 2):
            assert not first.overlaps(second), name
        for label in layout.labels.values():
            assert not any(label.overlaps(box) for box in layout.nodes.values()), name
        whole = Box(0, 0, layout.width, layout.height)
        assert all(is_within(box, whole) for box in (*layout.nodes.values(), *layout.frames.values()))


def test_a_frame_has_its_own_boxes_and_no_others() -> None:
    for name, found in pictures().items():
        layout = lay_out(found)
        for frame, around in layout.frames.items():
            for each in found.nodes:
                box = layout.nodes[each.id]
                assert is_within(box, around) if each.frame == frame else not box.overlaps(around), (name, each.id)


def test_each_text_fits_into_its_box() -> None:
    layout = lay_out(odd())
    box = layout.nodes[ODD]
    assert box.width < 420
    [long] = [text for text in parsed(svg(odd())).iter(f"{SVG}text") if "xxx" in (text.text or "")]
    assert (long.text or "").endswith("…")


def test_an_svg_is_xml_and_has_every_text() -> None:
    for found in pictures().values():
        root = parsed(svg(found))
        assert root.tag == f"{SVG}svg"
        drawn = "\n".join(text.text or "" for text in root.iter(f"{SVG}text"))
        for each in found.shortened().nodes:
            assert all(text in drawn for text in (each.title, *(line.text for line in each.lines)) if len(text) < 40)
        assert len(list(root.iter(f"{SVG}path"))) == len(found.edges)


def test_an_svg_has_nothing_from_elsewhere_and_runs_nothing() -> None:
    for text in (svg(odd()), *map(svg, pictures().values())):
        root = parsed(text)
        names = {each.tag.removeprefix(SVG) for each in root.iter()}
        assert names <= {"svg", "style", "rect", "text", "path", "polygon", "g", "title"}
        assert not any(key.startswith("on") or "href" in key for each in root.iter() for key in each.attrib)
        assert not re.search(r"url\(|@import", text)
        assert "prefers-color-scheme: dark" in text


def test_odd_texts_are_texts() -> None:
    texts = [text.text or "" for text in parsed(svg(odd())).iter(f"{SVG}text")]
    assert any("<script>" in text for text in texts)
    assert "<script" not in svg(odd())
    chart = mermaid(odd())
    labels = re.findall(r'"([^"]*)"', chart)
    assert len(labels) * 2 == chart.count('"')
    for label in labels:
        plain = label.replace("<b>", "").replace("</b>", "").replace("<br/>", "")
        assert re.fullmatch(r"(#\d+;|[\w \-.,:/=~+%()→…])*", plain), plain
    assert "```" not in chart


def test_mermaid_has_every_box_and_edge() -> None:
    for found in pictures().values():
        lines = mermaid(found).splitlines()
        assert lines[0] == "flowchart LR"
        ids = {match[1] for line in lines if (match := re.match(r'\s+(n\d+)\["', line))}
        assert len(ids) == len(found.nodes)
        arrows = [match for line in lines if (match := re.fullmatch(r'  (n\d+) -\.?->(?:\|".*"\|)? (n\d+)', line))]
        assert len(arrows) == len(found.edges)
        assert {end for arrow in arrows for end in arrow.groups()} <= ids
        assert sum("subgraph" in line for line in lines) == sum(line == "  end" for line in lines)


def test_mermaid_in_short_says_the_same() -> None:
    for found in (*pictures().values(), odd()):
        head, statements = mermaid(found, compact=True).splitlines()
        assert head == "flowchart LR"
        assert statements == ";".join(line.strip() for line in mermaid(found).splitlines()[1:])


def test_a_change_is_drawn_with_its_marks() -> None:
    found = pictures()["change"]
    text, chart = svg(found), mermaid(found)
    assert '<g class="node gone">' in text
    assert ">- shop-v2</text>" in text
    assert "shop-v2</b> (-)" in chart
    assert "  classDef gone stroke:#cf222e,stroke-width:3px" in chart.splitlines()
    gone = ",".join(str(number) for number, edge in enumerate(found.edges) if edge.mark is Mark.GONE)
    assert gone
    assert f"  linkStyle {gone} stroke:#cf222e,stroke-width:3px" in chart.splitlines()


def test_long_boxes_say_how_much_more_there_is() -> None:
    lines = tuple(Line(str(number), f"/{number}", Mark.NEW if number == 30 else Mark.SAME) for number in range(40))
    [short] = Picture("", (Node("a", "a", 0, lines),), ()).shortened().nodes
    assert [line.text for line in short.lines] == ["/30", *(f"/{number}" for number in range(6)), "and 33 more"]
    every = tuple(Line(str(number), f"/{number}", Mark.NEW) for number in range(40))
    [short] = Picture("", (Node("a", "a", 0, every),), ()).shortened().nodes
    assert short.lines[-1].text == "and 33 more, 33 of them changed"


def test_the_same_picture_has_the_same_bytes(tmp_path: Path) -> None:
    for found in pictures().values():
        assert svg(found) == svg(found)
        assert mermaid(found) == mermaid(found)
    files = command.write(picture("dev"), tmp_path / "dev")
    assert [file.name for file in files] == ["dev.svg", "dev.mmd"]
    assert [file.read_text() for file in files] == [svg(picture("dev")), mermaid(picture("dev"))]


def test_the_picture_of_the_readme_is_up_to_date() -> None:
    file = PROJECT / "docs" / "local.svg"
    assert file.read_text() == svg(picture("local")), (
        f"run: make diagram STACK=local; cp build/diagram/local.svg {file}"
    )
    assert f"]({file.relative_to(PROJECT)})" in (PROJECT / "README.md").read_text()


def test_an_empty_picture_is_one_too() -> None:
    parsed(svg(Picture("nothing", (), ())))
    assert mermaid(Picture("nothing", (), ())) == "flowchart LR\n"


@pytest.mark.parametrize("stack", STACKS)
def test_a_picture_is_not_wider_than_a_page(stack: str) -> None:
    assert lay_out(picture(stack)).width <= 1200
