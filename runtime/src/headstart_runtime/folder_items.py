"""Items under a folder that are to be predicted, by their bytes; where headstart is installed, its readers are used."""

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from headstart_runtime.modalities.item import is_drawn
from headstart_runtime.modalities.modality import Modality

HEAD = 1 << 16  #: bytes that tell of most files whether they are items
MAX_BYTES = 1_000_000_000  #: a larger file is a film or an archive; it is not read
#: Names of what systems leave in folders, in lower case.
SYSTEM = frozenset(
    "__macosx thumbs.db ehthumbs.db desktop.ini @eadir $recycle.bin __pycache__ lost+found #recycle".split()  # noqa: SIM905
) | {"system volume information", "@recycle", "#snapshot"}
_NUMBERS = re.compile(r"(\d+)")


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


def walk_items(folder: Path, modality: Modality, left_out: list[str]) -> Iterator[Path]:
    """Yield the items under a folder, in natural order, a folder's own ones before those of the folders in it.

    Args:
        folder: is searched in depth; links to folders are not followed.
        modality: of the items.
        left_out: the names of all else that is there are added, hidden and system files excepted.
    """
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted((name for name in folders if not _is_hidden(name)), key=_split_numbers)
        for name in sorted(names, key=_split_numbers):
            if _is_hidden(name):
                continue
            file = Path(parent, name)
            if is_item(file, modality):
                yield file
            else:
                left_out.append(file.relative_to(folder).as_posix())


def _split_numbers(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return by what names are sorted as people count: "2.jpg" before "10.jpg"."""
    parts = _NUMBERS.split(name)
    return tuple((0, int(part), part) if part.isdecimal() else (1, 0, part) for part in parts if part)


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name.lower() in SYSTEM
