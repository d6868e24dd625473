"""What people see of a preview and of a deployment that fail: never the password, in any form."""

from collections.abc import Callable

from operations.preview.engine import GATE_IS_CLOSED
from tests.cluster.golden.changes import Edit, put, replaced_in
from tests.cluster.golden.golden_stack import NAME, PASSWORD, GoldenStack
from tests.cluster.golden.planted import secrets_in
from tests.cluster.harness.sample import sampled


def _with(edit: Edit) -> Callable[[GoldenStack], None]:
    return lambda stack: stack.change(edit)


def _raising(expression: str) -> Callable[[GoldenStack], None]:
    end = "for name, output in"
    lines = ("import base64, urllib.parse", "password = settings.redis_password.get_secret_value()")
    return replaced_in("__main__.py", end, "\n".join((*lines, f"raise RuntimeError({expression})", end)))


_FAILURES: dict[str, Callable[[GoldenStack], None]] = {
    "of another type": _with(put("redis/shards", PASSWORD)),
    "a setting that there is not": _with(put("redis/password", PASSWORD)),
    "a password in plain text": _with(put("redis_password", PASSWORD)),
    "part of a wrong value": _with(put("services/user-v1/image", f"redis://app:{PASSWORD}@redis:6379")),
    "the program says it": _raising("password"),
    "the program says it in a URL": _raising("urllib.parse.quote_plus(password)"),
    "the program says it in base64": _raising("base64.b64encode(b'redis:' + password.encode())"),
}


@sampled("name", _FAILURES, ())
def test_no_failure_shows_a_secret(stack: GoldenStack, name: str) -> None:
    stack.start_from(lambda _: None)
    _FAILURES[name](stack)
    previewed = stack.preview()
    assert previewed.report.verdict == "failed"
    assert previewed.code == GATE_IS_CLOSED
    assert list(secrets_in(previewed.shown)) == []
    deployed = stack.run("-m", "operations.deploy", "--", NAME)
    assert deployed.returncode == GATE_IS_CLOSED
    assert list(secrets_in((deployed.stdout, deployed.stderr))) == []
