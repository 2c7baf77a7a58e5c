"""Recordings as stretches that are answered one after the other."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from headstart_runtime.modalities.item import BrokenItem, Excerpt, NamedItem
from headstart_runtime.modalities.sound.reading import read_header

LEAST = 0.25  #: share of a stretch that the last one has at least; a shorter rest is not answered


def cut_clip(item: Any, seconds: float) -> Iterator[NamedItem]:
    """Yield the stretches of a recording in a file, each named by its file and its seconds.

    Args:
        item: a path, or one with a name; anything else is given as it is.
        seconds: of a stretch.
    """
    value, name = (item.value, item.name) if isinstance(item, NamedItem) else (item, str(item))
    if not isinstance(value, str | os.PathLike):
        yield item if isinstance(item, NamedItem) else NamedItem("clip", item)
        return
    path = Path(os.fsdecode(value))
    try:
        length = read_header(Excerpt(path, 0.0)).seconds
    except (BrokenItem, OSError):
        length = None
    if length is None:  # as one item it says what is wrong with it
        yield NamedItem(name, path)
        return
    count = max(1, int(length / seconds + 1 - LEAST))
    for number in range(count):
        start, end = number * seconds, min((number + 1) * seconds, length)
        excerpt = Excerpt(path, start, end)
        yield NamedItem(f"{name} {excerpt.limits}", excerpt)
