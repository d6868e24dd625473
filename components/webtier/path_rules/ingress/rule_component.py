"""The component that stands for the rules of an object, so that a preview shows a changed rule as the rule."""

from collections.abc import Mapping
from typing import Any, cast

import pulumi

from webtier.path_rules.ingress.render import CompiledIngress
from webtier.path_rules.rules.model import ROOT, PathRule, RuleSet

RULE_TYPE = "webtier:index:PathRule"


class RuleComponent(pulumi.ComponentResource):
    """One rule, or all rules of a host that share an object. Its inputs are what `described` says."""

    def __init__(self, name: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(RULE_TYPE, name, dict(inputs), opts)
        self.register_outputs({})


def described(rules: RuleSet, compiled: CompiledIngress) -> dict[str, Any]:
    """The rules of an object as users write them, without what has its default.

    Of an object for several rules that is the one for `/`, and the others by their paths as `rules`: `/a`, or `= /a`
    for an exact one, as nginx writes it.
    """
    written: dict[str, Any] = {} if compiled.host is None else {"host": compiled.host}
    if compiled.is_root or not compiled.shared:
        written = described_rule(rules, compiled.host, compiled.rule, with_host_settings=compiled.is_root)
    shared = [rules.rules[position] for position in compiled.shared]
    if shared:
        written["rules"] = {
            f"= {rule.path}" if rule.match == "exact" else rule.path: _written(rule)["backend"] for rule in shared
        }
    return written


def described_rule(
    rules: RuleSet, host: str | None, position: int | None, *, with_host_settings: bool
) -> dict[str, Any]:
    """A rule as users write it, without what has its default; position None for the default backend of the host.

    Where `with_host_settings`, what is said of its host is there too, as `host_settings`.
    """
    settings = rules.settings(host).model_dump(exclude_defaults=True)
    written = {"path": ROOT, "backend": rules.default_backend} if position is None else _written(rules.rules[position])
    return {
        **({} if host is None else {"host": host}),
        **written,
        **({"host_settings": settings} if settings and with_host_settings else {}),
    }


def _written(rule: PathRule) -> dict[str, Any]:
    fields = rule.model_dump(exclude_defaults=True, exclude={"host"}, by_alias=True)
    return {key: _short(value) for key, value in fields.items()}


def _short(value: Any) -> Any:
    """`{service: user-v1}` as `user-v1`, at any depth."""
    if not isinstance(value, dict):
        return value
    fields = cast("dict[str, Any]", value)
    return fields["service"] if list(fields) == ["service"] else {key: _short(below) for key, below in fields.items()}
