"""A server on the loopback address that gives items to the page that proves an export, and takes its answers.

All paths begin with a secret, so that nobody else on the machine sees the items.
"""

import queue
import secrets
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import PurePosixPath

_TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".wasm": "application/wasm"}
_PATIENCE = 5.0  #: seconds that the page waits for an item before it asks anew

ReadFile = Callable[[str], bytes | None]


class ProofServer:
    """Items in a queue, what the page posted in another: ("started" | "answer" | "failed", its body)."""

    def __init__(self, read_file: ReadFile):
        """Serve.

        Args:
            read_file: gives the content of a path below the secret; None where there is nothing.
        """
        self._items: queue.Queue[bytes | None] = queue.Queue()
        self.posted: queue.Queue[tuple[str, bytes]] = queue.Queue()
        secret = secrets.token_urlsafe(16)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _make_handler(f"/{secret}/", read_file, self))
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_port}/{secret}/"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def give(self, content: bytes) -> None:
        """Let the page have an item."""
        self._items.put(content)

    def take_item(self) -> bytes | None:
        """Return the next item for the page.

        Raises:
            queue.Empty: there is none yet.
        """
        return self._items.get(timeout=_PATIENCE)

    def close(self) -> None:
        """Tell the page that no item comes any more, and stop."""
        self._items.put(None)
        self._server.shutdown()
        self._server.server_close()


def _make_handler(prefix: str, read_file: ReadFile, server: ProofServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            name = self._name()
            if name == "item":
                try:
                    item = server.take_item()
                except queue.Empty:
                    return self._answer(204, b"", {})
                return self._answer(410 if item is None else 200, item or b"", {})
            content = None if name is None else read_file(name)
            kind = _TYPES.get(PurePosixPath(name or "").suffix, "application/octet-stream")
            return self._answer(404 if content is None else 200, content or b"", {"Content-Type": kind})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            name = self._name()
            if name in ("started", "answer", "failed"):
                server.posted.put((name, body))
            self._answer(204, b"", {})

        def _name(self) -> str | None:
            path = self.path.partition("?")[0]
            return path.removeprefix(prefix) if path.startswith(prefix) else None

        def _answer(self, code: int, body: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(code)
            for key, value in headers.items():
                self.send_header(key, value)
            if code != 204:
                self.send_header("Content-Length", str(len(body)))
            with suppress(ConnectionError):  # the browser was closed
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    return Handler
