"""The annotations by which ingress-nginx takes what a rule and its host say.

All are of risk Low or Medium, but for those of an external authentication, which are High; none is a snippet. Values
are of the characters that `texts` and the models allow, which each annotation's own validator takes.
"""

from collections.abc import Collection, Mapping, Sequence

from webtier.path_rules.ingress.paths import CompiledPath, SharedPath
from webtier.path_rules.rules.field_types import body_bytes
from webtier.path_rules.rules.hosts import HostSettings, IssuerTls
from webtier.path_rules.rules.model import PathRule
from webtier.path_rules.rules.options import (
    AffinitySettings,
    Auth,
    BasicAuth,
    Canary,
    CookieCanary,
    CorsSettings,
    HeaderCanary,
    LimitSettings,
    WeightCanary,
)

PREFIX = "nginx.ingress.kubernetes.io/"
CERT_MANAGER = "cert-manager.io/"
DEFAULT_BACKEND = PREFIX + "default-backend"

SOURCES: Mapping[str, Sequence[str]] = {
    "match": ("use-regex",),
    "rewrite": ("rewrite-target", "x-forwarded-prefix"),
    "rewrite.<kind: replace_prefix>.with": ("rewrite-target", "x-forwarded-prefix"),
    "rewrite.<kind: regex>.to": ("rewrite-target",),
    "redirect.to": ("permanent-redirect",),
    "redirect.code": ("permanent-redirect-code",),
    "canary.<kind: weight>.backend": ("canary",),
    "canary.<kind: weight>.weight": ("canary-weight",),
    "canary.<kind: weight>.total": ("canary-weight-total",),
    "canary.<kind: header>.backend": ("canary",),
    "canary.<kind: header>.header": ("canary-by-header",),
    "canary.<kind: header>.value": ("canary-by-header-value",),
    "canary.<kind: header>.pattern": ("canary-by-header-pattern",),
    "canary.<kind: header>.weight": ("canary-weight",),
    "canary.<kind: cookie>.backend": ("canary",),
    "canary.<kind: cookie>.cookie": ("canary-by-cookie",),
    "canary.<kind: cookie>.weight": ("canary-weight",),
    "cors.origins": ("enable-cors", "cors-allow-origin"),
    "cors.methods": ("cors-allow-methods",),
    "cors.headers": ("cors-allow-headers",),
    "cors.exposed_headers": ("cors-expose-headers",),
    "cors.credentials": ("cors-allow-credentials",),
    "cors.max_age_seconds": ("cors-max-age",),
    "error_pages.codes": ("custom-http-errors",),
    "error_pages.backend": ("default-backend",),
    "body_size": ("proxy-body-size",),
    "timeouts.connect_seconds": ("proxy-connect-timeout",),
    "timeouts.read_seconds": ("proxy-read-timeout",),
    "timeouts.send_seconds": ("proxy-send-timeout",),
    "limits.rps": ("limit-rps",),
    "limits.rpm": ("limit-rpm",),
    "limits.burst_multiplier": ("limit-burst-multiplier",),
    "limits.connections": ("limit-connections",),
    "limits.exempt": ("limit-allowlist",),
    "access.allow": ("allowlist-source-range",),
    "access.deny": ("denylist-source-range",),
    "affinity.cookie": ("affinity", "session-cookie-name"),
    "affinity.max_age_seconds": ("session-cookie-max-age",),
    "affinity.path": ("session-cookie-path",),
    "affinity.samesite": ("session-cookie-samesite",),
    "affinity.secure": ("session-cookie-secure",),
    "affinity.change_on_failure": ("session-cookie-change-on-failure",),
    "affinity.mode": ("affinity-mode",),
    "auth.<kind: basic>.secret": ("auth-secret",),
    "auth.<kind: basic>.realm": ("auth-realm",),
    "auth.<kind: basic>.scheme": ("auth-type",),
    "auth.<kind: basic>.format": ("auth-secret-type",),
    "auth.<kind: external>.url": ("auth-url",),
    "auth.<kind: external>.sign_in_url": ("auth-signin",),
    "auth.<kind: external>.method": ("auth-method",),
    "auth.<kind: external>.response_headers": ("auth-response-headers",),
    "hosts.tls.<kind: issuer>.cluster_issuer": ("cert-manager.io/cluster-issuer",),
    "hosts.tls.<kind: issuer>.issuer": ("cert-manager.io/issuer",),
    "hosts.tls_redirect": ("ssl-redirect", "preserve-trailing-slash"),
    "hosts.www_redirect": ("from-to-www-redirect",),
    "hosts.app_root": ("app-root",),
}
"""Which annotations each field of a rule, and of a host, becomes."""


def https_annotations(https: bool) -> dict[str, str]:
    """Those of each Ingress of a host: whether HTTP is sent to HTTPS.

    Always said: the controller would redirect a host whose wildcard has a certificate, or is just being given one. Even
    a name that is no host's does so, such as `*.example.com` itself, and `_`, under which it has its own certificate.
    """
    # Else a slash at the end would be lost on the way.
    return _prefixed({"ssl-redirect": https, "preserve-trailing-slash": https or None})


def shared_annotations(paths: Collection[SharedPath]) -> dict[str, str]:
    """Those of an Ingress with the paths of several rules, which say nothing of their own."""
    return _prefixed({"use-regex": any(each.path.is_regex for each in paths) or None})


def rule_annotations(rule: PathRule, compiled: CompiledPath) -> dict[str, str]:
    """Those of the rule's own Ingress."""
    return _prefixed(
        {
            "use-regex": compiled.is_regex or None,
            "rewrite-target": compiled.rewrite_target,
            "x-forwarded-prefix": compiled.forwarded_prefix,
            "proxy-body-size": None if rule.body_size is None else str(body_bytes(rule.body_size)),
            **_redirect(rule),
            **({} if rule.cors is None else _cors(rule.cors)),
            **_error_pages(rule),
            **_timeouts(rule),
            **({} if rule.limits is None else _limits(rule.limits)),
            **_access(rule),
            **({} if rule.affinity is None else _affinity(rule.affinity, rule)),
            **({} if rule.auth is None else _auth(rule.auth)),
        }
    )


def canary_annotations(canary: Canary) -> dict[str, str]:
    """Those of the Ingress that makes a canary of its backend: no others have a meaning there."""
    found: dict[str, _Value] = {"canary": True, "canary-weight": canary.weight}
    match canary:
        case WeightCanary():
            found["canary-weight-total"] = canary.total
        case HeaderCanary():
            found["canary-by-header"] = canary.header
            found["canary-by-header-value"] = canary.value
            found["canary-by-header-pattern"] = canary.pattern
        case CookieCanary():
            found["canary-by-cookie"] = canary.cookie
    return _prefixed(found)


def host_annotations(host: str | None, settings: HostSettings) -> dict[str, str]:
    """Those that one Ingress of a host carries for all of it."""
    found = _prefixed(
        {
            # Regexes come before prefixes, and so before the controller's own: it answers /healthz and /nginx_status.
            "use-regex": host is None or None,
            "from-to-www-redirect": settings.www_redirect or None,
            "app-root": settings.app_root,
        }
    )
    if isinstance(settings.tls, IssuerTls):
        issuers = {"cluster-issuer": settings.tls.cluster_issuer, "issuer": settings.tls.issuer}
        found |= {CERT_MANAGER + key: issuer for key, issuer in issuers.items() if issuer is not None}
    return found


_Value = str | int | bool | None


def _prefixed(values: Mapping[str, _Value]) -> dict[str, str]:
    return {PREFIX + key: _text(value) for key, value in values.items() if value is not None}


def _text(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _redirect(rule: PathRule) -> dict[str, _Value]:
    if rule.redirect is None:
        return {}
    # The temporary kind has a fixed code in older controllers; this one takes any from 300 to 308.
    return {"permanent-redirect": rule.redirect.to, "permanent-redirect-code": rule.redirect.code}


def _cors(cors: CorsSettings) -> dict[str, _Value]:
    return {
        "enable-cors": True,
        "cors-allow-origin": ",".join(cors.origins),
        "cors-allow-methods": ", ".join(cors.methods),
        "cors-allow-headers": ",".join(cors.headers),
        "cors-expose-headers": ",".join(cors.exposed_headers) or None,
        "cors-allow-credentials": cors.credentials,
        "cors-max-age": cors.max_age_seconds,
    }


def _error_pages(rule: PathRule) -> dict[str, _Value]:
    if rule.error_pages is None:
        return {}
    codes = ",".join(str(code) for code in sorted(rule.error_pages.codes))
    return {"custom-http-errors": codes, "default-backend": rule.error_pages.backend}


def _timeouts(rule: PathRule) -> dict[str, _Value]:
    if rule.timeouts is None:
        return {}
    return {
        "proxy-connect-timeout": rule.timeouts.connect_seconds,
        "proxy-read-timeout": rule.timeouts.read_seconds,
        "proxy-send-timeout": rule.timeouts.send_seconds,
    }


def _limits(limits: LimitSettings) -> dict[str, _Value]:
    return {
        "limit-rps": limits.rps,
        "limit-rpm": limits.rpm,
        "limit-connections": limits.connections,
        "limit-burst-multiplier": limits.burst_multiplier if limits.rps or limits.rpm else None,
        "limit-allowlist": ",".join(limits.exempt) or None,
    }


def _access(rule: PathRule) -> dict[str, _Value]:
    if rule.access is None:
        return {}
    return {
        "allowlist-source-range": ",".join(rule.access.allow) or None,
        "denylist-source-range": ",".join(rule.access.deny) or None,
    }


def _affinity(affinity: AffinitySettings, rule: PathRule) -> dict[str, _Value]:
    return {
        "affinity": "cookie",
        "affinity-mode": affinity.mode,
        "session-cookie-name": affinity.cookie_for(rule.backend.service if rule.backend else ""),
        "session-cookie-max-age": None if affinity.max_age_seconds is None else str(affinity.max_age_seconds),
        # Without it the cookie would get the text of a regex as its path.
        "session-cookie-path": affinity.path,
        "session-cookie-samesite": affinity.samesite,
        "session-cookie-secure": affinity.secure or None,
        "session-cookie-change-on-failure": affinity.change_on_failure,
    }


def _auth(auth: Auth) -> dict[str, _Value]:
    if isinstance(auth, BasicAuth):
        return {
            "auth-type": auth.scheme,
            "auth-secret": auth.secret,
            "auth-secret-type": auth.format.replace("_", "-"),
            "auth-realm": auth.realm,
        }
    return {
        "auth-url": auth.url,
        "auth-signin": auth.sign_in_url,
        "auth-method": auth.method,
        "auth-response-headers": ",".join(auth.response_headers) or None,
    }
