"""What holds for a whole host: its certificate, and redirects of its own."""

from collections.abc import Iterator

from webtier.path_rules.registry.option import ITS_FIELDS_HAVE, Host, HttpRoute, NoAnnotation, Option, RefusedByGateway
from webtier.path_rules.registry.registry import OptionsOfModels
from webtier.path_rules.rules.hosts import HostSettings, IssuerTls, SecretTls, Tls, tls_secret, www_partner
from webtier.path_rules.rules.routing import GatewayRouting
from webtier.shared.problems import Problem


def _tls_words(tls: Tls, host: Host) -> str:
    issuer = f", which cert-manager fills from {tls.cluster_issuer or tls.issuer}" if isinstance(tls, IssuerTls) else ""
    return f"certificate in the Secret {tls_secret(host.name, tls)}{issuer}"


def _https_problems(redirects: bool | None, host: Host, gateway: GatewayRouting) -> Iterator[Problem]:
    if redirects and host.settings.tls is None and gateway.https_section is None:
        message = (
            "needs to know the Gateway's listeners for HTTP and for HTTPS; allowed: true together with "
            "routing.section and routing.https_section"
        )
        yield Problem((), message, value=True)


_SECRET = Option[Host](annotations=NoAnnotation("it stands in the Ingress' spec, under `tls`"), words="shown")

OPTIONS: OptionsOfModels[Host] = {
    HostSettings: {
        "tls": Option(
            annotations=ITS_FIELDS_HAVE,
            http_route=RefusedByGateway(
                "an HTTPRoute has no certificates, they belong to the Gateway's listeners",
                "null here, and 'certificateRefs' at the listener (cert-manager reads the Gateway's annotations)",
            ),
            beside_redirect="allowed",
            services="every",
            words=_tls_words,
        ),
        "tls_redirect": Option(
            annotations={
                "ssl-redirect": lambda _, host: host.settings.redirects_to_https,
                # Else a slash at the end would be lost on the way.
                "preserve-trailing-slash": lambda _, host: host.settings.redirects_to_https or None,
            },
            http_route=HttpRoute(
                "a second HTTPRoute with a requestRedirect, at the other listener", problems=_https_problems
            ),
            beside_redirect="allowed",
            services="every",
            words=lambda _to_https, _host: "HTTP is sent to HTTPS with 308",
        ),
        "www_redirect": Option(
            annotations={"from-to-www-redirect": lambda redirects, _: redirects or None},
            http_route=HttpRoute("a second HTTPRoute with a requestRedirect, for the other name"),
            beside_redirect="allowed",
            services="none",
            words=lambda _, host: f"{www_partner(host.name)} is sent here with 308",
        ),
        "app_root": Option(
            annotations="app-root",
            http_route=HttpRoute("a second HTTPRoute with a requestRedirect, for `/`"),
            beside_redirect="allowed",
            services="none",
            words=lambda path, _: f"/ is sent to {path} with 302",
        ),
    },
    SecretTls: {"secret": _SECRET},
    IssuerTls: {
        "cluster_issuer": Option(annotations="cert-manager.io/cluster-issuer", words="shown"),
        "issuer": Option(annotations="cert-manager.io/issuer", words="shown"),
        "secret": _SECRET,
    },
}
