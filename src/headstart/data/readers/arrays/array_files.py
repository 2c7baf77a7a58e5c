"""Files of arrays, one or a folder of them: NumPy's, HDF5, MATLAB's, pickles of arrays, and plain records of bytes.

The bytes at the beginning of a file say which it is, whatever its ending.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from headstart.data.choose_modality import list_clear_suffixes
from headstart.data.readers.arrays import byte_records, hdf5, matlab, npz, pickled_arrays
from headstart.data.readers.arrays.array_blocks import UNKNOWN
from headstart.data.readers.arrays.array_layout import CHANNELS, is_flat_size
from headstart.data.readers.arrays.array_names import ArrayRole, list_item_names, parse_array_name
from headstart.data.readers.arrays.array_sets import list_array_sets
from headstart.data.readers.arrays.class_arrays import find_class_arrays, list_class_arrays, open_class_arrays
from headstart.data.readers.arrays.stored_arrays import StoredArray
from headstart.data.readers.listing import RawSample, SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.walk import FileTree
from headstart.data.samples import FileStatus, LedgerEntry
from headstart.data.sources import ArraySource
from headstart.data.subsets import parse_subset
from headstart_runtime.errors import DataError, HeadstartError, refuse_machine_faults
from headstart_runtime.modalities.modality import get_modality

MOST_FILES = 200  #: of arrays in a folder; where there are more, each file is an item
_ZIP = b"PK\x03\x04"
_HEAD = 16

Open = Callable[[Path, Path], list[StoredArray]]


@dataclass(frozen=True, slots=True)
class ArrayFileKind:
    """A kind of file that holds arrays."""

    open: Open  #: returns the arrays of a file, given the cache
    endings: tuple[str, ...]  #: files that end so are meant to be of this kind
    save: str  #: what saves such a file, for an error


@dataclass(frozen=True, slots=True)
class BesideFile:
    """A file beside arrays that holds no array and says something of them."""

    file: Path
    arrays: Sequence[StoredArray]  #: what it says, as arrays
    note: str = ""  #: for a person
    settings: tuple[str, ...] = ()  #: those that name its columns, and no arrays
    lists: tuple[str, ...] = ()  #: arrays that say its order


NPY = ArrayFileKind(npz.open_npy, (".npy",), "numpy.save(file, array)")
PACKED_NPY = ArrayFileKind(npz.open_packed_npy, (".npy.gz",), "numpy.save(file, array)")
NPZ = ArrayFileKind(npz.open_npz, (".npz",), "numpy.savez({items}=..., labels=...)")
HDF5 = ArrayFileKind(hdf5.open_hdf5, (".h5", ".hdf5", ".hdf"), "h5py, as the arrays x and y")
MATLAB = ArrayFileKind(matlab.open_matlab, (".mat",), "save('name.mat', 'X', 'y')")
PICKLE = ArrayFileKind(pickled_arrays.open_pickle, (".pkl", ".pickle"), "numpy.savez(x=..., y=...)")
RECORDS = ArrayFileKind(byte_records.open_records, (), "numpy.savez(x=..., y=...)")
ONE_ARRAY = (NPY, PACKED_NPY)  #: kinds with one array in a file
KINDS = (NPY, PACKED_NPY, NPZ, HDF5, MATLAB, PICKLE, RECORDS)


class ArrayFileReader:
    """The reader of a file of arrays."""

    suffixes: tuple[str, ...] = tuple(ending for kind in KINDS for ending in kind.endings)
    label_place: str = "its labels"

    def accepts(self, source: Any, tree: FileTree | None) -> bool:
        """Return whether a file is one of arrays by its bytes, or ends like one."""
        return isinstance(source, Path) and tree is None and source.is_file() and _find_kind(source) is not None

    def list(self, source: Path, tree: FileTree | None, context: ReadContext) -> SourceListing:
        """Return every item.

        Raises:
            DataError: it is damaged, holds pickled objects or something else than items and labels, or is one array.
            MissingExtra: an HDF5 file without h5py.
        """
        kind = _find_kind(source)
        assert kind is not None
        arrays = _open_arrays(source, kind, context)
        if not context.labelled and kind in ONE_ARRAY and _is_one_item(source, arrays[0], context):
            return _list_one(source, arrays[0], context)
        if context.labelled and (kind in ONE_ARRAY or (kind is RECORDS and len(arrays) == 1)):
            raise DataError(
                f"{str(source)!r} is one array of a set; wanted the folder with the items and their labels: "
                f"{source.parent}"
            )
        if kind in (*ONE_ARRAY, RECORDS):
            for stored in arrays:  # as it is called among the files of a folder
                stored.name = f"{_get_stem(source)}/{stored.name}".rstrip("/")
        return _list_sets(str(source), arrays, kind, context)


class ArrayFolderReader:
    """The reader of a folder of files of arrays, or of one that only wraps such a folder."""

    suffixes: tuple[str, ...] = ()
    label_place: str = "its labels"

    def accepts(self, source: Any, tree: FileTree | None) -> bool:
        """Return whether a folder holds files of arrays, perhaps in folders of subsets, and no items as files."""
        return tree is not None and bool(_find_files(tree))

    def list(self, source: Path, tree: FileTree | None, context: ReadContext) -> SourceListing:
        """Return every item.

        Raises:
            DataError: a file is damaged, or the arrays make no items and labels.
            MissingExtra: an HDF5 file without h5py.
        """
        assert tree is not None
        files = _find_files(tree)
        base = _find_base(tree)
        if not _name_roles(files) and (classes := find_class_arrays(list(files))):
            return self._list_classes(source, tree, classes, context)
        arrays: list[StoredArray] = []
        for file, kind in files.items():
            outer = file.relative_to(base).with_name(_get_stem(file)).as_posix()
            opened = _open_arrays(file, kind, context)
            for stored in opened:
                stored.name = f"{outer}/{stored.name}" if stored.name else outer
            arrays += opened
        beside = [path for path in tree.files_under(base) if path not in files]
        found = self.open_beside(beside, arrays, context)
        named = [one.file for one in found]
        for one in found:
            arrays += one.arrays
        arrays = [it for it in arrays if not any(it.name in one.lists for one in found)]
        used = {name: None for one in found for name in one.settings}
        context = replace(context, options=context.options.model_copy(update=used))
        listing = _list_sets(str(source), arrays, NPZ, context)
        entries = tuple(
            LedgerEntry(path.relative_to(tree.root).as_posix(), FileStatus.SKIPPED, "no file of arrays")
            for path in beside
            if path not in named
        )
        notes = tuple(one.note for one in found if one.note)
        return replace(
            listing,
            entries=(*listing.entries, *entries),
            ignored=tree.scan(base).ignored,
            notes=(*notes, *listing.notes),
        )

    def _list_classes(
        self, source: Path, tree: FileTree, classes: Mapping[Path, str], context: ReadContext
    ) -> SourceListing:
        """Return the rows of a folder with an array for each class, and what else is in it."""
        listing = list_class_arrays(str(source), open_class_arrays(classes, context), context)
        others = [path for path in tree.files_under(_find_base(tree)) if path not in classes]
        names = [path.relative_to(tree.root).as_posix() for path in others]
        entries = tuple(LedgerEntry(name, FileStatus.SKIPPED, "no file of arrays") for name in names)
        return replace(listing, entries=(*listing.entries, *entries), ignored=tree.scan(_find_base(tree)).ignored)

    def open_beside(
        self, files: Sequence[Path], arrays: Sequence[StoredArray], context: ReadContext
    ) -> Sequence[BesideFile]:
        """Return the files beside the arrays that say something of them."""
        named = [path for path in files if byte_records.is_class_file(path)]
        return [BesideFile(path, byte_records.open_class_file(path, context.cache)) for path in named]


def _list_one(file: Path, stored: StoredArray, context: ReadContext) -> SourceListing:
    """Return a file of one array that is one item, under the file's name."""
    whole = ArraySource(np.asarray(stored.load())[None], 0)
    return SourceListing(
        str(file), (RawSample(file.name, UNKNOWN, whole),), frozenset(), modality=context.options.modality
    )


def _is_one_item(file: Path, stored: StoredArray, context: ReadContext) -> bool:
    """Return whether the one array of a file is one item and not rows of items.

    Raises:
        DataError: it may be either.
    """
    modality = get_modality(context.options.modality)
    if parse_array_name(_get_stem(file), list_item_names(modality)).role is ArrayRole.ITEMS:
        return False
    values = np.asarray(stored.load())
    try:
        modality.decode(values, modality.default_spec)
    except DataError:
        return False
    if values.ndim == 2 and len(values) > 1 and is_flat_size(values.shape[1]):
        rows, size = values.shape
        raise DataError(
            f"{str(file)!r} is an array {values.shape}: {modality.noun.a_one} of that size, or {rows} rows of {size} "
            f"values; save it as x.reshape(1, {rows}, {size}) or as x.reshape({rows}, side, side)"
        )
    return True


def _get_stem(file: Path) -> str:
    """Return the name of a file without its endings."""
    return file.stem.removesuffix(NPY.endings[0])


def _find_kind(file: Path) -> ArrayFileKind | None:
    """Return the kind of a file by its bytes, else by its ending; None where it is none of arrays."""
    try:
        with file.open("rb") as stream:
            head = stream.read(_HEAD)
            if head.startswith(_ZIP):
                return NPZ if npz.holds_arrays(file) or file.suffix.lower() in NPZ.endings else None
            for offset in hdf5.OFFSETS if head.startswith((hdf5.MAGIC, matlab.MAGIC[:6])) else ():
                stream.seek(offset)
                if stream.read(len(hdf5.MAGIC)) == hdf5.MAGIC:
                    return HDF5
    except OSError:
        return None
    if head.startswith(npz.NPY_MAGIC):
        return NPY
    if npz.is_packed_npy(file, head):
        return PACKED_NPY
    if head.startswith(matlab.MAGIC):
        return MATLAB
    if pickled_arrays.is_pickle(file, head):
        return PICKLE
    if byte_records.is_records(file):
        return RECORDS
    return next((kind for kind in KINDS if file.suffix.lower() in kind.endings), None)


def _find_base(tree: FileTree) -> Path:
    content = tree.scan(tree.root)
    here = tree.root
    while not content.files and len(content.folders) == 1 and not parse_subset(content.folders[0].name):
        here = content.folders[0]
        content = tree.scan(here)
    return here


def _find_files(tree: FileTree) -> dict[Path, ArrayFileKind]:
    """Return the files of arrays in a folder and its subsets' folders; none where it is a folder of something else."""
    base = _find_base(tree)
    content = tree.scan(base)
    if len(content.files) > 2 * MOST_FILES or not all(parse_subset(folder.name) for folder in content.folders):
        return {}
    inner = [tree.scan(folder) for folder in content.folders]
    files, suffixes = [*content.files, *(file for one in inner for file in one.files)], list_clear_suffixes()
    if len(files) > 2 * MOST_FILES or any(one.folders for one in inner):
        return {}
    kinds = {file: kind for file in files if file.suffix.lower() not in suffixes and (kind := _find_kind(file))}
    items = sum(file.suffix.lower() in suffixes for file in files)
    if len(kinds) > MOST_FILES or items > len(kinds):
        return {}
    return kinds if _name_roles(kinds) or find_class_arrays(list(kinds)) or _are_pair(list(kinds)) else {}


def _are_pair(files: Sequence[Path]) -> bool:
    """Return whether two files, whatever they are called, are items and one value for each of them."""
    if len(files) != 2:
        return False
    try:
        shapes = sorted((npz.open_npy(file, file.parent)[0].shape for file in files), key=len)
    except (OSError, ValueError):
        return False
    return len(shapes[0]) == 1 and len(shapes[1]) >= CHANNELS and shapes[0][0] == shapes[1][0] > 1


def _name_roles(kinds: dict[Path, ArrayFileKind]) -> bool:
    """Return whether files are containers, or arrays whose names say that they are items or labels."""
    if any(kind not in ONE_ARRAY for kind in kinds.values()):
        return True
    names = list_item_names()
    roles = {parse_array_name(_get_stem(file), names).role for file in kinds}
    return ArrayRole.ITEMS in roles or ArrayRole.LABELS in roles


def _open_arrays(file: Path, kind: ArrayFileKind, context: ReadContext) -> list[StoredArray]:
    try:
        return kind.open(file, context.cache)
    except HeadstartError:
        raise
    except Exception as error:  # each library has its own for a damaged file, and the tokenizer of NumPy's headers too
        raise _describe_damage(str(file), kind, error) from error


def _list_sets(root: str, arrays: list[StoredArray], kind: ArrayFileKind, context: ReadContext) -> SourceListing:
    try:
        return list_array_sets(root, arrays, context)
    except HeadstartError:
        raise
    except Exception as error:  # values are read here
        raise _describe_damage(root, kind, error) from error


def _describe_damage(root: str, kind: ArrayFileKind, error: Exception) -> DataError:
    refuse_machine_faults(error, f"to read {root!r}")
    said = " ".join(str(getattr(error, "strerror", None) or error).split())
    save = kind.save.format(items=list_item_names()[0])
    return DataError(f"{root!r} cannot be read as arrays: {said}; save it with {save}, without objects")
