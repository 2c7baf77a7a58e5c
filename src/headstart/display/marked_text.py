"""Running text with the pieces that speak for an answer, for a terminal."""

import re
from collections.abc import Sequence
from typing import Protocol

STRONG, WEAK = 0.6, 0.25  #: weights from which on a piece is marked as telling most, and as telling
_COLOURS = ("\x1b[1;30;43m", "\x1b[33m", "\x1b[0m")  #: black on yellow, yellow, and the end of either
#: Control characters, and marks that turn the direction of what follows: a terminal would act on them.
_ACTED_ON = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]+")


class WeightedText(Protocol):
    """A piece of a text and its weight 0..1."""

    @property
    def text(self) -> str:
        """The piece."""

    @property
    def weight(self) -> float:
        """A share of how much the strongest piece speaks for the answer."""


def format_marked(pieces: Sequence[WeightedText], *, colours: bool) -> str:
    """Return a text in one line, its telling pieces marked.

    Args:
        pieces: of the text, one after the other, what is between words included.
        colours: by colours, else by stars: ``**most**``, ``*less*``.
    """
    return "".join(_mark(strip_controls(piece.text), piece.weight, colours=colours) for piece in pieces).strip()


def strip_controls(text: str) -> str:
    """Return a text without what a terminal would act on."""
    return _ACTED_ON.sub(" ", text)


def _mark(text: str, weight: float, *, colours: bool) -> str:
    if weight < WEAK or not text.strip():
        return text
    if colours:
        return f"{_COLOURS[0 if weight >= STRONG else 1]}{text}{_COLOURS[2]}"
    stars = "**" if weight >= STRONG else "*"
    return f"{stars}{text}{stars}"
