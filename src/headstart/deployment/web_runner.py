"""An export for the web as its proof runs it: in headless Chromium, by the ``headstart.js`` of its folder."""

import hashlib
import json
import math
import os
import queue
import re
import time
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.deployment.browser import Browser, find_browser
from headstart.deployment.item_proof import UnreadItem
from headstart.deployment.onnx_format import expose
from headstart.deployment.proof import POSTPROCESSING, ProofError
from headstart.deployment.proof_server import ProofServer
from headstart_runtime.errors import SaveError
from headstart_runtime.exported.host import Host, Steps
from headstart_runtime.modalities.item import BrokenItem, ItemLike, NamedItem
from headstart_runtime.modalities.optional_facets import find_web_page

PURPOSE = "an export for the web is proved"
CLASSIFIER = "classifier.json"
_START, _ITEM = 180.0, 120.0  #: most seconds for the start, and for an item
_POLICY = re.compile(r"<meta http-equiv=\"Content-Security-Policy\"[^>]*>")
_DTYPES = {"uint8": np.uint8, "bool": np.bool_, "int64": np.int64, "float32": np.float32}
_CLOSE = 1e-6  #: relative difference of numbers that are written and read


class WebRunner:
    """The page's module, answering items one at a time.

    Every answer that it makes of the graph's outputs is held to the one that ``headstart predict`` makes of them.
    """

    def __init__(self, folder: Path):
        """Start Chromium on a page with the policy of the export's own.

        Raises:
            SettingError: there is no Chromium.
            SaveError: the export does not load in it.
        """
        self.host = Host(folder)  # checks the SHA-256 of every file
        self._folder = folder
        self._page = find_web_page(self.host.record.modality)
        self._classifier = json.loads((folder / CLASSIFIER).read_text("utf-8"))
        self._graph_file = self._classifier["graph"]["file"]
        self._graph = expose((folder / self._graph_file).read_bytes(), self.host.record)
        path = find_browser(PURPOSE)
        self._server = ProofServer(self._read_file)
        try:
            self._browser = Browser(path, f"{self._server.address}proof.html")
        except BaseException:
            self._server.close()
            raise
        try:
            started = json.loads(self._wait("started", _START))
        except BaseException:
            self.close()
            raise
        self.names: Sequence[str] = started["names"]
        self._first = started["first"] / 1000

    def answer(self, item: ItemLike) -> Steps:
        """Return an item's way, from the bytes of its file to the answer, as the browser goes it.

        Raises:
            UnreadItem: browsers do not read its kind.
            BrokenItem: it cannot be decoded there.
            ProofError: the module makes another answer of the outputs than ``headstart predict``.
            SaveError: the browser ended, or an item took too long.
        """
        content = self._read_item(item)
        self._server.give(content)
        body = self._wait("answer", _ITEM)
        length = int.from_bytes(body[:4], "little")
        header = json.loads(body[4 : 4 + length])
        if "error" in header:
            kind = self._page.name_unread(content)
            raise BrokenItem(header["error"]) if kind is None else UnreadItem(kind, header["error"])
        tensors = _unpack(header["steps"], body[4 + length :])
        steps = Steps(tensors, {}, header["milliseconds"] / 1000)
        self._compare(self.host.describe(self.host.open(b""), steps), header["answer"])
        return steps

    def describe_start(self) -> str:
        """Return the size of a first visit, and the time to its first answer."""
        size = self._classifier["download_bytes"] / 1e6
        return f"A first visit downloads {size:.1f} MB; served from here, the first answer took {self._first:.2g} s."

    def close(self) -> None:
        """End the browser and the server."""
        self._browser.close()
        self._server.close()

    def _read_item(self, item: ItemLike) -> bytes:
        value: Any = item.value if isinstance(item, NamedItem) else item
        if isinstance(value, BrokenItem):
            raise value
        if isinstance(value, np.ndarray):
            return self._page.encode_array(value)
        if isinstance(value, str | os.PathLike):
            try:
                return Path(value).read_bytes()
            except OSError as error:
                raise BrokenItem(error.strerror or str(error)) from None
        if isinstance(value, bytes | bytearray | memoryview):
            return bytes(value)
        raise BrokenItem(f"a browser takes files, and this is of type {type(value).__name__}")

    def _read_file(self, name: str) -> bytes | None:
        """Return what the server gives for a path: the proof's page, the export, and the export with all tensors."""
        own = files("headstart.deployment") / "web"
        if name == "proof.js":
            return (own / name).read_bytes()
        if name == "proof.html":
            policy = _POLICY.search((self._folder / "index.html").read_text("utf-8"))
            return (own / name).read_text("utf-8").replace("{{policy}}", policy[0] if policy else "").encode()
        place, _, rest = name.partition("/")
        if place == "exposed" and rest == self._graph_file:
            return self._graph
        if place == "exposed" and rest == CLASSIFIER:
            return json.dumps({**self._classifier, "graph": describe_graph(self._graph_file, self._graph)}).encode()
        if place in ("export", "exposed") and rest in self.host.manifest.facts["files"]:
            return (self._folder / rest).read_bytes()
        return None

    def _wait(self, wanted: str, seconds: float) -> bytes:
        """Return the body of what the page posts next.

        Raises:
            SaveError: it fails, the browser ends, or nothing comes.
        """
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                name, body = self._server.posted.get(timeout=0.5)
            except queue.Empty:
                if (end := self._browser.explain_end()) is not None:
                    raise SaveError(f"Chromium ended while the export was proved in it ({end})") from None
                continue
            if name == wanted:
                return body
            raise SaveError(f"the export does not run in Chromium: {body.decode('utf-8', 'replace')[:300]}")
        raise SaveError(f"the export gave no answer in Chromium within {seconds:.0f} s")

    def _compare(self, wanted: Mapping[str, Any], found: Mapping[str, Any]) -> None:
        """Raise a ProofError where an answer has another key or another value than that of ``headstart predict``."""
        for key in [key for key in wanted if key not in ("source", "top", "repaired", "note", "error")]:
            if not _is_same(found.get(key), wanted[key]):
                raise ProofError(POSTPROCESSING, f"headstart.js says {key} {found.get(key)!r}, wanted {wanted[key]!r}")


def describe_graph(file: str, content: bytes) -> dict[str, Any]:
    """Return what classifier.json says of a graph: its file, and what a download is held to."""
    return {"file": file, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _unpack(described: Sequence[Mapping[str, Any]], body: bytes) -> dict[str, NDArray[Any]]:
    """Return arrays by name, which stand one behind the other."""
    tensors, start = {}, 0
    for one in described:
        content = body[start : start + one["bytes"]]
        start += one["bytes"]
        tensors[one["name"]] = np.frombuffer(content, _DTYPES[one["type"]]).reshape(one["dims"])
    return tensors


def _is_same(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_is_same(one[key], other[key]) for key in other)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    if isinstance(other, float) and isinstance(one, int | float) and not isinstance(one, bool):
        return math.isclose(one, other, rel_tol=_CLOSE)
    return bool(one == other)
