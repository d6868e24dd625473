"""What a set of rules must satisfy as a whole: all that is wrong, at once."""

from collections.abc import Collection, Mapping

from components.path_rules.model import PathRule
from components.shared.problems import Problem


def check_rules(rules: Mapping[int, PathRule], default_backend: str | None, backends: Collection[str]) -> list[Problem]:
    """The problems of `rules`, by their position, against the stack's `backends`.

    `rules` may be incomplete, where some were wrong on their own. `default_backend` None is not
    checked. Places begin with `routes` or `default_backend`.
    """
    problems = [
        *_unknown_backends(rules, backends),
        *_duplicates(rules),
        *_stripped_roots(rules),
    ]
    if default_backend is not None and default_backend not in backends:
        problems.append(_unknown_backend(("default_backend",), default_backend, backends))
    return problems


def _unknown_backends(rules: Mapping[int, PathRule], backends: Collection[str]) -> list[Problem]:
    return [
        _unknown_backend(("routes", position, "backend"), rule.backend, backends)
        for position, rule in rules.items()
        if rule.backend not in backends
    ]


def _unknown_backend(place: tuple[str | int, ...], backend: str, backends: Collection[str]) -> Problem:
    known = ", ".join(sorted(backends)) or "none is defined yet; add one under 'services'"
    return Problem(place, f"allowed: a web service of this stack: {known}", backend)


def _duplicates(rules: Mapping[int, PathRule]) -> list[Problem]:
    problems: list[Problem] = []
    first: dict[tuple[str | None, str], int] = {}
    for position, rule in rules.items():
        # The same but for case counts as the same: nginx's regex locations ignore it.
        earlier = first.setdefault((rule.host, rule.path.lower()), position)
        if earlier == position:
            continue
        where = f"host {rule.host}" if rule.host else "all hosts"
        same = rules[earlier].path == rule.path
        difference = "" if same else f" ('{rules[earlier].path}': differing in case is not enough)"
        message = f"routes[{earlier}] has this path already for {where}{difference}; allowed: each path once for a host"
        problems.append(Problem(("routes", position, "path"), message, rule.path))
    return problems


def _stripped_roots(rules: Mapping[int, PathRule]) -> list[Problem]:
    return [
        Problem(
            ("routes", position, "rewrite"),
            "the path '/' has no prefix that could be stripped; leave 'rewrite' out",
            "strip_prefix",
        )
        for position, rule in rules.items()
        if rule.path == "/" and rule.rewrite is not None
    ]
