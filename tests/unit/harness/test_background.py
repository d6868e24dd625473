"""The loads of the cluster's tests: what they count, and what they do not hide."""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.cluster.harness.background import Background, Samples
from tests.cluster.harness.request_load import KeptConnections, NewConnections
from tests.cluster.harness.tier import eventually

SECONDS = 30


def at_least(count: int, found: int) -> None:
    assert found >= count


@contextmanager
def server(status: int = 200) -> Generator[str]:
    """Where one answers who it is and what it was asked for, and hangs up after every third answer without a word."""
    answers = iter(range(1, 1_000_000))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = f"app {self.path}\n".encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = next(answers) % 3 == 0

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        try:
            yield f"127.0.0.1:{listening.server_port}"
        finally:
            listening.shutdown()


def test_samples_begin_before_the_with_and_end_with_it() -> None:
    numbers = iter(range(1_000_000))
    with Samples(lambda: next(numbers), 0.01) as found:
        assert found.seen[0] == 0
        eventually(lambda: at_least(3, len(found.seen)), SECONDS, pause=0.01)
    assert found.seen == list(range(len(found.seen)))
    assert next(numbers) == len(found.seen)


def test_an_error_in_the_background_is_raised_unless_the_test_has_failed_already() -> None:
    def fail() -> None:
        raise ValueError("in the background")

    with pytest.raises(ValueError, match="in the background"), Background([fail]):
        pass
    with pytest.raises(KeyError, match="the test's"), Background([fail]):
        raise KeyError("the test's")


def test_a_request_on_a_kept_connection_that_was_closed_meanwhile_is_sent_once_more() -> None:
    paths = ("/a", "/b", "/c")
    with server() as address, KeptConnections(address, [("any.example", path) for path in paths], 400) as load:
        eventually(lambda: at_least(100, len(load.asked)), SECONDS, pause=0.05)
    assert {each.outcome for each in load.asked} == {(200, "app", path) for path in paths}


def test_requests_on_new_connections_count_what_did_not_get_200() -> None:
    for status, failed in ((200, set[str]()), (503, {"503"})):
        with server(status) as address, NewConnections(address, "/", 200) as load:
            eventually(lambda load=load: at_least(20, load.sent), SECONDS, pause=0.05)
        assert set(load.failed) == failed
        assert len(load.failed) == (load.sent if failed else 0)
