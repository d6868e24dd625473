"""Credentials in environment variables: who may read a Deployment reads them, and so does each backup of it."""

import re
from collections.abc import Iterator

from webtier_policies.pods import containers
from webtier_policies.resources import Resource, fields, items

_NAME = re.compile(
    r"(?:^|[_.-])(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|CREDENTIALS?"
    r"|(?:API|ACCESS|SECRET|PRIVATE|SIGNING|ENCRYPTION|AUTH)[_.-]?KEY|SECRET[_.-]?KEY[_.-]?BASE)\d*$",
    re.IGNORECASE,
)
"""What the variable's name ends with: REDIS_PASSWORD, and not REDIS_PASSWORD_FILE or TOKEN_SECONDS."""
_IN_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#@\s]*:(?!\$\([A-Za-z_][\w.-]*\)@)[^/?#@\s]+@", re.IGNORECASE)
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_REFERENCE = re.compile(r"(?:\$\([A-Za-z_][\w.-]*\))+")
"""Of another variable, which may come from a Secret."""
_NO_CREDENTIAL = {"", "true", "false", "yes", "no", "on", "off", "0", "1"}
_ADVICE = "Take it from a Secret: valueFrom.secretKeyRef."


def plain_text_credentials(resource: Resource) -> Iterator[str]:
    """Variables whose value is written down where it is, and by its name or its form is a credential.

    That the stack's file has it encrypted does not help: the object in the cluster has it as text.
    """
    for name, container in containers(resource):
        for variable in map(fields, items(container.get("env"))):
            value = variable.get("value")
            if not isinstance(value, str) or value.lower() in _NO_CREDENTIAL or _REFERENCE.fullmatch(value):
                continue
            called = variable.get("name")
            if isinstance(called, str) and _NAME.search(called):
                yield f"{name} has the variable {called} as plain text. {_ADVICE}"
            elif _IN_URL.search(value):
                yield f"{name} has a password in the URL of its variable {called}. {_ADVICE}"
            elif _PRIVATE_KEY.search(value):
                yield f"{name} has a private key in its variable {called}. {_ADVICE}"
