"""Which clients are served, and how much of it: limits, lists of addresses, and authentication."""

from webtier.path_rules.registry.option import ITS_FIELDS_HAVE, Option, ingress_only
from webtier.path_rules.registry.registry import OptionsOfModels
from webtier.path_rules.rules.model import PathRule
from webtier.path_rules.rules.options import AccessLists, Auth, BasicAuth, ExternalAuth, LimitSettings


def _limit_words(limits: LimitSettings, _: PathRule) -> str:
    amounts = ((limits.rps, "/s"), (limits.rpm, "/min"), (limits.connections, " at once"))
    listed = ", ".join(f"{amount}{unit}" for amount, unit in amounts if amount is not None)
    return f"at most {listed} per address and replica"


def _access_words(access: AccessLists, _: PathRule) -> str:
    allowed = f"only {', '.join(access.allow)}" if access.allow else ""
    denied = f"not {', '.join(access.deny)}" if access.deny else ""
    return ", ".join(filter(None, (allowed, denied)))


def _auth_words(auth: Auth, _: PathRule) -> str:
    return f"password from the Secret {auth.secret}" if isinstance(auth, BasicAuth) else f"if {auth.url} lets in"


def _burst(multiplier: int, rule: PathRule) -> int | None:
    return multiplier if rule.limits and (rule.limits.rps or rule.limits.rpm) else None


OPTIONS: OptionsOfModels[PathRule] = {
    PathRule: {
        "limits": ingress_only(ITS_FIELDS_HAVE, "Gateway API knows no limits by client address", _limit_words),
        "access": ingress_only(ITS_FIELDS_HAVE, "Gateway API does not look at client addresses", _access_words),
        "auth": ingress_only(ITS_FIELDS_HAVE, "the standard channel of Gateway API has no authentication", _auth_words),
    },
    LimitSettings: {
        "rps": Option(annotations="limit-rps", words="shown"),
        "rpm": Option(annotations="limit-rpm", words="shown"),
        "burst_multiplier": Option(annotations={"limit-burst-multiplier": _burst}, words="not shown"),
        "connections": Option(annotations="limit-connections", words="shown"),
        "exempt": Option(annotations="limit-allowlist", words="not shown"),
    },
    AccessLists: {
        "allow": Option(annotations="allowlist-source-range", words="shown"),
        "deny": Option(annotations="denylist-source-range", words="shown"),
    },
    BasicAuth: {
        "secret": Option(annotations="auth-secret", words="shown"),
        "realm": Option(annotations="auth-realm", words="not shown"),
        "scheme": Option(annotations="auth-type", words="not shown"),
        "format": Option(
            annotations={"auth-secret-type": lambda written, _: written.replace("_", "-")}, words="not shown"
        ),
    },
    ExternalAuth: {
        "url": Option(annotations="auth-url", words="shown"),
        "sign_in_url": Option(annotations="auth-signin", words="not shown"),
        "method": Option(annotations="auth-method", words="not shown"),
        "response_headers": Option(annotations="auth-response-headers", words="not shown"),
    },
}
