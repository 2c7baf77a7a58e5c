"""Reading photos and labels: a folder, a table, an archive, ``.npz`` or IDX files or arrays, all to the same samples.

Every file that is seen stands in the ledger: accepted, or skipped with a reason. No file of the user's is changed.
"""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from headstart import settings
from headstart.data.assembly import assemble_samples, find_problems
from headstart.data.inspection import inspect
from headstart.data.names import preview
from headstart.data.readers import idx
from headstart.data.readers.archive import SUFFIXES as ARCHIVES
from headstart.data.readers.archive import is_archive, unpack
from headstart.data.readers.arrays import list_arrays, list_npz
from headstart.data.readers.folder import find_base_folder, list_folder
from headstart.data.readers.listing import SourceListing
from headstart.data.readers.parquet_shards import find_parquet_shards, list_shards, note_sibling_shards
from headstart.data.readers.table import SUFFIXES as TABLES
from headstart.data.readers.table import list_table, photos_exist
from headstart.data.samples import Samples
from headstart.errors import DataError, SettingError
from headstart.events import Listener, ignore
from headstart.settings import DataSettings


def read_source(
    source: Any,
    *,
    labels: Any = None,
    options: DataSettings | None = None,
    listener: Listener = ignore,
    cache: Path | None = None,
    strict: bool = True,
) -> Samples:
    """Everything that can be learnt from a source, and the ledger of what was seen.

    Args:
        source: a path to a folder (a folder per class, perhaps inside train/val/test, or IDX files), a table (.csv,
            .tsv, .parquet), an archive of these or an .npz file; or images, (N, H, W) or (N, H, W, channels) uint8; or
            (images, labels).
        labels: with images, a label for each: integers or text.
        options: where classes and groups stand, and what text is encoded in; found out when not given.
        listener: told of the progress.
        cache: where archives and packed IDX files are unpacked; "archives" in the store when not given.
        strict: False returns samples that nothing can be fitted on too, so that a person can be shown what is wrong.

    Raises:
        DataError: nothing can be learnt from it; all problems at once.
        MissingExtra: a Parquet table without pyarrow.
    """
    options = options or DataSettings.model_validate({})
    listing = _list(source, labels, options, cache or settings.locate_store() / "archives")
    samples = assemble_samples(listing, inspect(listing.found, listener))
    problems = find_problems(samples) if strict else []
    if problems:
        more = f"; and {len(problems) - 8} more problems like these" if len(problems) > 8 else ""
        raise DataError("; also: ".join(problems[:8]) + more)
    return samples


def _list(source: Any, labels: Any, options: DataSettings, cache: Path) -> SourceListing:
    if isinstance(source, str | os.PathLike):
        if labels is not None:
            raise DataError(
                f"labels are given beside the path {str(source)!r}; wanted them with arrays only; drop them"
            )
        return _list_path(Path(source).expanduser(), options, cache)
    if labels is None and isinstance(source, tuple) and len(source) == 2:
        source, labels = source
    if labels is None:
        raise DataError(f"got {type(source).__name__} without labels; wanted a path, or images with labels=...")
    _refuse_places(options, "arrays", "the labels")
    return list_arrays(source, labels)


def _list_path(path: Path, options: DataSettings, cache: Path) -> SourceListing:
    if not os.path.exists(path):  # noqa: PTH110 (Path.exists raises for names that are too long)
        raise DataError(f"{str(path)!r} does not exist; wanted a folder, a table, an archive or .npz; check the path")
    if path.is_dir():
        return _list_folder(path, options, cache)
    suffix = path.suffix.lower()
    if is_archive(path):
        return _list_archive(path, options, cache)
    if suffix in TABLES:
        _refuse_places(options, f"table {str(path)!r}", "its columns label and group")
        listing = list_table(path, cache, encoding=options.encoding)
        return replace(listing, notes=(*listing.notes, *note_sibling_shards(path)))
    if suffix == ".npz":
        _refuse_places(options, repr(str(path)), "its labels")
        return list_npz(path)
    if idx.is_idx(path):
        raise DataError(
            f"{str(path)!r} is one file of a set; wanted the folder with its images and labels: {path.parent}"
        )
    known = ", ".join((*TABLES, *ARCHIVES, ".npz"))
    raise DataError(f"{str(path)!r} is a file of no kind that is read; wanted a folder or a file ending in {known}")


def _refuse_places(options: DataSettings, what: str, where: str) -> None:
    """Says that folders have no say where labels are given."""
    for name in ("classes_from", "groups_from"):
        if getattr(options, name) is not None:
            raise SettingError(f"{name} is for folders of photos; {what} has {where}; drop it")


def _list_folder(folder: Path, options: DataSettings, cache: Path) -> SourceListing:
    inner = idx.find_idx_folder(folder)
    if inner:
        _refuse_places(options, repr(str(folder)), "its labels")
        return idx.list_idx(folder, inner, cache)
    shards = find_parquet_shards(folder)
    if shards:
        _refuse_places(options, repr(str(folder)), "the columns of its tables")
        return list_shards(folder, shards, cache)
    listing = list_folder(folder, options)
    beside = [path.name for path in sorted(folder.iterdir()) if path.suffix.lower() in (*TABLES, ".npz")]
    if len(listing.classes) < 2 and beside and options.classes_from is None:
        raise DataError(
            f"{str(folder)!r} has no two class folders but {preview(beside)}; wanted a folder per class; to read the "
            f"table or the arrays, name the file: {folder / beside[0]}"
        )
    return listing


def _list_archive(archive: Path, options: DataSettings, cache: Path) -> SourceListing:
    """What was packed may be a table with its photos, arrays, or a folder of classes."""
    content = unpack(archive, cache, encoding=options.encoding)
    unpacked = find_base_folder(content.folder)
    files = [path for path in sorted(unpacked.iterdir()) if path.is_file() and not path.name.startswith(".")]
    in_table = [
        path for path in files if path.suffix.lower() in TABLES and photos_exist(path, encoding=options.encoding)
    ]
    inner = idx.find_idx_folder(unpacked)
    shards = find_parquet_shards(content.folder)
    if inner:
        listing = idx.list_idx(unpacked, inner, cache)
    elif len(shards) > 1:
        listing = list_shards(content.folder, shards, cache)
    elif len(in_table) == 1:
        listing = list_table(in_table[0], cache, encoding=options.encoding)
    elif len(files) == 1 and files[0].suffix.lower() == ".npz":
        listing = list_npz(files[0])
    else:
        listing = list_folder(unpacked, options)
    return _named_after(archive, listing, content.notes)


def _named_after(archive: Path, listing: SourceListing, notes: tuple[str, ...]) -> SourceListing:
    """The listing under the archive's name: its place in the cache means nothing to a person."""
    read_as = Path(listing.root)
    note = () if read_as.is_dir() else (f"the labels come from {read_as.name!r} in the archive",)
    return SourceListing(
        str(archive), listing.found, listing.classes, listing.entries, listing.ignored, (*notes, *listing.notes, *note)
    )
