"""Photos as they are given: a file's path, its bytes, or pixels; read, and prepared for pixel contracts."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from headstart.errors import DataError
from headstart.pixels.contract import PixelContract
from headstart.pixels.decode import BrokenPhoto, Header, Pixels, decode, identify, prepare, to_rgb

#: A photo to predict: a file's path, a file's bytes, or pixels, uint8 (H, W), (H, W, 3) or (H, W, 4).
PhotoLike = str | os.PathLike[str] | bytes | NDArray[np.uint8]


def name_of(photo: PhotoLike) -> str:
    """For a person: the path as given, or "bytes" or "array"."""
    if isinstance(photo, bytes):
        return "bytes"
    return "array" if isinstance(photo, np.ndarray) else os.fspath(photo)


def whole(photo: PhotoLike, contract: PixelContract) -> Pixels:
    """A photo upright, (H, W, 3); a JPEG shrinks while decoding as the contract allows.

    Raises:
        BrokenPhoto: it cannot be read or decoded.
    """
    content = _content(photo)
    return decode(content, contract).pixels if isinstance(content, bytes) else content


def views_of(photo: PhotoLike, contracts: Sequence[PixelContract]) -> dict[PixelContract, Pixels]:
    """A photo as each contract prepares it, (S, S, 3): as when features were extracted for that contract alone.

    It is decoded once for all contracts by which it shrinks the same.

    Raises:
        BrokenPhoto: it cannot be read or decoded.
    """
    content = _content(photo)
    if not isinstance(content, bytes):
        return {contract: prepare(content, contract) for contract in contracts}
    if len(contracts) == 1:
        return {contracts[0]: prepare(decode(content, contracts[0]).pixels, contracts[0])}
    header = identify(content)
    decoded: dict[int, Pixels] = {}
    made = {}
    for contract in contracts:
        factor = _factor(header, contract)
        if factor not in decoded:
            decoded[factor] = decode(content, contract).pixels
        made[contract] = prepare(decoded[factor], contract)
    return made


def _factor(header: Header, contract: PixelContract) -> int:
    """By how much this photo shrinks while it is decoded for this contract."""
    return contract.shrink(header.height, header.width) if header.format in ("JPEG", "MPO") else 1


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
