"""Rotation of what must not be known for ever."""

import ssl

from cryptography import x509
from redis import exceptions

from tests.faults.catalog.fault import PLANNED, Fault
from tests.faults.clients.access import PORT, Access, Credentials
from tests.faults.harness.context import Scene

UP_SECONDS = 300.0
ACCEPTED_SECONDS = 150.0
"""The kubelet brings a changed Secret to its pods within a minute or two."""


def _rotate_password(scene: Scene) -> None:
    """Both are valid while the application changes over; then the old one is not any more."""
    deployment = scene.deployment
    old = Access.read(deployment.access_file).application
    scene.begin()
    deployment.new_password()
    deployment.up()
    new = Credentials(old.username, deployment.password)
    scene.wait(lambda: _accepted(scene, new), ACCEPTED_SECONDS, "every node accepts the new password", pause=0.5)
    scene.note(f"the new password was accepted everywhere after {scene.now() - scene.begun:.0f} s")
    deployment.write_access()
    deployment.forget_previous_password()
    deployment.up()
    scene.wait(lambda: _refused(scene, old), ACCEPTED_SECONDS, "no node accepts the old password", pause=0.5)
    scene.note(f"the old password was refused everywhere after {scene.now() - scene.begun:.0f} s")


def _rotate_internal_passwords(scene: Scene) -> None:
    """Of replication, agent and exporter; twice, since a node takes those of the next generation anyway."""
    first = old = Access.read(scene.deployment.access_file).operator
    scene.begin()
    for generation in (2, 3):
        new = _change_generation(scene, generation)
        scene.require(old != new, "the agent's password is the same as before")
        old = new
    scene.wait(lambda: _refused(scene, first), ACCEPTED_SECONDS, "every node refuses the first password", pause=0.5)


def _change_generation(scene: Scene, generation: int) -> Credentials:
    """Returns the agent's new password once every node accepts it."""
    scene.deployment.up({"internal_passwords": generation})
    scene.deployment.write_access()
    new = Access.read(scene.deployment.access_file).operator
    what = "every node accepts the agent's new password"
    scene.wait(lambda: _accepted(scene, new), ACCEPTED_SECONDS, what, pause=0.5)
    return new


def _step_back(scene: Scene) -> None:
    """A node takes the generations beside its own, so that nobody may go from the third to the first at once."""
    _change_generation(scene, 2)


def _accepted(scene: Scene, who: Credentials) -> bool:
    answers = [_let_in(scene, ip, who) for ip in _addresses(scene)]
    return bool(answers) and all(answers)


def _refused(scene: Scene, who: Credentials) -> bool:
    answers = [_let_in(scene, ip, who) for ip in _addresses(scene)]
    return bool(answers) and all(answer is False for answer in answers)


def _addresses(scene: Scene) -> list[str]:
    return [pod.ip for pod in scene.observer.pods.list() if pod.ip]


def _let_in(scene: Scene, ip: str, who: Credentials) -> bool | None:
    """None when the node does not answer."""
    connection = Access.read(scene.deployment.access_file).connect((ip, PORT), 2.0, who)
    try:
        connection.connect()
    except exceptions.AuthenticationError:
        return False
    except (exceptions.RedisError, OSError):
        return None
    finally:
        connection.disconnect()
    return True


def _rotate_certificates(scene: Scene) -> None:
    old = _serials(scene)
    scene.begin()
    scene.deployment.up({"tls": {"kind": "generated", "generation": 2}})
    shown = lambda: not old & _serials(scene)  # noqa: E731
    scene.wait(shown, ACCEPTED_SECONDS, "every node shows the new certificate", pause=0.5)
    scene.note(f"every node showed the new certificate after {scene.now() - scene.begun:.0f} s")
    # Who connects from now on is shown the new one: the clients do so at once.
    scene.deployment.write_access()


def _serials(scene: Scene) -> set[int]:
    """Of the certificates that the nodes show."""
    shown = (ssl.get_server_certificate((ip, PORT), timeout=5) for ip in _addresses(scene))
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
