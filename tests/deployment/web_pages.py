"""A plain web host of an export, and what a visitor does on its page."""

import base64
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

#: A camera that shows a drawn clip, and nobody asked whether it may be used; a host that is no localhost by its name.
FLAGS = (
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--host-resolver-rules=MAP plain.test 127.0.0.1",
)


class Host:
    """A plain web host of a folder, and the paths that it was asked for.

    types: other types of files, by their endings. redirects: whether it leads from index.html to its folder.
    """

    def __init__(self, folder: Path, types: dict[str, str] | None = None, *, redirects: bool = False):
        asked = self.asked = []

        class Handler(SimpleHTTPRequestHandler):
            extensions_map = {**SimpleHTTPRequestHandler.extensions_map, **(types or {})}  # noqa: RUF012

            def do_GET(self) -> None:
                asked.append(self.path)
                if redirects and self.path.endswith("/index.html"):
                    self.send_response(308)
                    self.send_header("Location", self.path.removesuffix("index.html"))
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                super().do_GET()

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def open_page(chromium, host: Host, *, ready: str = "#measured:not(:empty)", **options: object):
    """An open page that is ready, and what it complained of."""
    complaints: list[str] = []
    page = chromium.new_context(**options).new_page()
    page.on("console", lambda told: complaints.append(told.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    own = (host.address, f"blob:{host.address}")
    page.on("request", lambda asked: None if asked.url.startswith(own) else complaints.append(asked.url))
    page.goto(host.address)
    page.wait_for_selector(ready)
    return page, complaints


def hand_over(page, kind: str, photo: Path) -> None:
    """Drop or paste a file."""
    content = base64.b64encode(photo.read_bytes()).decode()
    page.evaluate(
        """([kind, content, name]) => {
          const given = new DataTransfer();
          given.items.add(new File([Uint8Array.from(atob(content), (sign) => sign.charCodeAt(0))], name));
          const options = { bubbles: true, cancelable: true, dataTransfer: given, clipboardData: given };
          document.dispatchEvent(kind === "drop" ? new DragEvent(kind, options) : new ClipboardEvent(kind, options));
        }""",
        [kind, content, photo.name],
    )


def read_answer(page) -> str:
    page.wait_for_selector("#result:not([hidden])")
    return str(page.inner_text("#answer-words"))
