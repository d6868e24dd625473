"""The report of a pull request that changes a stack of a thousand rules and a hundred web services.

Neither a cluster nor a credential is needed: the pull request is compared with its base. Seconds are told for the
engine, all its runs together, and for everything else, which is ours. Every service gets another image, and every tenth
rule another backend.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from command_line.pulumi_runner import Pulumi
from operations.local import PROJECT
from operations.preview.report.markdown import LIMIT

RULES, SERVICES = 1000, 100
NAME = "large"
_ARGUMENT = "--measure"


def settings(*, changed: bool) -> dict[str, Any]:
    tag = "2" if changed else "1"
    services = {f"web-{number}": {"image": f"registry.example/web:{tag}", "replicas": 2} for number in range(SERVICES)}
    routes = [
        {
            "host": f"tenant-{number % 20}.example",
            "path": f"/service-{number}",
            "backend": f"web-{(number + (changed and number % 10 == 0)) % SERVICES}",
        }
        for number in range(RULES)
    ]
    return {
        "context": "large",
        "redis_password_file": "$WEBTIER_REDIS_PASSWORD_FILE",
        "services": services,
        "routes": routes,
        "default_backend": "web-0",
    }


def _write(folder: Path, *, changed: bool) -> None:
    config = {f"webtier:{key}": value for key, value in settings(changed=changed).items()}
    (folder / f"Pulumi.{NAME}.yaml").write_text(yaml.safe_dump({"config": config}))


def _copy(folder: Path) -> None:
    """The project at the commit that is checked out, with a history of its own."""

    def git(*words: str) -> None:
        subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)

    subprocess.run(["git", "clone", "--quiet", str(PROJECT), str(folder)], check=True)
    (folder / ".venv").symlink_to(sys.prefix)
    _write(folder, changed=False)
    git("add", "--all")
    git("-c", "user.name=bench", "-c", "user.email=bench@example.com", "commit", "--quiet", "--message=Bench")
    _write(folder, changed=True)


def measure() -> None:
    """In the copy: one preview, and how long the engine had of it."""
    from operations.preview.__main__ import preview

    spans: list[tuple[float, float]] = []

    def timed(method: Callable[..., Any]) -> Callable[..., Any]:
        def run(*words: Any, **options: Any) -> Any:
            begin = time.monotonic()
            try:
                return method(*words, **options)
            finally:
                spans.append((begin, time.monotonic()))

        return run

    Pulumi.attempt = timed(Pulumi.attempt)
    begin = time.monotonic()
    code = preview([NAME], "HEAD")
    total, spent = time.monotonic() - begin, _covered(spans)
    folder = PROJECT / "build" / "preview"
    sizes = {form: len((folder / f"report.{form}").read_text()) for form in ("md", "html", "json")}
    sys.stdout.write(
        f"engine {spent:.1f} s, everything else {total - spent:.1f} s, exit code {code}\n"
        f"report.md {sizes['md']} of at most {LIMIT} characters, html {sizes['html']}, json {sizes['json']}\n"
    )


def _covered(spans: list[tuple[float, float]]) -> float:
    """Seconds in which at least one run went on: some go on beside each other."""
    covered, until = 0.0, 0.0
    for begin, end in sorted(spans):
        covered += max(end - max(begin, until), 0.0)
        until = max(until, end)
    return covered


def main() -> None:
    if _ARGUMENT in sys.argv:
        measure()
        return
    with tempfile.TemporaryDirectory(prefix="webtier-bench-") as parent:
        folder = Path(parent) / "project"
        _copy(folder)
        words = [str(folder / ".venv" / "bin" / "python"), "-m", "tests.bench.large_report", _ARGUMENT]
        subprocess.run(words, cwd=folder, check=True, env={**_without_credentials(), "PYTHONPATH": "components"})


def _without_credentials() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "KUBE"))}


if __name__ == "__main__":
    main()
