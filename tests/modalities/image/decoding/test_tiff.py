"""Directories of a TIFF without Pillow."""

import struct
from types import SimpleNamespace
from typing import Any

import pytest

from headstart_runtime.modalities.image.decoding import tiff


def test_only_so_many_numbers_of_a_tag_are_read_as_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand directories may each tell of millions of strips, in a file of 4 MB: that took 25 seconds."""
    count, numbers = 50, 5000
    pages, start = [], 8 + 4 * numbers
    for number in range(count):
        after = start + (number + 1) * 30 if number < count - 1 else 0
        entries = struct.pack("<HHLHH", 256, 3, 1, 7, 0) + struct.pack("<HHLL", 273, 4, numbers, 8)
        pages.append(struct.pack("<H", 2) + entries + struct.pack("<L", after))
    data = b"II*\0" + struct.pack("<L", start) + bytes(4 * numbers) + b"".join(pages)
    read = 0

    def counted(*given: Any) -> tuple[Any, ...]:
        nonlocal read
        found = struct.unpack_from(*given)
        read += len(found)
        return found

    known = SimpleNamespace(unpack_from=counted, calcsize=struct.calcsize, error=struct.error)
    monkeypatch.setattr(tiff, "struct", known)
    assert [(it.page, it.width) for it in tiff.read_directories(data)] == [(number, 7) for number in range(count)]
    assert read < 20 * count
