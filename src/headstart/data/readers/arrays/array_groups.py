"""Arrays beside items and labels that say what each item belongs to: its patient, its speaker.

An array is one by its name. As of columns of tables, one that is called ``groups`` is used, one that is called like an
owner is used where its values make groups, and else named with its flag.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod

from headstart.data.readers.arrays.array_blocks import ArrayPair, read_texts
from headstart.data.readers.arrays.array_names import ParsedName
from headstart.data.readers.arrays.stored_arrays import StoredArray
from headstart.data.readers.group_stats import count_groups, propose_groups
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.words import names_owner
from headstart_runtime.errors import DataError

NAMES = frozenset({"group", "groups", "group_id", "group_ids"})  #: of arrays that are groups whatever is in them
NONE = "none"  #: says that no array is one


def add_groups(
    pairs: Sequence[ArrayPair], arrays: Sequence[StoredArray], parsed: Mapping[str, ParsedName], context: ReadContext
) -> tuple[list[ArrayPair], list[str]]:
    """Return pairs with the array that has the group of each item, where there is one, and notes.

    Raises:
        DataError: a setting names an array that has not one value for each item.
    """
    given = context.options.group_column
    if not context.labelled or given == NONE:
        return list(pairs), []
    found, notes = [], list[str]()
    for pair in pairs:
        beside = [it for it in arrays if it is not pair.items and it is not pair.labels and _fits(it, pair)]
        if given:
            groups = next((it for it in beside if given in (it.name, it.name.rpartition("/")[2])), None)
            if groups is None:
                raise DataError(f"there is no array {given!r} with a value for each row of {pair.items.name!r}")
        else:
            same = [it for it in beside if parsed[it.name].subset_word == pair.parsed.subset_word]
            groups, said = _find(pair, same, parsed)
            notes += [note for note in said if note not in notes]
        found.append(replace(pair, groups=groups))
    return found, notes


def _fits(stored: StoredArray, pair: ArrayPair) -> bool:
    """Return whether an array has one value for each item of a pair."""
    count = prod(stored.shape)
    labels = prod(pair.labels.shape) if pair.labels is not None and len(pair.labels.shape) == 1 else 0
    return bool(stored.shape) and count == max(stored.shape) and count in (labels, pair.items.shape[0])


def _find(
    pair: ArrayPair, arrays: Sequence[StoredArray], parsed: Mapping[str, ParsedName]
) -> tuple[StoredArray | None, list[str]]:
    """Return the array of groups by its name and by what it holds, and a note."""
    words = {it.name: "_".join(parsed[it.name].scope) for it in arrays if parsed[it.name].role is None}
    called = [it for it in arrays if words.get(it.name) in NAMES]
    if called:
        return called[0], []
    owners = [it for it in arrays if it.name in words and names_owner(words[it.name])]
    if not owners or pair.labels is None:
        return None, []
    labels = read_texts(pair.labels) if prod(pair.labels.shape) == max(pair.labels.shape) else []
    stats = [(it, count_groups(it.name, read_texts(it), labels or [""] * max(it.shape))) for it in owners]
    stats = [(it, one) for it, one in stats if one.repeats]
    clear = [(it, one) for it, one in stats if one.is_clear]
    if len(clear) == 1:
        others = [one.column for it, one in stats if it is not clear[0][0]]
        return clear[0][0], [clear[0][1].describe_use(others)]
    return None, [propose_groups([one for _, one in stats])] if stats else []
