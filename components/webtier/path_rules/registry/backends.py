"""How the backend is asked: bodies, times, error pages, and which of its pods."""

from webtier.path_rules.registry.option import ITS_FIELDS_HAVE, Option, RefusedByGateway
from webtier.path_rules.registry.registry import OptionsOfModels
from webtier.path_rules.rules.field_types import UNLIMITED, body_bytes
from webtier.path_rules.rules.model import PathRule
from webtier.path_rules.rules.options import AffinitySettings, ErrorPages, TimeoutSettings


def _error_words(pages: ErrorPages, _: PathRule) -> str:
    return f"{', '.join(map(str, sorted(pages.codes)))} from {pages.backend}"


def _body_words(size: str, _: PathRule) -> str:
    return f"body {'of any size' if size == UNLIMITED else 'up to ' + size}"


def _timeout_words(times: TimeoutSettings, _: PathRule) -> str:
    return f"timeouts {times.connect_seconds}/{times.read_seconds}/{times.send_seconds} s"


def _cookie(rule: PathRule) -> str | None:
    return rule.affinity and rule.affinity.cookie_for(rule.backend.service if rule.backend else "")


OPTIONS: OptionsOfModels[PathRule] = {
    PathRule: {
        "error_pages": Option(
            annotations=ITS_FIELDS_HAVE,
            http_route=RefusedByGateway("Gateway API knows no pages in the place of a backend's errors"),
            beside_redirect="refused",
            services="every",
            words=_error_words,
        ),
        "body_size": Option(
            annotations={"proxy-body-size": lambda size, _: None if size is None else body_bytes(size)},
            http_route=RefusedByGateway("Gateway API knows no longest body"),
            beside_redirect="refused",
            services="every",
            words=_body_words,
        ),
        "request_buffering": Option(
            annotations={"proxy-request-buffering": lambda buffers, _: None if buffers else "off"},
            http_route=RefusedByGateway("Gateway API leaves it to the Gateway whether it buffers a body"),
            beside_redirect="refused",
            services="every",
            words=lambda _value, _rule: "body passed on as it comes",
        ),
        "timeouts": Option(
            annotations=ITS_FIELDS_HAVE,
            http_route=RefusedByGateway(
                "an HTTPRoute limits a whole request, and not a connection or the wait between two reads"
            ),
            beside_redirect="refused",
            services="every",
            words=_timeout_words,
        ),
        "affinity": Option(
            annotations=ITS_FIELDS_HAVE,
            http_route=RefusedByGateway("the standard channel of Gateway API has no session affinity"),
            beside_redirect="refused",
            services="every",
            words=lambda _, rule: rule.backend and f"cookie {_cookie(rule)}",
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
            annotations={"affinity": "cookie", "session-cookie-name": lambda _, rule: _cookie(rule)},
            words="shown",
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
