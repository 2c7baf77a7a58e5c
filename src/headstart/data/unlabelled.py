"""Items under a folder that are to be predicted: those that would be found to learn from, by their bytes."""

from collections.abc import Iterator
from functools import partial
from operator import attrgetter
from pathlib import Path

from headstart.data.readers.walk import FileTree, Walk
from headstart_runtime.folder_items import is_item
from headstart_runtime.modalities.modality import Modality


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
