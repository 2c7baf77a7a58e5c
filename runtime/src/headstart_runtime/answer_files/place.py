"""Where answers are written: a folder of parts, or a file that the parts of a folder beside it are joined to."""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from headstart_runtime.answer_files.listing import LISTING
from headstart_runtime.answer_files.lock import LOCK
from headstart_runtime.answer_files.manifest import MANIFEST
from headstart_runtime.errors import SettingError, StoreError, is_disk_full
from headstart_runtime.whole_files import is_draft

PARQUET = ".parquet"
UNFINISHED = ".unfinished"  #: behind the name of the file: the folder beside it, until the file is there
JOINED = "_joined.parquet"  #: in that folder, just before it becomes the file
_KNOWN = frozenset({LISTING, LOCK, MANIFEST, JOINED})
_PART = re.compile(r"part-\d{6,}\.parquet")
#: Endings of files that people may expect to get.
_OTHER_FILES = frozenset(".csv .tsv .json .jsonl .ndjson .txt .xlsx .arrow .feather .npz .npy .pq .gz .zip".split())  # noqa: SIM905
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ENOLCK}


@dataclass(frozen=True, slots=True)
class Place:
    """A place for answers."""

    out: Path  #: as it was named
    folder: Path  #: of the parts
    file: Path | None = None  #: that they are joined to; None: they stay parts


def find_answer_place(out: str | os.PathLike[str]) -> Place:
    """Return the place of a name: a file where it ends in ``.parquet``, else a folder.

    Raises:
        SettingError: it has the ending of a file that is not written, or is no folder.
    """
    named = Path(out).expanduser()
    ending = named.suffix.lower()
    if ending == PARQUET and not named.is_dir():
        return Place(named, named.with_name(named.name + UNFINISHED), named)
    if ending in _OTHER_FILES and not named.is_dir():
        raise SettingError(
            f"out {str(named)!r} ends in {ending}, and answers are written as Parquet: name a folder for its parts, or "
            "a file that ends in .parquet"
        )
    if named.exists() and not named.is_dir():
        raise SettingError(f"out {str(named)!r} is a file and is not overwritten; name a folder, or another file")
    return Place(named, named)


def refuse_foreign(place: Place) -> None:
    """Refuse a folder without a manifest that has other files than those of a job which was ended at its beginning.

    Raises:
        SettingError: it has.
    """
    names = [entry.name for entry in sorted(place.folder.iterdir())]
    if other := next((name for name in names if name not in _KNOWN and not is_draft(name)), None):
        raise SettingError(
            f"out {str(place.folder)!r} has other files, such as {other!r}; name a new folder, or one with answers"
        )


def publish(place: Place) -> None:
    """Put the joined file in its place and remove the folder of its parts.

    Raises:
        OSError: it cannot be.
    """
    if place.file is not None:
        (place.folder / JOINED).replace(place.file)
        remove_folder(place)


def remove_folder(place: Place) -> None:
    """Remove what a job wrote into the folder of parts, and the folder where nothing else is in it.

    The manifest goes last, so that what a kill leaves is known as ours; files of others stay.
    """
    ours = [entry for entry in sorted(place.folder.iterdir()) if _is_ours(entry.name)]
    for entry in sorted(ours, key=lambda one: (one.name in (MANIFEST, LOCK), one.name)):
        entry.unlink(missing_ok=True)
    with suppress(OSError):  # something of others is in it
        place.folder.rmdir()


def _is_ours(name: str) -> bool:
    return name in _KNOWN or _PART.fullmatch(name) is not None or is_draft(name)


def remove_beginning(place: Place, *, keep_folder: bool) -> None:
    """Remove what was begun in a folder without a manifest, held by this process, so that a refusal leaves nothing."""
    if (place.folder / MANIFEST).exists():
        return
    with suppress(OSError):
        for name in (LISTING, LOCK):
            (place.folder / name).unlink(missing_ok=True)
        if not keep_folder:
            place.folder.rmdir()


@contextmanager
def explain_refusal(out: Path) -> Iterator[None]:
    """Say in one line that a place cannot be written to.

    Raises:
        SettingError: for want of rights, or as something is in its way.
        StoreError: no space is left.
    """
    try:
        yield
    except OSError as error:
        if is_disk_full(error):
            raise StoreError(
                f"no space left to write {str(out)!r}; free some and run the same command again: what is answered stays"
            ) from error
        if error.errno not in _REFUSED:
            raise
        raise SettingError(
            f"out {str(out)!r} cannot be written: {error.strerror or error}; name a place that can be, or give the "
            "right to; what is answered there stays"
        ) from None
