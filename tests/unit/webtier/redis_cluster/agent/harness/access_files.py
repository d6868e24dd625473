"""The Secret that a cluster's pods mount, as files."""

from collections.abc import Sequence
from pathlib import Path

from webtier.redis_cluster.agent.redis.users import AccessFiles
from webtier.redis_cluster.credentials.acl import (
    AGENT_USER,
    EXPORTER_USER,
    REPLICATION_USER,
    InternalPasswords,
    render_acl_file,
)
from webtier.redis_cluster.pod.redis_conf import ACL_FILE

INTERNAL = InternalPasswords("a seed", 1)
APPLICATION_PASSWORD = 'a "quoted" \\ password with spaces, ü'
TESTER = "tester"
TESTER_LINE = f"user {TESTER} on >{TESTER} ~* &* +@all\n"


def write_access_files(
    folder: Path, passwords: Sequence[str], rules: str, internal: InternalPasswords = INTERNAL
) -> AccessFiles:
    """As the Secret that pods mount, with the tests' own user besides."""
    folder.mkdir(exist_ok=True)
    (folder / ACL_FILE).write_text(render_acl_file(passwords, rules, internal) + TESTER_LINE)
    for user in (AGENT_USER, REPLICATION_USER, EXPORTER_USER):
        (folder / user).write_text(internal.current(user))
    return AccessFiles(folder)
