"""What the servers share: a thread, a log of requests, a fault that is switched on and off, ways to break an answer."""

from __future__ import annotations

import socket
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

#: Longer than any timeout of a test.
SLOW_SECONDS = 0.7
JSON, HTML, TEXT = "application/json", "text/html", "text/plain"


class Loopback(ThreadingHTTPServer):
    """A server on 127.0.0.1; use as a context manager."""

    daemon_threads = True

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.fault = ""
        self.headers_of_fault: dict[str, str] = {}
        self.seen: list[str] = []
        #: Value added to every price of a symbol: a source that revises.
        self.revised: dict[str, float] = {}
        #: Symbols with a fault of their own.
        self.faults: dict[str, str] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Loopback:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *failure: object) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that gives up is part of the tests."""


class Handler(BaseHTTPRequestHandler):
    """Answers, whole or broken."""

    protocol_version = "HTTP/1.1"
    server: Loopback

    def log_message(self, format: str, *values: object) -> None:
        """Quiet."""

    def reply(self, body: bytes, status: int = 200, kind: str = JSON, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def reset(self) -> None:
        """End the connection with RST."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def short(self, body: bytes) -> None:
        """Promise more bytes than are sent."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(body) + 1000))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True

    def broken(self, fault: str, body: bytes) -> bool:
        """Answer by a fault that any server can have; False when the fault is of another kind."""
        page = b"<html><head><title>Sorry</title></head><body>Something is wrong</body></html>"
        plain = {
            "403": (403, HTML, page),
            "429": (429, HTML, b"Edge: Too Many Requests"),
            "429-200": (200, HTML, b"Too Many Requests\r\n"),
            "502": (502, HTML, b"<html>Bad Gateway</html>"),
            "503-wrb": (503, HTML, b"<html>Will be right back</html>"),
            "200-wrb": (200, HTML, b"<html>Will be right back</html>"),
            "404-html": (404, HTML, page),
            "html": (200, HTML, page),
            "empty-body": (200, JSON, b""),
        }
        if fault in plain:
            status, kind, text = plain[fault]
            self.reply(text, status, kind, **self.server.headers_of_fault)
        elif fault == "reset":
            self.reset()
        elif fault == "short-body":
            self.short(body[: len(body) // 2])
        elif fault == "truncated":
            self.reply(body[: len(body) // 2])
        elif fault == "slow":
            time.sleep(SLOW_SECONDS)
            self.close_connection = True
        else:
            return False
        return True
