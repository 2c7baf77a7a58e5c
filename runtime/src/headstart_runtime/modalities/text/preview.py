"""Beginnings of texts for reports."""

import re
import unicodedata
from typing import Any

from headstart_runtime.modalities.facets import Thumbnail

MOST, CLOSE_MOST = 280, 900  #: characters that are shown; more where a text is looked at closely
READ = 8  #: times as many characters are looked at, for there may be much white space
LONGEST_WORD = 60  #: characters; a longer one is cut in the middle
_SPACE = re.compile(r"\s+")
_LONG = re.compile(rf"\S{{{LONGEST_WORD + 1},}}")
#: Marks that turn the direction of what stands around them, and so of a whole page.
_TURNING = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")


class TextPreview:
    """Beginnings of texts, plain."""

    def __init__(self, default_spec: Any = None) -> None:
        self._default = default_spec

    def make_spec(self, spec: Any | None = None, *, close: bool = False) -> Any:
        """Return a spec that reads texts; each reads them whole."""
        return self._default if spec is None else spec

    def make_thumbnail(self, value: str, *, close: bool = False) -> Thumbnail:
        """Return the beginning of a text, as UTF-8."""
        most = CLOSE_MOST if close else MOST
        head = clean_text(value[: READ * most])
        shown = cut_text(head, most)
        return Thumbnail(f"{shown}{'…' if shown == head and len(value) > READ * most else ''}".encode(), "text/plain")


def clean_text(text: str) -> str:
    """Return a text in one line, without control characters and marks that turn it, and with no endless word."""
    shown = _SPACE.sub(" ", _TURNING.sub("", text)).strip()
    shown = "".join(sign for sign in shown if unicodedata.category(sign) not in ("Cc", "Cs", "Co", "Cn"))
    half = LONGEST_WORD // 2
    return _LONG.sub(lambda found: f"{found[0][:half]}…{found[0][-half // 2 :]}", shown)


def cut_text(text: str, most: int) -> str:
    """Return the beginning of a text, cut between words where that is near, with "…" where it goes on."""
    if len(text) <= most:
        return text
    head = text[: most - 1]
    place = head.rfind(" ")
    return f"{(head[:place] if place > 2 * most // 3 else head).rstrip()}…"
