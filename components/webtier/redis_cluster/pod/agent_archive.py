"""The agent and redis-py as zip files, small enough for a ConfigMap.

They run on a stock Python image: no registry of one's own is needed to deploy.
"""

import base64
import functools
import importlib.util
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from webtier.shared.checksum import checksum

AGENT_ZIP = "agent.zip"
REDIS_PY_ZIP = "redis-py.zip"

AGENT_FOLDER = Path(__file__).parents[1] / "agent"

MOST_BYTES = 1_000_000
"""Just below what an API server takes for all of a ConfigMap."""

_FIRST_ZIP_DAY = (1980, 1, 1, 0, 0, 0)

# redis-py imports its asyncio half always, and that wants this package below Python 3.11.3, for a
# function that 3.11.0 has already. The agent uses none of it.
_ASYNC_TIMEOUT = b"from asyncio import timeout as timeout\n"


@dataclass(frozen=True)
class AgentArchive:
    """`binary_data` for a ConfigMap: file name → base64. `checksum` changes with the code alone."""

    binary_data: Mapping[str, str]
    checksum: str


@functools.cache
def agent_archive() -> AgentArchive:
    """The same for the same code. RuntimeError when it is too large for a ConfigMap."""
    agent = _sources(AGENT_FOLDER, "agent") | {"async_timeout.py": _ASYNC_TIMEOUT}
    redis_py = _sources(_installed("redis"), "redis")
    zips = {AGENT_ZIP: _zip(agent), REDIS_PY_ZIP: _zip(redis_py)}
    size = sum(len(content) for content in zips.values())
    if size > MOST_BYTES:
        raise RuntimeError(
            f"the agent and redis-py are {size} bytes, and a ConfigMap holds {MOST_BYTES}; "
            "build an image with both and set agent.code to in_image"
        )
    return AgentArchive(
        binary_data={name: base64.b64encode(content).decode() for name, content in zips.items()},
        # Of the sources, since another machine's zlib may compress them differently.
        checksum=checksum({**agent, **redis_py}),
    )


def _installed(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(f"the Python package '{package}' is not installed; install requirements.txt")
    return Path(spec.submodule_search_locations[0])


def _sources(folder: Path, name: str) -> dict[str, bytes]:
    return {f"{name}/{path.relative_to(folder).as_posix()}": path.read_bytes() for path in sorted(folder.rglob("*.py"))}


def _zip(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _FIRST_ZIP_DAY)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            # The platform that made it is written down otherwise.
            entry.create_system = 3
            archive.writestr(entry, files[name])
    return buffer.getvalue()
