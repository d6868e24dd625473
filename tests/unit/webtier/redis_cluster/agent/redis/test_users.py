"""Users and passwords, on a real Redis: who may do what, and a rotation that no client notices."""

from pathlib import Path

import pytest

from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import (
    APPLICATION_PASSWORD,
    DOMAIN,
    INTERNAL,
    LocalCluster,
    write_access_files,
)
from webtier.redis_cluster.agent.errors import CommandRefusedError, NodeUnavailableError
from webtier.redis_cluster.agent.redis.client import Connector, Node
from webtier.redis_cluster.agent.redis.replication_user import ShardLogin
from webtier.redis_cluster.agent.redis.users import AccessFiles, apply_access
from webtier.redis_cluster.agent.redis.view import shard_of
from webtier.redis_cluster.credentials.acl import (
    AGENT_USER,
    APPLICATION_USER,
    EXPORTER_USER,
    REPLICATION_USER,
    InternalPasswords,
    render_acl_file,
)
from webtier.redis_cluster.settings import RedisClusterSettings

RULES = RedisClusterSettings().application_acl
LOGIN = ShardLogin(shard_of(f"redis-shard-0-0.{DOMAIN}"))


def secret_folder(folder: Path, passwords: list[str], internal: InternalPasswords = INTERNAL) -> AccessFiles:
    return write_access_files(folder, passwords, RULES, internal)


def replication_password(internal: InternalPasswords, login: ShardLogin = LOGIN) -> str:
    return login.password(internal.current(REPLICATION_USER))


def log_in(cluster: LocalCluster, user: str, password: str) -> Node:
    member = cluster.topology.member(0, 0)
    connector = Connector(lambda: password, cluster.port, cluster.bus_port, user=user)
    return connector.open(cluster.addresses[member.host])


def allowed(node: Node, *command: str) -> bool:
    try:
        node.ask(*command)
    except CommandRefusedError as error:
        if "no permissions" not in str(error):
            raise
        return False
    return True


def test_each_user_may_do_what_it_is_for_and_no_more(two_nodes: LocalCluster, tmp_path: Path) -> None:
    two_nodes.converge()
    member = two_nodes.topology.member(0, 0)
    with two_nodes.connector.open(two_nodes.addresses[member.host]) as agent:
        apply_access(agent, secret_folder(tmp_path, [APPLICATION_PASSWORD]), LOGIN)
        assert not allowed(agent, "FLUSHALL")
        assert not allowed(agent, "DEL", "key")
    with log_in(two_nodes, APPLICATION_USER, APPLICATION_PASSWORD) as application:
        assert all(allowed(application, *words) for words in (("SET", "a", "b"), ("CLUSTER", "SHARDS"), ("INFO",)))
        refused = (("FLUSHALL",), ("CONFIG", "GET", "*"), ("CLUSTER", "FAILOVER"), ("ACL", "LIST"), ("SHUTDOWN",))
        assert not any(allowed(application, *words) for words in refused)
    with log_in(two_nodes, EXPORTER_USER, INTERNAL.current(EXPORTER_USER)) as exporter:
        assert all(allowed(exporter, *words) for words in (("INFO",), ("CLUSTER", "INFO")))
        # It would say the password of replication.
        assert not allowed(exporter, "CONFIG", "GET", "masterauth")
        assert not allowed(exporter, "GET", "a")
    with log_in(two_nodes, REPLICATION_USER, replication_password(INTERNAL)) as replica:
        assert allowed(replica, "PING")
        assert not allowed(replica, "GET", "a")
    with pytest.raises(NodeUnavailableError, match="does not accept the password"), log_in(two_nodes, "", "") as nobody:
        nobody.ask("PING")


def test_two_passwords_are_valid_while_clients_change(two_nodes: LocalCluster, tmp_path: Path) -> None:
    two_nodes.converge()
    member = two_nodes.topology.member(0, 0)
    with (
        two_nodes.connector.open(two_nodes.addresses[member.host]) as agent,
        log_in(two_nodes, APPLICATION_USER, APPLICATION_PASSWORD) as long_lived,
    ):
        assert long_lived.ask("SET", "key", "1") == "OK"
        apply_access(agent, secret_folder(tmp_path, ["another-password", APPLICATION_PASSWORD]), LOGIN)
        for password in ("another-password", APPLICATION_PASSWORD):
            with log_in(two_nodes, APPLICATION_USER, password) as application:
                assert application.ask("GET", "key") == "1"
        apply_access(agent, secret_folder(tmp_path, ["another-password"]), LOGIN)
        assert long_lived.ask("GET", "key") == "1", "a connection that is open stays open"
    with (
        pytest.raises(NodeUnavailableError, match="does not accept the password"),
        log_in(two_nodes, APPLICATION_USER, APPLICATION_PASSWORD) as old,
    ):
        old.ask("GET", "key")


def test_the_next_generation_is_accepted_before_and_the_last_one_after(two_nodes: LocalCluster, tmp_path: Path) -> None:
    two_nodes.converge()
    before, after = InternalPasswords("a seed", 1), InternalPasswords("a seed", 2)
    passwords = {
        AGENT_USER: after.current(AGENT_USER),
        REPLICATION_USER: replication_password(after),
        EXPORTER_USER: after.current(EXPORTER_USER),
    }
    for user, password in passwords.items():
        with log_in(two_nodes, user, password) as node:
            assert node.ask("INFO" if user == EXPORTER_USER else "PING")
    files = secret_folder(tmp_path, [APPLICATION_PASSWORD], after)
    for member in two_nodes.topology.members():
        with two_nodes.connector.open(two_nodes.addresses[member.host]) as agent:
            apply_access(agent, files, LOGIN)
    with log_in(two_nodes, AGENT_USER, before.current(AGENT_USER)) as node:
        assert node.ask("PING") == "PONG"
    # A replica that has to log in anew does so with the new one.
    assert replication_password(after) in two_nodes.ask(two_nodes.topology.member(0, 1), "CONFIG", "GET", "masterauth")
    third = InternalPasswords("a seed", 3)
    assert not set(third.accepted(AGENT_USER)) & {before.current(AGENT_USER)}


def test_no_user_s_password_tells_another_s() -> None:
    found = {INTERNAL.current(user) for user in (AGENT_USER, REPLICATION_USER, EXPORTER_USER)}
    assert len(found) == 3
    text = render_acl_file([APPLICATION_PASSWORD], RULES, INTERNAL)
    assert not any(password in text for password in (*found, APPLICATION_PASSWORD))


@pytest.mark.parametrize("password", ["", "a\nb", "a\0b", "x" * 513])
def test_an_unusable_password_is_refused_without_being_shown(password: str) -> None:
    with pytest.raises(ValueError, match=r"allowed: 1 to 512 printable characters") as refused:
        render_acl_file([password], RULES, INTERNAL)
    assert not password or password not in str(refused.value)
