"""Tokenizers: the content of a ``tokenizer.json`` -> ids of tokens, by the library ``tokenizers``.

One is made of a file's bytes once a process. The file's settings of truncation and padding are not heeded: how long a
text may be is for the spec to say.
"""

import hashlib
import json
import threading
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart_runtime.errors import DataError
from headstart_runtime.extras import import_extra

Ids = NDArray[np.int64]
PAD_TOKENS = ("[PAD]", "<pad>", "<PAD>")  #: names of the token that fills a batch


class Tokenizer:
    """A tokenizer; may be used from any thread."""

    def __init__(self, content: bytes):
        """Make it of the bytes of a ``tokenizer.json``.

        Raises:
            DataError: they are none that ``tokenizers`` reads.
            MissingExtra: ``tokenizers`` is not installed.
        """
        library = import_extra("text", "splitting texts into tokens", "tokenizers")
        try:
            self._made = library.Tokenizer.from_buffer(content)
        except Exception as error:  # noqa: BLE001  its errors have no base of their own
            raise DataError(f"tokenizer.json is none that tokenizers reads: {str(error)[:200]}") from None
        self._made.no_truncation()
        self._made.no_padding()
        self._last = threading.local()
        empty = self._made.encode("")
        self._before, self._after = _split_special(empty.ids, self._made.encode("a"))

    @property
    def special(self) -> int:
        """The number of tokens that stand around those of every text."""
        return len(self._before) + len(self._after)

    def encode(self, text: str) -> Ids:
        """Return the ids of a text's own tokens, int64 (T,), without those that stand around every text; T may be 0."""
        known: tuple[str, Ids] | None = getattr(self._last, "pair", None)
        if known is None or known[0] is not text:  # a text is asked about twice in a row: is it cut, and what is it
            ids = np.array(self._made.encode(text, add_special_tokens=False).ids, np.int64)
            known = self._last.pair = (text, ids)
        return known[1]

    def surround(self, ids: Ids) -> Ids:
        """Return the ids of a text with those that stand around every text, int64 (T + special,)."""
        return np.concatenate([self._before, ids, self._after])

    def split(self, text: str) -> tuple[list[str], list[tuple[int, int]]]:
        """Return the tokens of a text as they are written, and where each stands in it, from and to, in characters."""
        encoding = self._made.encode(text, add_special_tokens=False)
        return encoding.tokens, encoding.offsets


@lru_cache(maxsize=16)
def load_tokenizer(content: bytes) -> Tokenizer:
    """Return the tokenizer of a ``tokenizer.json``, made once a process; errors as of ``Tokenizer``."""
    return Tokenizer(content)


def hash_content(content: bytes) -> str:
    """Return the SHA-256 of bytes, hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def find_pad_id(content: bytes) -> int:
    """Return the id of the token that fills a batch; 0 where none is named."""
    record: dict[str, Any] = json.loads(content)
    padding = record.get("padding") or {}
    if isinstance(padding.get("pad_id"), int):
        return int(padding["pad_id"])
    added = {one["content"]: one["id"] for one in record.get("added_tokens") or ()}
    return next((int(added[name]) for name in PAD_TOKENS if name in added), 0)


def _split_special(empty: Sequence[int], some: Any) -> tuple[Ids, Ids]:
    """Return the ids that stand before and after every text, by those of an empty one and one with a token."""
    mask = list(some.special_tokens_mask)
    first = mask.index(0) if 0 in mask else len(empty)
    return np.array(empty[:first], np.int64), np.array(empty[first:], np.int64)
