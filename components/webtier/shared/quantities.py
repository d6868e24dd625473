"""Kubernetes quantities: checked as text, so that what the user wrote is what is sent."""

import re
from decimal import Decimal
from typing import Annotated

from pulumi_kubernetes.core.v1 import ResourceRequirementsArgs
from pydantic import BeforeValidator, Field, model_validator

from webtier.shared.model import Settings, TextForm
from webtier.shared.problems import check, wrong_setting

_SUFFIXES = {
    **{suffix: Decimal(1000) ** power for power, suffix in enumerate(("n", "u", "m", "", *"kMGTPE"), start=-3)},
    **{f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", start=1)},
}
_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?)(" + "|".join(sorted(_SUFFIXES, reverse=True)) + ")")
_CPU = "text such as '250m', '1' or '1.5': cores, or thousandths of one"
_BYTES = "text such as '64Mi', '2Gi' or '500M': an amount of bytes of at least '1Mi'"


def parse_quantity(text: str) -> Decimal:
    """`"250m"` → 0.25, `"1Gi"` → 1073741824. ValueError for anything else."""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise ValueError(f"'{text}' is not a Kubernetes quantity")
    return Decimal(match[1]) * _SUFFIXES[match[2]]


def amount(given: object) -> Decimal:
    """What the text stands for; 0, which nothing allows, for anything else."""
    try:
        return parse_quantity(given) if isinstance(given, str) else Decimal(0)
    except ValueError:
        return Decimal(0)


def _cpu_problem(given: object) -> str | None:
    if amount(given) > 0 and (amount(given) * 1000) % 1 == 0:
        return None
    return f"allowed: {_CPU}"


def _bytes_problem(given: object) -> str | None:
    # Kubernetes takes "128m" as 0.128 bytes, which is never meant.
    if amount(given) >= 1024 * 1024:
        return None
    return f"allowed: {_BYTES}"


CpuQuantity = Annotated[str, BeforeValidator(check(_cpu_problem)), TextForm(_QUANTITY.pattern, _CPU)]
"""Cores, as text: `'250m'`, `'2'`."""

ByteQuantity = Annotated[str, BeforeValidator(check(_bytes_problem)), TextForm(_QUANTITY.pattern, _BYTES)]
"""Bytes, as text: `'64Mi'`, `'1Gi'`."""


class ResourceAmounts(Settings):
    """One side, requests or limits, of what a container may use. An absent one is not set."""

    cpu: CpuQuantity | None = Field(default=None, description="Cores, such as `250m` or `2`.")
    memory: ByteQuantity | None = Field(default=None, description="Bytes, such as `128Mi`.")
    ephemeral_storage: ByteQuantity | None = Field(
        default=None, description="Bytes on the node's own disk, such as `1Gi`: logs, and folders that go with the pod."
    )

    def as_mapping(self) -> dict[str, str]:
        """What Kubernetes wants, without the absent ones."""
        amounts = {"cpu": self.cpu, "memory": self.memory, "ephemeral-storage": self.ephemeral_storage}
        return {resource: amount for resource, amount in amounts.items() if amount is not None}


class ResourceSettings(Settings):
    """Requests and limits of one container. A CPU limit is usually better left out."""

    requests: ResourceAmounts = Field(
        default=ResourceAmounts(), description="What the scheduler keeps free for one pod."
    )
    limits: ResourceAmounts = Field(
        default=ResourceAmounts(),
        description="What one pod may never exceed: CPU is throttled, memory kills, ephemeral storage evicts.",
    )

    @model_validator(mode="after")
    def _requests_fit_limits(self) -> "ResourceSettings":
        limits = self.limits.as_mapping()
        for resource, requested in self.requests.as_mapping().items():
            key, limit = resource.replace("-", "_"), limits.get(resource)
            if limit is not None and parse_quantity(requested) > parse_quantity(limit):
                raise wrong_setting(
                    ("requests", key),
                    f"more than limits.{key}, {limit}; allowed: a request of at most its limit",
                    requested,
                )
        return self

    def as_args(self) -> ResourceRequirementsArgs:
        """For a container's `resources`."""
        return ResourceRequirementsArgs(
            requests=self.requests.as_mapping() or None, limits=self.limits.as_mapping() or None
        )
