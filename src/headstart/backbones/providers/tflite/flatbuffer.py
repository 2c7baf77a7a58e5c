"""A reader of FlatBuffers: tables, vectors and numbers in a block of bytes, each held to its bounds.

The format: https://flatbuffers.dev/internals/. A table begins with the signed distance back to its table of fields,
which holds for each field the distance from the table's beginning, 0 where the field has its default.
"""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a FlatBuffer; its fields are asked for by number.

    Raises:
        ValueError: from each method where the bytes lead out of the file, or a text is not UTF-8.
    """

    content: bytes
    place: int  #: of its first byte

    def number(self, field: int, kind: str, default: float = 0) -> int | float:
        """Return a number, by the letter that ``struct`` has for its type."""
        place = self._find(field)
        return default if place is None else _unpack(self.content, kind, place)

    def whole(self, field: int, kind: str = "i", default: int = 0) -> int:
        """Return a whole number."""
        return int(self.number(field, kind, default))

    def text(self, field: int) -> str:
        """Return a text; "" where there is none."""
        start, length = self._find_vector(field, 1)
        return self.content[start : start + length].decode("utf-8")

    def array(self, field: int, dtype: str) -> NDArray[np.generic]:
        """Return a vector of numbers, (n,); empty where there is none."""
        start, length = self._find_vector(field, np.dtype(dtype).itemsize)
        return np.frombuffer(self.content, dtype, length, start)

    def table(self, field: int) -> "Table | None":
        """Return a table inside this one."""
        place = self._find(field)
        return None if place is None else Table(self.content, self._follow(place))

    def tables(self, field: int) -> "list[Table]":
        """Return a vector of tables."""
        start, length = self._find_vector(field, 4)
        return [Table(self.content, self._follow(start + 4 * index)) for index in range(length)]

    def _find(self, field: int) -> int | None:
        fields = self.place - int(_unpack(self.content, "i", self.place))
        if 4 + 2 * field >= int(_unpack(self.content, "H", fields)):
            return None
        distance = int(_unpack(self.content, "H", fields + 4 + 2 * field))
        return self.place + distance if distance else None

    def _find_vector(self, field: int, size: int) -> tuple[int, int]:
        """Return where the elements of a vector begin, and how many of ``size`` bytes there are."""
        place = self._find(field)
        if place is None:
            return 0, 0
        start = self._follow(place)
        length = int(_unpack(self.content, "I", start))
        if start + 4 + length * size > len(self.content):
            raise ValueError(f"a vector of {length} elements leads out of the file")
        return start + 4, length

    def _follow(self, place: int) -> int:
        return place + int(_unpack(self.content, "I", place))


def read_root(content: bytes, identifier: bytes) -> Table:
    """Return the first table of a FlatBuffer.

    Args:
        content: of the whole file.
        identifier: four bytes that stand behind the first distance.

    Raises:
        ValueError: it is no such file.
    """
    if content[4:8] != identifier:
        raise ValueError(f"no {identifier.decode()} file")
    return Table(content, int(_unpack(content, "I", 0)))


def _unpack(content: bytes, kind: str, place: int) -> int | float:
    if not 0 <= place <= len(content) - struct.calcsize(f"<{kind}"):
        raise ValueError(f"a distance leads out of the file, to byte {place} of {len(content)}")
    value: int | float = struct.unpack_from(f"<{kind}", content, place)[0]
    return value
