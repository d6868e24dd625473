"""The settings that name files of the machine which runs `pulumi`."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from webtier.shared.problems import Problem

_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))")

_KUBECONFIG = "kubeconfig"
_PASSWORD = "redis_password"  # noqa: S105 - a key's name
_PASSWORD_FILE = "redis_password_file"  # noqa: S105 - a key's name


class _UnsetVariableError(ValueError):
    pass


def resolve_files(
    written: Mapping[str, Any], environ: Mapping[str, str], *, deploying: bool
) -> tuple[dict[str, Any], list[Problem]]:
    """The settings with paths expanded and the password's file read, and what went wrong.

    Only a deployment needs the kubeconfig to be there: a preview works without a cluster.
    """
    values, problems = dict(written), list[Problem]()
    for key in (_KUBECONFIG, _PASSWORD_FILE):
        if not isinstance(values.get(key), str):
            continue
        try:
            values[key] = _expanded(values[key], environ)
        except _UnsetVariableError as error:
            problems.append(Problem((key,), str(error), values.pop(key)))
    kubeconfig = values.get(_KUBECONFIG)
    if deploying and isinstance(kubeconfig, str) and not Path(kubeconfig).is_file():
        problems.append(Problem((_KUBECONFIG,), "there is no such file; allowed: an existing kubeconfig", kubeconfig))
    if _PASSWORD_FILE not in written:
        return values, problems
    if _PASSWORD in written:
        problems.append(
            Problem((_PASSWORD_FILE,), f"'{_PASSWORD}' is set too; allowed: one of the two", written[_PASSWORD_FILE])
        )
    elif _PASSWORD_FILE in values:
        problems += _read_password(values)
    if problems and _PASSWORD not in values:
        # Where the file is the problem, the missing password is none of its own.
        values[_PASSWORD] = "0" * 16
    return values, problems


def _read_password(values: dict[str, Any]) -> list[Problem]:
    path = values[_PASSWORD_FILE]
    try:
        values[_PASSWORD] = Path(path).read_text().rstrip("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        return [Problem((_PASSWORD_FILE,), f"can't be read ({reason}); allowed: a file with the password", path)]
    return []


def _expanded(path: str, environ: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if not environ.get(name):
            raise _UnsetVariableError(
                f'the environment variable {name} is not set. For the embedded cluster: eval "$(make -s env)"'
            )
        return environ[name]

    return str(Path(_VARIABLE.sub(value, path)).expanduser())
