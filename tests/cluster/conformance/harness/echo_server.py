"""What runs in the pods: a server that answers what it was asked. Python's standard library and nothing else.

The answer is JSON: `service`, `pod`, `port`, `method`, `path` as it was sent, `headers` with names in lower case,
`tries`, the times that the controller has come with this request, and `body`, or its `length` where it is long.
Parameters of the query change it:

* `status=404` is the answer's status;
* `header=Name:Value` is one more header of it, also more than once;
* `delay=1.5` lets it wait for so many seconds, with `until=3` only when the request comes for the first two times;
* `unread=1.5` lets the body of the request wait for so many seconds;
* `first=3` answers after so many bytes of the body, and does not wait for the others;
* `chunks=3` sends it in so many pieces, with `pause` seconds before each;
* `drop=<pod>` has that pod hang up without an answer.

Asked for /check, it takes the header `X-Door` for the status: so a client can say what a service that the controller
asks about its requests is to answer.

The environment says SERVICE, PORTS (numbers with commas between them), STATUS (of every answer) and DEAF (a port at
which no connection is ever taken).
"""

import json
import os
import signal
import socket
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

LONG = 1000

_tries: Counter[str] = Counter()


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    """Headers and body go in one packet: in two, the second would wait for the first one's acknowledgement."""

    def do_GET(self) -> None:
        # The `path` of the base class has lost slashes at its beginning.
        target = self.requestline.split(" ")[1]
        asked = {name: values[-1] for name, values in parse_qs(urlsplit("//x" + target).query).items()}
        pod = socket.gethostname()
        if asked.get("drop") == pod:
            self.close_connection = True
            return
        time.sleep(float(asked.get("unread", 0)))
        length = int(self.headers.get("Content-Length", 0))
        first = min(length, int(asked.get("first", length)))
        body = self.rfile.read(first)
        # What is left of a body is no other request.
        self.close_connection = self.close_connection or first < length
        request = self.headers.get("X-Request-ID", "")
        _tries[request] += 1
        if _tries[request] < int(asked.get("until", 1_000_000)):
            time.sleep(float(asked.get("delay", 0)))
        content: dict[str, Any] = {
            "service": os.environ["SERVICE"],
            "pod": pod,
            "port": self.connection.getsockname()[1],
            "method": self.command,
            "path": target,
            "tries": _tries[request],
            "headers": {name.lower(): value for name, value in self.headers.items()},
            **({"body": body.decode("latin-1")} if len(body) <= LONG else {"length": len(body)}),
        }
        door = self.headers.get("X-Door") if target.startswith("/check") else None
        self.send_response(int(door or os.environ.get("STATUS") or asked.get("status") or "200"))
        for header in parse_qs(urlsplit("//x" + target).query).get("header", []):
            name, _, value = header.partition(":")
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("X-Method", self.command)
        self._send(json.dumps(content).encode(), int(asked.get("chunks", 0)), float(asked.get("pause", 0)))

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_GET  # noqa: N815 - what the base class calls

    def _send(self, content: bytes, chunks: int, pause: float) -> None:
        if not chunks:
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)
            return
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        size = -(-len(content) // chunks)
        for start in range(0, len(content), size):
            self.wfile.flush()
            time.sleep(pause)
            chunk = content[start : start + size]
            self.wfile.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def be_deaf(port: int) -> list[socket.socket]:
    """Listens and takes no connection: the queue is full at once, so that the kernel answers none."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("", port))
    listener.listen(0)
    waiting: list[socket.socket] = []
    for _ in range(4):
        waiting.append(socket.socket())
        waiting[-1].setblocking(False)
        waiting[-1].connect_ex(("127.0.0.1", port))
    return [listener, *waiting]


def main() -> None:
    deaf = be_deaf(int(os.environ["DEAF"])) if "DEAF" in os.environ else []
    for port in os.environ["PORTS"].split(","):
        threading.Thread(target=Server(("", int(port)), Echo).serve_forever, daemon=True).start()
    signal.sigwait([signal.SIGTERM])
    for each in deaf:
        each.close()


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    main()
