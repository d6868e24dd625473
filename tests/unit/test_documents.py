"""What the documents name is there: files, headings, commands, and a line of the index for each decision."""

import json
import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
ADR = PROJECT / "docs" / "adr"
DOCUMENTS = sorted(
    [*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md"), *(PROJECT / "examples").glob("*.md")],
)
FOLDERS = "|".join(sorted(re.escape(path.name) for path in PROJECT.iterdir() if path.is_dir() and path.name != "build"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_links_lead_somewhere(document: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        if "://" in link:
            continue
        name, _, heading = link.partition("#")
        target = (document.parent / name).resolve() if name else document
        assert target.exists(), link
        assert not heading or heading in _headings(target), link


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_files_and_commands_that_are_named_are_there(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    text = document.read_text()
    assert set(re.findall(r"`(?:sudo )?make (?:-s )?([a-z]+)", text)) <= targets
    for path in re.findall(rf"`((?:{FOLDERS})/[\w./-]+)`", text):
        assert (PROJECT / path).exists(), path


def _headings(document: Path) -> set[str]:
    """As GitHub makes anchors of them."""
    found = re.findall(r"^#+ (.*)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


def test_each_decision_is_one_short_page_of_the_index() -> None:
    pages = {path.name: path.read_text() for path in ADR.glob("*.md")}
    index = pages.pop("README.md")
    assert set(re.findall(r"\]\(([\w-]+\.md)\)", index)) == set(pages)
    for name, text in pages.items():
        assert len(text.splitlines()) <= 40, name
        assert text.splitlines()[2].startswith("**Decided**"), name


def test_actions_are_pinned_by_digest() -> None:
    for workflow in (PROJECT / ".github" / "workflows").glob("*.yaml"):
        for used in re.findall(r"uses: (\S+.*)", workflow.read_text()):
            assert used.startswith("./") or re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v[\d.]+", used), (workflow.name, used)


def test_renovate_finds_each_image_of_a_stack() -> None:
    managers = json.loads((PROJECT / "renovate.json").read_text())["customManagers"]
    patterns = [pattern.replace("(?<", "(?P<") for manager in managers for pattern in manager["matchStrings"]]
    for stack in [*PROJECT.glob("Pulumi.*.yaml"), *(PROJECT / "examples").glob("*/Pulumi.yaml")]:
        text = stack.read_text()
        images = set(re.findall(r"(?:docker|ghcr|quay|registry\.k8s)\.io/[^\s'\"]+", text))
        found = {match[0].split(": ", 1)[-1] for pattern in patterns for match in re.finditer(pattern, text)}
        assert images <= found, stack
