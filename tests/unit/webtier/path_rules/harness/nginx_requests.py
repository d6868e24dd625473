"""What nginx makes of a request's target and host: its own state machines, character by character.

Written from nginx 1.22 to 1.27 (`ngx_http_parse_request_line` and `ngx_http_parse_complex_uri` in `ngx_http_parse.c`,
`ngx_http_validate_host` in `ngx_http_request.c`, `ngx_escape_uri` in `ngx_string.c`), for a build that is not for
Windows. It knows nothing of rules.
"""

_HEXADECIMAL = b"0123456789abcdefABCDEF"

_URI_ESCAPES = (0xFFFFFFFF, 0xD000002D, 0x50000000, 0xB8000001, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
"""A bit for each byte that NGX_ESCAPE_URI escapes, 32 in a number, the lowest first."""


class InvalidRequestError(Exception):
    """NGX_HTTP_PARSE_INVALID_REQUEST, or NGX_DECLINED for a host: 400."""


def complex_uri(target: str) -> str:
    """`r->uri`. InvalidRequestError for what is answered with 400."""
    if not target.startswith("/"):
        raise InvalidRequestError(target)
    for character in target:
        if character <= " " or character == "\x7f":
            raise InvalidRequestError(target)
    out: list[str] = []
    state = quoted_state = "usual"
    decoded = ""
    raw = iter(target)
    character: str | None = next(raw)
    is_raw = True
    while True:
        is_end = character is None or (is_raw and character in "?#")
        if state == "quoted" or state == "quoted second":
            if character is None or character not in _HEXADECIMAL.decode():
                raise InvalidRequestError(target)
            if state == "quoted":
                decoded, state = character, "quoted second"
                character = next(raw, None)
                continue
            character = chr(int(decoded + character, 16))
            if character == "\0":
                raise InvalidRequestError(target)
            if character in "%#?":
                out.append(character)
                state, character, is_raw = "usual", next(raw, None), True
            else:
                state, is_raw = quoted_state, False
            continue
        if character == "%" and is_raw:
            quoted_state, state = state, "quoted"
            character = next(raw, None)
            continue
        if state == "slash":
            if character == "/":
                pass
            elif character == "." and not is_end:
                state = "dot"
                out.append(".")
            elif not is_end and character is not None:
                state = "usual"
                out.append(character)
        elif state == "dot":
            if is_end or character == "/":
                state = "slash"
                out.pop()
            elif character == ".":
                state = "dot dot"
                out.append(".")
            elif character is not None:
                state = "usual"
                out.append(character)
        elif state == "dot dot":
            if is_end or character == "/":
                state = "slash"
                # The dots, the slash before them, and all to the slash before that one.
                del out[-3:]
                while out and out[-1] != "/":
                    out.pop()
                if not out:
                    raise InvalidRequestError(target)
            elif character is not None:
                state = "usual"
                out.append(character)
        elif not is_end and character is not None:
            state = "slash" if character == "/" else "usual"
            out.append(character)
        if is_end:
            return "".join(out)
        character, is_raw = next(raw, None), True


def escape_uri(path: str) -> str:
    """NGX_ESCAPE_URI."""
    return "".join(
        f"%{ord(each):02X}" if _URI_ESCAPES[ord(each) >> 5] >> (ord(each) & 31) & 1 else each for each in path
    )


def valid_host(header: str) -> str:
    """The host that servers are looked up by. InvalidRequestError for what is answered with 400."""
    dot_position = length = len(header)
    state = "usual"
    for position, character in enumerate(header):
        if character == ".":
            if dot_position == position - 1:
                raise InvalidRequestError(header)
            dot_position = position
        elif character == ":":
            if state == "usual":
                length, state = position, "rest"
        elif character == "[":
            if position == 0:
                state = "literal"
        elif character == "]":
            if state == "literal":
                length, state = position + 1, "rest"
        elif character == "/" or character <= " " or character == "\x7f":
            raise InvalidRequestError(header)
    if dot_position == length - 1:
        length -= 1
    if length == 0:
        raise InvalidRequestError(header)
    return "".join(chr(ord(each) | 0x20) if "A" <= each <= "Z" else each for each in header[:length])
