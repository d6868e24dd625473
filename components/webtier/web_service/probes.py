"""How the kubelet asks a pod whether it has started, is ready and is alive."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pulumi_kubernetes.core.v1 import ExecActionArgs, GRPCActionArgs, HTTPGetActionArgs, ProbeArgs, TCPSocketActionArgs
from pydantic import Field

from webtier.shared.model import HttpPath, PortName, Settings
from webtier.shared.problems import Place

_PORT = "The name of a port under `ports`; null for `http`, or else that for TCP with the lowest number."


class HttpCheck(Settings):
    """Asked over HTTP."""

    kind: Literal["http"] = Field(description="A GET; it succeeds with 200 to 399.")
    path: HttpPath = Field(default="/", description="What is asked for.")
    port: PortName | None = Field(default=None, description=_PORT)


class TcpCheck(Settings):
    """Asked by a connection."""

    kind: Literal["tcp"] = Field(description="A connection; it succeeds when it is accepted.")
    port: PortName | None = Field(default=None, description=_PORT)


class GrpcCheck(Settings):
    """Asked over gRPC's health checking protocol."""

    kind: Literal["grpc"] = Field(description="A call of gRPC's health service; it succeeds with `SERVING`.")
    port: PortName | None = Field(default=None, description=_PORT)
    service: str | None = Field(default=None, description="The service asked about; null for the server as a whole.")


class ExecCheck(Settings):
    """Asked by a command in the container."""

    kind: Literal["exec"] = Field(description="A command in the container; it succeeds with exit code 0.")
    command: list[str] = Field(min_length=1, description="The program and its arguments; no shell unless named.")


Check = Annotated[HttpCheck | TcpCheck | GrpcCheck | ExecCheck, Field(discriminator="kind")]


class ProbeSettings(Settings):
    """One probe."""

    check: Check | None = Field(default=None, description="What is asked; null for `probes.check`.")
    initial_delay_seconds: int = Field(default=0, ge=0, le=3600, description="From the container's start, unasked.")
    period_seconds: int = Field(default=5, ge=1, le=300, description="Between two questions.")
    timeout_seconds: int = Field(default=2, ge=1, le=60, description="It fails if there is no answer within this time.")
    failure_threshold: int = Field(default=2, ge=1, le=1000, description="So many failures, one after another, count.")


class StartupProbe(ProbeSettings):
    """Whether the container has started. The others wait for it."""

    failure_threshold: int = Field(
        default=12, ge=1, le=1000, description="After so many failures, one after another, it is restarted."
    )


class ReadinessProbe(ProbeSettings):
    """Whether the pod gets requests."""

    failure_threshold: int = Field(
        default=2, ge=1, le=1000, description="After so many failures, one after another, it gets no more requests."
    )
    success_threshold: int = Field(
        default=1, ge=1, le=100, description="After so many successes, one after another, it gets them again."
    )


class LivenessProbe(ProbeSettings):
    """Whether the container still works."""

    failure_threshold: int = Field(
        default=6, ge=1, le=1000, description="After so many failures, one after another, it is restarted."
    )


class ProbesSettings(Settings):
    """The three probes of the main container."""

    check: Check = Field(default=HttpCheck(kind="http"), description="What the probes ask that say nothing else.")
    startup: StartupProbe | None = Field(
        default=StartupProbe(), description="Whether the container has started; null for no such probe."
    )
    readiness: ReadinessProbe | None = Field(
        default=ReadinessProbe(), description="Whether the pod gets requests; null for no such probe."
    )
    liveness: LivenessProbe | None = Field(
        default=LivenessProbe(), description="Whether the container still works; null for no such probe."
    )

    def checks(self) -> Iterator[tuple[Place, Check]]:
        """All that may be asked, each with its place below `probes`."""
        yield ("check",), self.check
        for name in ("startup", "readiness", "liveness"):
            probe: ProbeSettings | None = getattr(self, name)
            if probe is not None and probe.check is not None:
                yield (name, "check"), probe.check

    def as_args(self, probe: ProbeSettings | None, ports: Mapping[str, int], main: str) -> ProbeArgs | None:
        """For the container whose named ports these are, the one called `main` being meant where none is named."""
        if probe is None:
            return None
        args = ProbeArgs(
            initial_delay_seconds=probe.initial_delay_seconds or None,
            period_seconds=probe.period_seconds,
            timeout_seconds=probe.timeout_seconds,
            failure_threshold=probe.failure_threshold,
        )
        if isinstance(probe, ReadinessProbe) and probe.success_threshold > 1:
            args.success_threshold = probe.success_threshold
        match self.check if probe.check is None else probe.check:
            case HttpCheck() as check:
                args.http_get = HTTPGetActionArgs(path=check.path, port=check.port or main)
            case TcpCheck() as check:
                args.tcp_socket = TCPSocketActionArgs(port=check.port or main)
            case GrpcCheck() as check:
                # Of all checks the one that takes no name.
                args.grpc = GRPCActionArgs(port=ports[check.port or main], service=check.service)
            case ExecCheck() as check:
                args.exec_ = ExecActionArgs(command=check.command)
        return args
