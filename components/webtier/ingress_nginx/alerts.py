"""Alert rules for the controllers of one ingress-nginx.

They pick the series by the labels `namespace` and `pod` of the controllers' pods: the ServiceMonitor brings both, and
so does the usual scraping of annotated pods.
"""

from webtier.ingress_nginx.settings import IngressNginxSettings
from webtier.shared.prometheus.alerts import Alert, RuleGroups, group_alerts

EXPIRES_SOON_DAYS = 14
"""Renewals of 90 days' certificates begin at 30 days: who is this late has missed several attempts."""

SERVER_ERROR_PART = 0.05
"""Of an Ingress' requests, above which an alert says so."""

LEAST_REQUESTS_A_SECOND = 0.1
"""Below it single requests are a large part."""

_DAY_SECONDS = 86400


def controller_alerts(name: str, namespace: str, settings: IngressNginxSettings) -> tuple[Alert, ...]:
    """The rules for the controllers of the Deployment `name`."""
    pods = f'namespace="{namespace}",pod=~"{name}-[a-z0-9]+-[a-z0-9]+"'
    reloaded = f"max by (namespace, pod) (nginx_ingress_controller_config_last_reload_successful{{{pods}}})"
    # The certificate that a controller makes for itself at its start is in no Secret.
    expires = f'nginx_ingress_controller_ssl_expire_time_seconds{{{pods},secret_name!=""}}'
    days_left = f"(min by (namespace, host, secret_name) ({expires}) - time()) / {_DAY_SECONDS}"
    requests = f"sum by (namespace, ingress) (rate(nginx_ingress_controller_requests{{{pods}}}[5m]))"
    errors = f'sum by (namespace, ingress) (rate(nginx_ingress_controller_requests{{{pods},status=~"5.."}}[5m]))'
    return (
        Alert(
            *("IngressNginxReloadFailed", "critical", "2m"),
            f"{reloaded} == 0",
            "The controller {{ $labels.pod }} can't load its configuration.",
            "It goes on with the last one that was right, and no later change of any Ingress has an effect. See "
            "`kubectl logs {{ $labels.pod }}`, which names the line of the configuration that nginx refuses.",
        ),
        Alert(
            *("IngressNginxControllersMissing", "warning", "10m"),
            f"(count({reloaded}) or vector(0)) < {settings.replicas}",
            f"Only {{{{ $value }}}} of {settings.replicas} controllers are seen.",
            "Pods are missing, or Prometheus does not know them. See `kubectl get pods`, and Prometheus' targets.",
        ),
        Alert(
            *("IngressNginxCertificateExpires", "warning", "1h"),
            f"{days_left} < {EXPIRES_SOON_DAYS}",
            "The certificate for {{ $labels.host }} expires in {{ $value | humanize }} days.",
            "It is in the Secret {{ $labels.secret_name }}. See what renews it: `kubectl describe certificate`, with "
            "cert-manager.",
        ),
        Alert(
            *("IngressNginxServerErrors", "warning", "5m"),
            f"{errors} / ({requests} > {LEAST_REQUESTS_A_SECOND}) > {SERVER_ERROR_PART}",
            "{{ $value | humanizePercentage }} of the requests to the Ingress {{ $labels.ingress }} fail with 5xx.",
            "502 and 503: no pod of the service is ready, or it ends connections. 504: it is too slow. 500: its own. "
            "See the pods of the service that the Ingress names, and the controllers' log.",
        ),
    )


def rule_groups(name: str, namespace: str, settings: IngressNginxSettings) -> RuleGroups:
    """The same, ready for Prometheus."""
    return group_alerts(f"{namespace}-{name}", controller_alerts(name, namespace, settings), {"namespace": namespace})
