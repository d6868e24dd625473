"""Rotation of what must not be known for ever."""

import ssl

from cryptography import x509
from redis import exceptions

from tests.faults.catalog.fault import PLANNED, Fault
from tests.faults.clients.access import PORT, Access, Credentials
from tests.faults.harness.context import FaultContext

UP_SECONDS = 300.0
ACCEPTED_SECONDS = 150.0
"""The kubelet brings a changed Secret to its pods within a minute or two."""


def _rotate_password(context: FaultContext) -> None:
    """Both are valid while the application changes over; then the old one is not any more."""
    deployment = context.deployment
    old = Access.read(deployment.access_file).application
    context.begin()
    deployment.new_password()
    deployment.up()
    new = Credentials(old.username, deployment.password)
    context.wait(lambda: _accepted(context, new), ACCEPTED_SECONDS, "every node accepts the new password", pause=0.5)
    context.note(f"the new password was accepted everywhere after {context.now() - context.begun:.0f} s")
    deployment.write_access()
    deployment.forget_previous_password()
    deployment.up()
    context.wait(lambda: _refused(context, old), ACCEPTED_SECONDS, "no node accepts the old password", pause=0.5)
    context.note(f"the old password was refused everywhere after {context.now() - context.begun:.0f} s")


def _rotate_internal_passwords(context: FaultContext) -> None:
    """Of replication, agent and exporter; twice, since a node takes those of the next generation anyway."""
    first = old = Access.read(context.deployment.access_file).operator
    context.begin()
    for generation in (2, 3):
        new = _change_generation(context, generation)
        context.require(old != new, "the agent's password is the same as before")
        old = new
    context.wait(lambda: _refused(context, first), ACCEPTED_SECONDS, "every node refuses the first password", pause=0.5)


def _change_generation(context: FaultContext, generation: int) -> Credentials:
    """Returns the agent's new password once every node accepts it."""
    context.deployment.up({"internal_password_generation": generation})
    context.deployment.write_access()
    new = Access.read(context.deployment.access_file).operator
    what = "every node accepts the agent's new password"
    context.wait(lambda: _accepted(context, new), ACCEPTED_SECONDS, what, pause=0.5)
    return new


def _step_back(context: FaultContext) -> None:
    """A node takes the generations beside its own, so that nobody may go from the third to the first at once."""
    _change_generation(context, 2)


def _accepted(context: FaultContext, who: Credentials) -> bool:
    answers = [_let_in(context, ip, who) for ip in _addresses(context)]
    return bool(answers) and all(answers)


def _refused(context: FaultContext, who: Credentials) -> bool:
    answers = [_let_in(context, ip, who) for ip in _addresses(context)]
    return bool(answers) and all(answer is False for answer in answers)


def _addresses(context: FaultContext) -> list[str]:
    return [pod.ip for pod in context.pods() if pod.ip]


def _let_in(context: FaultContext, ip: str, who: Credentials) -> bool | None:
    """None when the node does not answer."""
    connection = Access.read(context.deployment.access_file).connect((ip, PORT), 2.0, who)
    try:
        connection.connect()
    except exceptions.AuthenticationError:
        return False
    except (exceptions.RedisError, OSError):
        return None
    finally:
        connection.disconnect()
    return True


def _rotate_certificates(context: FaultContext) -> None:
    old = _serials(context)
    context.begin()
    context.deployment.up({"tls": {"kind": "generated", "generation": 2}})
    shown = lambda: not old & _serials(context)  # noqa: E731
    context.wait(shown, ACCEPTED_SECONDS, "every node shows the new certificate", pause=0.5)
    context.note(f"every node showed the new certificate after {context.now() - context.begun:.0f} s")
    # Who connects from now on is shown the new one: the clients do so at once.
    context.deployment.write_access()


def _serials(context: FaultContext) -> set[int]:
    """Of the certificates that the nodes show."""
    shown = (ssl.get_server_certificate((ip, PORT), timeout=5) for ip in _addresses(context))
    return {x509.load_pem_x509_certificate(certificate.encode()).serial_number for certificate in shown}


FAULTS = (
    Fault(
        "rotate-password",
        "another password for the application, in two `pulumi up`s",
        _rotate_password,
        PLANNED,
        2 * UP_SECONDS,
    ),
    Fault(
        "rotate-internal-passwords",
        "other passwords for replication, agent and exporter, twice, each in one `pulumi up`",
        _rotate_internal_passwords,
        PLANNED,
        2 * UP_SECONDS,
        restore=_step_back,
    ),
    Fault(
        "rotate-certificates",
        "another certificate for clients, replication and bus, in one `pulumi up`",
        _rotate_certificates,
        PLANNED,
        UP_SECONDS,
        changes={"tls": {"kind": "generated"}},
        own_kind=True,
    ),
)
