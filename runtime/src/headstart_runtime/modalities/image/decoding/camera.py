"""The camera that took a photo, as its EXIF says: two entries of the first directory, read without anything else.

Pillow's own reader warns of damage on standard error and decodes a PNG to find its EXIF; this one does neither.
"""

import struct
from typing import Any

MAKE, MODEL = 0x010F, 0x0110  #: tags of the first directory (EXIF 2.32, section 4.6.4)
LONGEST = 60  #: characters kept

_SCANNED = 4096  #: entries of a directory that are looked at; more are damage
_TEXT = (2, 7)  #: types ASCII and UNDEFINED, one byte a value
_ORDERS = {b"II*\x00": "<", b"MM\x00*": ">"}


def read_camera(info: dict[Any, Any], tags: Any = None) -> str:
    """Return make and model in one, such as "Canon EOS 5D"; "" where nothing is known.

    Args:
        info: an opened Pillow image's ``info``; nothing is read but its ``"exif"``.
        tags: of a TIFF, which is a directory itself: a mapping of its tags.
    """
    block = info.get("exif")
    try:
        found = _read_entries(block) if isinstance(block, bytes) else {}
        if tags is not None:
            found = {tag: tags.get(tag) for tag in (MAKE, MODEL)} | found
    except Exception:  # noqa: BLE001 (damaged bytes; a photo is worth more than the name of its camera)
        return ""
    return _join_names(_clean(found.get(MAKE)), _clean(found.get(MODEL)))


def _read_entries(block: bytes) -> dict[int, bytes]:
    """Return the texts of make and model in an EXIF block; offsets count from its byte order mark."""
    block = block.removeprefix(b"Exif\x00\x00")
    order = _ORDERS.get(block[:4])
    if order is None:
        return {}
    found = {}
    (start,) = struct.unpack_from(f"{order}L", block, 4)
    (count,) = struct.unpack_from(f"{order}H", block, start)
    for index in range(min(count, _SCANNED)):
        at = start + 2 + 12 * index
        if at + 12 > len(block):  # cut off; what came before counts
            break
        tag, kind, size = struct.unpack_from(f"{order}HHL", block, at)
        if tag in (MAKE, MODEL) and kind in _TEXT:
            place = at + 8 if size <= 4 else struct.unpack_from(f"{order}L", block, at + 8)[0]
            found[tag] = block[place : place + min(size, 4 * LONGEST)]
    return found


def _clean(value: Any) -> str:
    """Return one line of printable text, up to the first NUL."""
    if isinstance(value, bytes):
        value = value.partition(b"\x00")[0]
        try:
            value = value.decode()
        except UnicodeDecodeError:
            value = value.decode("latin-1")
    if not isinstance(value, str):
        return ""
    value = value.partition("\x00")[0]
    return " ".join("".join(letter if letter.isprintable() else " " for letter in value).split())[:LONGEST].rstrip()


def _join_names(make: str, model: str) -> str:
    """Join make and model; most models repeat the maker: "Canon", "Canon EOS 5D"; "NIKON CORPORATION", "NIKON D70"."""
    if not make or not model:
        return make or model
    repeated = model.casefold().split()[0] == make.casefold().split()[0]
    return (model if repeated else f"{make} {model}")[:LONGEST].rstrip()
