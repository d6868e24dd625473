"""Regular expressions as nginx matches them: PCRE2 itself, through its C library.

Where a machine has none, Python's own stand in, which read the expressions of these tests alike but for `\\z`.
"""

import ctypes
import ctypes.util
import re
from functools import lru_cache

_CASELESS = 0x00000008
_ANCHORED = 0x80000000
_NO_AUTO_POSSESS = 0x00004000
_ERROR_MATCHLIMIT = -47
_UNSET = 2 ** (8 * ctypes.sizeof(ctypes.c_size_t)) - 1

Groups = list[str | None]
"""What a match captured; the whole of it first, and None for a group that took no part."""


def _library() -> ctypes.CDLL | None:
    name = ctypes.util.find_library("pcre2-8")
    if name is None:
        return None
    library = ctypes.CDLL(name)
    library.pcre2_compile_8.restype = ctypes.c_void_p
    library.pcre2_compile_8.argtypes = [
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.c_uint32,
        ctypes.POINTER(ctypes.c_int),
        ctypes.POINTER(ctypes.c_size_t),
        ctypes.c_void_p,
    ]
    library.pcre2_match_data_create_from_pattern_8.restype = ctypes.c_void_p
    library.pcre2_match_data_create_from_pattern_8.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    library.pcre2_match_8.restype = ctypes.c_int
    library.pcre2_match_8.argtypes = [
        ctypes.c_void_p,
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.c_size_t,
        ctypes.c_uint32,
        ctypes.c_void_p,
        ctypes.c_void_p,
    ]
    library.pcre2_get_ovector_pointer_8.restype = ctypes.POINTER(ctypes.c_size_t)
    library.pcre2_get_ovector_pointer_8.argtypes = [ctypes.c_void_p]
    library.pcre2_get_ovector_count_8.restype = ctypes.c_uint32
    library.pcre2_get_ovector_count_8.argtypes = [ctypes.c_void_p]
    library.pcre2_match_context_create_8.restype = ctypes.c_void_p
    library.pcre2_match_context_create_8.argtypes = [ctypes.c_void_p]
    library.pcre2_set_match_limit_8.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
    return library


LIBRARY = _library()


@lru_cache(maxsize=4096)
def _compiled(pattern: str, options: int = _CASELESS) -> tuple[int, int]:
    assert LIBRARY is not None
    error, offset, text = ctypes.c_int(), ctypes.c_size_t(), pattern.encode("latin-1")
    code = LIBRARY.pcre2_compile_8(text, len(text), options, ctypes.byref(error), ctypes.byref(offset), None)
    assert code, f"PCRE refuses {pattern!r} at {offset.value} ({error.value})"
    return code, LIBRARY.pcre2_match_data_create_from_pattern_8(code, None)


def match_caseless(pattern: str, subject: str, *, anchored: bool) -> Groups | None:
    """What the pattern finds without regard to case, at the subject's beginning or anywhere; None for nothing."""
    if LIBRARY is None:
        python = re.compile(pattern.replace(r"\z", r"\Z"), re.ASCII | re.IGNORECASE)
        found = python.match(subject) if anchored else python.search(subject)
        return None if found is None else [found[0], *found.groups()]
    code, data = _compiled(pattern)
    text = subject.encode("latin-1")
    if LIBRARY.pcre2_match_8(code, text, len(text), 0, _ANCHORED if anchored else 0, data, None) < 0:
        return None
    offsets = LIBRARY.pcre2_get_ovector_pointer_8(data)
    pairs = [(offsets[2 * each], offsets[2 * each + 1]) for each in range(LIBRARY.pcre2_get_ovector_count_8(data))]
    return [None if start == _UNSET else text[start:end].decode("latin-1") for start, end in pairs]


def nanoseconds(pattern: str, subject: str, *, caseless: bool = True) -> int:
    """About how long a match takes without JIT, from the steps that PCRE counts itself: the same on every machine.

    Measured: 12 for a step, and 1 for a character that `.*` or `\\w*` runs over without a step of its own. Those are
    the steps that there are more when PCRE is told not to spare them. What is more than 10 ms counts as just that.
    """
    options = _CASELESS if caseless else 0
    steps = _steps(pattern, subject, options, 900_000)
    if steps == 900_000:
        return steps * 12
    return steps * 12 + max(0, _steps(pattern, subject, options | _NO_AUTO_POSSESS, 10_800_000) - steps)


def _steps(pattern: str, subject: str, options: int, most: int) -> int:
    library = LIBRARY
    assert library is not None
    code, data = _compiled(pattern, options)
    text = subject.encode("latin-1")
    context = library.pcre2_match_context_create_8(None)

    def is_enough(limit: int) -> bool:
        library.pcre2_set_match_limit_8(context, limit)
        return library.pcre2_match_8(code, text, len(text), 0, 0, data, context) != _ERROR_MATCHLIMIT

    # Up to an eighth too much does no harm.
    low, high = 0, 30_000
    while high < most and not is_enough(high):
        low, high = high, high * 3
    high = min(high, most)
    while low and (high - low) * 8 > high:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high
