"""Photos as they are given: a file's path, its bytes, or pixels; read, and prepared for pixel contracts."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from headstart.errors import DataError
from headstart.pixels.contract import PixelContract
from headstart.pixels.decode import BrokenPhoto, Header, Photo, Pixels, decode, identify, prepare, to_rgb

#: A photo to predict: a file's path, a file's bytes, or pixels, uint8 (H, W), (H, W, 3) or (H, W, 4).
PhotoLike = str | os.PathLike[str] | bytes | NDArray[np.uint8]


def name_of(photo: PhotoLike) -> str:
    """For a person: the path as given, or "bytes" or "array"."""
    if isinstance(photo, bytes):
        return "bytes"
    return "array" if isinstance(photo, np.ndarray) else os.fspath(photo)


class OpenedPhoto:
    """A photo that is read once, and decoded once for all contracts by which it decodes to the same pixels."""

    def __init__(self, photo: PhotoLike):
        self.name = name_of(photo)
        self.repaired: str | None = None  #: what a decoder had to mend in memory, once it is decoded
        self.note = ""  #: what was done with it that is not done with every photo, once it is decoded
        self._photo = photo
        self._content: bytes | Pixels | None = None
        self._header: Header | None = None
        self._decoded: dict[PixelContract, Photo] = {}

    def whole(self, contract: PixelContract) -> Pixels:
        """Return the photo upright, (H, W, 3); a JPEG shrinks while decoding as the contract allows.

        Raises:
            BrokenPhoto: it cannot be read or decoded.
        """
        content = self._read()
        if not isinstance(content, bytes):
            return content
        if contract not in self._decoded:
            same = (photo for other, photo in self._decoded.items() if self._decodes_alike(content, contract, other))
            self._decoded[contract] = next(same, None) or decode(content, contract)
        photo = self._decoded[contract]
        self.repaired, self.note = self.repaired or photo.repaired, photo.note
        return photo.pixels

    def views(self, contracts: Sequence[PixelContract]) -> dict[PixelContract, Pixels]:
        """Return the photo as each contract prepares it, (S, S, 3): as when features are extracted for that alone.

        Raises:
            BrokenPhoto: it cannot be read or decoded.
        """
        return {contract: prepare(self.whole(contract), contract) for contract in contracts}

    def forget(self) -> None:
        """Free the bytes and the decoded pixels; they are read again if they are asked for."""
        self._content = None
        self._decoded.clear()

    def _read(self) -> bytes | Pixels:
        if self._content is None:
            self._content = _content(self._photo)
        return self._content

    def _decodes_alike(self, content: bytes, *contracts: PixelContract) -> bool:
        """Whether the decoded pixels are the same for these contracts: it shrinks by as much for each."""
        if self._header is None:
            self._header = identify(content)
        header = self._header
        if header.format not in ("JPEG", "MPO"):
            return True
        return len({contract.shrink(header.height, header.width) for contract in contracts}) == 1


def whole(photo: PhotoLike, contract: PixelContract) -> Pixels:
    """A photo upright, (H, W, 3); a JPEG shrinks while decoding as the contract allows.

    Raises:
        BrokenPhoto: it cannot be read or decoded.
    """
    return OpenedPhoto(photo).whole(contract)


def views_of(photo: PhotoLike, contracts: Sequence[PixelContract]) -> dict[PixelContract, Pixels]:
    """A photo as each contract prepares it, (S, S, 3): as when features were extracted for that contract alone.

    It is decoded once for all contracts by which it shrinks the same.

    Raises:
        BrokenPhoto: it cannot be read or decoded.
    """
    return OpenedPhoto(photo).views(contracts)


def _content(photo: PhotoLike) -> bytes | Pixels:
    """A photo's bytes, or its pixels where they were given.

    Raises:
        BrokenPhoto: it cannot be read, or is an array of another shape or type.
    """
    if isinstance(photo, bytes):
        return photo
    if isinstance(photo, np.ndarray):
        try:
            return to_rgb(photo)
        except DataError as error:
            raise BrokenPhoto(str(error)) from None
    try:
        return Path(photo).read_bytes()
    except (OSError, ValueError) as error:
        raise BrokenPhoto(f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
