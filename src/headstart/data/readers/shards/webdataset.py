"""WebDataset: tar files of samples, whose members have one name up to its first dot and an ending for each field.

``000017.jpg`` and ``000017.cls`` are an item and its label (A. Aizman, G. Maltby and T. Breuel, *High Performance I/O
For Large Scale Deep Learning*, 2019). Items are read at their offset in the tar; a compressed tar is unpacked into the
cache once, as one plain tar.
"""

import os
import re
import tarfile
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headstart.data.choose_modality import list_clear_suffixes
from headstart.data.decisions import Decision, PlaceKind, Role
from headstart.data.names import preview
from headstart.data.readers.archive_members import describe_tar_damage
from headstart.data.readers.byte_ranges import RangeSource
from headstart.data.readers.evidence import decide_file, describe_files, index_near_top
from headstart.data.readers.file_kinds import read_beginning
from headstart.data.readers.listing import SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.shards.compression import DAMAGE, find_opener, unpack_whole
from headstart.data.readers.shards.packed import ItemShard, PackedItem, choose_label_field, list_shards
from headstart.data.readers.walk import FileTree, is_file_there
from headstart_runtime.errors import DataError, refuse_machine_faults
from headstart_runtime.modalities.modality import all_modalities
from headstart_runtime.parsing import parse_json

_ENDINGS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_SURE, _LIKELY = ("cls", "cls.txt", "label"), ("json", "txt")  #: fields with the label
_IN_JSON = ("label_name", "class_name", "classname", "label", "class", "cls", "category", "target")
_LOOK_AT = 60  #: members by which the format is known
_MOST_BYTES = 1 << 16  #: of a label
_LONGEST = 255  #: bytes of a name that a system can hold
_DAMAGE: tuple[type[Exception], ...] = (*DAMAGE, tarfile.TarError)


@dataclass(slots=True)
class _Record:
    """The fields of one key."""

    items: dict[str, tuple[int, int]] = field(default_factory=dict)  #: ending -> offset and size
    labels: dict[str, bytes] = field(default_factory=dict)  #: ending -> content


class WebDatasetReader:
    """The reader of WebDataset's shards: one, a folder of them, or ``train-{000000..000009}.tar``."""

    suffixes: tuple[str, ...] = ()
    label_place: str = "its labels"

    def accepts(self, source: Any, tree: FileTree | None) -> bool:
        """Return whether a file is such a shard, or a folder has some and no items beside them."""
        if tree is not None:
            shards = _find_shards(tree)
            return bool(shards) and not _has_items(tree) and any(map(_is_shard, shards[:3]))
        if not isinstance(source, Path):
            return False
        if not is_file_there(source):
            return bool(expand_braces(source))
        return source.name.lower().endswith(_ENDINGS) and _is_shard(source)

    def list(self, source: Path, tree: FileTree | None, context: ReadContext) -> SourceListing:
        """Return every sample of the shards.

        Raises:
            DataError: a shard is missing, none can be read, or the labels are no classes.
        """
        files, notes, others = _choose_files(source, tree)
        plain = {file: _make_plain(file, context.cache) for file in files}
        scanned = _scan_shards(plain)
        records = [record for found, _ in scanned.values() for record in found.values() if record.items]
        read = _choose_label(str(source), records) if context.labelled else _LabelPlace("", "", "")
        notes += [read.note, *_note_fields(records)]
        shards = []
        for file, (found, problem) in scanned.items():
            items = [_make_item(plain[file], key, record, read) for key, record in found.items()]
            shards.append(ItemShard(file, items, problem))
        folder = tree.root if tree else source.parent
        decisions = [decide_file(file, folder, Role.SKIPPED, "no shard of samples") for file in others]
        return list_shards(str(source), folder, shards, notes, context, [*_decide_fields(records, read), *decisions])


def expand_braces(path: Path) -> list[Path]:
    """Return the files of a name such as ``train-{000000..000009}.tar``; none where it has no braces."""
    match = re.fullmatch(r"(.*)\{(\d+)\.\.(\d+)\}(.*)", path.name)
    if match is None or not 0 <= int(match[3]) - int(match[2]) < 1_000_000 or len(os.fsencode(path.name)) > _LONGEST:
        return []
    width = len(match[2])
    return [path.with_name(f"{match[1]}{at:0{width}}{match[4]}") for at in range(int(match[2]), int(match[3]) + 1)]


def _choose_files(source: Path, tree: FileTree | None) -> tuple[Sequence[Path], list[str], Sequence[Path]]:
    """Return the shards, notes, and tars that are none."""
    if tree:
        shards = _find_shards(tree)
        files = [path for path in shards if _is_shard(path)]
        others = [path for path in shards if path not in files]
        rest = [f"{describe_files(others)} are no shards of samples and are not read"] if others else []
        return files, [f"{len(files)} shards are read", *rest], others
    if files := expand_braces(source) if not is_file_there(source) else []:
        if missing := [path.name for path in files if not is_file_there(path)]:
            raise DataError(
                f"{str(source)!r} means {len(files)} shards and {len(missing)} are missing: {preview(missing)}"
            )
        return files, [f"{len(files)} shards are read"], ()
    stem = re.sub(r"\d+$", "", source.name.partition(".")[0])
    beside = [it for it in source.parent.glob("*.tar*") if it != source and stem and it.name.startswith(stem)]
    note = f"{len(beside)} more shards lie beside it; the folder {str(source.parent)!r} is all of them"
    return [source], [note] if beside else [], ()


def _find_shards(tree: FileTree) -> list[Path]:
    index = index_near_top(tree)
    last = {f".{ending.rpartition('.')[2]}" for ending in _ENDINGS}
    found = [path for suffix in last for path in index.get(suffix, ())]
    return sorted(path for path in found if path.name.lower().endswith(_ENDINGS))


def _has_items(tree: FileTree) -> bool:
    return not list_clear_suffixes().isdisjoint(index_near_top(tree))


def _item_suffixes() -> frozenset[str]:
    return frozenset(suffix for modality in all_modalities() for suffix in modality.suffixes)


def _is_shard(path: Path) -> bool:
    """Return whether the first members are items and labels of the same keys."""
    suffixes = _item_suffixes()
    fields: dict[str, set[str]] = {}
    try:
        with tarfile.open(path) as file:
            for _, info in zip(range(_LOOK_AT), iter(file.next, None), strict=False):
                if info.isfile():
                    key, ending = split_key(info.name)
                    fields.setdefault(key, set()).add(ending)
    except _DAMAGE as error:
        refuse_machine_faults(error, f"to read {str(path)!r}")
    pairs = [found for found in fields.values() if any(f".{it}" in suffixes for it in found)]
    if any(found.intersection(_SURE) for found in pairs):
        return True
    folders = {key.rpartition("/")[0] for key in fields}  # where there are several these may be the classes
    return len(folders) == 1 and 2 * sum(bool(found.intersection(_LIKELY)) for found in pairs) > len(pairs)


def split_key(name: str) -> tuple[str, str]:
    """Return key and ending of a member: the path up to the first dot of its last step, and what follows."""
    folder, slash, last = name.removeprefix("./").rpartition("/")
    key, _, ending = last.partition(".")
    return folder + slash + key, ending.lower()


def _make_plain(path: Path, cache: Path) -> Path:
    """Return a shard that is not compressed: the file, or its copy in the cache."""
    opener = find_opener(read_beginning(path))
    return path if opener is None else unpack_whole(path, opener, cache, "shard.tar")


def _scan_shards(plain: Mapping[Path, Path]) -> dict[Path, tuple[dict[str, _Record], str]]:
    """Return of each shard what ``_scan_shard`` does; texts are items where no sample has another."""
    for suffixes in (list_clear_suffixes(), _item_suffixes()):
        scanned = {file: _scan_shard(path, suffixes) for file, path in plain.items()}
        if any(record.items for found, _ in scanned.values() for record in found.values()):
            break
    return scanned


def _scan_shard(path: Path, suffixes: Collection[str]) -> tuple[dict[str, _Record], str]:
    """Return the records of a shard by key, and why the rest cannot be read; items end with one of some suffixes."""
    records: dict[str, _Record] = {}
    try:
        with tarfile.open(path, "r:") as file:
            for info in _iter_files(file):
                key, ending = split_key(info.name)
                record = records.setdefault(key, _Record())
                last = ending.rpartition(".")[2]
                if f".{last}" in suffixes:
                    record.items[ending] = (info.offset_data, info.size)
                elif ending in (*_SURE, *_LIKELY) and (content := file.extractfile(info)):
                    record.labels[ending] = content.read(_MOST_BYTES)
            return records, describe_tar_damage(file)
    except _DAMAGE as error:
        refuse_machine_faults(error, f"to read {str(path)!r}")
        return records, f"the tar is damaged: {error}"


def _iter_files(file: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    while info := file.next():
        if info.isfile() and not info.issparse():
            yield info
        file.members.clear()  # type: ignore[attr-defined]  # it would keep every member it has passed


@dataclass(frozen=True, slots=True)
class _LabelPlace:
    """Where the label of a record stands."""

    ending: str
    key: str  #: in JSON; "" for the whole text
    note: str
    reason: str = ""  #: why there, for a person


def _choose_label(root: str, records: Sequence[_Record]) -> _LabelPlace:
    """Return where the labels are: in a field for the class, else in JSON, else in a text that is one.

    Raises:
        DataError: there are none, or the texts are captions.
    """
    counts = Counter(ending for record in records for ending in record.labels)
    for ending in _SURE:
        if 2 * counts[ending] > len(records):
            return _LabelPlace(ending, "", "", "a field for the class")
    if 2 * counts["json"] > len(records):
        key, note = choose_label_field([_parse_json(record.labels.get("json", b"")) for record in records], _IN_JSON)
        if key:
            return _LabelPlace("json", key, note, "a key that is called like a label")
    if 2 * counts["txt"] > len(records):
        texts = [record.labels.get("txt", b"") for record in records]
        different = len(set(texts))
        if max(map(len, texts)) <= 100 and (2 * different <= len(texts) or different < 4):
            return _LabelPlace("txt", "", "the label is read from '.txt'", f"{different} different texts, no captions")
        raise DataError(
            f"{root!r} has samples with texts, {different} different ones for {len(texts)}: these look like captions, "
            "not classes; pack a .cls with each sample, or write a table with the columns path and label"
        )
    seen = f"the fields {preview(sorted(counts))}" if counts else "no fields beside the items"
    raise DataError(
        f"{root!r} has samples with {seen} and no label; wanted a .cls, or {_IN_JSON[0]!r} or 'label' in .json"
    )


def _decide_fields(records: Sequence[_Record], read: _LabelPlace) -> Iterator[Decision]:
    """Yield what the fields of the samples were taken for, with how many have each."""
    counts = Counter(_choose_item(record) for record in records)
    others = Counter(ending for record in records for ending in record.items if ending != _choose_item(record))
    fields = Counter(ending for record in records for ending in record.labels)
    for ending, count in counts.items():
        yield Decision(PlaceKind.FIELD, (f".{ending}",), Role.ITEMS, "", count=count)
    if read.ending:
        place = (f".{read.ending}", read.key) if read.key else (f".{read.ending}",)
        yield Decision(PlaceKind.FIELD, place, Role.LABELS, read.reason, count=fields.pop(read.ending, 0))
    for ending, count in (others + fields).items():
        reason = f"'.{read.ending}' has the label" if ending in fields and read.ending else "not the plainest name"
        yield Decision(PlaceKind.FIELD, (f".{ending}",), Role.SKIPPED, reason, count=count)


def _parse_json(content: bytes) -> dict[str, Any]:
    try:
        found = parse_json(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _make_item(path: Path, key: str, record: _Record, read: _LabelPlace) -> PackedItem:
    if not record.items:
        return PackedItem(key, (), None, "no item beside its fields")
    ending = _choose_item(record)
    name = f"{key}.{ending}"
    offset, size = record.items[ending]
    source = RangeSource(path, offset, size, name)
    content = record.labels.get(read.ending)
    if content is None:
        return PackedItem(name, (), source, f"no .{read.ending} beside it")
    if len(content) == _MOST_BYTES:
        return PackedItem(name, (), source, f"its .{read.ending} is too long")
    if read.key:
        value = _parse_json(content).get(read.key)
        values = value if isinstance(value, list) else [value]
        if any(isinstance(one, bool) or not isinstance(one, int | float | str) for one in values):
            return PackedItem(name, (), source, f"its .json has no {read.key!r} that is text or a number")
        return PackedItem(name, tuple(str(one).strip() for one in values), source)
    try:
        return PackedItem(name, (content.decode("utf-8-sig").strip(),), source)
    except UnicodeDecodeError:
        return PackedItem(name, (), source, f"its .{read.ending} is no text")


def _choose_item(record: _Record) -> str:
    return min(record.items, key=lambda ending: ("." in ending, ending))


def _note_fields(records: Sequence[_Record]) -> list[str]:
    several = next((record for record in records if len(record.items) > 1), None)
    if several is None:
        return []
    taken = _choose_item(several)
    others = [f".{ending}" for ending in several.items if ending != taken]
    return [f"samples have several items: '.{taken}' is read, not {preview(others)}"]
