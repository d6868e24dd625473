"""A stack without its state: the engine reads its settings file in a folder that is removed afterwards.

The file is handed over as it is. Only what its own passphrase alone could read, the encrypted values, is replaced.
"""

import json
import shutil
import signal
import tempfile
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import FrameType
from typing import Any, Never

import grpc
import yaml
from pulumi.automation._server import LanguageServer
from pulumi.runtime.proto import language_pb2_grpc

from command_line.errors import UserError
from command_line.pulumi_runner import Pulumi, messages
from environment.settings.machine_files import PASSWORD, PASSWORD_FILE
from environment.settings.raw_config import NAMESPACE, RawConfig, read_raw_config
from operations.encrypted_values import NotFoundError, Substitutes, may_be_encrypted, with_secret, with_substitutes
from operations.stacks import PROJECT

PLACEHOLDER = "placeholder-for-a-secret"
_PASSWORD_KEY = f"{NAMESPACE}:{PASSWORD}"
_PASSPHRASE = "of-a-state-that-is-thrown-away"  # noqa: S105
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class ScratchStack:
    """A stack whose state is empty, in a folder of its own; `environment` is that of the engine."""

    name: str
    folder: Path
    environment: Mapping[str, str]

    def read(self, file: Path) -> RawConfig:
        """What the engine hands to the program of this settings file. UserError in the engine's words if it refuses.

        Encrypted values are a placeholder.
        """
        found: list[RawConfig] = []
        copy = self.hand_over(file)
        with _served(lambda: found.append(read_raw_config())) as address:
            words = ["preview", "--stack", self.name, "--config-file", str(copy), f"--client={address}"]
            done = self._pulumi.attempt(*words, "--exec-kind", "auto.inline")
        if done.returncode != 0 or not found:
            raise UserError(f"{file.name} can't be used: {messages(done)}")
        return found[0]

    def hand_over(self, file: Path, *, needs_password: bool = False) -> Path:
        """A copy of a settings file for the engine, which adds a salt to what it has read.

        It is the same byte for byte but for encrypted values and their salt, and where `needs_password` and the file
        has none, for a password at the beginning of its config. Where there is such a difference, the engine has said
        that it reads all else the same. UserError if it does not.
        """
        try:
            original = file.read_bytes()
        except OSError as error:
            raise UserError(f"{file.name} can't be read: {error.strerror}.") from None
        copy = self._write("as-it-is", file.name, original)
        try:
            edited = self._edited(original, needs_password=needs_password)
        except NotFoundError as error:
            edited = error
        if edited == original:
            return copy
        before = self._listed(copy)
        if isinstance(before, str):
            raise UserError(f"{file.name} can't be used: {before}")
        advice = (
            "Write each encrypted value on one line, as `pulumi config set --secret` does, or name the stack's backend "
            "with PULUMI_BACKEND_URL."
        )
        if isinstance(edited, NotFoundError):
            raise UserError(f"{file.name}: its encrypted values can't be told from the rest ({edited}). {advice}")
        copy = self._write("with-placeholders", file.name, edited)
        if not _is_same(before, self._listed(copy)):
            raise UserError(f"{file.name} is read differently with placeholders for its encrypted values. {advice}")
        return copy

    def _edited(self, original: bytes, *, needs_password: bool) -> bytes:
        bom = _BOM if original.startswith(_BOM) else b""
        try:
            text = original.removeprefix(bom).decode()
        except UnicodeDecodeError:
            return original
        if may_be_encrypted(text):
            text = with_substitutes(text, lambda: self._substitutes)
        if needs_password:
            own = {key for name in (PASSWORD, PASSWORD_FILE) for key in (name, f"{NAMESPACE}:{name}")}
            with suppress(NotFoundError):
                # Where it can't be put in, the program says that it is missing.
                text = with_secret(text, _PASSWORD_KEY, frozenset(own), lambda: self._substitutes)
        return bom + text.encode()

    def _write(self, purpose: str, name: str, content: bytes) -> Path:
        folder = self.folder / purpose
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
        return folder / name

    def _listed(self, file: Path) -> dict[str, Any] | str:
        """What the engine lists as the config of a settings file, or why it can't read it."""
        done = self._pulumi.attempt("config", "--json", "--stack", self.name, "--config-file", str(file))
        return json.loads(done.stdout) if done.returncode == 0 else messages(done)

    @cached_property
    def _substitutes(self) -> Substitutes:
        """The engine's own encryption of the placeholder, with the scratch passphrase."""
        words = ("config", "set", "--secret", "--stack", self.name, _PASSWORD_KEY)
        self._pulumi.run(*words, input=PLACEHOLDER, failure="The engine can't encrypt")
        written = yaml.safe_load((self.folder / f"Pulumi.{self.name}.yaml").read_text())
        return Substitutes(written["encryptionsalt"], written["config"][_PASSWORD_KEY]["secure"])

    @property
    def _pulumi(self) -> Pulumi:
        return Pulumi(self.folder, self.environment)


def _is_same(before: Mapping[str, Any], after: Mapping[str, Any] | str) -> bool:
    """Whether two listings differ in nothing but a password that was not there; of secrets they have no values."""
    if isinstance(after, str):
        return False
    changed = {key for key in {*before, *after} if before.get(key) != after.get(key)}
    return not changed or (
        changed == {_PASSWORD_KEY} and before[_PASSWORD_KEY]["value"] == "" and after[_PASSWORD_KEY]["secret"]
    )


@contextmanager
def _served(program: Callable[[], None]) -> Generator[str]:
    """The address at which the engine can run a program that is part of this process."""
    server = grpc.server(ThreadPoolExecutor(max_workers=4), options=[("grpc.max_receive_message_length", 400 * 2**20)])
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageServer(program), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()


@contextmanager
def scratch_stack(name: str, environment: Mapping[str, str]) -> Generator[ScratchStack]:
    """A scratch stack of this name; `environment` is where the engine is found."""
    with _until_ended(), tempfile.TemporaryDirectory(prefix="webtier-preview-") as folder:
        # Beside a settings file of the project it would write the new state's salt into it.
        shutil.copy(PROJECT / "Pulumi.yaml", folder)
        own = {
            **environment,
            "PULUMI_BACKEND_URL": f"file://{folder}",
            "PULUMI_CONFIG_PASSPHRASE": _PASSPHRASE,
            # A file without a salt of its own is read with that of the state.
            "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true",
        }
        Pulumi(Path(folder), own).run("stack", "init", name, failure="The engine can't make an empty state")
        yield ScratchStack(name, Path(folder), own)


@contextmanager
def _until_ended() -> Generator[None]:
    """Whoever ends this process lets it clean up: SIGTERM and SIGHUP become an exit that runs all that is open."""

    def leave(number: int, _: FrameType | None) -> Never:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
