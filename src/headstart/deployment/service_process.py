"""The service in a process of its own, on a free port of this machine, and items asked of it over HTTP."""

import json
import os
import re
import subprocess
import sys
import threading
import weakref
from collections import deque
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from headstart_runtime.errors import SaveError
from headstart_runtime.extras import require_extra
from headstart_runtime.modalities.given import is_path, takes_texts
from headstart_runtime.modalities.item import BrokenItem, NamedItem
from headstart_runtime.modalities.modality import Modality
from headstart_runtime.service.settings import KEYS_VARIABLE, ServiceSettings

START = 120  #: seconds within which it has to listen
ANSWER = 60  #: seconds within which a call is answered
END = 20  #: seconds within which it has to end
MODULE = "headstart_runtime.command.serve"
LOOPBACK = ("--host", "127.0.0.1", "--port", "0", "--no-page", "--watch", "0")


class ServiceProcess:
    """A running ``headstart-serve``; it ends with ``close``, or when nothing refers to it any more."""

    def __init__(self, arguments: Sequence[str], folder: Path):
        """Start it and wait until it listens.

        Args:
            arguments: of the command: models and flags; it listens on a free port of this machine whatever these say.
            folder: that it works in.

        Raises:
            MissingExtra: a package that it needs is not installed.
            SaveError: it ends at once, or does not listen.
        """
        require_extra("serve", "running the service")
        alone = {name: value for name, value in os.environ.items() if name != KEYS_VARIABLE}
        self._process = subprocess.Popen(  # noqa: S603  our own module, with the arguments of an export
            [sys.executable, "-B", "-m", MODULE, *arguments, *LOOPBACK],
            cwd=folder,
            env=alone,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._connection = HTTPConnection("127.0.0.1", timeout=ANSWER)
        self._end = weakref.finalize(self, _end, self._process, self._connection)
        self.port = self._connection.port = self._wait()

    def _wait(self) -> int:
        assert self._process.stderr is not None
        said: deque[str] = deque(maxlen=5)
        slow = threading.Timer(START, self._process.kill)
        slow.start()
        try:
            for line in self._process.stderr:
                said.append(line.strip())
                if found := re.search(r" on http://127\.0\.0\.1:(\d+)", line):
                    threading.Thread(target=_read_all, args=(self._process.stderr,), daemon=True).start()
                    return int(found[1])
        finally:
            slow.cancel()
        self._end()
        self._process.stderr.close()
        raise SaveError(f"the service does not start: {' '.join(said)[-400:] or 'it says nothing'}")

    def close(self) -> None:
        """End it."""
        self._end()

    def get(self, path: str) -> Any:
        """Return the value of a JSON answer.

        Raises:
            SaveError: there is none.
        """
        return self._ask("GET", path)[1]

    def answer(self, body: bytes, content_type: str) -> Mapping[str, Any]:
        """Return the answer to one item, as ``to_json`` of an answer has it.

        Args:
            body: of the call.
            content_type: of the body.

        Raises:
            BrokenItem: the service cannot read the item.
            SaveError: it answers in no other way.
        """
        status, said = self._ask("POST", "/v1/predict", body, content_type)
        if status == 422:
            raise BrokenItem(said["answers"][0]["error"])
        if status != 200:
            raise SaveError(f"the service answers {status}: {str(said)[:300]}")
        (found,) = said["answers"]
        return dict(found)

    def _ask(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> tuple[int, Any]:
        try:
            self._connection.request(method, path, body, {"Content-Type": kind} if kind else {})
            response = self._connection.getresponse()
            return response.status, json.loads(response.read())
        except (OSError, HTTPException, ValueError) as error:
            raise SaveError(f"the service does not answer: {error}") from error


def _read_all(stream: Any) -> None:
    with stream:
        for _ in stream:
            pass


def _end(process: "subprocess.Popen[str]", connection: HTTPConnection) -> None:
    connection.close()
    process.terminate()
    try:
        process.wait(END)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def make_body(modality: Modality, item: Any, most: int = ServiceSettings().most_bytes) -> tuple[bytes, str] | None:
    """Return an item as the body of a call and its type of content; None where it cannot be sent.

    Rows of arrays, stretches of recordings and what is larger than the service takes are not sent.

    Args:
        modality: of the item.
        item: as a caller gives it.
        most: bytes of a body.
    """
    value = item.value if isinstance(item, NamedItem) else item
    if isinstance(value, str) and takes_texts(modality):
        body, kind = json.dumps({"texts": [value]}).encode(), "application/json"
    elif is_path(modality, value) or isinstance(value, bytes):
        try:
            body = value if isinstance(value, bytes) else Path(value).read_bytes()
        except OSError:
            return None
        kind = "text/plain" if takes_texts(modality) else "application/octet-stream"
    else:
        return None
    return (body, kind) if 0 < len(body) <= most else None
