"""Sets of labels, read as what is there, absent and unknown; their strata, and labels that too few samples have."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from headstart.data.names import natural_key, preview
from headstart.data.no_items import describe_no_items
from headstart.data.samples import Sample, Samples, Subset
from headstart.label_text import NONE, LabelForm, join_cells, split_cells
from headstart.tasks.facets import Claim, LabelSource, Strata
from headstart_runtime.arrays import Bools, Doubles, Ints
from headstart_runtime.errors import DataError, nearest
from headstart_runtime.modalities.item import Noun
from headstart_runtime.tasks.task import TargetSpace

THERE, ABSENT, UNKNOWN = 1, 0, -1
NONE_OF_THEM = "(none)"  #: how a person may write a sample of none of the labels, beside the empty list
_MAYBE = "?"  #: before a label of which it is unknown whether it is there
_CELLS = {"1": THERE, "0": ABSENT, "": UNKNOWN}
_CONTRADICTED = 0.05  #: share of the items under several labels from which on several labels are proposed
LABEL = Noun("label", "labels")

LabelSet = tuple[int, ...]  #: (K,) 1 there, 0 absent, -1 unknown


class LabelSetTargets:
    """A target says of every label whether it is there, absent or unknown."""

    reads: frozenset[LabelForm] = frozenset({"one", "several", "indicators"})
    ordered = False
    single = False

    def claim(self, labels: Sequence[str], source: LabelSource) -> Claim | None:
        """Return why these labels look like several for one item; None where each item has one."""
        if source.form in ("several", "indicators"):
            return Claim(source.reason or "an item has several of them", certain=True)
        if source.form == "one" and source.contradicted > _CONTRADICTED:
            share = (
                f"{source.contradicted:.0%} of the rows are of items that are there more than once, under unlike labels"
            )
            return Claim(share, certain=False)
        return None

    def read_space(self, labels: Mapping[str, str], source: LabelSource) -> TargetSpace:
        """Return the labels that a source names: columns in their order, names in natural order.

        Raises:
            DataError: the labels are no lists of names.
        """
        facts = {"form": source.form}
        if source.form == "indicators":
            return TargetSpace("multilabel", tuple(source.columns), facts)
        written = labels.values() if source.form == "one" else chain.from_iterable(_split_all(labels))
        named = source.classes if source.form == "one" else ()
        names = {name for name in (*written, *named) if name not in ("", NONE, NONE_OF_THEM)}
        return TargetSpace("multilabel", tuple(sorted(names, key=natural_key)), facts)

    def keep_names(self, space: TargetSpace, places: Sequence[int]) -> TargetSpace:
        """Return the space of some of the labels."""
        return replace(space, names=tuple(space.names[place] for place in places))

    def list_columns(self, space: TargetSpace) -> Sequence[str]:
        """Return the labels, where each has a column."""
        return space.names if space.facts.get("form") == "indicators" else ()

    def parse(self, space: TargetSpace, label: str) -> LabelSet:
        """Return the target that a label means.

        Names that are listed are there, those with a question mark before them unknown, and all others absent. Of
        columns there is a cell for each, 1, 0 or nothing, in which case the label is unknown.

        Raises:
            DataError: it names a label that is none of these.
        """
        places = {name: place for place, name in enumerate(space.names)}
        if label in places:
            return _mark([places[label]], [], len(places))
        if label == NONE_OF_THEM:
            return _mark([], [], len(places))
        try:
            cells = split_cells(label)
        except ValueError as error:
            raise DataError(f"label {error}") from None
        columns = space.facts.get("form") == "indicators"
        if columns and len(cells) == len(places) and all(cell in _CELLS for cell in cells):
            return tuple(_CELLS[cell] for cell in cells)
        unknown = [cell.removeprefix(_MAYBE) for cell in cells if cell not in places and cell.startswith(_MAYBE)]
        there = [cell for cell in cells if cell in places or not cell.startswith(_MAYBE)]
        if strange := [name for name in (*there, *unknown) if name not in places]:
            raise DataError(f"label {strange[0]!r} is none of this data; {nearest(strange[0], list(space.names))}")
        return _mark([places[name] for name in there], [places[name] for name in unknown], len(places))

    def describe(self, space: TargetSpace, target: LabelSet) -> str:
        """Return the labels as their source writes them; what is unknown has a question mark where names are listed."""
        if space.facts.get("form") == "indicators":
            cells = {value: cell for cell, value in _CELLS.items()}
            return join_cells(cells[value] for value in target)
        return join_cells(list_label_names(space.names, target))

    def stack(self, targets: Sequence[LabelSet]) -> NDArray[np.int8]:
        """Return targets as one array, int8 (N, K): 1 there, 0 absent, -1 unknown."""
        return np.array(targets, np.int8).reshape(len(targets), len(targets[0]) if targets else 0)

    def conflict(self, first: LabelSet, second: LabelSet) -> bool:
        """Return whether one says that a label is there and the other that it is absent."""
        return any({one, other} == {THERE, ABSENT} for one, other in zip(first, second, strict=True))

    def merge(self, first: LabelSet, second: LabelSet) -> LabelSet:
        """Return the labels that one of two targets of the same item has; known where one of them knows."""
        return tuple(map(max, first, second))

    def stratify(self, space: TargetSpace, targets: Ints) -> Strata:
        """Return the labels as strata, and a last one of samples with none of them; of several numbers the rarest."""
        members = mark_memberships(np.asarray(targets).reshape(len(targets), len(space.names)))
        names = (*space.names, "none of them")
        return Strata(number_rarest(members), names, LABEL.one, required=False, members=members)

    def measure_distances(self, targets: Ints, first: Ints, second: Ints) -> Doubles:
        """Return Jaccard's distance, (M,), of the rows ``first`` and ``second``, over the labels known in both."""
        one, other = targets[first], targets[second]
        known = (one >= 0) & (other >= 0)
        both = (known & (one == THERE) & (other == THERE)).sum(axis=1)
        either = (known & ((one == THERE) | (other == THERE))).sum(axis=1)
        return np.where(either > 0, 1 - both / np.maximum(either, 1), 0.0)

    def count_unknown(self, space: TargetSpace, targets: Ints) -> Mapping[str, int]:
        """Return of how many samples each label is unknown; empty where all are known."""
        counts = (np.asarray(targets).reshape(len(targets), len(space.names)) == UNKNOWN).sum(axis=0)
        return {name: int(count) for name, count in zip(space.names, counts, strict=True) if count}

    def find_problems(self, samples: Samples) -> list[str]:
        """Return why nothing can be fitted on samples: no sample, no label, or none that only some of them have."""
        many = samples.noun.many
        if not samples.samples:
            return [describe_no_items(samples) if samples.ledger.entries else _describe_nothing(samples)]
        targets = samples.targets
        there, absent = (targets == THERE).sum(axis=0), (targets == ABSENT).sum(axis=0)
        if not there.any():
            return [f"all labels of {samples.root!r} are empty: no {samples.noun.one} has any; wanted some that have"]
        if not ((there > 0) & (absent > 0)).any():
            everywhere = [name for name, count in zip(samples.classes, there, strict=True) if count]
            same = f"all {len(samples)} {many} of {samples.root!r} have the same labels, {preview(everywhere)}"
            return [f"{same}; wanted a label at least that some {many} have and some have not; add {many} without it"]
        return list(_find_few(samples))

    def match(self, samples: Samples, space: TargetSpace) -> Samples:
        """Return samples with labels matched by name to those of a saved model; those that it has more are unknown.

        Where the source lists names, a label of the model that it never names is absent.

        Raises:
            DataError: there is no sample with a label, or one that the model does not know.
        """
        many, known = samples.noun.many, list(space.names)
        wanted = f"wanted {many} with labels of {preview(known, show=str, most=8)}"
        if not len(samples):
            raise DataError(f"{samples.root} has no {many} with labels; {wanted}")
        if strange := [name for name in samples.classes if name not in known]:
            raise DataError(
                f"{samples.root} has labels that the model does not know ({preview(strange, show=str, most=5)}); "
                f"{wanted}"
            )
        places = [known.index(name) for name in samples.classes]
        rest = UNKNOWN if samples.space.facts.get("form") == "indicators" else ABSENT

        def move(sample: Sample) -> Sample:
            target = [rest] * len(known)
            for place, value in zip(places, sample.target, strict=True):
                target[place] = value
            return replace(sample, target=tuple(target))

        return replace(samples, space=space, samples=tuple(map(move, samples.samples)))

    def note(self, space: TargetSpace) -> list[str]:
        """Return nothing: names that are nearly the same are told by whoever reads them."""
        return []

    def describe_space(self, space: TargetSpace) -> str:
        """Return the number of labels."""
        return LABEL.count(len(space.names))


def mark_memberships(targets: NDArray[np.integer]) -> Bools:
    """Return which labels each row has, and in a last column whether it has none, (N, K + 1); targets (N, K)."""
    there = targets == THERE
    return np.concatenate([there, ~there.any(axis=1, keepdims=True)], axis=1)


def number_rarest(members: Bools) -> Ints:
    """Return the rarest of the strata that each sample is of, (N,), from members (N, S)."""
    counts = np.where(members, members.sum(axis=0), np.iinfo(np.int64).max)
    return np.asarray(counts.argmin(axis=1), np.int64)


def list_label_names(names: Sequence[str], target: Iterable[int]) -> list[str]:
    """Return the names of the labels that are there, then of the unknown ones, a question mark before each."""
    marked = list(zip(names, target, strict=True))
    return [name for name, value in marked if value == THERE] + [
        f"{_MAYBE}{name}" for name, value in marked if value == UNKNOWN
    ]


def _mark(there: Iterable[int], unknown: Iterable[int], labels: int) -> LabelSet:
    target = [ABSENT] * labels
    for place in unknown:
        target[place] = UNKNOWN
    for place in there:
        target[place] = THERE
    return tuple(target)


def _split_all(labels: Mapping[str, str]) -> list[tuple[str, ...]]:
    """Return the cells of every label that is no list of unknown or none.

    Raises:
        DataError: a label is no list.
    """
    found = []
    for name, label in labels.items():
        try:
            found.append(() if label == NONE_OF_THEM else split_cells(label))
        except ValueError as error:
            raise DataError(f"{name!r}: {error}") from None
    return found


def _find_few(samples: Samples) -> Iterable[str]:
    """Yield problems of too few samples: none in train, or fewer than three where the split is still to be made."""
    noun = samples.noun
    given = any(sample.subset for sample in samples.samples)
    if given and not any(sample.subset is Subset.TRAIN for sample in samples.samples):
        yield f"{samples.root!r} has no usable {noun.one} in train; wanted some with and without each label"
    elif not given and len(samples) < 3:
        yield (
            f"{samples.root!r} has {noun.count(len(samples))}; wanted 3 at least, one each to train on, to choose by "
            f"and to test on; add {noun.many}"
        )


def _describe_nothing(samples: Samples) -> str:
    many = samples.noun.many
    return f"{samples.root!r} has no {many} with labels; wanted a table with a path and the labels of each"
