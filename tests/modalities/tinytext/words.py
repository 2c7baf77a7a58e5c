"""A text as its words."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """A text."""

    words: tuple[str, ...]  #: in lower case


def split_words(text: str) -> Words:
    """Return the words of a text."""
    return Words(tuple(re.findall(r"\w+", text.lower())))
