"""`make preview`, `make routes` and `make config` in a copy of the project, whose stacks have files of the tests."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path

import pytest

from command_line import pulumi_installation
from command_line.paths import Paths
from command_line.pulumi_runner import Pulumi
from environment.settings.file_schema import MODELINE
from operations.local import PROJECT
from operations.scratch_stack import PLACEHOLDER, scratch_stack
from tests.cluster.harness.odd_files import ODD_FILES, settings
from tests.cluster.harness.sample import sampled
from tests.cluster.harness.stacks.project_copy import copy_project
from tests.cluster.harness.tier import eventually

Run = Callable[..., subprocess.CompletedProcess[str]]
OWN_PASSWORD = "  webtier:redis_password_file: $WEBTIER_REDIS_PASSWORD_FILE\n"
"""What stands in every file of the tests, and goes where a password is put into the file itself."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, with the same virtual environment."""
    if pulumi_installation.find(Paths.from_environment()) is None:
        pytest.skip("the engine is not there yet: `make up` or `make preview` gets it")
    return copy_project(tmp_path_factory.mktemp("copy"))


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Without a backend, and with a folder for temporary files that is empty at first.

    And without the make that may run these tests: one within another says where it is.
    """
    (tmp_path / "temporary").mkdir()
    others = ("PULUMI_", "KUBE", "WEBTIER_", "MAKE", "MFLAGS")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    return {**kept, "TMPDIR": str(tmp_path / "temporary")}


@pytest.fixture
def run(project: Path, environment: dict[str, str]) -> Run:
    def make(command: str, content: bytes, *arguments: str) -> subprocess.CompletedProcess[str]:
        (project / "Pulumi.odd.yaml").write_bytes(content)
        words = ["make", command, "STACK=odd", *arguments]
        done = subprocess.run(words, cwd=project, env=environment, capture_output=True, text=True, check=False)
        assert "Traceback" not in done.stdout + done.stderr
        assert (project / "Pulumi.odd.yaml").read_bytes() == content
        assert list(Path(environment["TMPDIR"]).glob("webtier-*")) == []
        return done

    return make


_SAID = {
    "a tab as indent": "line 2: found character that cannot start any token",
    "text as config": "line 1: cannot unmarshal !!str `hello`",
    "Latin-1": "invalid trailing UTF-8 octet",
    "a host that is a list": 'webtier:routes[0].host = ["a.example.com"]',
}


@sampled("command", ("preview", "routes", "config"), ("preview",))
@sampled("name", _SAID, ("a tab as indent", "a host that is a list"))
def test_an_odd_file_ends_in_words(run: Run, command: str, name: str) -> None:
    [content] = [odd.content for odd in ODD_FILES if odd.name == name]
    done = run(command, content)
    assert done.returncode != 0
    assert _SAID[name] in done.stdout + done.stderr


@sampled("command", ("preview", "routes", "config"), ("preview",))
def test_a_password_in_plain_text_is_refused(run: Run, command: str) -> None:
    content = settings().replace(OWN_PASSWORD, "  webtier:redis_password: a-password-that-all-can-read\n")
    done = run(command, content.encode())
    assert done.returncode != 0
    assert "it stands in plain text" in done.stdout + done.stderr
    assert "a-password-that-all-can-read" not in done.stdout + done.stderr


def encrypted_settings(passphrase: str, folder: Path) -> tuple[str, list[str], str]:
    """A file with secrets of its own passphrase, of which the engine has made them; the ciphertexts, and the salt."""
    paths = Paths.from_environment()
    found = pulumi_installation.find(paths)
    assert found is not None
    shutil.copy(PROJECT / "Pulumi.yaml", folder)
    variables = {"PULUMI_BACKEND_URL": f"file://{folder}", "PULUMI_CONFIG_PASSPHRASE": passphrase}
    pulumi = Pulumi(folder, {**pulumi_installation.variables(found, paths), **variables})
    for words in (
        ["stack", "init", "odd"],
        ["config", "set", "--secret", "webtier:redis_password", "a-password-of-its-own"],
        ["config", "set", "--secret", "--path", "webtier:services.u.env.TOKEN", "a-token-of-its-own"],
    ):
        pulumi.run(*words)
    written = (folder / "Pulumi.odd.yaml").read_text()
    salt, _, rest = written.partition("\n")
    password, token = (each.split()[0] for each in rest.split("secure: ")[1:])
    text = settings(service=f", env: {{AT: 12:30, TOKEN: {{secure: {token}}}}}", foot=f"{salt}\n")
    text = text.replace(OWN_PASSWORD, f"  webtier:redis_password:\n    secure:   {password}  # its own\n")
    return text, [password, token], salt.removeprefix("encryptionsalt: ")


def test_secrets_of_an_unknown_passphrase_are_placeholders_and_nothing_else_changes(run: Run, tmp_path: Path) -> None:
    text, ciphertexts, salt = encrypted_settings("a passphrase of others", tmp_path)
    done = run("preview", text.encode())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "odd: safe" in done.stdout
    assert PLACEHOLDER not in done.stdout
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(text)
    paths = Paths.from_environment()
    found = pulumi_installation.find(paths)
    assert found is not None
    with scratch_stack("dev", pulumi_installation.variables(found, paths)) as scratch:
        raw = scratch.read(file)
        edited = scratch._edited(text.encode(), needs_password=True).decode()  # pyright: ignore[reportPrivateUsage]
        substitutes = scratch._substitutes  # pyright: ignore[reportPrivateUsage]
    assert raw.values["redis_password"] == PLACEHOLDER
    assert f'"env":{{"AT":"12:30","TOKEN":"{PLACEHOLDER}"}}' in raw.values["services"]
    assert raw.secret_keys == {"redis_password", "services"}
    expected = text.replace(salt, substitutes.salt)
    for ciphertext in ciphertexts:
        expected = expected.replace(ciphertext, substitutes.ciphertext)
    assert edited == expected


def test_settings_are_told_without_their_secrets(run: Run, tmp_path: Path) -> None:
    text, ciphertexts, _ = encrypted_settings("a passphrase of others", tmp_path)
    done = run("config", text.encode())
    assert done.returncode == 0, done.stderr
    told = {words[0]: words[1:] for line in done.stdout.splitlines() if len(words := line.split(None, 2)) == 3}
    assert told["redis_password"] == told["services.u.env.TOKEN"] == ["secret", "(a secret)"]
    assert told["services.u.env.AT"] == ["file", "12:30"]
    assert told["services.u.replicas"] == ["default", "2"]
    assert not [secret for secret in (*ciphertexts, PLACEHOLDER, "of-its-own") if secret in done.stdout]


def test_a_stack_is_drawn_without_a_cluster(run: Run, project: Path) -> None:
    routes = "[{path: /a, backend: u}, {path: /b, host: shop.example, backend: u}]"
    done = run("diagram", settings(routes=routes).encode())
    assert done.returncode == 0, done.stderr
    assert "The picture of 'odd', from what the program asks for:" in done.stdout
    for kind in ("svg", "mmd"):
        drawn = (project / "build" / "diagram" / f"odd.{kind}").read_text()
        assert all(text in drawn for text in ("shop.example", "/a", "/b", "shard 2", "namespace webtier"))


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_pulumi_leaves_the_line_that_names_the_schema(stack: str, tmp_path: Path) -> None:
    paths = Paths.from_environment()
    found = pulumi_installation.find(paths)
    assert found is not None
    for name in ("Pulumi.yaml", f"Pulumi.{stack}.yaml"):
        shutil.copy(PROJECT / name, tmp_path)
    variables = {"PULUMI_BACKEND_URL": f"file://{tmp_path}", "PULUMI_CONFIG_PASSPHRASE": "a passphrase"}
    pulumi = Pulumi(tmp_path, {**pulumi_installation.variables(found, paths), **variables})
    file = tmp_path / f"Pulumi.{stack}.yaml"
    before = file.read_text()
    pulumi.run("stack", "init", stack)
    pulumi.run("config", "set", "--path", "webtier:services.user-v1.replicas", "7")
    pulumi.run("config", "set", "--secret", "webtier:redis_password", "a-password-of-its-own")
    after = file.read_text()
    assert "replicas: 7" in after
    assert after.splitlines()[:2] == before.splitlines()[:2]
    assert after.splitlines()[0] == MODELINE


def test_a_url_is_no_code(run: Run, tmp_path: Path) -> None:
    touch = f"touch {tmp_path}/code-has-run"
    url = f"http://a/'\"x$({touch})`{touch}`$(shell {touch});$$b$c"
    done = run("routes", settings().encode(), f"URL={url}", "HEADER=X: $(id)'", 'COOKIE=a="$(id)', "METHOD=$(id)")
    assert done.returncode == 0, done.stderr
    assert f"path    {url.removeprefix('http://a')}, as it is sent" in done.stdout
    assert "answer  400 without a look at any rule: a space " in done.stdout
    assert not (tmp_path / "code-has-run").exists()


def test_a_path_without_a_host_is_asked_for_at_every_host(run: Run) -> None:
    routes = "[{path: /a, backend: u}, {path: /b, backend: u, host: shop.example}]"
    done = run("routes", settings(routes=routes).encode(), "URL=/a?b=c&d", "METHOD=POST")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("shop.example\n")
    assert "every other host, such as any.example\n" in done.stdout


@sampled("number", (signal.SIGTERM, signal.SIGINT), ("SIGTERM",), attrgetter("name"))
def test_a_preview_that_is_ended_leaves_nothing(
    project: Path, environment: dict[str, str], number: signal.Signals
) -> None:
    words = [sys.executable, "-m", "operations.preview", "prod"]
    # Tests that a shell runs in its background have SIGINT ignored, and so would the command.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        words, cwd=project, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    temporary = Path(environment["TMPDIR"])
    end = time.monotonic() + 60
    while not list(temporary.glob("webtier-preview-*/with-placeholders/*")) and time.monotonic() < end:
        time.sleep(0.02)
    # So late that the program runs which the engine has started.
    time.sleep(1)
    process.send_signal(number)
    shown = b"".join(process.communicate(timeout=60))
    assert process.returncode == 128 + number
    assert b"Traceback" not in shown
    assert list(temporary.glob("webtier-*")) == []
    eventually(lambda: _check_gone(process.pid), 20)


def _check_gone(session: int) -> None:
    """Fail while a process of this session is there."""
    lines = subprocess.run(["ps", "-eo", "sid,args"], capture_output=True, text=True, check=True).stdout.splitlines()
    assert [line for line in lines if line.split()[0] == str(session)] == []
