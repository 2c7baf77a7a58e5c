"""Photos as they are given: a path, a file's bytes, an open file, a PIL image, an array; read, and prepared.

What is none of these is refused for itself, never taken for a collection of photos.
"""

import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from headstart_runtime.errors import DataError, refuse_machine_faults
from headstart_runtime.modalities.image.decode import (
    Header,
    Photo,
    Pixels,
    array_to_rgb,
    crop_resize,
    decode,
    decode_image,
    identify,
)
from headstart_runtime.modalities.image.spec import ImageSpec
from headstart_runtime.modalities.item import BinaryFile, BrokenItem

#: A photo to predict: a file's path, a file's bytes, an open binary file, a PIL image, or pixels, uint8 (H, W),
#: (H, W, 3) or (H, W, 4).
PhotoLike = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryFile | Image.Image | NDArray[np.uint8]
WANTED = "wanted a path, the bytes of a file, an open binary file, a PIL image or an array of uint8"


def is_one_photo(given: object) -> bool:
    """Return whether a caller gave one photo, or an attempt at one, and not a collection of photos."""
    if isinstance(given, np.ndarray):
        return not (given.ndim == 1 and given.dtype.kind in "UOT")  # of paths
    if isinstance(given, str | os.PathLike | bytes | bytearray | memoryview | Image.Image | Mapping):
        return True
    tensor = hasattr(given, "__array__") and getattr(given, "ndim", 0) > 1
    return tensor or hasattr(given, "read") or not isinstance(given, Iterable)


def name_photo(photo: object) -> str:
    """Return the path as given, the name of an open file, or what it is: "bytes", "array", "image", ..."""
    if isinstance(photo, str | os.PathLike):
        return os.fsdecode(photo)
    if isinstance(photo, bytes | bytearray | memoryview):
        return "bytes"
    if isinstance(photo, Image.Image):
        return _decode_text(getattr(photo, "filename", "")) or "image"
    if hasattr(photo, "read"):
        return _decode_text(getattr(photo, "name", "")) or "file"
    return "array" if hasattr(photo, "__array__") else type(photo).__name__


def suggest_remedy(photo: object, message: str) -> str:
    """Return advice about a photo that cannot be read, to stand behind a message; empty where that has it already."""
    if "wanted" in message or isinstance(photo, np.ndarray):  # what is wrong with an array is said with what to do
        return ""
    return "; give a photo that opens in a viewer"


def _decode_text(name: object) -> str:
    return os.fsdecode(name) if isinstance(name, str | bytes | os.PathLike) else ""


class OpenedPhoto:
    """A photo that is read once, and decoded once for all specs by which it decodes to the same pixels."""

    def __init__(self, photo: object):
        self.name = name_photo(photo)
        self.repaired: str | None = None  #: what a decoder had to mend in memory, once it is decoded
        self.note = ""  #: what was done with it that is not done with every photo, once it is decoded
        self._photo = photo
        self._content: bytes | Pixels | Image.Image | None = None
        self._header: Header | None = None
        self._decoded: dict[ImageSpec, Photo] = {}

    def load(self, spec: ImageSpec) -> Pixels:
        """Return the photo upright, (H, W, 3); a JPEG shrinks while decoding as the spec allows.

        Raises:
            BrokenItem: it cannot be read or decoded.
        """
        content = self._read()
        if isinstance(content, np.ndarray):
            return content
        if isinstance(content, Image.Image):
            self._decoded[spec] = decode_image(content, spec)
        elif spec not in self._decoded:
            same = (photo for other, photo in self._decoded.items() if self._decodes_alike(content, spec, other))
            self._decoded[spec] = next(same, None) or decode(content, spec)
        photo = self._decoded[spec]
        self.repaired, self.note = self.repaired or photo.repaired, photo.note
        return photo.pixels

    def load_for_specs(self, specs: Sequence[ImageSpec]) -> dict[ImageSpec, list[Pixels]]:
        """Return the photo as each spec prepares it, one part (S, S, 3): as when features are extracted for that alone.

        Raises:
            BrokenItem: it cannot be read or decoded.
        """
        return {spec: [crop_resize(self.load(spec), spec)] for spec in specs}

    def header(self) -> Header | None:
        """Return what a file says of itself; None where pixels were given.

        Raises:
            BrokenItem: it cannot be read, or is no photo.
        """
        content = self._read()
        if self._header is None and isinstance(content, bytes):
            self._header = identify(content)
        return self._header

    def forget(self) -> None:
        """Free the bytes and the decoded pixels; they are read again if they are asked for."""
        self._content = None
        self._decoded.clear()

    def _read(self) -> bytes | Pixels | Image.Image:
        if self._content is None:
            self._content = _read_content(self._photo)
        return self._content

    def _decodes_alike(self, content: bytes, *specs: ImageSpec) -> bool:
        """Return whether the decoded pixels are the same for these specs: scaled alike, and shrunk by as much."""
        if len({spec.grey for spec in specs}) > 1:
            return False
        if self._header is None:
            self._header = identify(content)
        header = self._header
        if header.format not in ("JPEG", "MPO"):
            return True
        return len({spec.shrink(header.height, header.width) for spec in specs}) == 1


def load_image(photo: PhotoLike, spec: ImageSpec) -> Pixels:
    """Load a photo upright, (H, W, 3); a JPEG shrinks while decoding as the spec allows.

    Raises:
        BrokenItem: it cannot be read or decoded.
    """
    return OpenedPhoto(photo).load(spec)


def _read_content(photo: object) -> bytes | Pixels | Image.Image:
    """Read a photo's bytes, or take its pixels or image where they were given.

    Raises:
        BrokenItem: it cannot be read, is an array of another shape or type, or no photo at all.
    """
    if isinstance(photo, bytes | bytearray | memoryview):
        return bytes(photo)
    if isinstance(photo, Image.Image):
        return photo
    if isinstance(photo, str | os.PathLike):
        return _read_path(os.fsdecode(photo))
    if hasattr(photo, "read"):
        return _read_file(photo)
    if hasattr(photo, "__array__") and not isinstance(photo, np.generic):
        return _convert_array(photo)
    raise BrokenItem(f"a photo cannot be of type {type(photo).__name__}; {WANTED}")


def _convert_array(array: Any) -> Pixels:
    try:
        return array_to_rgb(np.asarray(array))
    except DataError as error:
        raise BrokenItem(str(error)) from None
    except Exception as error:  # a tensor on a GPU, or with a gradient
        raise BrokenItem(f"a {type(array).__name__} that NumPy cannot take: {str(error)[:200]}; {WANTED}") from error


def _read_path(path: str) -> bytes:
    if not path:
        raise BrokenItem(f"an empty path; {WANTED}")
    try:
        if _would_wait(path):
            raise BrokenItem("not a file: a pipe or a device")
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        refuse_machine_faults(error, "to read photos")
        if path.startswith(("http://", "https://", "file://", "data:")):
            raise BrokenItem("is a URL, and nothing is fetched; wanted the bytes, or the path of a file") from None
        if os.path.isdir(path):  # noqa: PTH112 (Path.is_dir raises for names that are too long)
            raise BrokenItem("is a folder; wanted its files, one by one") from None
        raise BrokenItem(f"cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _would_wait(path: str) -> bool:
    """Return whether reading a path may never end: a named pipe, a device; what a shell opened itself is read."""
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 (a path may be any text)
    except (OSError, ValueError):  # reading says why
        return False
    if stat.S_ISFIFO(mode):
        return not path.startswith(("/dev/", "/proc/"))
    return stat.S_ISCHR(mode) or stat.S_ISBLK(mode)


def _read_file(file: Any) -> bytes:
    """Return all bytes of an open file from its beginning, where it can go there; it stands where it stood then."""
    try:
        seekable = getattr(file, "seekable", None)
        place = file.tell() if seekable is not None and seekable() else None
        if place is not None:
            file.seek(0)
        content = file.read()
        if place is not None:
            file.seek(place)
    except Exception as error:  # whatever a file object of the caller's raises
        raise BrokenItem(f"cannot be read: {str(error)[:200] or type(error).__name__}") from error
    if isinstance(content, bytes | bytearray | memoryview):
        return bytes(content)
    if hasattr(content, "close"):
        content.close()  # a coroutine that nobody waits for would warn
    raise BrokenItem(
        f"an open {type(file).__name__} whose read() gives {type(content).__name__}; wanted bytes: open it with 'rb', "
        "or give what was awaited"
    )
