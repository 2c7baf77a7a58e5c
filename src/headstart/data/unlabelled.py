"""Items under a folder that are to be predicted: those that would be found to learn from, by their bytes."""

import stat
from collections.abc import Iterator
from functools import partial
from operator import attrgetter
from pathlib import Path

from headstart_runtime.modalities.item import is_drawn
from headstart_runtime.modalities.modality import Modality

from headstart.data.inspection import MAX_BYTES
from headstart.data.readers.walk import FileTree, Walk

HEAD = 1 << 16  #: bytes that tell of most files whether they are items


def find_items(folder: Path, modality: Modality, left_out: list[str]) -> Iterator[Path]:
    """Yield the items under a folder, in natural order, a folder's own ones first.

    Args:
        folder: is searched in depth, as one to learn from is.
        modality: of the items.
        left_out: the names of all else that is there are added, hidden and system files excepted.

    Raises:
        DataError: the folder cannot be read.
    """
    from natsort import natsorted

    walk = Walk(FileTree(folder))
    for path in walk.files_under(folder, partial(natsorted, key=attrgetter("name"))):
        if is_item(path, modality):
            yield path
        else:
            left_out.append(walk.name(path))
    left_out += [f"{entry.name} ({entry.reason})" for entry in walk.entries]
    left_out += [f"{name} (written by headstart)" for name in walk.own]


def is_item(file: Path, modality: Modality) -> bool:
    """Return whether a file is to be predicted: its bytes or its ending are an item's, and headstart did not draw it.

    One that cannot be read counts, so that it is told. As for fit, pipes and files of more than ``MAX_BYTES`` are none.
    """
    try:
        status = file.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
            return False
        with file.open("rb") as stream:
            content = stream.read(HEAD)
            if is_drawn(content):
                return False
            if file.suffix.lower() in modality.suffixes:
                return True
            recognised = modality.recognise(content)
            if recognised is None:
                recognised = modality.recognise(content + stream.read())
            return bool(recognised)
    except OSError:
        return True
