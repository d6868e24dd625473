"""Every alert about the ingress controllers fires on its fault, and on nothing else: asked of Prometheus' promtool."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.unit.environment.stack_files import PROJECT
from tests.unit.harness.promtool import ScrapedSeries, check_rules, evaluate, firing
from webtier.ingress_nginx import IngressNginxSettings
from webtier.ingress_nginx.alerts import controller_alerts, rule_groups
from webtier.shared.prometheus.alerts import Alert, render_groups

NAME, NAMESPACE = "ingress-nginx-controller", "edge"
SETTINGS = IngressNginxSettings(replicas=2)
DAY = 86400
LATE = 90
"""Minutes; all faults last longer, and no alert waits so long."""

RELOADED = "nginx_ingress_controller_config_last_reload_successful"
EXPIRES = "nginx_ingress_controller_ssl_expire_time_seconds"
REQUESTS = "nginx_ingress_controller_requests"
PODS = (f"{NAME}-5b4d-x7k2p", f"{NAME}-5b4d-q9r4t")


def scraped(namespace: str = NAMESPACE, name: str = NAME, healthy: bool = True) -> ScrapedSeries:
    """Two controllers, a certificate for a host, and ten requests a second, of which 2 % fail.

    promtool's clock begins at 0, so that an expiry in days is its number of seconds.
    """
    found = ScrapedSeries()
    for pod in (pod.replace(NAME, name) for pod in PODS):
        target = {"namespace": namespace, "pod": pod, "job": "metrics"}
        found.put(RELOADED, f"{int(healthy)}x120", target)
        for host, secret, days in (("a.example", "a-tls", 60 if healthy else 1), ("_", "", 1)):
            labels = {**target, "host": host, "secret_name": secret, "exported_namespace": "shop"}
            found.put(EXPIRES, f"{days * DAY}x120", labels)
        for status, a_minute in (("200", 588), ("503", 12 if healthy else 600)):
            labels = {**target, "ingress": "routes-pay", "status": status, "exported_namespace": "shop"}
            found.put(REQUESTS, f"0+{a_minute}x120", labels)
    return found


@dataclass(frozen=True)
class Fault:
    """`alert` fires once and alone, with `labels` besides its rule's own and `value` as its summary says it."""

    alert: str
    happens: Callable[[ScrapedSeries], None]
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    value: str = ""


def everything_is_gone(found: ScrapedSeries) -> None:
    found.series.clear()


FAULTS = [
    Fault("IngressNginxReloadFailed", lambda found: found.set(RELOADED, "0x120", pod=PODS[0]), {"pod": PODS[0]}),
    Fault("IngressNginxControllersMissing", lambda found: found.lose(pod=PODS[1]), value="1"),
    Fault("IngressNginxControllersMissing", everything_is_gone, value="0"),
    Fault(
        "IngressNginxCertificateExpires",
        lambda found: found.set(EXPIRES, f"{10 * DAY + LATE * 60}x120", host="a.example", pod=PODS[0]),
        {"host": "a.example", "secret_name": "a-tls"},
        "10",
    ),
    Fault(
        "IngressNginxServerErrors",
        lambda found: found.set(REQUESTS, "0+196x120", status="503"),
        {"ingress": "routes-pay"},
        "25%",
    ),
]


def rules() -> str:
    return render_groups(rule_groups(NAME, NAMESPACE, SETTINGS))


def alerts() -> dict[str, Alert]:
    return {alert.name: alert for alert in controller_alerts(NAME, NAMESPACE, SETTINGS)}


def test_prometheus_takes_the_rules(tmp_path: Path) -> None:
    check_rules(tmp_path, dict(rule_groups(NAME, NAMESPACE, SETTINGS)))


def test_healthy_controllers_are_silent_also_when_they_are_scraped_twice(tmp_path: Path) -> None:
    found = scraped()
    found.scraped_twice()
    evaluate(tmp_path, rules(), found, promql_expr_test=[firing({}, LATE)])


@pytest.mark.parametrize("other", [{"namespace": "elsewhere"}, {"name": "other-nginx"}])
def test_other_controllers_faults_are_not_these_ones(other: dict[str, Any], tmp_path: Path) -> None:
    found = scraped()
    found.series |= scraped(**other, healthy=False).series
    evaluate(tmp_path, rules(), found, promql_expr_test=[firing({}, LATE)])


def test_one_failed_request_among_few_is_no_alert(tmp_path: Path) -> None:
    found = scraped()
    found.set(REQUESTS, "0+1x120")
    evaluate(tmp_path, rules(), found, promql_expr_test=[firing({}, LATE)])


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.alert} {fault.value}".strip())
def test_each_fault_has_its_alert(fault: Fault, tmp_path: Path) -> None:
    found, alert = scraped(), alerts()[fault.alert]
    fault.happens(found)
    expected = {
        "exp_labels": {"severity": alert.severity, "namespace": NAMESPACE, **fault.labels},
        "exp_annotations": {"summary": said(alert.summary, fault), "description": said(alert.description, fault)},
    }
    holds = int(alert.holds[:-1]) * (60 if alert.holds.endswith("h") else 1)
    evaluate(
        tmp_path,
        rules(),
        found,
        alert_rule_test=[
            {"alertname": alert.name, "eval_time": f"{LATE}m", "exp_alerts": [expected]},
            {"alertname": alert.name, "eval_time": f"{holds - 1}m", "exp_alerts": []},
        ],
        promql_expr_test=[firing({alert.name: 1}, LATE)],
    )


def said(text: str, fault: Fault) -> str:
    """The template as Prometheus fills it in. KeyError for a label that the alert does not have."""
    text = re.sub(r"{{ \$labels\.(\w+) }}", lambda match: fault.labels[match[1]], text)
    return re.sub(r"{{ \$value[^}]* }}", fault.value, text)


def test_every_alert_has_a_fault_here() -> None:
    assert set(alerts()) == {fault.alert for fault in FAULTS}


def test_the_document_lists_every_alert_as_it_is() -> None:
    document = (PROJECT / "docs" / "ingress.md").read_text()
    rows = re.findall(r"^\| `(IngressNginx\w+)` \| (\w+) \| (\w+) \|", document, re.MULTILINE)
    assert {name: found for name, *found in rows} == {
        alert.name: [alert.severity, alert.holds] for alert in alerts().values()
    }
