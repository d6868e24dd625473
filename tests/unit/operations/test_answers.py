"""The last look of `make up`: does every route and Redis really answer?"""

import http.server
import threading
from collections.abc import Iterator

import pytest

from command_line.errors import UserError
from operations.answers import wait_for_answers


class _Handler(http.server.BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(type(self).status)
        # Nobody answers there: a redirect is an answer of its own.
        self.send_header("Location", "http://127.0.0.1:1/")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[tuple[str, type[_Handler]]]:
    handler = type("Handler", (_Handler,), {})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}/user", handler
        running.shutdown()


def _outputs(url: str) -> dict[str, object]:
    return {"routes": [{"host": None, "path": "/user", "backend": "user-v1", "url": url}], "redis_external": None}


@pytest.mark.parametrize("status", [200, 302, 401, 404])
def test_an_answer_of_the_application_is_an_answer(server: tuple[str, type[_Handler]], status: int) -> None:
    url, handler = server
    handler.status = status
    wait_for_answers(_outputs(url), seconds=0)


def test_an_answer_of_the_controller_alone_is_none(server: tuple[str, type[_Handler]]) -> None:
    url, handler = server
    handler.status = 503
    with pytest.raises(UserError, match=r"/user \(HTTP 503\)"):
        wait_for_answers(_outputs(url), seconds=0)


def test_silence_names_what_is_silent() -> None:
    outputs: dict[str, object] = {
        "routes": [],
        "redis_external": "127.0.0.1:1",
        "redis_username": "app",
        "redis_password": "not-shown-anywhere",
    }
    with pytest.raises(UserError, match=r"redis at 127\.0\.0\.1:1") as caught:
        wait_for_answers(outputs, seconds=0)
    assert "not-shown-anywhere" not in str(caught.value)
