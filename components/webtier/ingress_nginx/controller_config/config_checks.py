"""Whether the controller does what the options in its ConfigMap say.

It has no errors for them: of an option that it does not know it says nothing, and what it can't use it drops.
"""

import difflib
import json
import re
from collections.abc import Iterator, Mapping

from webtier.ingress_nginx.controller_config.config_options import FIRST_RELEASE, LAST_RELEASE, OPTIONS, Option
from webtier.ingress_nginx.controller_config.nginx_variables import WITH_VARIABLES, text_problems
from webtier.shared.problems import Problem

FIXED_CONFIG: dict[str, str] = {
    # Snippets let whoever may write an Ingress run code as the controller, who reads all secrets.
    "allow-snippet-annotations": "false",
    "allow-cross-namespace-resources": "false",
    "strict-validate-path-type": "true",
}
"""What this component decides and no setting may weaken."""

RISK_LEVEL = "annotations-risk-level"

_DECIDED: Mapping[str, str] = {
    **dict.fromkeys(FIXED_CONFIG, "no setting may weaken it"),
    RISK_LEVEL: "it follows from allow_external_auth",
    "worker-shutdown-timeout": "it follows from grace_seconds and drain_seconds",
}

_RELEASED = re.compile(r".*/controller(?:-chroot)?:v([0-9]+)\.([0-9]+)\.[^@]*(?:@.*)?")


def config_problems(config: Mapping[str, object], image: str) -> Iterator[Problem]:
    """All that is wrong with options for the controller in this image, at places that begin with the option."""
    release = _release(image)
    texts = {name: value for name, value in config.items() if isinstance(value, str)}
    for name, value in config.items():
        option = OPTIONS.get(name)
        if option is None:
            yield Problem((name,), _unknown(name), value)
        elif release is not None and not option.since <= release <= option.until:
            yield Problem((name,), _unknown_in(release, name), value)
        elif not isinstance(value, str):
            yield Problem((name,), _no_text(name, value), value)
        elif not option.kind.is_right(value):
            nearest = option.kind.right_spelling(value)
            meant = f'did you mean "{nearest}"? ' if nearest and nearest != value else ""
            yield Problem((name,), f"{meant}allowed: {option.kind.allowed}", value)
        elif name in WITH_VARIABLES:
            for message in text_problems(name, value, texts):
                yield Problem((name,), message, value)


def release_notes(config: Mapping[str, str], image: str) -> list[str]:
    """One sentence for each option that only some releases know, where the image does not say which one it is."""
    if _release(image) is not None:
        return []
    partly = {name: OPTIONS[name] for name in config if name in OPTIONS}
    return [
        f"config.{name} is an option of {_span(option)} alone, and "
        "others ignore it; the image's tag does not say which one it is"
        for name, option in partly.items()
        if (option.since, option.until) != (FIRST_RELEASE, LAST_RELEASE)
    ]


def _release(image: str) -> tuple[int, int] | None:
    """The release that an image is of, as the official ones are called; None where its name does not say it."""
    found = _RELEASED.fullmatch(image)
    return (int(found[1]), int(found[2])) if found else None


def _unknown(name: str) -> str:
    if name.endswith("-snippet"):
        return "snippets are refused; allowed: any other option of the controller"
    if name in _DECIDED:
        return f"this one is decided by webtier, {_DECIDED[name]}; allowed: any other option of the controller"
    nearest = difflib.get_close_matches(name.lower().replace("_", "-"), OPTIONS, n=1)
    meant = f"did you mean '{nearest[0]}'? " if nearest else ""
    return (
        f"unknown option, which the controller would ignore; {meant}allowed: an option of the ConfigMap of "
        f"ingress-nginx {_dotted(FIRST_RELEASE)} to {_dotted(LAST_RELEASE)}, its last release"
    )


def _no_text(name: str, value: object) -> str:
    kind, text = OPTIONS[name].kind, json.dumps(value)
    right = text if kind.is_right(text) else kind.right_spelling(text)
    meant = f', did you mean "{right}"' if right else ""
    return f"all values of a ConfigMap are text, in quotes{meant}; allowed: {kind.allowed}"


def _unknown_in(release: tuple[int, int], name: str) -> str:
    option = OPTIONS[name]
    return (
        f"ingress-nginx {_dotted(release)}, which ingress.image is, does not know it and would ignore it; allowed: an "
        f"image of {_span(option)}, or none of this"
    )


def _span(option: Option) -> str:
    first, last = _dotted(option.since), _dotted(option.until)
    return f"release {first}" if first == last else f"the releases {first} to {last}"


def _dotted(release: tuple[int, int]) -> str:
    return ".".join(map(str, release))
