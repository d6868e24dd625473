"""Settings files of a stack that YAML, or its versions, make something odd of."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class OddFile:
    """A file's name and content, and whether the engine and the program take it."""

    name: str
    content: bytes
    is_taken: bool


def settings(
    *, service: str = "", config: str = "", head: str = "", foot: str = "", routes: str = "[{path: /a, backend: u}]"
) -> str:
    """A stack's file; the parameters are put into it as they are."""
    return (
        f"{head}config:\n"
        "  webtier:context: kind\n"
        "  webtier:redis_password_file: $WEBTIER_REDIS_PASSWORD_FILE\n"
        f"  webtier:services: {{u: {{image: 'docker.io/a/u:1'{service}}}}}\n"
        "  webtier:default_backend: u\n"
        f"  webtier:routes: {routes}\n"
        f"{config}{foot}"
    )


_WORDS = ("'1234e5'", "'08'", "12:30", "1:20:30", "190:20:30.15", "yes", "No", "on", "OFF", "y", "N", "=", "<<", "'~'")
_TAGGED = (
    "!!str 5",
    "!!str true",
    "!!binary aGFsbG8=",
    "!!binary /w==",
    "!own a",
    "2026-11-26",
    "2026-11-26T10:00:00Z",
)
_NO_TEXT = ("1234e5", "1e3", "08", "0o10", "010", "1_000", "0x1F", "1.0", "+1", "True", "~", "", "!!int '5'", "[a]")


def _of_values() -> Iterator[OddFile]:
    """Scalars as the values of environment variables, where only text is taken."""
    for name, is_taken, values in (
        ("words that are text", True, _WORDS),
        ("tags and dates", True, _TAGGED),
        ("escapes over two lines", True, ('"\\u00e9\\x41\\\n      b"',)),
        ("four hundred digits", True, ("1" * 400,)),
        ("what is no text", False, (*_NO_TEXT, "!!set {a}", "18446744073709551615", "-9223372036854775808")),
        ("not a number", False, (".nan",)),
        ("infinity", False, ("-.INF",)),
    ):
        entries = ", ".join(f"A{number}: {value}" for number, value in enumerate(values))
        yield OddFile(name, settings(service=f", env: {{{entries}}}").encode(), is_taken)


def _of_settings() -> Iterator[OddFile]:
    """Scalars where numbers, booleans and words are taken."""
    for name, taken, changes in (
        ("replicas in octal 08", True, {"service": ", replicas: 08"}),
        ("replicas in octal 0o2", True, {"service": ", replicas: 0o2"}),
        ("replicas with an exponent", True, {"service": ", replicas: 1e0"}),
        ("replicas beyond 64 bits", False, {"service": ", replicas: 99999999999999999999"}),
        ("a time as replicas", False, {"service": ", replicas: 1:2"}),
        ("protect yes", False, {"config": "  webtier:protect: yes\n"}),
        ("protect as text", True, {"config": "  webtier:protect: 'false'\n"}),
        ("appendfsync no", True, {"config": "  webtier:redis: {conf: {appendfsync: no}}\n"}),
        ("a list where text is meant", False, {"config": "  webtier:node_address: [a]\n"}),
        ("a host that is a list", False, {"routes": "[{path: /a, backend: u, host: [a.example.com]}]"}),
        ("a number as a namespace", True, {"config": "  webtier:namespace: 5\n"}),
        ("no Redis", True, {"config": "  webtier:redis:\n"}),
        ("no Redis, as null", True, {"config": "  webtier:redis: null\n"}),
        ("Redis as a list", False, {"config": "  webtier:redis: [1]\n"}),
        ("an address of nothing", True, {"config": "  webtier:node_address:\n"}),
    ):
        yield OddFile(name, settings(**changes).encode(), taken)


def _of_keys() -> Iterator[OddFile]:
    for name, taken, changes in (
        ("a key without the prefix", True, {"config": "  node_address: 192.0.2.1\n"}),
        ("a foreign namespace", True, {"config": "  aws:region: eu-west-1\n  kubernetes:x: {a: [1]}\n"}),
        ("a number as a key", False, {"config": "  5: c\n"}),
        ("a boolean as a key below", True, {"service": ", env: {true: x}"}),
        ("the key yes", True, {"service": ", env: {yes: x, no: z, y: w}"}),
        ("a null as a key below", False, {"service": ", env: {~: x}"}),
        ("a key given twice", False, {"config": "  webtier:context: kind\n"}),
        ("a key below given twice", False, {"service": ", env: {A: x, A: z}"}),
        ("an anchor and its alias", True, {"service": ", env: {A: &a x, B: *a}"}),
        ("an alias of nothing", False, {"service": ", env: {A: *a}"}),
        ("merged keys", True, {"service": ", env: {<<: {A: x, B: y}, B: z}", "foot": "other: &o {a: b}\n"}),
        ("an unknown key at the top", True, {"foot": "unknown: {a: [b]}\n"}),
        ("a misspelt key", False, {"config": "  webtier:contxt: kind\n"}),
    ):
        yield OddFile(name, settings(**changes).encode(), taken)


def _of_salts() -> Iterator[OddFile]:
    """What a stack says of its encryption, where nothing is encrypted."""
    yield OddFile("no salt", settings().encode(), True)
    for name, salt in (
        ("a number", "5"),
        ("a list", "[a]"),
        ("text", "v1:hello"),
        ("of version 9", "v9:YQ==:v1:YQ==:YQ=="),
    ):
        yield OddFile(f"a salt that is {name}", settings(foot=f"encryptionsalt: {salt}\n").encode(), False)
    yield OddFile("an empty salt", settings(foot="encryptionsalt:\n").encode(), True)
    yield OddFile("a null for a provider", settings(foot="secretsprovider: ~\n").encode(), True)


def _of_files() -> Iterator[OddFile]:
    whole = settings()
    yield OddFile("CRLF", whole.replace("\n", "\r\n").encode(), True)
    yield OddFile("BOM", BOM + whole.encode(), True)
    yield OddFile("UTF-16", whole.encode("utf-16"), True)
    yield OddFile("no line feed at the end", whole.removesuffix("\n").encode(), True)
    yield OddFile("empty", b"", False)
    yield OddFile("only comments", b"# nothing\n\n# here\n", False)
    yield OddFile("a directive", f"%YAML 1.1\n---\n{whole}".encode(), True)
    yield OddFile("two documents", f"{whole}---\nconfig: {{webtier:context: other}}\n".encode(), True)
    yield OddFile("a second document that is broken", f"{whole}---\n[\n".encode(), True)
    yield OddFile("a tab as indent", whole.replace("  webtier:context", "\twebtier:context").encode(), False)
    yield OddFile("a tab after a colon", whole.replace("context: kind", "context:\tkind").encode(), True)
    yield OddFile("an unclosed bracket", f"{whole}  webtier:hosts: {{a: [\n".encode(), False)
    yield OddFile("an unclosed quote", f"{whole}  webtier:hosts: 'a\n".encode(), False)
    yield OddFile("text as config", b"config: hello\n", False)
    yield OddFile("a list as the file", b"- a\n", False)
    yield OddFile("Latin-1", whole.replace("kind", "k\xf6nig").encode("latin-1"), False)
    yield OddFile("NUL", whole.replace("kind", "k\0").encode(), False)
    yield OddFile("an escaped NUL", whole.replace("kind", '"k\\0"').encode(), True)
    own = {"context": "kind", "default_backend": "u", "services": {"u": {"image": "docker.io/a/u:1"}}}
    own["redis_password_file"] = "$WEBTIER_REDIS_PASSWORD_FILE"
    yield OddFile("JSON", json.dumps({"config": {f"webtier:{key}": own[key] for key in own}}).encode(), True)
    for levels in (150, 1500, 20_000):
        value = "{a: " * levels + "1" + "}" * levels
        yield OddFile(f"{levels} groups in each other", settings(config=f"  webtier:hosts: {value}\n").encode(), False)
    aliases = "".join(f"b{n}: &b{n} [{', '.join([f'*b{n - 1}'] * 9)}]\n" for n in range(1, 9))
    yield OddFile("aliases that grow without end", settings(head=f"b0: &b0 [x]\n{aliases}").encode(), False)


def _of_many() -> Iterator[OddFile]:
    rules = "".join(
        f"    - {{host: h{number // 100}.example, path: /p{number % 100}, backend: u}}\n" for number in range(20_000)
    )
    yield OddFile("20,000 routes", settings(routes=f"\n{rules}").encode(), True)
    wrong = rules.replace("backend: u}", "bakcend: u}")
    yield OddFile("20,000 wrong routes", settings(routes=f"\n{wrong}").encode(), False)


ODD_FILES = (*_of_values(), *_of_settings(), *_of_keys(), *_of_salts(), *_of_files(), *_of_many())
