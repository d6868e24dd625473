"""`make routes URL=…` says what a live controller does: for odd URLs, sent to the last byte as they are written."""

import contextlib
import os
import socket
import ssl
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from devcluster.plan import NODES
from operations.routes import render_explanation, request_for
from tests.cluster.harness.sample import sampled
from tests.cluster.harness.stacks.project_copy import copy_project
from tests.cluster.harness.stacks.rules_stack import WEB_IMAGE, RulesStack
from tests.cluster.harness.tier import Tier, eventually
from tests.cluster.path_rules.generated_urls import Asked, generated
from tests.cluster.path_rules.url_rules import CERTIFICATE, DEFAULT_BACKEND, host_settings, path_rules, services
from webtier.path_rules.rules.request import readable
from webtier.shared.certificates import issue, make_authority

HTTP_PORT, HTTPS_PORT = 32065, 32066
COUNT = 1500
SEED = 13
PATIENCE = 20


@dataclass(frozen=True)
class Answer:
    """What came back; `head` are the headers by their names in lower case."""

    status: int
    head: dict[str, str]
    body: str


@pytest.fixture(scope="module")
def stack(tier: Tier, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RulesStack]:
    made = RulesStack(tier, tmp_path_factory.mktemp("urls"), "urls", HTTP_PORT)
    made.controller = {"external_traffic_policy": "Cluster", "https_node_port": HTTPS_PORT}
    made.default_backend, made.services = DEFAULT_BACKEND, services()
    made.rules, made.hosts = path_rules(), host_settings()
    with made.deployed(destroy=False):
        add_certificate(made)
        eventually(lambda: check_loaded(made), 60)
        yield made


def add_certificate(stack: RulesStack) -> None:
    pair = issue(make_authority("urls"), "secure.example", ["secure.example"])
    data = {"tls.crt": pair.certificate.decode(), "tls.key": pair.key.decode()}
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": CERTIFICATE, "namespace": stack.namespace},
        "type": "kubernetes.io/tls",
        "stringData": data,
    }
    stack.tier.apply(secret)


def check_loaded(stack: RulesStack) -> None:
    for host in filter(None, {rule.host for rule in stack.rules}):
        name = host.replace("*", "x")
        for url in (f"http://{name}/a", f"http://{name}/"):
            asked = Asked(url, b"/" + url.rpartition("/")[2].encode(), name.encode())
            assert said(stack, asked) == answered(asked, ask(asked)), url


def ask(asked: Asked, *, absolute: bool = False) -> Answer:
    """What the controller answers to these bytes. With `absolute` the host stands in the first line too."""
    connection = socket.create_connection((NODES[0].address, HTTPS_PORT if asked.https else HTTP_PORT), PATIENCE)
    if asked.https:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        connection = context.wrap_socket(connection)
    target = b"http://" + asked.host + asked.target if absolute else asked.target
    lines = [
        b" ".join((asked.method.encode(), target, b"HTTP/1.1")),
        b"Host: " + asked.host,
        b"Connection: close",
        *([b"Origin: " + asked.origin.encode()] if asked.origin else []),
    ]
    with connection:
        connection.sendall(b"\r\n".join(lines) + b"\r\n\r\n")
        received = b""
        # A server that has not read all of a request closes the connection in this way.
        with contextlib.suppress(ConnectionResetError, ssl.SSLEOFError):
            while part := connection.recv(65536):
                received += part
    head, _, body = received.partition(b"\r\n\r\n")
    first, *others = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip(" ") for name, _, value in (line.partition(":") for line in others)}
    return Answer(int(first.split()[1]), headers, chunked(body) if "transfer-encoding" in headers else as_text(body))


def chunked(body: bytes) -> str:
    whole = b""
    while True:
        size, _, body = body.partition(b"\r\n")
        length = int(size or b"0", 16)
        if length == 0:
            return as_text(whole)
        whole, body = whole + body[:length], body[length + 2 :]


def as_text(body: bytes) -> str:
    return body.decode("latin-1")


def said(stack: RulesStack, asked: Asked) -> str:
    """What `make routes` prints as the answer."""
    headers = [f"Origin: {asked.origin}"] if asked.origin else []
    # The command says nothing of the client's address, but its rules have a list that lets in none.
    request = replace(request_for(asked.url, asked.method, headers, ()), address=NODES[0].address)
    return told(render_explanation(stack.rule_set, request))


def told(printed: str) -> str:
    """The sentence about the answer, up to what it says besides."""
    [line] = [line for line in printed.split("\n") if line.startswith("answer ")]
    sentence = line.removeprefix("answer").strip()
    for besides in (" with the CORS headers:", ": the client's", " without a look at any rule:", ": hosts."):
        sentence = sentence.partition(besides)[0]
    return sentence


def answered(asked: Asked, answer: Answer) -> str:
    """The same sentence, from what the controller has answered."""
    location = answer.head.get("location")
    if location is not None:
        return f"{answer.status} to {readable(location)}"
    if answer.status != 200:
        return str(answer.status)
    if asked.method == "HEAD":
        return "200"
    service, path, prefix = answer.body.split("\n")
    default = " (default_backend)" if service == DEFAULT_BACKEND else ""
    return f"{service}{default} is asked for {readable(path)}" + (
        f", with X-Forwarded-Prefix: {prefix}" if prefix else ""
    )


def kind(sentence: str) -> str:
    """Of which sort an answer is."""
    if sentence[:3].isdecimal():
        return sentence[:3]
    return "rewritten" if "X-Forwarded-Prefix" in sentence else "default" if "default_backend" in sentence else "served"


KINDS = ("served", "rewritten", "default", "400", "301", "302", "307", "308", "204", "405", "414")
"""All but 403, which depends on the client's address, which a URL does not tell."""


def test_odd_urls_are_answered_as_is_said(stack: RulesStack) -> None:
    seen: Counter[str] = Counter()
    wrong: list[str] = []
    for asked in generated(COUNT, SEED):
        expected, found = said(stack, asked), answered(asked, ask(asked))
        seen[kind(expected)] += 1
        if asked.method == "HEAD" and " is asked for " in expected:
            # Nothing comes back that would tell who was asked.
            expected = "200"
        if expected != found:
            wrong.append(f"{asked.method} {asked.url[:300]!r}\n  said:     {expected[:300]}\n  answered: {found[:300]}")
    record(f"{COUNT} URLs: {dict(seen)}, {len(wrong)} answered otherwise")
    assert not wrong, "\n".join(wrong[:20])
    assert {each: seen[each] for each in (*KINDS, "403") if seen[each] < 2} == {}


def test_the_whole_url_in_the_first_line_changes_nothing(stack: RulesStack) -> None:
    """As it is sent to a proxy. There nginx takes letters, digits, '.' and '-' for a host alone."""
    count = 0
    for asked in generated(COUNT, SEED + 1):
        plain = asked.host.lower().removesuffix(b":80").removesuffix(b".")
        is_short = len(asked.target) < 1000
        if asked.method != "HEAD" and is_short and plain in (b"shop.example", b"secure.example"):
            assert said(stack, asked) == answered(asked, ask(asked, absolute=True)), asked
            count += 1
    assert count > 20


@sampled("wanted", KINDS, ("served", "rewritten", "301"))
def test_the_command_itself_says_so_too(stack: RulesStack, tmp_path: Path, wanted: str) -> None:
    folder = copy_project(tmp_path)
    (folder / "Pulumi.urls.yaml").write_text(yaml.safe_dump({"config": settings_of(stack)}))
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "KUBE", "MAKE"))}
    asked = asked_of_kind(stack, wanted)
    words = ["make", "routes", "STACK=urls", f"URL={asked.url}", f"METHOD={asked.method}"]
    origin = [f"HEADER=Origin: {asked.origin}"] if asked.origin else []
    done = subprocess.run([*words, *origin], cwd=folder, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert told(done.stdout) == answered(asked, ask(asked)), asked


def settings_of(stack: RulesStack) -> dict[str, Any]:
    """A stack's file with the same rules."""
    return {
        "webtier:context": "kind",
        "webtier:redis_password_file": "$WEBTIER_REDIS_PASSWORD_FILE",
        "webtier:services": {name: {"image": WEB_IMAGE} for name in stack.services},
        "webtier:default_backend": stack.default_backend,
        "webtier:routes": [rule.model_dump(exclude_defaults=True, by_alias=True) for rule in stack.rules],
        "webtier:hosts": {host: given.model_dump(exclude_defaults=True) for host, given in stack.hosts.items()},
    }


def asked_of_kind(stack: RulesStack, wanted: str) -> Asked:
    """The first request that gets such an answer, and one that tells who gave it."""
    every = generated(COUNT, SEED + 2)
    return next(asked for asked in every if asked.method != "HEAD" and kind(said(stack, asked)) == wanted)


def record(line: str) -> None:
    """Shown with `pytest -s`."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
