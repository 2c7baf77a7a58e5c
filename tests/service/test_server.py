"""The server in a process of its own: bad callers, overload, new models under load, signals, workers, TLS."""

import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

from tests.conftest import Small

pytestmark = pytest.mark.slow


class Running:
    """A server that listens."""

    def __init__(self, process: "subprocess.Popen[str]", address: str):
        self.process, self.address = process, address
        self.port = int(address.rpartition(":")[2])

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"{self.address}{path}", timeout=20) as response:
            return str(response.read().decode())

    def ask(self, content: bytes, connection: HTTPConnection | None = None) -> tuple[int, dict[str, str], bytes]:
        own = connection or HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            own.request("POST", "/v1/predict", content, {"Content-Type": "image/jpeg"})
            response = own.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        finally:
            if connection is None:
                own.close()

    def count(self, name: str) -> float:
        found = re.search(rf"^{name}(?:{{[^}}]*}})? ([\d.e+]+)$", self.get("/metrics"), re.MULTILINE)
        return float(found[1]) if found else 0.0

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


@contextmanager
def serve(*words: object) -> Iterator[Running]:
    command = [sys.executable, "-m", "headstart_runtime.command.serve", *map(str, words), "--port", "0"]
    command += [] if "--engine" in command else ["--engine", "onnxruntime"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    lines: list[str] = []
    try:
        while not (found := re.search(r" on (https?://[\w.]+:\d+)", line := process.stderr.readline())):
            lines.append(line)
            assert line, "".join(lines)
        reading = threading.Thread(target=lambda: lines.extend(process.stderr or ()), daemon=True)
        reading.start()
        running = Running(process, found[1])
        until = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", running.port), 1).close()
                break
            except OSError:
                assert time.monotonic() < until
        yield running
    finally:
        process.kill()
        process.wait()
        reading.join(10)
        process.stderr.close()
    assert not [line for line in lines if "Traceback" in line or " ERROR " in line]


@contextmanager
def load(work: Callable[[], object], threads: int = 4) -> Iterator[None]:
    """Have threads do something again and again while the context lasts; each ends when it returns True."""
    over = threading.Event()

    def repeat() -> None:
        while not over.is_set() and work() is not True:
            pass

    own = [threading.Thread(target=repeat) for _ in range(threads)]
    for thread in own:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in own:
            thread.join(60)


def talk(port: int, *pieces: bytes, pause: float = 0.0) -> bytes:
    """Return all that a server says to raw bytes."""
    with socket.create_connection(("127.0.0.1", port), 20) as own:
        for piece in pieces:
            own.sendall(piece)
            time.sleep(pause)
        said = b""
        try:
            while got := own.recv(65536):
                said += got
        except ConnectionError:
            pass
        return said


def test_slow_and_malformed_callers_and_cut_connections_do_no_harm(small: Small, item: bytes) -> None:
    head = b"POST /v1/predict HTTP/1.1\r\nhost: x\r\ncontent-type: image/jpeg\r\ncontent-length: %d\r\n\r\n"
    with serve(small.run, "--body-timeout", "1", "--max-body", "0.2") as server:
        assert talk(server.port, b"POST /v1/pred") == b""  # a head that never ends
        assert talk(server.port) == b""  # a connection without a call
        slow = talk(server.port, head % 1000, b"abc")
        assert slow.startswith(b"HTTP/1.1 408")
        assert b"connection: close" in slow.lower()
        assert talk(server.port, head % 10**9).startswith(b"HTTP/1.1 413")
        chunked = head.replace(b"content-length: %d", b"transfer-encoding: chunked")
        endless = (b"1000\r\n" + b"x" * 4096 + b"\r\n") * 60
        assert b"HTTP/1.1 413" in talk(server.port, chunked, endless)
        for junk in (
            b"\x16\x03\x01\x02\x00\x01",
            b"GET / HTTP/9.9\r\nconnection: close\r\n\r\n",
            b"\r\n" * 100,
            b"POST / HTTP/1.1\r\n" + b"a" * 70_000,
        ):
            assert b" 500 " not in talk(server.port, junk)
        for cut in range(0, len(item), max(1, len(item) // 12)):
            with socket.create_connection(("127.0.0.1", server.port)) as own:
                own.sendall(head % len(item) + item[:cut])
        for _ in range(20):  # gone before the answer
            with socket.create_connection(("127.0.0.1", server.port)) as own:
                own.sendall(head % len(item) + item)
        assert server.ask(item)[0] == 200
        until = time.monotonic() + 10
        while server.count("headstart_held_bytes") or server.count("headstart_open_requests") > 1:
            assert time.monotonic() < until
            time.sleep(0.05)
        assert 'status="500"' not in server.get("/metrics")
        assert server.end() == 0


def test_connections_that_ask_nothing_keep_nobody_out(small: Small, item: bytes) -> None:
    with serve(small.run, "--connections", "16") as server, ExitStack() as held:
        for number in range(60):
            own = held.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            if number % 2:
                own.sendall(b"POST /v1/pred")
        assert [server.ask(item)[0] for _ in range(5)] == [200] * 5
        assert server.end() == 0


def test_too_many_calls_are_told_to_come_again_and_the_server_recovers(small: Small, item: bytes) -> None:
    seen: Counter[int] = Counter()

    def ask() -> None:
        status, headers, _ = server.ask(item)
        seen[status] += 1
        if status == 503:
            assert 1 <= int(headers["retry-after"]) <= 60

    with serve(small.run, "--queue", "1", "--wait", "0") as server:
        ask()
        with load(ask, threads=20):
            time.sleep(3)
        assert set(seen) == {200, 503}
        assert min(seen.values()) > 3
        assert [server.ask(item)[0] for _ in range(5)] == [200] * 5
        assert server.end() == 0


def test_new_models_are_taken_over_under_load_without_a_lost_call(copied: Path, tmp_path: Path, item: bytes) -> None:
    seen: Counter[int] = Counter()
    link = tmp_path / "served"
    link.symlink_to(copied)
    with serve(f"one={link}", "--watch", "0.1") as server:
        with load(lambda: seen.update([server.ask(item)[0]])):
            for number in range(3):
                fresh = tmp_path / f"fresh{number}"
                shutil.copytree(copied, fresh)
                record = json.loads((fresh / "model.json").read_text("utf-8"))
                (fresh / "model.json").write_text(json.dumps({**record, "headstart": f"v{number}"}), "utf-8")
                if number == 1:  # first a broken one
                    (tmp_path / "broken").mkdir()
                    (tmp_path / "broken" / "model.json").write_text("{}", "utf-8")
                    _point(link, tmp_path / "broken")
                    time.sleep(0.4)
                _point(link, fresh)
                until = time.monotonic() + 20
                while server.count("headstart_models_taken_over_total") <= number:
                    assert time.monotonic() < until
                    time.sleep(0.05)
        assert set(seen) == {200}
        assert seen[200] > 20
        assert server.end() == 0


def _point(link: Path, target: Path) -> None:
    """Have a link lead elsewhere, at once."""
    other = link.with_name("other")
    other.symlink_to(target)
    other.replace(link)


@pytest.mark.parametrize("keep_alive", [True, False])
def test_sigterm_under_load_loses_no_call(small: Small, item: bytes, keep_alive: bool) -> None:
    seen: Counter[object] = Counter()
    own = threading.local()

    def ask() -> bool:
        kept = getattr(own, "connection", None) if keep_alive else None
        connection = kept or HTTPConnection("127.0.0.1", server.port, timeout=30)
        try:
            connection.connect() if connection.sock is None else None
        except OSError:
            connection.close()
            return True  # nothing was asked
        try:
            status, headers, _ = server.ask(item, connection)
        except (HTTPException, OSError) as error:
            seen[type(error).__name__] += 1
            connection.close()
            return True
        seen[status] += 1
        own.connection = connection
        if not keep_alive or headers.get("connection") == "close":
            connection.close()
            own.connection = None
        return False

    with serve(small.run) as server:
        with load(ask, threads=8):
            time.sleep(1)
            assert server.end() == 0
        assert set(seen) == {200}
        assert seen[200] > 20


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_sixteen_workers_forked_after_warm_up_answer(small: Small, item: bytes, engine: str) -> None:
    with serve(small.run, "--workers", "16", "--engine", engine) as server:
        seen: Counter[int] = Counter()
        with load(lambda: seen.update([server.ask(item)[0]]), threads=16):
            until = time.monotonic() + 40
            while seen[200] < 200:
                assert time.monotonic() < until
                time.sleep(0.05)
        assert set(seen) == {200}
        children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
        workers = children.read_text("utf-8").split() if children.exists() else []
        assert len(workers) in (0, 16)
        if workers:  # one that ends by itself is followed by another
            os.kill(int(workers[0]), signal.SIGKILL)
            time.sleep(2)
            assert len(children.read_text("utf-8").split()) == 16
            assert server.ask(item)[0] == 200
        assert server.end() == 0


def test_tls_by_a_certificate(small: Small, tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make a certificate")
    files = tmp_path / "cert.pem", tmp_path / "key.pem"
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    words += ["-addext", "subjectAltName=IP:127.0.0.1", "-out", str(files[0]), "-keyout", str(files[1])]
    subprocess.run(words, check=True, capture_output=True)
    with serve(small.run, "--cert", files[0], "--key", files[1]) as server:
        assert server.address.startswith("https://")
        trust = ssl.create_default_context(cafile=files[0])
        with urllib.request.urlopen(f"{server.address}/healthz", context=trust) as response:
            assert json.load(response) == {"live": True}
        assert server.end() == 0
