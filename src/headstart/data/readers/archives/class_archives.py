"""Folders of nothing but archives: one that holds everything, or one for each class, as some tools export samples."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from headstart.data.choose_modality import choose_by_names
from headstart.data.decisions import ANY, Decision, PlaceKind, Role
from headstart.data.names import normalise_class_name, preview
from headstart.data.readers.archives.archive import SUFFIXES, ArchiveReader
from headstart.data.readers.archives.unpacking import unpack
from headstart.data.readers.evidence import find_subset_in_path, index_near_top
from headstart.data.readers.listing import RawSample, SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.walk import FileTree
from headstart.data.samples import FileStatus, LedgerEntry
from headstart.data.sources import FileSource
from headstart.errors import DataError
from headstart.modalities.modality import all_modalities

_SAMPLES = re.compile(r"[-_ ]samples$", re.IGNORECASE)  #: how Teachable Machine ends the names of its archives


class ArchiveFolderReader:
    """The reader of a folder that has archives and no items."""

    suffixes: tuple[str, ...] = ()
    label_place: str = "archives"

    def accepts(self, source: Any, tree: FileTree | None) -> bool:
        """Return whether archives lie in a folder, and no items in it or a few levels below."""
        if tree is None or not _find_archives(tree):
            return False
        return {suffix for one in all_modalities() for suffix in one.suffixes}.isdisjoint(index_near_top(tree))

    def list(self, source: Path, tree: FileTree | None, context: ReadContext) -> SourceListing:
        """Return what the one archive holds, or the files of each under its name as class.

        Raises:
            DataError: an archive is damaged or refused, or they seem to be no classes.
        """
        assert tree is not None
        archives = _find_archives(tree)
        content = tree.scan(tree.root)
        beside = [path for path in content.files if path not in archives]
        entries = [LedgerEntry(path.name, FileStatus.SKIPPED, "beside the archives") for path in beside]
        if len(archives) == 1:
            listing = ArchiveReader().list(archives[0], None, context)
            note = f"{archives[0].name!r} is read, the one archive in the folder"
            entries = [*listing.entries, *entries]
            return replace(listing, root=str(source), entries=tuple(entries), notes=(note, *listing.notes))
        if any(find_subset_in_path(Path(_name_class(archive)), Path()) for archive in archives):
            listed = preview([archive.name for archive in archives])
            raise DataError(
                f"{str(source)!r} has the archives {listed}, which look like parts; unpack them into folders of these "
                f"names and give {str(source)!r} again, or one alone: headstart check {archives[0]}"
            )
        return _list_classes(source, archives, entries, content.ignored, context)


def _find_archives(tree: FileTree) -> list[Path]:
    return [path for path in tree.scan(tree.root).files if path.name.lower().endswith(SUFFIXES)]


def _name_class(archive: Path) -> str:
    suffix = max((it for it in SUFFIXES if archive.name.lower().endswith(it)), key=len)
    return archive.name[: -len(suffix)]


def _list_classes(
    source: Path, archives: Sequence[Path], entries: Sequence[LedgerEntry], ignored: int, context: ReadContext
) -> SourceListing:
    names = {archive: _name_class(archive) for archive in archives}
    if all(_SAMPLES.search(name) for name in names.values()):
        names = {archive: _SAMPLES.sub("", name) for archive, name in names.items()}
    samples: list[RawSample] = []
    notes = [f"each of {len(archives)} archives is a class, by its name"]
    for archive, name in names.items():
        unpacked = unpack(archive, context.cache, encoding=context.options.encoding)
        tree = FileTree(unpacked.folder)
        folders = tree.scan(unpacked.folder).folders
        if len(folders) > 1:
            raise DataError(
                f"{str(source)!r} has {len(archives)} archives, and {archive.name!r} has the folders "
                f"{preview([it.name for it in folders])}: classes in an archive, or archives of classes? Give one: "
                f"headstart check {archive}"
            )
        notes += unpacked.notes
        for path in tree.files_under(unpacked.folder):
            inside = f"{archive.name}/{path.relative_to(unpacked.folder).as_posix()}"
            samples.append(RawSample(inside, normalise_class_name(name), FileSource(path)))
    choice = choose_by_names(context.options.modality, (it.name for it in samples), repr(str(source)))
    classes = frozenset(normalise_class_name(name) for name in names.values())
    return SourceListing(
        str(source),
        tuple(samples),
        classes,
        tuple(entries),
        ignored,
        (*choice.notes, *notes),
        choice.modality.name,
        decisions=(Decision(PlaceKind.FOLDER, (ANY,), Role.CLASS, "each archive is a class, by its name"),),
    )
