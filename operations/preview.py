"""`python -m operations.preview STACK`: the plain `pulumi preview --diff` of a stack, with or without its state.

Where a backend is given (PULUMI_BACKEND_URL or PULUMI_ACCESS_TOKEN), the diff is against the stack's own state.
Elsewhere, in a fork's pull request for instance, it is against an empty state in a folder that is removed
afterwards, with a placeholder for every secret: everything shows as created, and every setting is still checked.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from devcluster import engine
from devcluster.console import run_command
from devcluster.errors import UserError
from devcluster.paths import Paths
from devcluster.progress import Progress
from operations.local import PROJECT, STACK, LocalStack
from operations.stacks import check_known, names_a_backend

_PLACEHOLDER = "placeholder-for-a-secret"
_SECRET_KEYS = ("webtier:redis_password", "webtier:redis_previous_password")


def preview(stack: str) -> int:
    """Print the preview and return the engine's exit code.

    Raises UserError for a stack without a settings file.
    """
    check_known(stack)
    paths = Paths.from_environment()
    found = engine.ensure(paths, Progress())
    environment = {**os.environ, **engine.variables(found, paths)}
    if stack == STACK and LocalStack(paths).is_prepared():
        return _preview(stack, {**environment, **LocalStack(paths).environment()}, [])
    if names_a_backend(os.environ):
        return _preview(stack, environment, [])
    with _empty_state(stack, environment) as (scratch_environment, settings):
        print(
            f"No backend is given (PULUMI_BACKEND_URL), so this compares '{stack}' with an empty state, with "
            "placeholders for its secrets.\n",
            flush=True,
        )
        return _preview(stack, scratch_environment, ["--config-file", str(settings)])


def _preview(stack: str, environment: Mapping[str, str], options: list[str]) -> int:
    words = ["pulumi", "preview", "--diff", "--non-interactive", "--stack", stack, *options]
    return subprocess.run(words, env=environment, cwd=PROJECT, stdin=subprocess.DEVNULL, check=False).returncode


@contextmanager
def _empty_state(stack: str, environment: Mapping[str, str]) -> Generator[tuple[Mapping[str, str], Path]]:
    with tempfile.TemporaryDirectory(prefix="webtier-preview-") as folder:
        settings = Path(folder) / f"Pulumi.{stack}.yaml"
        settings.write_text(yaml.safe_dump(_without_secrets(stack), sort_keys=False))
        scratch = {
            **environment,
            "PULUMI_BACKEND_URL": f"file://{folder}",
            "PULUMI_CONFIG_PASSPHRASE": "of-a-state-that-is-thrown-away",
            "WEBTIER_KUBECONFIG": str(Path(folder) / "no-cluster"),
            "WEBTIER_REDIS_PASSWORD_FILE": str(Path(folder) / "redis-password"),
        }
        (Path(folder) / "redis-password").write_text(_PLACEHOLDER)
        # Beside a settings file of the project it would write the new state's salt into it.
        shutil.copy(PROJECT / "Pulumi.yaml", folder)
        _quietly(["pulumi", "stack", "init", stack, "--cwd", folder], scratch)
        declared = _settings(stack)
        for key in _SECRET_KEYS:
            if f"{key}_file" not in declared:
                words = ["pulumi", "config", "set", "--stack", stack, "--config-file", str(settings), "--secret", key]
                _quietly(words, scratch, _PLACEHOLDER)
        yield scratch, settings


def _settings(stack: str) -> dict[str, Any]:
    return yaml.safe_load((PROJECT / f"Pulumi.{stack}.yaml").read_text()).get("config") or {}


def _without_secrets(stack: str) -> dict[str, Any]:
    """The stack's settings file without what only its own passphrase could read."""
    plain = {key: value for key, value in _settings(stack).items() if not _is_encrypted(value)}
    return {"config": plain}


def _is_encrypted(value: object) -> bool:
    return isinstance(value, dict) and "secure" in value


def _quietly(words: list[str], environment: Mapping[str, str], input: str | None = None) -> None:
    done = subprocess.run(
        [*words, "--non-interactive"],
        env=environment,
        cwd=PROJECT,
        input=input,
        text=True,
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        raise UserError(f"`{' '.join(words)}` failed:\n{(done.stderr or done.stdout).strip()}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="operations.preview", description=__doc__)
    parser.add_argument("stack")
    stack = parser.parse_args().stack
    return run_command(lambda: preview(stack), f"make preview STACK={stack}")


if __name__ == "__main__":
    sys.exit(main())
