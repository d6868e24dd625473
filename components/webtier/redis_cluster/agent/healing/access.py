"""Brings the mounted Secret's users and passwords into effect on a running Redis, whatever generation they are of.

A Redis accepts the passwords of the generation before and after its own besides. So with a generation more, files,
servers and agents may learn of it in any order. Where it was raised by more than one no running Redis accepts the new
password, and only who knows an old one can set it: the agent beside it, which therefore goes on with the password with
which it last got in. It is kept in the folder that the pod's containers share, in memory, so that it outlives the
agent's container and not the pod. Then these follow one another, on every node by itself:

    when                              the own users' passwords     agents and replicas log in with
    --------------------------------  ---------------------------  -------------------------------
    before                            the old ones                 the old one
    the Secret has changed here       the old ones and the new     the old one
    `use_after` seconds later         the old ones and the new     the new one
    `drop_after` seconds, or the Job  the new ones                 the new one

The kubelet of the slowest node has brought the Secret by `use_after`. The Job logs in with the new password, and so
can do nothing before every node accepts it.
"""

import time
from dataclasses import dataclass, field, replace

from ..console import Console
from ..errors import NodeUnavailableError, PasswordRefusedError
from ..redis.client import Connector, Node
from ..redis.replication_user import ShardLogin, is_withheld
from ..redis.users import ACL_FILE, AccessFiles, apply_access, log_in_at_masters
from ..start.start_handshake import StartHandshake
from .repairs import ask_for_sign

LAST_USED = "agent-password"
"""The file's name."""


@dataclass
class Access:
    """Looks once with `step()`. `connector` has the mounted Secret's password; everything else in this pod logs in with
    `password()`. Without `follow` only a start brings a changed Secret into effect.
    """

    files: AccessFiles
    login: ShardLogin
    connector: Connector
    handshake: StartHandshake
    console: Console
    follow: bool = True
    use_after: float = 150.0
    drop_after: float = 300.0
    _last: str | None = field(default=None, init=False)
    """With which this pod's Redis was last logged in at."""
    _differs_since: float | None = field(default=None, init=False)
    _seen: str | None = field(default=None, init=False)
    _applied: str | None = field(default=None, init=False)
    _both_since: float | None = field(default=None, init=False)
    _old_at_masters: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        if self.follow:
            self._last = self.handshake.read_file(LAST_USED)

    def password(self) -> str:
        """What the agent logs in with, here and elsewhere. NodeUnavailableError when none is known.

        The one with which it last got in, but no longer than the others have it: this pod's Redis may be down.
        """
        last = self._last
        if last is None:
            return self.connector.password()
        mounted = self._mounted() or last
        if mounted == last:
            self._differs_since = None
            return last
        since = self._differs_since = self._differs_since or time.monotonic()
        return last if time.monotonic() - since < self.use_after else mounted

    def _mounted(self) -> str | None:
        try:
            return self.connector.password()
        except NodeUnavailableError:
            return None

    def open(self) -> Node:
        """This pod's Redis, which has accepted a password; to be closed by the caller."""
        # One that was started since, or that the Job has come to, accepts the new one alone.
        candidates = dict.fromkeys([self.password(), self._last, self._mounted()])
        refused: PasswordRefusedError | None = None
        for password in filter(None, candidates):
            try:
                node = self._log_in(password)
            except PasswordRefusedError as error:
                refused = error
                continue
            self._use(password)
            return node
        raise refused or NodeUnavailableError("can't be asked without a password")

    def restarted(self) -> None:
        """To be told of each start of this pod's Redis, which then has the Secret's users."""
        self._seen = self._applied = self._both_since = None
        self.login = ShardLogin(self.login.shard)

    def step(self, redis: Node) -> None:
        """CommandRefusedError, once all else is done, for a user whose rules Redis refuses."""
        if self._applied is not None and not self.follow:
            return
        users, mounted = self.files.text(), self.connector.password()
        now = time.monotonic()
        if users != self._seen:
            if self._both_since is not None or not self._accepts(mounted):
                self._both_since = now
            self._seen = users
        if self._both_since is not None and now - self._both_since >= self.drop_after:
            self._applied = self._both_since = None
        if self._both_since is not None and now - self._both_since >= self.use_after and self._old_at_masters:
            log_in_at_masters(redis, self.files, self.login)
            self._old_at_masters = False
            self._use(mounted)
        if users != self._applied:
            self._apply(redis, users, mounted)

    def _apply(self, redis: Node, users: str, mounted: str) -> None:
        keep = self._old_at_masters = self._both_since is not None
        if keep:
            self.console.state(
                "the Secret's passwords are of a later generation: Redis accepts them and those of before"
            )
        apply_access(redis, self.files, self.login, keep_passwords=keep)
        self.handshake.write_file(ACL_FILE, self.files.users(self.login, is_withheld(redis)))
        if self._applied is not None:
            self.console.event("Redis has the changed users and passwords")
        self._applied = users
        if not keep:
            self._use(mounted)

    def log_in_as(self, redis: Node, login: ShardLogin) -> None:
        """Other members of the shard replicate in another way from now on, or with them this one."""
        apply_access(redis, self.files, login, keep_passwords=self._both_since is not None)
        self.login = login

    def _accepts(self, password: str) -> bool:
        if password == self._last:
            return True
        try:
            self._log_in(password).close()
        except PasswordRefusedError:
            return False
        return True

    def _log_in(self, password: str) -> Node:
        node = replace(self.connector, password=lambda: password).open_local()
        try:
            ask_for_sign(node)
        except BaseException:
            node.close()
            raise
        return node

    def _use(self, password: str) -> None:
        if not self.follow or password == self._last:
            return
        self._last = password
        try:
            self.handshake.write_file(LAST_USED, password)
        except OSError as error:
            self.console.state(f"the password is forgotten when this container restarts: {error}")
