"""TFRecords of ``tf.train.Example``: an encoded item and its label in each record, in one file or in shards.

A record is its length (8 bytes, little-endian), the masked CRC-32C of that, the data, and the sum of the data.
Two schemas are usual, ``.../encoded`` with ``.../class/label`` or ``.../class/text``, and an item with ``label``; which
feature is the item is told by its bytes. Items are read at their offset when they are asked for; a file that is
compressed as a whole (``GZIP`` or ``ZLIB`` in TensorFlow) is unpacked into the cache once.
"""

import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from headstart.data.choose_modality import choose_only, order_modalities
from headstart.data.decisions import Decision, PlaceKind, Role
from headstart.data.names import preview
from headstart.data.readers.annotations.annotations import (
    WHOLE,
    AnnotatedItem,
    choose_form,
    collect_labels,
    judge_classes,
)
from headstart.data.readers.byte_ranges import RangeSource
from headstart.data.readers.evidence import index_near_top
from headstart.data.readers.listing import SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.shards.compression import DAMAGE, Opener, ZlibFile, find_opener, unpack_whole
from headstart.data.readers.shards.crc32c import compute_masked_crc32c
from headstart.data.readers.shards.packed import ItemShard, PackedItem, choose_label_field, list_shards
from headstart.data.readers.shards.tf_example import Feature, parse_example
from headstart.data.readers.walk import FileTree
from headstart_runtime.errors import DataError, refuse_machine_faults
from headstart_runtime.modalities.given import takes_texts
from headstart_runtime.modalities.modality import Modality, all_modalities

_HEADER, _FOOTER = 12, 4  #: bytes around the data
MOST_BYTES = 1 << 30  #: of one record
_LOOK_AT = 5  #: files by which a folder is known, and records by which the item's feature is
_HEAD = 4096  #: bytes by which an item is known
_LABELS = (
    *("class/text", "label_name", "class_name", "classname", "label/text", "class/label"),
    *("label", "class", "cls", "category", "target", "object/class/text", "object/class/label"),
)
_NAMES = ("filename", "file_name")
_NO_RECORDS = frozenset({".txt", ".json", ".md", ".csv", ".tsv", ".xml", ".yaml", ".yml", ".parquet", ".npz", ".py"})


@dataclass(frozen=True, slots=True)
class _Record:
    """A record that was parsed."""

    number: int  #: from 0
    offset: int  #: of its data in the file
    items: dict[str, tuple[int, int]]  #: feature of bytes that may be an item -> start and end in the data
    labels: dict[str, tuple[str, ...]]  #: known name of a label -> its values
    name: str  #: of the file it was made from; ""
    problem: str = ""


class TfRecordReader:
    """The reader of TFRecords, or of a folder of them."""

    suffixes: tuple[str, ...] = (".tfrecord", ".tfrecords")
    label_place: str = "its labels"

    def accepts(self, source: Any, tree: FileTree | None) -> bool:
        """Return whether a file begins with a record, or a folder has such files."""
        if tree is not None:
            return any(is_tfrecord(path) for path in _list_candidates(tree)[:_LOOK_AT])
        return isinstance(source, Path) and source.is_file() and is_tfrecord(source)

    def list(self, source: Path, tree: FileTree | None, context: ReadContext) -> SourceListing:
        """Return every record.

        Raises:
            DataError: no record can be read, or none has an item and a label.
        """
        files = [path for path in _list_candidates(tree) if is_tfrecord(path)] if tree else [source]
        known = choose_only(context.options.modality)
        plain = {file: _make_plain(file, context.cache) for file in files}
        records: dict[Path, list[_Record]] = {}
        problems: dict[Path, str] = {}
        for modalities in order_modalities(known):
            for file, path in plain.items():
                records[file], problems[file] = _scan(path, modalities)
            if any(record.items for found in records.values() for record in found):
                break
        every = [record for found in records.values() for record in found if not record.problem]
        item_key = _choose_item(str(source), every, plain[files[0]])
        label_key, note = choose_label_field([record.labels for record in every], _LABELS)
        if not label_key and context.labelled:
            raise DataError(f"{str(source)!r} has records without a label; wanted a feature such as {_LABELS[6]!r}")
        notes = [f"{len(files)} files of records are read"] if len(files) > 1 else []
        what = modalities[0].noun.one if len(modalities) == 1 else "item"
        notes += [f"{note}, the {what} from {item_key!r}" if note else f"the {what} is read from {item_key!r}"]
        notes += _judge(str(source), every, label_key, modalities[0], context) if context.labelled else []
        shards = [
            ItemShard(file, [_make_item(plain[file], one, item_key, label_key) for one in found], problems[file])
            for file, found in records.items()
        ]
        folder = tree.root if tree else source.parent
        decisions = _decide_features(every, item_key, label_key)
        return list_shards(str(source), folder, shards, notes, context, decisions, _find_marks(label_key))


def is_tfrecord(path: Path) -> bool:
    """Return whether a file begins with the length of a record and the sum of that, compressed as a whole or not."""
    return _begins_record(path, _open_plain) or _find_packing(path) is not None


def _open_plain(path: Path) -> BinaryIO:
    return path.open("rb")


def _find_packing(path: Path) -> Opener | None:
    """Return what opens a file of records that is compressed; None for any other."""
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEADER)
    except OSError as error:
        refuse_machine_faults(error, f"to read {str(path)!r}")
        return None
    is_zlib = len(head) > 1 and head[0] & 15 == zlib.DEFLATED and int.from_bytes(head[:2]) % 31 == 0  # RFC 1950
    opener = ZlibFile if is_zlib else find_opener(head)
    return opener if opener and _begins_record(path, opener) else None


def _begins_record(path: Path, opener: Opener) -> bool:
    try:
        with opener(path) as stream:
            head = stream.read(_HEADER)
    except DAMAGE as error:
        refuse_machine_faults(error, f"to read {str(path)!r}")
        return False
    return len(head) == _HEADER and any(head) and _read_length(head) is not None


def _list_candidates(tree: FileTree) -> list[Path]:
    """Return the files near the top of a folder that are nothing else by their endings."""
    other = _NO_RECORDS.union(*(modality.suffixes for modality in all_modalities()))
    index = index_near_top(tree)
    return sorted(path for suffix, found in index.items() if suffix not in other for path in found)


def _read_length(header: bytes) -> int | None:
    """Return the length of a record's data; None where the sum of its header is another."""
    if compute_masked_crc32c(header[:8]) != int.from_bytes(header[8:], "little"):
        return None
    return int.from_bytes(header[:8], "little")


def _make_plain(path: Path, cache: Path) -> Path:
    opener = None if _begins_record(path, _open_plain) else _find_packing(path)
    return path if opener is None else unpack_whole(path, opener, cache, "records")


def _scan(path: Path, modalities: Sequence[Modality]) -> tuple[list[_Record], str]:
    """Return the records of a file, and why the rest of it cannot be read."""
    found: list[_Record] = []
    try:
        for number, (offset, data, problem) in enumerate(_iter_data(path)):
            found.append(_parse(number, offset, data, problem, modalities))
    except ValueError as error:
        return found, f"after {len(found)} records {error}"
    except OSError as error:
        refuse_machine_faults(error, f"to read {str(path)!r}")
        return found, f"unreadable: {error.strerror or error}"
    return found, ""


def _iter_data(path: Path) -> Iterator[tuple[int, bytes, str]]:
    """Yield offset and data of each record; of one that cannot be used no data, and why.

    Raises:
        ValueError: the next record cannot be found.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        while header := stream.read(_HEADER):
            length = _read_length(header) if len(header) == _HEADER else None
            if length is None:
                raise ValueError("a length is damaged")
            offset = stream.tell()
            if offset + length + _FOOTER > size:
                raise ValueError("the file is cut off")
            if length > MOST_BYTES:
                stream.seek(length + _FOOTER, 1)
                yield offset, b"", f"a record of {length >> 20:,} MiB; wanted {MOST_BYTES >> 20:,} MiB at most"
                continue
            data = stream.read(length)
            whole = compute_masked_crc32c(data) == int.from_bytes(stream.read(_FOOTER), "little")
            yield (offset, data, "") if whole else (offset, b"", "its checksum is wrong: the record is damaged")


def _parse(number: int, offset: int, data: bytes, problem: str, modalities: Sequence[Modality]) -> _Record:
    if problem or not data:
        return _Record(number, offset, {}, {}, "", problem or "the record is empty")
    try:
        features = parse_example(data)
    except ValueError as error:  # a UnicodeDecodeError too
        return _Record(number, offset, {}, {}, "", f"no tf.train.Example: {error}")
    items: dict[str, tuple[int, int]] = {}
    labels: dict[str, tuple[str, ...]] = {}
    name = ""
    for key, feature in features.items():
        if len(feature.ranges) == 1:
            start, end = feature.ranges[0]
            fitting = [it for it in modalities if it.recognise(data[start : min(end, start + _HEAD)])]
            if any(not takes_texts(it) or key.rpartition("/")[2] not in (*_LABELS, *_NAMES) for it in fitting):
                items[key] = (start, end)
            elif key.rpartition("/")[2] in _NAMES:
                name = data[start:end].decode("utf-8", "replace")
        known = max((it for it in _LABELS if key == it or key.endswith(f"/{it}")), key=len, default="")
        if known and key not in items and (values := _read_values(data, feature)):
            labels.setdefault(known, values)
    return _Record(number, offset, items, labels, name)


def _read_values(data: bytes, feature: Feature) -> tuple[str, ...]:
    """Return the different values of a feature as text."""
    texts = [data[start:end].decode("utf-8", "backslashreplace").strip() for start, end in feature.ranges[:1000]]
    numbers = [str(int(value)) if float(value).is_integer() else str(value) for value in feature.numbers]
    return collect_labels(filter(None, (*texts, *numbers)))


def _choose_item(root: str, records: Sequence[_Record], first: Path) -> str:
    """Return the feature with the items: of several that with the plainest name.

    Raises:
        DataError: there is none.
    """
    keys = {key for record in records[:_LOOK_AT] for key in record.items}
    if keys:
        return min(keys, key=lambda key: (bool(re.search("mask|segment|label|class", key)), len(key), key))
    if seen := _list_features(first):
        raise DataError(f"{root!r} has records with the features {preview(seen, most=8)}; none is an encoded item")
    raise DataError(f"{root!r} has records that are no tf.train.Example; only these are read")


def _list_features(path: Path) -> list[str]:
    """Return the names of the features of the first record that can be read; [] where that is none."""
    with suppress(ValueError):
        for _, data, problem in _iter_data(path):
            if not problem:
                return sorted(parse_example(data))
    return []


def _decide_features(records: Sequence[_Record], item_key: str, label_key: str) -> Iterator[Decision]:
    """Yield what the features of the records were taken for, with how many have each."""
    items = Counter(key for record in records for key in record.items)
    labels = Counter(key for record in records for key in record.labels)
    for key, count in sorted(items.items(), key=lambda found: found[0] != item_key):
        role, reason = (Role.ITEMS, "told by its bytes") if key == item_key else (Role.SKIPPED, "not the plainest name")
        yield Decision(PlaceKind.FIELD, (key,), role, reason, count=count)
    for key, count in sorted(labels.items(), key=lambda found: found[0] != label_key):
        role, reason = (
            (Role.LABELS, "by its name") if key == label_key else (Role.SKIPPED, f"{label_key!r} is the label")
        )
        yield Decision(PlaceKind.FIELD, (key,), role, reason, count=count)


def _find_marks(key: str) -> str:
    """Return what the labels in a feature are of."""
    return "boxes" if "object/" in key else WHOLE


def _judge(root: str, records: Sequence[_Record], key: str, modality: Modality, context: ReadContext) -> list[str]:
    """Return a note where records have the labels of boxes.

    Raises:
        DataError: many records have several classes.
    """
    if not key.startswith("object/") and all(len(record.labels.get(key, ())) < 2 for record in records):
        return []
    marks = _find_marks(key)
    items = [AnnotatedItem(one.name or f"#{one.number}", one.labels.get(key, ())) for one in records]
    form = choose_form([len(item.labels) for item in items], marks, context)
    return [judge_classes(root, f"labels in {key!r}", marks, items, modality.noun, form)]


def _make_item(path: Path, record: _Record, item_key: str, label_key: str) -> PackedItem:
    name = record.name or f"#{record.number}"
    if record.problem or item_key not in record.items:
        return PackedItem(name, (), None, record.problem or f"no item in {item_key!r}")
    start, end = record.items[item_key]
    labels = record.labels.get(label_key, ())
    source = RangeSource(path, record.offset + start, end - start, name)
    return PackedItem(name, labels, source)
