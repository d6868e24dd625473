"""How text is written in redis.conf."""


def quote(text: str) -> str:
    """A value for redis.conf that Redis reads as exactly this text."""
    return '"' + "".join(_quoted(byte) for byte in text.encode()) + '"'


def _quoted(byte: int) -> str:
    character = chr(byte)
    if character in '"\\':
        return "\\" + character
    return character if 0x20 <= byte < 0x7F else f"\\x{byte:02x}"
