"""Odd settings files: our commands and plain `pulumi preview` read the same in them, and refuse the same of them."""

import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

import pytest

from command_line import pulumi_installation
from command_line.errors import UserError
from command_line.paths import Paths
from command_line.pulumi_runner import Pulumi
from environment.settings.raw_config import RawConfig
from operations import routes
from operations.local import PROJECT
from operations.scratch_stack import PLACEHOLDER, ScratchStack, scratch_stack
from tests.cluster.harness.odd_files import ODD_FILES, OddFile
from tests.cluster.harness.sample import sampled

STACK = "dev"
EACH_TIME = (
    "CRLF",
    "UTF-16",
    "a directive",
    "a second document that is broken",
    "a tab as indent",
    "aliases that grow without end",
    "Latin-1",
    "empty",
)


@dataclass(frozen=True)
class Plain:
    """What a plain `pulumi preview` came to: whether it was taken, what the program got, and all that was printed."""

    is_taken: bool
    given: RawConfig | None
    shown: str


@pytest.fixture(scope="module")
def variables() -> Mapping[str, str]:
    """The environment in which the engine is found."""
    paths = Paths.from_environment()
    found = pulumi_installation.find(paths)
    if found is None:
        pytest.skip("the engine is not there yet: `make up` or `make preview` gets it")
    return pulumi_installation.variables(found, paths)


@pytest.fixture(scope="module")
def scratch(variables: Mapping[str, str]) -> Iterator[ScratchStack]:
    with scratch_stack(STACK, variables) as made:
        yield made


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose program writes down what it is given."""
    folder = tmp_path_factory.mktemp("plain")
    shutil.copy(PROJECT / "Pulumi.yaml", folder)
    shutil.copy(Path(__file__).parents[1] / "harness" / "reading_program.py", folder / "__main__.py")
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / "password").write_text(PLACEHOLDER)
    return folder


def previewed(scratch: ScratchStack, program: Path, odd: OddFile) -> Plain:
    own = program / str(ODD_FILES.index(odd))
    own.mkdir()
    file, given = own / f"Pulumi.{STACK}.yaml", own / "given.json"
    file.write_bytes(odd.content)
    environment = {
        **scratch.environment,
        "WEBTIER_PROJECT": str(PROJECT),
        "WEBTIER_GIVEN": str(given),
        "WEBTIER_REDIS_PASSWORD_FILE": str(program / "password"),
    }
    done = Pulumi(program, environment).attempt("preview", "--stack", STACK, "--config-file", str(file))
    got = json.loads(given.read_text()) if given.exists() else None
    return Plain(
        done.returncode == 0,
        None if got is None else RawConfig(got["values"], frozenset(got["secret_keys"])),
        done.stdout + done.stderr,
    )


@sampled("odd", ODD_FILES, EACH_TIME, attrgetter("name"))
def test_an_odd_file_is_read_as_the_engine_does(
    odd: OddFile, scratch: ScratchStack, program: Path, tmp_path: Path
) -> None:
    file = tmp_path / f"Pulumi.{STACK}.yaml"
    file.write_bytes(odd.content)
    ours: RawConfig | None = None
    said = ""
    with ThreadPoolExecutor(1) as beside:
        future = beside.submit(previewed, scratch, program, odd)
        try:
            ours = scratch.read(file)
            routes.rules_in(ours, STACK)
        except UserError as error:
            said = str(error)
        other = future.result()
    assert (said == "", other.is_taken) == (odd.is_taken, odd.is_taken), f"{said}\n{other.shown}"
    assert ours == other.given
    assert "Traceback" not in other.shown
    assert said == "" or file.name in said
    if ours is None:
        # What the engine itself has said, and no more.
        assert said.partition("can't be used: ")[2].splitlines()[0] in other.shown
