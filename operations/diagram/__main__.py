"""`python -m operations.diagram STACK`: a picture of a stack, written to `build/diagram/` as SVG and for Mermaid.

Where a backend is given (PULUMI_BACKEND_URL or PULUMI_ACCESS_TOKEN), and for the stack `local` where it is deployed, it
is a picture of the stack's state, else of what the program asks for. No cluster is asked.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from command_line import pulumi_installation
from command_line.console import run_command
from command_line.errors import UserError
from command_line.paths import Paths
from command_line.progress import Progress
from command_line.pulumi_runner import Pulumi
from operations.diagram.mermaid import mermaid
from operations.diagram.picture import Picture
from operations.diagram.resources import Resource, after, of_state
from operations.diagram.svg import svg
from operations.diagram.tier import tier
from operations.preview.comparison import compare, environment_of_state
from operations.preview.model.change import Severity
from operations.stacks import PROJECT, check_known

BUILD = PROJECT / "build" / "diagram"


def diagram(stack: str) -> None:
    """Draw a stack, and say where. UserError when its settings are wrong, or its state can't be read or is empty."""
    check_known(stack)
    paths, progress = Paths.from_environment(), Progress()
    engine = pulumi_installation.ensure(paths, progress)
    environment = pulumi_installation.variables(engine, paths)
    own = environment_of_state(stack)
    with progress.part(f"picture of {stack}"):
        resources = _planned(stack, environment) if own is None else _deployed(stack, {**environment, **own})
    picture = tier(resources, f"The stack {stack}")
    BUILD.mkdir(parents=True, exist_ok=True)
    whence = "what the program asks for" if own is None else "its state"
    print(f"The picture of '{stack}', from {whence}:")
    for file in write(picture, BUILD / stack):
        print(f"  {file}")


def write(picture: Picture, stem: Path) -> list[Path]:
    """The files of a picture, called as `stem` and by their kinds."""
    files = {stem.with_name(f"{stem.name}.svg"): svg(picture), stem.with_name(f"{stem.name}.mmd"): mermaid(picture)}
    for file, text in files.items():
        file.write_text(text, encoding="utf-8")
    return list(files)


def _planned(stack: str, environment: Mapping[str, str]) -> list[Resource]:
    change = compare(stack, None, environment).change
    if not change.succeeded:
        said = [each.message for each in change.diagnostics if each.severity is Severity.ERROR]
        raise UserError("\n".join(said) or f"What the stack '{stack}' would be is not known: its preview failed.")
    return after(change)


def _deployed(stack: str, environment: Mapping[str, str]) -> list[Resource]:
    failure = f"The state of the stack '{stack}' can't be read"
    exported = Pulumi(PROJECT, environment).run("stack", "export", "--stack", stack, failure=failure)
    resources = of_state(exported)
    if not resources:
        raise UserError(
            f"The state of the stack '{stack}' is empty. Deploy it first, or unset PULUMI_BACKEND_URL and "
            "PULUMI_ACCESS_TOKEN for a picture of what its program asks for."
        )
    return resources


def main() -> int:
    """Read the command line, and draw."""
    parser = argparse.ArgumentParser(prog="operations.diagram", description=__doc__)
    parser.add_argument("stack")
    given = parser.parse_args()
    return run_command(lambda: diagram(given.stack), f"make diagram STACK={given.stack}")


if __name__ == "__main__":
    sys.exit(main())
