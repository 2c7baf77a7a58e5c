"""Sets of arrays: which array of a file, or of several, holds the items of a subset and which their labels.

Names decide where they say it. Else any two arrays that fit are taken, if only two do, and a note says which; where
several do, it is asked for.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from headstart.data.decisions import Decision, PlaceKind, Role
from headstart.data.names import preview
from headstart.data.readers.arrays.array_blocks import BY_NAME, ArrayPair, make_blocks
from headstart.data.readers.arrays.array_groups import add_groups
from headstart.data.readers.arrays.array_names import (
    ArrayRole,
    ParsedName,
    list_item_names,
    parse_array_name,
    refuse_several_sets,
)
from headstart.data.readers.arrays.arrays import list_blocks
from headstart.data.readers.arrays.class_arrays import (
    find_class_folders,
    find_classes_in_file,
    list_class_arrays,
    list_class_folders,
)
from headstart.data.readers.arrays.stored_arrays import StoredArray
from headstart.data.readers.listing import SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.quoting import quote_argument
from headstart_runtime.errors import DataError

WANTED = "(or x and y, or x_train, y_train, x_test, y_test)"
SMALLEST_ROW = 16  #: values of a flat row that may be an item

SetKey = tuple[tuple[str, ...], str]  #: scope, and the word that says the subset


def list_array_sets(root: str, arrays: Sequence[StoredArray], context: ReadContext) -> SourceListing:
    """Return every row of the arrays that are items with labels.

    Args:
        root: the source, for a person.
        arrays: of one file or of several, under names that differ.
        context: its columns of paths and of labels name the arrays where several fit.

    Raises:
        DataError: no two arrays fit, or more than two do, or they cannot be used.
    """
    item_names = list_item_names()
    for setting in filter(None, (context.options.path_column, context.options.label_column)):
        if not any(setting in (stored.name, stored.name.rpartition("/")[2]) for stored in arrays):
            known = preview([stored.name for stored in arrays], most=8)
            raise DataError(f"{root!r} has no array {setting!r}; there are {known}")
    parsed = {stored.name: _parse(stored.name, item_names, context) for stored in arrays}
    if context.labelled:
        pairs = _pair_by_names(arrays, parsed)
        if not pairs and (by_class := _list_by_class(root, arrays, parsed, context)):
            return by_class
        pairs = pairs or _pair_by_shapes(root, arrays, parsed, item_names)
    else:
        pairs = _list_alone(root, arrays, parsed)
    if context.labelled and any(pair.parsed.subset for pair in pairs):
        pairs = [pair for pair in pairs if pair.parsed.subset]
    refuse_several_sets(root, [pair.parsed.scope for pair in pairs if pair.reason == BY_NAME])
    classes = {stored.name: stored for stored in arrays if parsed[stored.name].role is ArrayRole.CLASSES}
    pairs, of_groups = add_groups(pairs, arrays, parsed, context)
    prefixes = _name_pairs(pairs)
    names = [_find_classes(pair, classes, parsed) for pair in pairs]
    try:
        blocks, notes = make_blocks(pairs, names, prefixes, context)
    except DataError as error:
        raise DataError(f"{root!r}: {error}") from None
    listing = list_blocks(root, blocks)
    if not context.labelled:  # parts make no split here
        return replace(listing, notes=tuple(notes))
    notes += of_groups
    notes += _note_rest(arrays, pairs, parsed, classes)
    decisions = tuple(decision for pair in pairs for decision in _decide(pair))
    return replace(listing, notes=(*listing.notes, *notes), decisions=(*listing.decisions, *decisions))


def _list_by_class(
    root: str, arrays: Sequence[StoredArray], parsed: Mapping[str, ParsedName], context: ReadContext
) -> SourceListing | None:
    """Return every item of arrays, or folders of arrays, that are a class each; None where they are not."""
    options = context.options
    if options.path_column or options.label_column or any(parsed[stored.name].role for stored in arrays):
        return None
    if named := find_classes_in_file(arrays):
        return list_class_arrays(root, [(stored, named[stored.name]) for stored in arrays], context, "array")
    folders = find_class_folders(arrays)
    return list_class_folders(root, folders, context) if folders else None


def _parse(name: str, item_names: Sequence[str], context: ReadContext) -> ParsedName:
    """Return the meaning of a name, or that which the settings give it."""
    parsed = parse_array_name(name, item_names)
    options = context.options
    for role, setting in ((ArrayRole.ITEMS, options.path_column), (ArrayRole.LABELS, options.label_column)):
        if setting is None:
            continue
        if setting in (name, name.rpartition("/")[2]):
            return replace(parsed, role=role, rank=-1, scope=())
        if parsed.role is role:
            return replace(parsed, role=None)
    return parsed


def _pair_by_names(arrays: Sequence[StoredArray], parsed: Mapping[str, ParsedName]) -> list[ArrayPair]:
    """Return the items and labels of each set that names tell, sorted by subset and scope."""
    sets: defaultdict[SetKey, defaultdict[ArrayRole, list[StoredArray]]] = defaultdict(lambda: defaultdict(list))
    for stored in arrays:
        meaning = parsed[stored.name]
        if meaning.role:
            sets[meaning.scope, meaning.subset_word][meaning.role].append(stored)
    pairs = []
    for key in sorted(sets):
        found = sets[key]
        if found[ArrayRole.ITEMS] and found[ArrayRole.LABELS]:
            items, labels = (
                min(found[role], key=lambda stored: parsed[stored.name].rank)
                for role in (ArrayRole.ITEMS, ArrayRole.LABELS)
            )
            pairs.append(ArrayPair(items, labels, parsed[items.name], BY_NAME))
    return pairs


def _pair_by_shapes(
    root: str, arrays: Sequence[StoredArray], parsed: Mapping[str, ParsedName], item_names: Sequence[str]
) -> list[ArrayPair]:
    """Return the only two arrays of each subset that fit.

    Raises:
        DataError: of some subset several do, or of none any.
    """
    by_subset: defaultdict[str, list[StoredArray]] = defaultdict(list)
    for stored in arrays:
        if parsed[stored.name].role is not ArrayRole.CLASSES:
            by_subset[parsed[stored.name].subset_word].append(stored)
    pairs = []
    for word in sorted(by_subset):
        found = _list_fitting(by_subset[word], parsed)
        if len(found) > 1:
            readings = " or ".join(
                f"{items.name!r} {items.shape} with {labels.name!r} {labels.shape}" for items, labels in found[:4]
            )
            raise DataError(f"{root!r} has several arrays that fit: {readings}; name what is meant: {_propose(found)}")
        pairs += [ArrayPair(*pair, parsed[pair[0].name], "the only two that fit") for pair in found]
    if not pairs:
        shapes = [f"{stored.name!r} {stored.shape}" for stored in arrays]
        called = preview(shapes, str, most=8) if len(shapes) > 1 else preview([stored.name for stored in arrays])
        raise DataError(
            f"{root!r} has the arrays {called or 'of no kind that is read'}; wanted {item_names[0]} and labels {WANTED}"
        )
    return pairs


def _list_alone(root: str, arrays: Sequence[StoredArray], parsed: Mapping[str, ParsedName]) -> list[ArrayPair]:
    """Return all arrays of items, of which nobody wants a label; those that have one with it, for its axis.

    Raises:
        DataError: several may be the items, or none.
    """
    pairs = {pair.items.name: pair for pair in _pair_by_names(arrays, parsed)}
    items = [stored for stored in arrays if parsed[stored.name].role is ArrayRole.ITEMS]
    best: dict[SetKey, StoredArray] = {}
    for stored in sorted(items, key=lambda stored: parsed[stored.name].rank):
        best.setdefault((parsed[stored.name].scope, parsed[stored.name].subset_word), stored)
    found = list(best.values()) or _list_full(arrays)
    by_subset = Counter(parsed[stored.name].subset_word for stored in found)
    if not best and any(count > 1 for count in by_subset.values()):
        flags = " or ".join(f"--path-column {quote_argument(stored.name)}" for stored in found[:4])
        raise DataError(f"{root!r} has several arrays of items; name what is meant: {flags}")
    if not found:
        shapes = [f"{stored.name!r} {stored.shape}" for stored in arrays]
        raise DataError(
            f"{root!r} has the arrays {preview(shapes, str, most=8) or 'of no kind that is read'}, no items"
        )
    return [pairs.get(it.name) or ArrayPair(it, None, parsed[it.name], "alone") for it in found]


def _list_full(arrays: Sequence[StoredArray]) -> list[StoredArray]:
    """Return the arrays that may be items by their shape."""
    full = [stored for stored in arrays if len(stored.shape) >= 3 and max(stored.shape[1:3]) > 1]
    return full or [stored for stored in arrays if len(stored.shape) == 2 and min(stored.shape) >= SMALLEST_ROW]


def _propose(found: Sequence[tuple[StoredArray, StoredArray]]) -> str:
    """Return the flags of each pair, without those that all have."""
    names = [(items.name, labels.name) for items, labels in found[:4]]
    differ = [len({pair[place] for pair in names}) > 1 for place in (0, 1)]
    flags = [
        " ".join(
            f"{flag} {name}"
            for flag, name, needed in zip(("--path-column", "--label-column"), pair, differ, strict=True)
            if needed
        )
        for pair in names
    ]
    return " or ".join(dict.fromkeys(flags))


def _list_fitting(
    arrays: Sequence[StoredArray], parsed: Mapping[str, ParsedName]
) -> list[tuple[StoredArray, StoredArray]]:
    """Return all pairs of items and labels by shape; those in which one is called so, where there are such."""
    pairs = [
        (items, labels)
        for items in _list_full(arrays)
        for labels in arrays
        if labels is not items and _are_labels(labels, items)
    ]
    for role, place in ((ArrayRole.ITEMS, 0), (ArrayRole.LABELS, 1)):
        called = [pair for pair in pairs if parsed[pair[place].name].role is role]
        pairs = called or pairs
    return pairs


def _are_labels(labels: StoredArray, items: StoredArray) -> bool:
    count = int(np.prod(labels.shape))
    return bool(labels.shape) and count == max(labels.shape) and count in (items.shape[0], items.shape[-1])


def _name_pairs(pairs: Sequence[ArrayPair]) -> list[str]:
    """Return what stands before "#17" in the names of rows: the subset of a pair, and its set if there are more."""
    words = [pair.parsed.subset_word for pair in pairs]
    if len(set(words)) == len(words):
        return words
    return ["/".join(filter(None, ("_".join(pair.parsed.scope), pair.parsed.subset_word))) for pair in pairs]


def _find_classes(
    pair: ArrayPair, classes: Mapping[str, StoredArray], parsed: Mapping[str, ParsedName]
) -> list[str] | None:
    """Return the names of the classes of a pair: of its own set and subset, else of its set, else of all."""
    own = [
        [name for name in classes if parsed[name].scope == pair.parsed.scope and parsed[name].subset is subset]
        for subset in (pair.parsed.subset, None)
    ]
    for names in (*own, [name for name in classes if parsed[name].scope == pair.parsed.scope], list(classes)):
        if names:
            values = np.asarray(classes[names[0]].load()).reshape(-1).tolist()
            return [_to_text(value) for value in values]
    return None


def _to_text(value: Any) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


def _note_rest(
    arrays: Sequence[StoredArray],
    pairs: Sequence[ArrayPair],
    parsed: Mapping[str, ParsedName],
    classes: Mapping[str, StoredArray],
) -> list[str]:
    """Return notes on the arrays that are not read."""
    read = {stored.name for pair in pairs for stored in (pair.items, pair.labels, pair.groups) if stored} | set(classes)
    rest = [stored for stored in arrays if stored.name not in read]
    alone = [
        stored.name
        for stored in rest
        if parsed[stored.name].role is ArrayRole.ITEMS
        and not any(pair.parsed.subset_word == parsed[stored.name].subset_word for pair in pairs)
    ]
    notes = [f"{preview(alone)} has no labels and is left for predict"] if alone else []
    others = [stored.name for stored in rest if stored.name not in alone]
    return [*notes, *([f"arrays that are not read: {preview(others)}"] if others else [])]


def _decide(pair: ArrayPair) -> tuple[Decision, ...]:
    value = str(pair.parsed.subset or "")
    return tuple(
        Decision(PlaceKind.ARRAY, tuple(stored.name.split("/")), role, pair.reason, value, max(stored.shape))
        for stored, role in ((pair.items, Role.ITEMS), (pair.labels, Role.LABELS), (pair.groups, Role.GROUP))
        if stored is not None
    )
