"""Load over HTTP from a process of its own: clients that each wait for an answer before they ask again.

    python load.py HOST PORT PATH CLIENTS SECONDS FOLDER [PACE]

Bodies are forms with a file of the folder each, one after the other. Its last line is a JSON object: statuses,
milliseconds of each answer, seconds, and processor seconds of its own. With a PACE, requests a second in all, it asks a
sink inside its own process, which reads the bodies and answers at once: the cost of asking, without a service.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

BOUNDARY = "------------------------0123456789abcdef"
REPLY = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n" + b" " * 500


async def read_message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Return head and body of a message."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0] or 0)
    return head, await reader.readexactly(length)


async def answer_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer every request of a connection with the same."""
    try:
        while True:
            await read_message(reader)
            writer.write(REPLY)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def make_request(host: str, path: str, content: bytes) -> bytes:
    """Return a request with a file in a form, as a browser sends it."""
    part = 'content-disposition: form-data; name="file"; filename="item"\r\ncontent-type: application/octet-stream'
    body = f"--{BOUNDARY}\r\n{part}\r\n\r\n".encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()
    head = f"POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: multipart/form-data; boundary={BOUNDARY}\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


class Load:
    """Clients, and what they saw."""

    def __init__(self, host: str, port: int, requests: list[bytes], until: float, between: float):
        self.host, self.port, self.requests, self.until, self.between = host, port, requests, until, between
        self.statuses: Counter[str] = Counter()
        self.milliseconds: list[float] = []
        self.next = 0

    async def ask(self) -> None:
        """Ask again and again over one connection, which is opened anew where it was closed."""
        reader, writer = await asyncio.open_connection(self.host, self.port)
        due = time.perf_counter()
        while time.perf_counter() < self.until:
            request = self.requests[self.next % len(self.requests)]
            self.next += 1
            began = time.perf_counter()
            try:
                writer.write(request)
                head, _ = await read_message(reader)
            except (asyncio.IncompleteReadError, ConnectionError):
                self.statuses["cut"] += 1
                await asyncio.sleep(0.05)
                reader, writer = await asyncio.open_connection(self.host, self.port)
                continue
            status = head.split(b" ", 2)[1].decode()
            self.statuses[status] += 1
            if status == "200":
                self.milliseconds.append(1000 * (time.perf_counter() - began))
            elif status == "503":
                await asyncio.sleep(0.02)
            if self.between:
                due = max(due + self.between, began)
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
        writer.close()


async def generate(words: list[str]) -> dict[str, Any]:
    """Return what clients saw; the arguments are those of the command."""
    host, port, path, clients, seconds, folder, *pace = words
    bodies = [file.read_bytes() for file in sorted(Path(folder).iterdir())]
    requests = [make_request(host, path, body) for body in bodies]
    if pace:
        server = await asyncio.start_server(answer_at_once, "127.0.0.1", 0)
        host, port = "127.0.0.1", str(server.sockets[0].getsockname()[1])
    between = int(clients) / float(pace[0]) if pace else 0.0
    used, began = time.process_time(), time.perf_counter()
    load = Load(host, int(port), requests, began + float(seconds), between)
    await asyncio.gather(*(load.ask() for _ in range(int(clients))))
    return {
        "statuses": dict(load.statuses),
        "milliseconds": load.milliseconds,
        "seconds": time.perf_counter() - began,
        "processor_seconds": time.process_time() - used,
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(generate(sys.argv[1:]))))
