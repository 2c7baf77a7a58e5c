"""Numbers of items as targets; ranges of them as strata, and what too few or equal numbers mean."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from headstart.data.names import preview
from headstart.data.no_items import describe_no_items
from headstart.data.samples import Samples, Subset
from headstart.label_text import LabelForm
from headstart.tasks.facets import Claim, LabelSource, Strata
from headstart.tasks.regression.labels import (
    claim_numbers,
    find_number_cells,
    find_placeholder,
    read_number,
    read_numbers,
    write_numbers,
)
from headstart_runtime.arrays import Doubles, Ints
from headstart_runtime.errors import DataError
from headstart_runtime.tasks.regression.units import find_unit, list_units, show_number
from headstart_runtime.tasks.task import TargetSpace

LEAST = 10  #: usable items that a model is made from
MOST_RANGES, EACH = 10, 20  #: strata, and items of each at least
_GRID = 101  #: quantiles of each number that ranks of several are read from
_INNER = (0.05, 0.95)  #: quantiles between which numbers are taken to range, whatever a few wrong ones do

Numbers = tuple[float, ...]  #: of one item, (K,), NaN where one is unknown


class NumberTargets:
    """A target is a tuple of numbers, one for each name of the space."""

    reads: frozenset[LabelForm] = frozenset({"one", "columns"})
    ordered: bool = False
    single = False

    def claim(self, labels: Sequence[str], source: LabelSource) -> Claim | None:
        """Return why labels look like numbers that are measured or counted; None where they do not."""
        return claim_numbers(labels, source)

    def read_space(self, labels: Mapping[str, str], source: LabelSource) -> TargetSpace:
        """Return the names of the numbers, their units, and where they lie.

        Facts: ``form``, ``units``, ``median``, ``low`` and ``high`` of each number, and ``ranges``, by which samples
        are split. Labels that are no numbers are left to ``parse``.
        """
        rows = [find_number_cells(source.form, label) for label in labels.values()]
        names = source.columns or ("value",)
        if source.form == "columns" and not source.columns:
            names = tuple(f"value {number + 1}" for number in range(max(map(len, rows), default=1)))
        read = [[read_number(cell) for cell in row] for row in rows if len(row) == len(names)]
        values = np.array([[np.nan if one is None else one for one in row] for row in read], np.float64)
        values = values.reshape(-1, len(names))
        known = [column[np.isfinite(column)] for column in values.T]
        summaries = {
            name: [float(reduce(own)) if len(own) else 0.0 for own in known]
            for name, reduce in (("median", np.median), ("low", np.min), ("high", np.max))
        }
        facts = {
            "form": source.form,
            "units": [find_unit(name) for name in names],
            **summaries,
            "ranges": _find_ranges(values),
            "repeated": [find_placeholder(own) for own in known],
        }
        return TargetSpace("regression", tuple(names), facts)

    def keep_names(self, space: TargetSpace, places: Sequence[int]) -> TargetSpace:
        """Return the space as it is: each item has all of the numbers."""
        return space

    def list_columns(self, space: TargetSpace) -> Sequence[str]:
        """Return the numbers, each of which has a column."""
        return space.names

    def parse(self, space: TargetSpace, label: str) -> Numbers:
        """Return the numbers that a label means.

        Raises:
            DataError: a cell is no number, there are too many or too few, or none is known.
        """
        return read_numbers(space, label)

    def describe(self, space: TargetSpace, target: Numbers) -> str:
        """Return numbers as a person writes them, without rounding."""
        return write_numbers(space, target)

    def stack(self, targets: Sequence[Numbers]) -> Doubles:
        """Return numbers, (N, K) float64, NaN where one is unknown."""
        return np.array(targets, np.float64).reshape(len(targets), len(targets[0]) if targets else 0)

    def conflict(self, first: Numbers, second: Numbers) -> bool:
        """Return whether a number that is known of both differs."""
        return any(a != b and a == a and b == b for a, b in zip(first, second, strict=True))

    def merge(self, first: Numbers, second: Numbers) -> Numbers | None:
        """Return what both know of one item; None where a number differs."""
        if self.conflict(first, second):
            return None
        return tuple(b if a != a else a for a, b in zip(first, second, strict=True))

    def measure_distances(self, targets: Doubles, first: Ints, second: Ints) -> Doubles:
        """Return how far apart the numbers of pairs of rows are, (M,): 0 equal, 1 as far as most of the numbers range.

        Args:
            targets: (N, K).
            first: rows, (M,).
            second: rows, (M,).
        """
        apart = np.zeros(len(first))
        for column in targets.T:
            known = column[np.isfinite(column)]
            if len(known):
                low, high = np.quantile(known, _INNER)
                width = float(high - low) or float(np.ptp(known)) or 1.0
                apart = np.fmax(apart, np.abs(column[first] - column[second]) / width)
        return np.minimum(apart, 1.0)

    def count_unknown(self, space: TargetSpace, targets: Doubles) -> Mapping[str, int]:
        """Return of how many samples each number is unknown; {} where all are known."""
        counts = np.isnan(targets).sum(axis=0)
        return {name: int(count) for name, count in zip(space.names, counts, strict=True)} if counts.any() else {}

    def stratify(self, space: TargetSpace, targets: Doubles) -> Strata:
        """Return ranges of the numbers as strata, the same for all parts; of several numbers of their mean rank."""
        ranges = space.facts["ranges"]
        edges = [float(edge) for edge in ranges["edges"]]
        ranks = targets[:, 0]
        if len(space) > 1:
            ranks = _average_ranks(_rank_columns(targets, ranges["quantiles"]), ranges["signs"])
        numbers = np.searchsorted(edges, ranks, side="right").astype(np.int64)
        return Strata(numbers, _name_ranges(edges, len(space)), "range", required=False)

    def find_problems(self, samples: Samples) -> list[str]:
        """Return why nothing can be fitted on samples: too few, a number that never differs, or is never known."""
        noun, count = samples.noun, len(samples)
        if not count:
            if samples.ledger.entries:
                return [describe_no_items(samples)]
            wanted = f"a table with a path and a number for each {noun.one}"
            return [f"{samples.root!r} has no {noun.many} with a number; wanted {wanted}"]
        problems = []
        if count < LEAST:
            problems.append(
                f"{samples.root!r} has {noun.count(count)} with a number; wanted {LEAST} at least, to train on, to "
                f"choose by and to test on; add {noun.many}"
            )
        given = [sample.subset for sample in samples.samples]
        train = np.array([subset in (None, Subset.TRAIN) for subset in given], bool)
        for name, column in zip(samples.space.names, samples.targets[train].T, strict=True):
            known = column[np.isfinite(column)]
            where = " in train" if any(given) else ""
            if not len(known):
                problems.append(
                    f"{name!r} is known of no {noun.one}{where}; wanted numbers of some; leave the column out"
                )
            elif len(known) > 1 and np.ptp(known) == 0:
                problems.append(
                    f"{name!r} is {show_number(float(known[0]))} of all {noun.count(len(known))}{where}; wanted "
                    f"numbers that differ, for there is nothing to learn"
                )
        return problems

    def match(self, samples: Samples, space: TargetSpace) -> Samples:
        """Return samples with numbers matched by name to those of a saved model; one number needs no name.

        Raises:
            DataError: there is no sample with a number, or they are other numbers, or in other units.
        """
        wanted = f"wanted numbers for {preview(space.names, show=str, most=8)}"
        if not len(samples):
            raise DataError(f"{samples.root} has no {samples.noun.many} with a number; {wanted}")
        own = samples.space
        if len(own) == len(space) == 1:
            _expect_unit(samples.root, list_units(own)[0], list_units(space)[0])
            return replace(samples, space=space)
        if absent := [name for name in space.names if name not in own.names]:
            have = preview(own.names, show=str, most=8)
            raise DataError(f"{samples.root} has numbers for {have}; {wanted}; {preview(absent)} is not there")
        order = [own.names.index(name) for name in space.names]
        matched = tuple(replace(one, target=tuple(one.target[at] for at in order)) for one in samples.samples)
        return replace(samples, space=space, samples=matched)

    def note(self, space: TargetSpace) -> list[str]:
        """Return which numbers were taken, in which units, and from where to where they run."""
        facts = space.facts
        told = [
            f"{name} from {show_number(low)} to {show_number(high)}, half of them below {show_number(median)}"
            for name, low, high, median in zip(space.names, facts["low"], facts["high"], facts["median"], strict=True)
        ]
        units = [f"{name!r} is in {unit}" for name, unit in zip(space.names, list_units(space), strict=True) if unit]
        notes = [f"numbers: {preview(told, show=str)}", *([f"units: {preview(units, show=str)}"] if units else [])]
        notes += [
            f"{count} numbers of {name!r} are {show_number(number)}, far from all others: where that says that it is "
            "not known, leave these cells empty"
            for name, (number, count) in _list_repeated(space)
        ]
        if len(space) > 1:
            notes.append(
                "there are several numbers: their errors are compared relative to what always saying the median errs by"
            )
        return notes

    def describe_space(self, space: TargetSpace) -> str:
        """Return the name of the number, or how many there are."""
        if len(space) == 1:
            return "one number" if space.names[0] == "value" else f"one number, {space.names[0]}"
        return f"{len(space)} numbers"


def _list_repeated(space: TargetSpace) -> list[tuple[str, tuple[float, int]]]:
    """Return numbers that may stand for unknown, with how often they are there, by name."""
    each = space.facts.get("repeated") or [None] * len(space)
    return [(name, (float(it[0]), int(it[1]))) for name, it in zip(space.names, each, strict=True) if it]


def _expect_unit(root: str, seen: str, wanted: str) -> None:
    """Raise an error where a number is in another unit than a model's."""
    if seen and wanted and seen.lower() != wanted.lower():
        raise DataError(f"{root} has numbers in {seen}; the model answers in {wanted}; wanted the same unit")


def _find_ranges(values: Doubles) -> dict[str, list[float] | list[list[float]]]:
    """Return what strata are read from: the edges of ranges that hold as many samples each.

    Of one number they are numbers, of several mean ranks, and the quantiles are there from which ranks are read. Those
    of a number that falls where the first one rises are turned round, or they would cancel.
    """
    bins = max(1, min(MOST_RANGES, len(values) // EACH))
    steps = np.arange(1, bins) / bins
    if values.shape[1] == 1:
        known = values[np.isfinite(values)]
        edges = np.unique(np.quantile(known, steps)) if len(known) else np.zeros(0)
        inner = edges[edges > known.min()] if len(known) else edges  # nothing lies below the smallest number
        return {"edges": inner.tolist(), "quantiles": [], "signs": []}
    grid = np.linspace(0, 1, _GRID)
    columns = [column[np.isfinite(column)] for column in values.T]
    quantiles = [np.quantile(own, grid).tolist() if len(own) else [] for own in columns]
    each = _rank_columns(values, quantiles)
    signs = [-1.0 if np.nansum((each[:, 0] - 0.5) * (own - 0.5)) < 0 else 1.0 for own in each.T]
    ranks = _average_ranks(each, signs)
    edges = np.unique(np.quantile(ranks, steps).round(6)) if len(ranks) else np.zeros(0)
    inner = edges[edges > ranks.min()] if len(ranks) else edges
    return {"edges": inner.tolist(), "quantiles": quantiles, "signs": signs}


def _rank_columns(values: Doubles, quantiles: Sequence[Sequence[float]]) -> Doubles:
    """Return the rank of each number, 0 to 1, (N, K); NaN where it is unknown."""
    ranks = np.full(values.shape, np.nan)
    for at, own in enumerate(quantiles):
        known = np.isfinite(values[:, at]) & (len(own) > 0)
        if known.any():
            numbers = values[known, at]
            both = np.searchsorted(own, numbers, side="left") + np.searchsorted(own, numbers, side="right")
            ranks[known, at] = both / (2 * len(own))
    return ranks


def _average_ranks(ranks: Doubles, signs: Sequence[float]) -> Doubles:
    """Return the mean rank of the known numbers of each row, 0 to 1, (N,); 0.5 where none is known."""
    known = np.isfinite(ranks)
    around = np.where(known, (ranks - 0.5) * signs, 0.0).sum(axis=1)
    return np.asarray(0.5 + around / np.maximum(known.sum(axis=1), 1))


def _name_ranges(edges: Sequence[float], outputs: int) -> tuple[str, ...]:
    """Return names of the ranges between edges, for people."""
    if not edges:
        return ("all",)
    shown = [show_number(edge) for edge in edges]
    if len(set(shown)) < len(shown):
        shown = [repr(edge) for edge in edges]
    inner = [f"{low} to {high}" for low, high in pairwise(shown)]
    names = [f"below {shown[0]}", *inner, f"{shown[-1]} and above"]
    return tuple(names if outputs == 1 else (f"mean rank {name}" for name in names))
