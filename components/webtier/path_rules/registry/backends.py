"""How the backend is asked: bodies, times, error pages, and which of its pods."""

from webtier.path_rules.registry.option import ITS_FIELDS_HAVE, Option, ingress_only
from webtier.path_rules.registry.registry import OptionsOfModels
from webtier.path_rules.rules.field_types import UNLIMITED, body_bytes
from webtier.path_rules.rules.model import PathRule
from webtier.path_rules.rules.options import AffinitySettings, ErrorPages, TimeoutSettings


def _cookie(rule: PathRule) -> str | None:
    return rule.affinity and rule.affinity.cookie_for(rule.backend.service if rule.backend else "")


OPTIONS: OptionsOfModels[PathRule] = {
    PathRule: {
        "error_pages": ingress_only(
            ITS_FIELDS_HAVE,
            "Gateway API knows no pages in the place of a backend's errors",
            lambda pages, _: f"{', '.join(map(str, sorted(pages.codes)))} from {pages.backend}",
        ),
        "body_size": ingress_only(
            {"proxy-body-size": lambda size, _: None if size is None else body_bytes(size)},
            "Gateway API knows no longest body",
            lambda size, _: f"body {'of any size' if size == UNLIMITED else 'up to ' + size}",
        ),
        "request_buffering": ingress_only(
            {"proxy-request-buffering": lambda buffers, _: None if buffers else "off"},
            "Gateway API leaves it to the Gateway whether it buffers a body",
            lambda _value, _rule: "body passed on as it comes",
        ),
        "timeouts": ingress_only(
            ITS_FIELDS_HAVE,
            "an HTTPRoute limits a whole request, and not a connection or the wait between two reads",
            lambda times, _: f"timeouts {times.connect_seconds}/{times.read_seconds}/{times.send_seconds} s",
        ),
        "affinity": ingress_only(
            ITS_FIELDS_HAVE,
            "the standard channel of Gateway API has no session affinity",
            lambda _, rule: rule.backend and f"cookie {_cookie(rule)}",
        ),
    },
    ErrorPages: {
        "codes": Option(
            annotations={"custom-http-errors": lambda codes, _: [str(code) for code in sorted(codes)]}, words="shown"
        ),
        "backend": Option(annotations="default-backend", services="named", words="shown"),
    },
    TimeoutSettings: {
        "connect_seconds": Option(annotations="proxy-connect-timeout", words="shown"),
        "read_seconds": Option(annotations="proxy-read-timeout", words="shown"),
        "send_seconds": Option(annotations="proxy-send-timeout", words="shown"),
    },
    AffinitySettings: {
        "cookie": Option(
            annotations={"affinity": "cookie", "session-cookie-name": lambda _, rule: _cookie(rule)}, words="shown"
        ),
        "max_age_seconds": Option(annotations="session-cookie-max-age", words="not shown"),
        # Without it the cookie would get the text of a regex as its path.
        "path": Option(annotations="session-cookie-path", words="not shown"),
        "samesite": Option(annotations="session-cookie-samesite", words="not shown"),
        "secure": Option(annotations={"session-cookie-secure": lambda secure, _: secure or None}, words="not shown"),
        "change_on_failure": Option(annotations="session-cookie-change-on-failure", words="not shown"),
        "mode": Option(annotations="affinity-mode", words="not shown"),
    },
}
