"""Bodies of calls: read with limits on size and time, and taken apart into items. Nothing is written to disk."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Request

from headstart_runtime.errors import bounded
from headstart_runtime.modalities.given import takes_texts
from headstart_runtime.modalities.item import NamedItem
from headstart_runtime.modalities.modality import Modality
from headstart_runtime.service.multipart import MultipartError, parse_multipart
from headstart_runtime.service.settings import ServiceSettings

_ADDRESS_KEY = re.compile(r".*(url|uri|href|link|path|file)s?", re.IGNORECASE)
VALUES, VALUES_BY_ITEM = 1000, 10  #: in the JSON of a call: in all, and for each item that it may have
_URL_STARTS = ("http://", "https://", "file://", "ftp://", "s3://", "gs://", "data:")


class Refusal(Exception):
    """A call that is not answered: its status, and the reason in one line."""

    def __init__(self, status: int, reason: str, *, retry_after: int | None = None):
        super().__init__(bounded(reason, 500))
        self.status, self.retry_after = status, retry_after


class HeldBytes:
    """The bytes of all bodies that are in memory, counted against a limit."""

    def __init__(self, most: int):
        self.most, self.held = most, 0

    def take(self, count: int) -> None:
        """Count bytes.

        Raises:
            Refusal: there is no room for them now.
        """
        if self.held + count > self.most:
            raise Refusal(503, "the server holds as much as it may; come again", retry_after=1)
        self.held += count

    def free(self, count: int) -> None:
        """Count bytes no more."""
        self.held -= count


@asynccontextmanager
async def hold_body(request: Request, settings: ServiceSettings, held: HeldBytes) -> AsyncIterator[bytes]:
    """Read a body and hold it while the context lasts.

    Raises:
        Refusal: it is too large (413), too slow (408), broken off (400), or there is no room for it now (503).
    """
    most, count = settings.most_bytes, 0
    length = request.headers.get("content-length", "")
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Refusal(415, "a body with a Content-Encoding is not read; send it plain")
    too_large = f"the body is larger than {settings.max_body:g} MB"
    if length.isascii() and length.isdigit() and (len(length) > 15 or int(length) > most):
        raise Refusal(413, too_large)
    pieces: list[bytes] = []
    try:
        try:
            async with asyncio.timeout(settings.body_timeout):
                while True:
                    message = await request.receive()
                    if message["type"] == "http.disconnect":
                        raise Refusal(400, "the body broke off")
                    piece = message.get("body", b"")
                    if count + len(piece) > most:
                        raise Refusal(413, too_large)
                    held.take(len(piece))
                    count += len(piece)
                    pieces.append(piece)
                    if not message.get("more_body", False):
                        break
        except TimeoutError:
            raise Refusal(408, f"the body took longer than {settings.body_timeout:g} s to arrive") from None
        body = b"".join(pieces)
        pieces.clear()
        yield body
    finally:
        held.free(count)


def read_items(body: bytes, content_type: str, modality: Modality, most: int) -> list[NamedItem]:
    """Return the items in a body.

    Args:
        body: whole.
        content_type: as the header has it; "" for none.
        modality: of the model that is asked.
        most: items that may be in it.

    Raises:
        Refusal: it is malformed (400), has none or too many (400, 413), or is of a type that is not read (415).
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        items = _read_parts(body, content_type, modality, most)
    elif kind == "application/json" or kind.endswith("+json"):
        items = _read_json(body, modality, most)
    elif kind == "application/x-www-form-urlencoded":
        raise Refusal(415, "a form without files is not read; send multipart/form-data, a file's bytes, or JSON")
    else:
        items = [NamedItem("body", body)] if body else []
    if not items:
        raise Refusal(400, f"there is no {modality.noun.one} in the call; {_describe_forms(modality)}")
    if len(items) > most:
        raise Refusal(413, f"{modality.noun.count(len(items))} in a call; at most {most} are answered")
    return items


def _describe_forms(modality: Modality) -> str:
    if takes_texts(modality):
        return 'send JSON {"texts": ["..."]}, or text/plain'
    return f"send the bytes of {modality.noun.a_one} as the body, or files as multipart/form-data"


def _read_parts(body: bytes, content_type: str, modality: Modality, most: int) -> list[NamedItem]:
    try:
        parts = parse_multipart(body, content_type, most + 16)
    except MultipartError as error:
        raise Refusal(400, f"the multipart body cannot be read: {error}") from None
    items = []
    for part in parts:
        if part.filename is not None:
            if part.content or part.filename:  # a browser sends an empty part for a field without a file
                items.append(NamedItem(_shorten(part.filename), part.content))
        elif part.name in ("text", "texts", "item", "items") and takes_texts(modality):
            items.append(NamedItem(f"{modality.noun.one} {len(items) + 1}", _decode(part.content)))
        else:
            raise Refusal(400, f"the field {part.name[:80]!r} is no file; {_describe_forms(modality)}")
    return items


def parse_json_body(body: bytes, most: int) -> Any:
    """Return the value of a JSON body.

    Args:
        body: whole.
        most: items that may be in it.

    Raises:
        Refusal: it is none (400), or has many more values than such items need (413): each takes the room of dozens of
            bytes, and nothing else is answered while they are read.
    """
    if _has_more_values(body, VALUES + VALUES_BY_ITEM * most):
        raise Refusal(413, f"the JSON has more values than a call of {most} items needs")
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise Refusal(400, "the body is not JSON in UTF-8") from None


def _has_more_values(body: bytes, most: int) -> bool:
    """Return whether JSON has more values than that, told without reading it."""
    plain = body.replace(rb"\\", b"").replace(rb"\"", b"")
    if plain.count(b'"') > 2 * most:
        return True
    outside = plain.split(b'"')[::2]  # of strings
    return sum(piece.count(sign) for piece in outside for sign in (b",", b"[", b"{")) > most


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _read_json(body: bytes, modality: Modality, most: int) -> list[NamedItem]:
    value = parse_json_body(body, most)
    if isinstance(value, list):
        value = {"items": value}
    if not isinstance(value, dict):
        raise Refusal(400, f"the JSON is neither an object nor a list; {_describe_forms(modality)}")
    keys = [key for key in value if key in ("texts", "items", "text", "item")]
    refuse_addresses(list(value) if not keys else [], [], modality)
    if len(keys) != 1 or len(value) != 1:
        raise Refusal(
            400, f'the JSON object needs one key, "texts" or "items", and no other; {_describe_forms(modality)}'
        )
    given = value[keys[0]]
    texts = given if isinstance(given, list) else [given]
    if not all(isinstance(text, str) for text in texts):
        raise Refusal(400, f"an item in the JSON is no text; {_describe_forms(modality)}")
    if not takes_texts(modality):
        refuse_addresses([], texts, modality)
        raise Refusal(415, f"{modality.noun.many} are not read from JSON; {_describe_forms(modality)}")
    return name_texts(texts, modality)


def name_texts(texts: Sequence[str], modality: Modality) -> list[NamedItem]:
    """Return texts as items under their numbers.

    Raises:
        Refusal: one is no text that can be written, but half of a character.
    """
    if not all(map(is_writable, texts)):
        raise Refusal(400, "an item has half of a character (a lone surrogate)")
    return [NamedItem(f"{modality.noun.one} {number}", text) for number, text in enumerate(texts, 1)]


def is_writable(text: str) -> bool:
    """Return whether a text of JSON can be written: not so with half of a character, a lone surrogate."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def refuse_addresses(keys: Sequence[str], texts: Sequence[str], modality: Modality) -> None:
    """Refuse a call that names an address instead of giving an item.

    Raises:
        Refusal: a key or a text does.
    """
    begins: Callable[[str], bool] = lambda text: text.strip().lower().startswith(_URL_STARTS)  # noqa: E731
    if any(map(_ADDRESS_KEY.fullmatch, keys)) or any(map(begins, texts)):
        raise Refusal(400, f"URLs and paths are not fetched; {_describe_forms(modality)}")


def _decode(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise Refusal(400, "a text in the form is not UTF-8") from None


def _shorten(name: str) -> str:
    """Return a file's name without folders, as some browsers send them, and without what would break a line."""
    plain = "".join(sign if sign.isprintable() else " " for sign in name.replace("\\", "/").rpartition("/")[2])
    return bounded(plain, 200) or "file"
