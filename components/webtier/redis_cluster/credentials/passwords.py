"""What the password of Redis' application user may be."""

USABLE = "1 to 512 printable characters, without line breaks"
STRONG = "16 to 512 printable ASCII characters without spaces, quotes and backslashes"


def is_usable(password: str) -> bool:
    """Whether Redis and its files take it: `USABLE`, which the component asks for."""
    return 1 <= len(password) <= 512 and password.isprintable()


def is_strong(password: str) -> bool:
    """Whether it is also long, and the same in every shell, file and URL: `STRONG`, as a stack must have it."""
    return is_usable(password) and len(password) >= 16 and password.isascii() and not set(password) & set(" \"'\\")
