"""Which package may import which, and how large a module and a folder may be."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from operations.stacks import PROJECT

_SHARED, _EXPOSURE, _REDIS = "webtier.shared", "webtier.service_exposure", "webtier.redis_common"

MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "__main__": ("environment", "webtier"),
    "environment": ("webtier",),
    "webtier": (),
    _SHARED: (),
    _EXPOSURE: (_SHARED,),
    _REDIS: (_SHARED, _EXPOSURE),
    "webtier.ingress_nginx": (_SHARED, _EXPOSURE),
    "webtier.path_rules": (_SHARED, _EXPOSURE),
    "webtier.redis_cluster": (_SHARED, _EXPOSURE, _REDIS),
    "webtier.redis_cluster.agent": (),
    "webtier.redis_standalone": (_SHARED, _EXPOSURE, _REDIS),
    "webtier.web_service": (_SHARED, _EXPOSURE),
    "examples": ("webtier",),
    "webtier_policies": (),
    "command_line": (),
    "devcluster": ("command_line",),
    "operations": ("command_line", "environment", "webtier"),
    # What `make up`, `down`, `status` and `env` call: the stack on the embedded cluster.
    "operations.__main__": ("command_line", "devcluster", "operations"),
    "operations.local": ("command_line", "devcluster", "operations"),
}
"""What of the project the modules below a name may import beside each other; the longest name that fits counts."""

AGENT, OF_THE_AGENT = "webtier.redis_cluster.agent", {*sys.stdlib_module_names, "redis"}
"""In the pods there is nothing but Python, and the client of Redis that is put beside the agent."""

KNOWN_IMPORTS: set[tuple[str, str]] = set()
"""What breaks a rule until it is mended, as (module, what it imports)."""
MOST_LINES, MOST_MODULES = 400, 16

_WITHIN = {"webtier": "components", "webtier_policies": "policies"}
"""Packages that are not at the top, and the folder that they are in."""
_ROOTS = {name.partition(".")[0] for name in MAY_IMPORT}


def sources(top: Path) -> dict[str, Path]:
    """Every module of the project but its tests, by the name that imports it."""
    files = [top / "__main__.py"]
    for root in _ROOTS - {"__main__"}:
        files += (top / _WITHIN.get(root, ".") / root).rglob("*.py")
    found: dict[str, Path] = {}
    for file in files:
        first = file.relative_to(top).parts[0]
        parts = file.relative_to(top / first if first in _WITHIN.values() else top)
        found[".".join(parts.with_suffix("").parts).removesuffix(".__init__")] = file
    return found


def imports(name: str, file: Path, modules: dict[str, Path]) -> Iterator[str]:
    """The modules that one imports, wherever in its text; of a package's name the package."""
    package = name.split(".") if file.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                yield f"{origin}.{alias.name}" if f"{origin}.{alias.name}" in modules else origin


def is_within(name: str, above: str) -> bool:
    return name == above or name.startswith(f"{above}.")


def forbidden(top: Path) -> set[tuple[str, str]]:
    """Each module with each name that it imports and may not."""
    modules = sources(top)
    found: set[tuple[str, str]] = set()
    for name, file in modules.items():
        own = max((rule for rule in MAY_IMPORT if is_within(name, rule)), key=len)
        allowed = (own, *MAY_IMPORT[own])
        for imported in imports(name, file, modules):
            is_ours = imported.partition(".")[0] in _ROOTS
            is_missing = own == AGENT and not is_ours and imported.partition(".")[0] not in OF_THE_AGENT
            if is_missing or (is_ours and not any(is_within(imported, above) for above in allowed)):
                found.add((name, imported))
    return found


def too_large(top: Path) -> set[str]:
    """Modules with too many lines, and folders with too many modules, below all folders that aren't hidden or built."""
    files = [file.relative_to(top) for file in top.rglob("*.py")]
    files = [file for file in files if not any(part.startswith(".") or part == "build" for part in file.parts)]
    long = {str(file) for file in files if len((top / file).read_text().splitlines()) > MOST_LINES}
    modules = [file.parent for file in files if file.name != "__init__.py"]
    return long | {str(folder) for folder in {*modules} if modules.count(folder) > MOST_MODULES}


def test_no_module_imports_what_it_may_not() -> None:
    assert forbidden(PROJECT) == KNOWN_IMPORTS


def test_every_component_has_a_rule_of_its_own() -> None:
    folders = {file.parent.name for file in (PROJECT / "components" / "webtier").glob("*/__init__.py")}
    assert {f"webtier.{folder}" for folder in folders} <= {*MAY_IMPORT}


def test_no_module_and_no_folder_is_too_large() -> None:
    assert too_large(PROJECT) == set()


def test_production_commands_go_without_the_embedded_cluster() -> None:
    names = ("config.__main__", "deploy", "diagram.__main__", "preview.__main__", "routes")
    commands = ", ".join(f"operations.{name}" for name in names)
    code = f"import sys, {commands}; print([name for name in sys.modules if name.startswith('devcluster')])"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.stdout == "[]\n", done.stderr


@pytest.mark.parametrize(
    ("name", "line", "imported"),
    [
        ("components/webtier/shared/labels.py", "from webtier import web_service", "webtier.web_service"),
        ("components/webtier/shared/labels.py", "from ..web_service import component", "webtier.web_service"),
        (
            "components/webtier/web_service/parts.py",
            "import webtier.redis_cluster.parts",
            "webtier.redis_cluster.parts",
        ),
        ("components/webtier/web_service/parts.py", "from webtier import WebService", "webtier"),
        ("components/webtier/redis_cluster/agent/start/hold.py", "import yaml", "yaml"),
        (
            "components/webtier/redis_cluster/agent/start/hold.py",
            "from ...settings import A",
            "webtier.redis_cluster.settings",
        ),
        ("environment/tier.py", "def later():\n    from operations import routes", "operations"),
        ("operations/preview/__main__.py", "from devcluster.paths import ClusterPaths", "devcluster.paths"),
        ("devcluster/up.py", "from environment.tier import build_tier", "environment.tier"),
        ("command_line/files.py", "import devcluster", "devcluster"),
        ("examples/scale/__main__.py", "import environment", "environment"),
    ],
)
def test_a_forbidden_import_is_found(name: str, line: str, imported: str, tmp_path: Path) -> None:
    for file, text in {"components/webtier/web_service/__init__.py": "", "__main__.py": "", name: line}.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text)
    assert [found for _, found in forbidden(tmp_path)] == [imported]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        (
            "components/webtier/redis_cluster/agent/start/hold.py",
            "from ..redis.client import Client\nimport redis, ssl",
        ),
        ("components/webtier/redis_cluster/parts.py", "from .agent import console\nfrom webtier.shared import labels"),
        ("components/webtier/__init__.py", "from webtier.web_service import WebService"),
        ("operations/local.py", "from devcluster.paths import ClusterPaths"),
        ("devcluster/up.py", "import yaml\nfrom command_line import pulumi_installation"),
    ],
)
def test_an_allowed_import_is_none(name: str, line: str, tmp_path: Path) -> None:
    for file, text in {"__main__.py": "from environment.tier import build_tier", name: line}.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text)
    assert forbidden(tmp_path) == set()


def test_a_module_and_a_folder_that_are_too_large_are_found(tmp_path: Path) -> None:
    for number in range(MOST_MODULES + 1):
        (tmp_path / f"module_{number}.py").touch()
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "long.py").write_text("\n" * (MOST_LINES + 1))
    (tmp_path / "below" / "short.py").write_text("\n" * MOST_LINES)
    assert too_large(tmp_path) == {".", "below/long.py"}
