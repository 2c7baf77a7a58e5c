"""Archives in parts, as Google Drive and Takeout hand out one large folder: ``name-001.zip``, ``name-002.zip``.

Each part is an archive of its own. They are joined in the cache: a folder with the files of all.
"""

import os
import re
import shutil
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path, PurePosixPath

from headstart.data.names import preview
from headstart.data.readers.archives.unpacking import UnpackedArchive
from headstart.data.readers.byte_ranges import RangeSource
from headstart.data.readers.unpack import unpack_once
from headstart_runtime.errors import DataError, refuse_machine_faults

_DRIVE = re.compile(r"(.+-\d{8}T\d{6}Z)(?:-\d+)?-\d{3}")  #: as Google names them, with the time of the download
_NUMBERED = re.compile(r"(.*?\D)\d{1,4}")


def find_shared_name(names: Sequence[str]) -> tuple[str, bool]:
    """Return what archives in parts are called but for their numbers, "" for others; and whether Google names them so.

    Args:
        names: of the archives, without their endings.
    """
    for pattern, by_google in ((_DRIVE, True), (_NUMBERED, False)):
        found = {match[1] if (match := pattern.fullmatch(name)) else "" for name in names}
        if len(names) > 1 and len(found) == 1 and (shared := found.pop()):
            return shared, by_google
    return "", False


def hold_one_folder(files: Sequence[Sequence[str]]) -> bool:
    """Return whether archives have the same folders inside, two at least in one of them.

    Args:
        files: the paths in each archive.
    """
    folders = [{str(PurePosixPath(path).parent) for path in paths} for paths in files]
    again = any(one & other for place, one in enumerate(folders) for other in folders[:place])
    return again and any(len(one) > 1 for one in folders)


def join_parts(parts: Sequence[tuple[Path, UnpackedArchive]], cache: Path) -> UnpackedArchive:
    """Return the files of several archives as one, in a folder in the cache.

    Args:
        parts: the archives, each with its content.
        cache: the folder of such folders.

    Raises:
        DataError: they cannot be joined.
        StoreError: the cache has no room for it.
    """
    places: dict[str, tuple[Path, RangeSource | None]] = {}
    for archive, content in parts:
        for path in sorted(path for path in content.folder.rglob("*") if path.is_file()):
            name, item = path.relative_to(content.folder).as_posix(), content.find_item(path)
            if name in places and not _is_same(places[name], (path, item)):
                name = f"{os.path.splitext(name)[0]} ({archive.stem}){path.suffix}"  # noqa: PTH122 (a path with "/")
            places.setdefault(name, (path, item))

    def write(folder: Path) -> None:
        for name, (path, _) in places.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            _copy(path, target)

    digest = blake2b("\n".join(str(content.folder) for _, content in parts).encode(), digest_size=20).hexdigest()
    try:
        folder = unpack_once(parts[0][0], cache, write, variant=f"joined-{digest}")
    except OSError as error:
        refuse_machine_faults(error, f"to join the archives beside {str(parts[0][0])!r}")
        raise DataError(f"the archives beside {str(parts[0][0])!r} cannot be joined: {error}") from None
    notes = tuple(note for _, content in parts for note in content.notes)
    note = f"{preview([archive.name for archive, _ in parts])} are parts of one archive and are read together"
    items = {name: item for name, (_, item) in places.items() if item is not None}
    return UnpackedArchive(folder, (note, *notes), items)


def _is_same(one: tuple[Path, RangeSource | None], other: tuple[Path, RangeSource | None]) -> bool:
    """Return whether two files are the same by their bytes, or by size and checksum of items that stay packed."""
    first, second = one[1], other[1]
    if first is None or second is None:
        return first is second and one[0].read_bytes() == other[0].read_bytes()
    return first.crc is not None and (first.size, first.crc) == (second.size, second.crc)


def _copy(path: Path, target: Path) -> None:
    """Make a file's content appear at another place, without a copy where the file system can."""
    try:
        os.link(path, target)
    except OSError:
        shutil.copyfile(path, target)
