"""The settings that name files of the machine which runs `pulumi`."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from webtier.shared.problems import Problem

_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))")

KUBECONFIG = "kubeconfig"
PASSWORD = "redis_password"  # noqa: S105 - a key's name
PREVIOUS_PASSWORD = "redis_previous_password"  # noqa: S105 - a key's name
PASSWORD_FILE = "redis_password_file"  # noqa: S105 - a key's name


def resolve_files(
    written: Mapping[str, Any], environ: Mapping[str, str], *, deploying: bool
) -> tuple[dict[str, Any], list[Problem]]:
    """The settings with paths expanded and the password's file read, and what went wrong.

    Only a deployment needs the kubeconfig to be there: a preview works without a cluster.
    """
    values, problems = dict(written), list[Problem]()
    for key in (KUBECONFIG, PASSWORD_FILE):
        if not isinstance(values.get(key), str):
            continue
        try:
            values[key] = _expanded(values[key], environ)
        except LookupError as error:
            message = f'the environment variable {error} is not set. For the embedded cluster: eval "$(make -s env)"'
            problems.append(Problem((key,), message, values.pop(key)))
    kubeconfig = values.get(KUBECONFIG)
    if deploying and isinstance(kubeconfig, str) and not Path(kubeconfig).is_file():
        problems.append(Problem((KUBECONFIG,), "there is no such file; allowed: an existing kubeconfig", kubeconfig))
    if PASSWORD_FILE not in written:
        return values, problems
    if PASSWORD in written:
        problems.append(
            Problem((PASSWORD_FILE,), f"'{PASSWORD}' is set too; allowed: one of the two", written[PASSWORD_FILE])
        )
    elif PASSWORD_FILE in values:
        problems += _read_password(values)
    if problems and PASSWORD not in values:
        # Where the file is the problem, the missing password is none of its own.
        values[PASSWORD] = "0" * 16
    return values, problems


def _read_password(values: dict[str, Any]) -> list[Problem]:
    path = values[PASSWORD_FILE]
    try:
        values[PASSWORD] = Path(path).read_text().rstrip("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        return [Problem((PASSWORD_FILE,), f"can't be read ({reason}); allowed: a file with the password", path)]
    return []


def _expanded(path: str, environ: Mapping[str, str]) -> str:
    """LookupError with the name of a variable that is not set, or to nothing."""

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if not environ.get(name):
            raise LookupError(name)
        return environ[name]

    return str(Path(_VARIABLE.sub(value, path)).expanduser())
