"""Tars of classes that are not compressed: a tar for each class, in a folder or in one tar, as ImageNet is published.

Their files are listed by their headers and read at their offset; nothing is unpacked, and no whole file is read.
"""

import io
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from headstart.data.choose_modality import choose_by_names
from headstart.data.decisions import ANY, Decision, PlaceKind, Role
from headstart.data.names import normalise_class_name, preview
from headstart.data.readers.archive_members import describe_tar_damage, is_compressed_tar, is_utf8
from headstart.data.readers.byte_ranges import RangeSource
from headstart.data.readers.evidence import find_subset_in_path
from headstart.data.readers.listing import RawSample, SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.samples import LedgerEntry
from headstart.data.sources import SampleSource
from headstart.quoting import quote_argument
from headstart_runtime.errors import DataError
from headstart_runtime.folder_items import SYSTEM

_MAGIC = slice(257, 262)  #: where a tar says that it is one


@dataclass(frozen=True, slots=True)
class ClassArchive:
    """An archive that is a class."""

    name: str  #: its file's
    label: str
    files: Sequence[tuple[str, SampleSource]]  #: paths in it, and where they are read


@dataclass(frozen=True, slots=True)
class InnerTar:
    """A tar in another one."""

    name: str
    offset: int
    size: int


class _RangeFile(io.RawIOBase):
    """A range of bytes of a file, as a file."""

    def __init__(self, path: Path, offset: int, size: int) -> None:
        self._stream = path.open("rb")
        self._offset, self._size, self._at = offset, size, 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the place in the range."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place in the range."""
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, none beyond the range's end."""
        left = max(0, self._size - self._at)
        self._stream.seek(self._offset + self._at)
        found = self._stream.read(left if size is None or size < 0 else min(size, left))
        self._at += len(found)
        return found

    def close(self) -> None:
        """Close the file."""
        self._stream.close()
        super().close()


def list_tar_files(archive: Path, inner: InnerTar | None = None) -> list[tuple[str, SampleSource]] | None:
    """Return path and place of each file of a tar, or of one in it; None where it has to be unpacked.

    It has to be where it is compressed, or has links, names that are not UTF-8 or names that lead out of it. Hidden
    files and those of systems are left out; of two files of one name the last one counts.

    Raises:
        DataError: it is damaged.
        OSError: it cannot be read.
    """
    start, size = (inner.offset, inner.size) if inner else (0, archive.stat().st_size)
    files: dict[str, SampleSource] = {}
    with _RangeFile(archive, start, size) as stream:
        if not (inner or _is_plain_tar(archive)):
            return None
        try:
            with tarfile.open(fileobj=stream, mode="r:") as tar:
                while info := tar.next():
                    tar.members.clear()  # type: ignore[attr-defined]  # it would keep every member it has passed
                    steps = PurePosixPath(info.name.replace("\\", "/")).parts
                    raw = info.name.encode("utf-8", "surrogateescape")
                    if not is_utf8(raw) or ".." in steps or steps[:1] == ("/",) or info.issparse():
                        return None
                    if info.isdir() or any(step.startswith(".") or step.lower() in SYSTEM for step in steps):
                        continue
                    if not info.isfile():
                        return None
                    name = "/".join(steps)
                    files[name] = RangeSource(archive, start + info.offset_data, info.size, name)
                damage = describe_tar_damage(tar)
        except (tarfile.TarError, EOFError) as error:
            damage = str(error)
    if damage:
        named = f"{inner.name!r} in archive" if inner else "archive"
        raise DataError(f"{named} {str(archive)!r} is damaged: {damage}; fetch or pack it again")
    return list(files.items())


def find_inner_tars(archive: Path) -> list[InnerTar]:
    """Return the tars in a tar that is not compressed and holds nothing else; none for any other file."""
    found = []
    try:
        if not _is_plain_tar(archive):
            return []
        with archive.open("rb") as stream, tarfile.open(archive, "r:") as tar:
            while info := tar.next():
                tar.members.clear()  # type: ignore[attr-defined]  # it would keep every member it has passed
                if info.isdir() or PurePosixPath(info.name).name.startswith("."):
                    continue
                stream.seek(info.offset_data)
                if not info.isfile() or info.issparse() or stream.read(512)[_MAGIC] != b"ustar":
                    return []
                found.append(InnerTar(PurePosixPath(info.name).name, info.offset_data, info.size))
    except (tarfile.TarError, EOFError, OSError):  # is said when it is unpacked
        return []
    return found if len(found) > 1 else []


def list_inner_tars(source: Path, tars: Sequence[InnerTar], context: ReadContext) -> SourceListing | None:
    """Return the files of the tars in a tar, each a class by its name; None where it has to be unpacked.

    Raises:
        DataError: one is damaged, or they seem to be no classes.
    """
    refuse_subset_names(source, [tar.name for tar in tars], [Path(tar.name).stem for tar in tars])
    classes = []
    for tar in tars:
        files = list_tar_files(source, tar)
        if files is None:
            return None
        classes.append(ClassArchive(tar.name, Path(tar.name).stem, files))
    return list_class_archives(source, classes, (), 0, [], context)


def refuse_subset_names(source: Path, archives: Sequence[str], names: Sequence[str]) -> None:
    """Refuse archives that are called after parts, where each would be a class.

    Raises:
        DataError: one is.
    """
    if any(find_subset_in_path(Path(name), Path()) for name in names):
        folder = source if source.is_dir() else source.parent
        one = f", or one alone: headstart check {quote_argument(folder / archives[0])}" if source.is_dir() else ""
        raise DataError(
            f"{str(source)!r} has the archives {preview(archives)}, which look like parts; unpack them into folders of "
            f"these names and give {str(folder)!r} again{one}"
        )


def list_class_archives(
    source: Path,
    archives: Sequence[ClassArchive],
    entries: Sequence[LedgerEntry],
    ignored: int,
    notes: Sequence[str],
    context: ReadContext,
) -> SourceListing:
    """Return the files of archives, each of which is a class.

    Args:
        source: the folder or the archive with them.
        archives: two at least.
        entries: of what lies beside them.
        ignored: hidden and system files beside them.
        notes: on how they were read.
        context: says the modality, where it does not show.

    Raises:
        DataError: one holds several folders.
    """
    samples = []
    for archive in archives:
        folders = list(dict.fromkeys(path.split("/")[0] for path, _ in archive.files if "/" in path))
        if len(folders) > 1:
            raise DataError(
                f"{str(source)!r} has {len(archives)} archives, and {archive.name!r} has the folders "
                f"{preview(folders)}: classes in an archive, or archives of classes? Unpack it and give the folder, or "
                f"give one: headstart check {quote_argument(source / archive.name)}"
            )
        label = normalise_class_name(archive.label)
        samples += [RawSample(f"{archive.name}/{path}", label, place) for path, place in archive.files]
    choice = choose_by_names(context.options.modality, (it.name for it in samples), repr(str(source)))
    note = f"each of {len(archives)} archives is a class, by its name"
    return SourceListing(
        str(source),
        tuple(samples),
        frozenset(normalise_class_name(archive.label) for archive in archives),
        tuple(entries),
        ignored,
        (*choice.notes, note, *notes),
        choice.modality.name,
        decisions=(Decision(PlaceKind.FOLDER, (ANY,), Role.CLASS, "each archive is a class, by its name"),),
    )


def _is_plain_tar(archive: Path) -> bool:
    with archive.open("rb") as stream:
        return stream.read(512)[_MAGIC] == b"ustar" and not is_compressed_tar(archive)
