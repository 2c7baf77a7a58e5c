"""Bodies of multipart/form-data taken apart in memory, by python-multipart's parser."""

from dataclasses import dataclass, field
from typing import Any

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header


class MultipartError(Exception):
    """The body is no multipart/form-data."""


@dataclass(slots=True)
class FormPart:
    """A part of a form: a field, or a file."""

    headers: dict[str, bytes] = field(default_factory=dict)
    content: bytes = b""
    name: str = ""
    filename: str | None = None  #: None of a field that is no file


class _Collector:
    """Gathers parts while a parser runs."""

    def __init__(self, most: int):
        self.parts: list[FormPart] = []
        self.ended = False
        self._most = most
        self._name = self._value = b""
        self._pieces: list[bytes] = []

    def on_part_begin(self) -> None:
        if len(self.parts) >= self._most:
            raise MultipartError(f"it has more than {self._most} parts")
        self.parts.append(FormPart())
        self._pieces = []

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def on_header_end(self) -> None:
        self.parts[-1].headers[self._name.decode("latin-1").lower()] = self._value
        self._name = self._value = b""

    def on_headers_finished(self) -> None:
        part = self.parts[-1]
        kind, options = parse_options_header(part.headers.get("content-disposition", b""))
        if kind != b"form-data" or b"name" not in options:
            raise MultipartError("a part has no name")
        part.name = options[b"name"].decode("utf-8", "replace")
        if b"filename" in options:
            part.filename = options[b"filename"].decode("utf-8", "replace")

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._pieces.append(data[start:end])

    def on_part_end(self) -> None:
        self.parts[-1].content = b"".join(self._pieces)
        self._pieces = []

    def on_end(self) -> None:
        self.ended = True


def parse_multipart(body: bytes, content_type: str, most: int) -> list[FormPart]:
    """Return the parts of a form, in order.

    Args:
        body: whole.
        content_type: the header, which has the boundary.
        most: parts that may be in it.

    Raises:
        MultipartError: it is malformed, not whole, or has more parts.
    """
    _, options = parse_options_header(content_type.encode("latin-1", "replace"))
    boundary = options.get(b"boundary", b"")
    if not boundary:
        raise MultipartError("the header Content-Type names no boundary")
    collector = _Collector(most)
    names = [name for name in dir(collector) if name.startswith("on_")]
    try:
        callbacks: Any = {name: getattr(collector, name) for name in names}
        parser = MultipartParser(boundary, callbacks)
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise MultipartError(" ".join(str(error).split())[:200]) from None
    if not collector.ended:
        raise MultipartError("its end is missing")
    return collector.parts
