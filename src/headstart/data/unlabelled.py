"""Photos under a folder that are to be predicted: those that would be found to learn from, by their bytes."""

import stat
from collections.abc import Iterator
from functools import partial
from operator import attrgetter
from pathlib import Path

from headstart.data.inspection import MAX_BYTES
from headstart.data.own_output import is_own_picture
from headstart.data.readers.walk import FileTree, Walk
from headstart.modalities.image.decode import SUFFIXES, identify
from headstart.modalities.modality import BrokenItem

HEAD = 1 << 16  #: bytes that tell most files that are no photos
#: How files begin that may say what they are only later on: their whole content is asked.
_BEGINNINGS = (
    *(b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    *(b"\0\0\0\x0cjP", b"\xff\x4f\xff\x51", *(b"P%d" % number for number in range(1, 7))),
)
#: Of what begins as films do too, the brands of photos.
_BRANDS = frozenset({b"avif", b"avis", b"mif1", b"msf1", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"})


def find_photos(folder: Path, left_out: list[str]) -> Iterator[Path]:
    """Yield the photos under a folder, in natural order, a folder's own ones first.

    Args:
        folder: is searched in depth, as one to learn from is.
        left_out: the names of all else that is there are added, hidden and system files excepted.

    Raises:
        DataError: the folder cannot be read.
    """
    from natsort import natsorted

    walk = Walk(FileTree(folder))
    for path in walk.files_under(folder, partial(natsorted, key=attrgetter("name"))):
        if is_photo(path):
            yield path
        else:
            left_out.append(walk.name(path))
    left_out += [f"{entry.name} ({entry.reason})" for entry in walk.entries]
    left_out += [f"{name} (written by headstart)" for name in walk.own]


def is_photo(file: Path) -> bool:
    """Return whether a file is to be predicted: its bytes or its ending are a photo's, and headstart did not draw it.

    One that cannot be read counts, so that it is told. As for fit, pipes and files of more than ``MAX_BYTES`` are none.
    """
    try:
        status = file.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
            return False
        with file.open("rb") as stream:
            content = stream.read(HEAD)
            if is_own_picture(content):
                return False
            if file.suffix.lower() in SUFFIXES or _is_known(content):
                return True
            if not _may_be_known(content):
                return False
            stream.seek(0)
            return _is_known(stream.read())
    except OSError:
        return True


def _may_be_known(content: bytes) -> bool:
    """Return whether a file that begins so may turn out to be a photo; films are not read for that."""
    if content[4:8] == b"ftyp":
        box = content[8 : int.from_bytes(content[:4], "big")]
        return any(box[at : at + 4] in _BRANDS for at in range(0, len(box), 4))
    return content.startswith(_BEGINNINGS) or (content[:4], content[8:12]) == (b"RIFF", b"WEBP")


def _is_known(content: bytes) -> bool:
    try:
        identify(content)
    except BrokenItem:
        return False
    return True
