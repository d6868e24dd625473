"""The web services behind the rules: echo servers, each in a role of its own."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.cluster.harness.client_pod import PYTHON
from webtier.web_service import WebServiceSettings

HTTP = 8080
ADMIN = 8081
DEAF = 8090
"""The numbers of the ports in the pods; at the last nobody takes a connection."""

_SCRIPT = "/srv/echo_server.py"
_WAYS = ("weight", "total", "header", "value", "pattern", "cookie", "part")
_KEEPING = ("plain", "named", "none", "change", "keep")


def _ports(names: Sequence[str]) -> dict[str, Any]:
    """Ports of a Service that all lead to the same one of the pods. The controller takes each for a backend."""
    return {name: {"port": 80 + number, "target_port": HTTP} for number, name in enumerate(names)}


_SERVICES: Mapping[str, Mapping[str, Any]] = {
    "alpha": {
        "ports": {**_ports(["http"]), "admin": {"port": ADMIN}, "deaf": {"port": DEAF}},
        "env": {"PORTS": f"{HTTP},{ADMIN}", "DEAF": str(DEAF)},
    },
    "beta": {},
    "home": {},
    # Two web services whose ports have each another canary.
    "stable": {"ports": _ports(_WAYS)},
    "canary": {"ports": _ports(_WAYS)},
    # One whose ports have each another affinity.
    "sticky": {"ports": _ports(_KEEPING), "replicas": 2},
    # Tells its own status from that of the backend which it answers for.
    "errors": {"env": {"STATUS": "418"}},
    "door": {},
    "nobody": {"replicas": 0},
    "rolling-v1": {"replicas": 2, "rollout": {}},
    "rolling-v2": {"replicas": 2, "rollout": {}},
}


def service_settings() -> dict[str, WebServiceSettings]:
    """Each by its name."""
    return {name: _settings(name, given) for name, given in _SERVICES.items()}


def _settings(name: str, given: Mapping[str, Any]) -> WebServiceSettings:
    return WebServiceSettings.model_validate(
        {
            "image": PYTHON,
            "command": ["python3", _SCRIPT],
            "files": {_SCRIPT: (Path(__file__).parent / "echo_server.py").read_text()},
            "replicas": 1,
            "ports": _ports(["http"]),
            "probes": {
                "check": {"kind": "tcp"},
                "startup": None,
                "readiness": {"period_seconds": 1},
            },
            "budget": None,
            # All but those that are rolled have nobody who would miss them.
            "rollout": {"drain_seconds": 0},
            **given,
            "env": {"SERVICE": name, "PORTS": str(HTTP), **given.get("env", {})},
        }
    )
