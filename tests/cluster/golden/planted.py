"""The password of the golden stack, looked for in what people see."""

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from tests.cluster.golden.golden_stack import PASSWORD


def secrets_in(texts: Iterable[str], password: str = PASSWORD) -> Iterator[str]:
    """The password in any form in which it could be read or guessed at."""
    content = password.encode()
    forms = {
        password,
        quote(password),
        quote_plus(password),
        password.replace("/", "\\/"),
        *(getattr(hashlib, name)(content).hexdigest() for name in ("md5", "sha1", "sha256", "sha512")),
        # Wherever it begins in what is encoded, some of its middle is the same.
        *(base64.b64encode(b"x" * before + content)[4:-4].decode() for before in range(3)),
        *(base64.urlsafe_b64encode(b"x" * before + content)[4:-4].decode() for before in range(3)),
    }
    for text in texts:
        yield from (form for form in forms if re.search(re.escape(form), text, re.IGNORECASE))
