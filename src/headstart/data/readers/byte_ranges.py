"""Items inside larger files, read at their offset when they are asked for; nothing is unpacked."""

import zlib
from dataclasses import dataclass
from pathlib import Path

from headstart.data.sources import SourceStat


@dataclass(frozen=True, slots=True)
class RangeSource:
    """A range of bytes of a file."""

    path: Path
    offset: int
    size: int
    name: str  #: of the item in the file; ends like the item's own file where it had one
    crc: int | None = None  #: the CRC-32 of the bytes, where the file has it

    @property
    def uri(self) -> str:
        """The file's address, with the item's name as fragment."""
        return f"{self.path.absolute().as_uri()}#{self.name}"

    def stat(self) -> SourceStat:
        """Return the range's size."""
        return SourceStat(self.size)

    def read(self) -> bytes:
        """Return the bytes.

        Raises:
            OSError: the file is gone or shorter than it was, or the bytes are others.
        """
        with self.path.open("rb") as stream:
            stream.seek(self.offset)
            content = stream.read(self.size)
        if len(content) < self.size:
            raise OSError(f"{self.path.name!r} is shorter than it was")
        if self.crc is not None and zlib.crc32(content) != self.crc:
            raise OSError(f"its checksum in {self.path.name!r} is wrong")
        return content
