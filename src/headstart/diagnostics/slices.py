"""Slices of the test samples by one property at a time, and those in which a classifier is worse than elsewhere.

Each slice is compared with all samples outside it by Fisher's exact test, one-sided, for what is asked is whether it is
worse; Holm's correction over all slices that were tested. So in at most 1 of 20 results is any slice called worse
that is not. Samples that belong together count as fewer: a patient's or a burst's are answered alike, and one group
that is answered wrongly is no proof of anything that its samples share.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, exp, lgamma
from typing import Protocol

import numpy as np

from headstart.data.groups import encode_groups
from headstart.data.names import natural_key, normalise_class_name
from headstart.data.samples import GroupKind, LedgerEntry, Sample
from headstart.data.subsets import parse_subset
from headstart.evaluation.grouping import effective_sample_size
from headstart.evaluation.intervals import grouped_wilson_interval
from headstart.evaluation.paired import SIGNIFICANT, adjust_holm
from headstart_runtime.arrays import Bools, Ints
from headstart_runtime.modalities.facets import NamedProperty, NumericProperty

ItemProperty = NamedProperty | NumericProperty
Cut = tuple[str, str, Ints]  #: a slice's property, its value, the rows of its samples

LEAST = 10  #: samples; a smaller slice could hardly be told from the rest, and each one tested makes the others' harder


@dataclass(frozen=True, slots=True)
class Slice:
    """The test samples that share a property."""

    by: str  #: the property: "class", "folder", "group" or one of the modality's
    value: str  #: the property's value or limits, for a person
    n: int  #: samples
    right: int  #: of them answered rightly
    accuracy: float
    low: float  #: of Wilson's 95 % interval, by as many samples as their groups are worth
    high: float
    p: float  #: one-sided: of so few right here, if the mistakes fell anywhere
    adjusted: float  #: ``p`` after Holm over all slices
    worse: bool  #: less accurate than the rest, beyond chance


@dataclass(frozen=True, slots=True)
class Slices:
    """All slices of the test samples."""

    n: int  #: samples
    accuracy: float  #: of all; NaN of nothing
    slices: tuple[Slice, ...]  #: by property, then by value
    worst: Slice | None  #: the least accurate of those that are worse; None where none is
    least: int  #: samples of the smallest slice that is tested


def compute_slices(
    samples: Sequence[Sample], entries: Mapping[str, LedgerEntry], properties: Sequence[ItemProperty], right: Bools
) -> Slices:
    """Return slices of the test samples, each tested against the rest.

    A slice of fewer than ``LEAST`` samples is left out, and so is one outside which there are fewer.

    Args:
        samples: N samples that the classifier was not fitted on.
        entries: the ledger's entries by the samples' names.
        properties: by which the modality slices them, with values in their order.
        right: (N,) whether each was answered rightly.
    """
    whole = len(samples)
    known = [entries[sample.name] for sample in samples]
    by_class = NamedProperty("class", [[entry.label] for entry in known])
    every = cut_by_properties(samples, [by_class, *properties], {entry.label for entry in known})
    cuts = (cut for cut in every if LEAST <= len(cut[2]) <= whole - LEAST)
    groups = encode_groups(samples)
    found = [_test_slice((by, value), right, groups, rows) for by, value, rows in cuts]
    corrected = tuple(
        replace(tested, adjusted=p, worse=p < SIGNIFICANT)
        for tested, p in zip(found, adjust_holm([it.p for it in found]), strict=True)
    )
    worse = [it for it in corrected if it.worse]
    worst = min(worse, key=lambda tested: (tested.accuracy, tested.adjusted), default=None)
    return Slices(whole, float(right.mean()) if whole else float("nan"), corrected, worst, LEAST)


class NamedSlice(Protocol):
    """Some samples by a property."""

    @property
    def by(self) -> str:
        """The property."""

    @property
    def value(self) -> str:
        """Its value or limits, for a person."""


def describe_worst_slice(worst: NamedSlice | None) -> str:
    """Return where the classifier is worst, for a person; empty where no slice is worse than the rest."""
    return f"worst where {worst.by} is {worst.value}" if worst else ""


def fisher_less(right: int, n: int, all_right: int, total: int) -> float:
    """Return P of at most ``right`` right among ``n`` samples drawn from ``total`` of which ``all_right`` are right.

    Fisher, 1935, J. Royal Statistical Society 98. Summed from its largest term down, so that many samples neither
    overflow nor round.
    """
    if right >= min(n, all_right):
        return 1.0
    mode = (n + 1) * (all_right + 1) / (total + 2)
    if right > mode:  # the other tail is the shorter one
        return 1.0 - _sum_tail(n - right - 1, n, total - all_right, total)
    return _sum_tail(right, n, all_right, total)


def _sum_tail(most: int, n: int, marked: int, total: int) -> float:
    """Return P of at most ``most`` marked ones; ``most`` lies below the mode, so its own term is the largest."""
    fewest = max(0, n - (total - marked))
    if most < fewest:
        return 0.0
    chosen = _log_choose(marked, most) + _log_choose(total - marked, n - most) - _log_choose(total, n)
    counts = np.arange(most, fewest, -1, dtype=np.float64)
    ratios = counts * (total - marked - n + counts) / ((marked - counts + 1) * (n - counts + 1))
    return min(1.0, exp(chosen) * (1 + float(np.cumprod(ratios).sum())))


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def _test_slice(name: tuple[str, str], right: Bools, groups: Ints, rows: Ints) -> Slice:
    """Return a slice by itself; Holm's correction comes when all are known."""
    hits, n = int(right[rows].sum()), len(rows)
    interval = grouped_wilson_interval(right[rows], groups[rows])
    p = _test_worse(right, groups, rows)
    return Slice(*name, n, hits, hits / n, interval.low, interval.high, p, p, False)


def _test_worse(right: Bools, groups: Ints, rows: Ints) -> float:
    """Return Fisher's P of a slice, by as many samples as its groups are worth.

    Those tell the same of the two shares' difference if each is by itself: all counts are divided by the design effect
    of that difference (Rao & Scott, 1992, Biometrics 48).
    """
    total, n, hits = len(right), len(rows), int(right[rows].sum())
    away = right - right.mean()  # if the slice is like the rest
    weights = np.full(total, -min(n, total - n) / (total - n))
    weights[rows] = min(n, total - n) / n
    worth = effective_sample_size(away * weights, groups) / total
    if worth == 1:
        return fisher_less(hits, n, int(right.sum()), total)
    size, fewer, all_right = round(total * worth), round(n * worth), round(int(right.sum()) * worth)
    most, least = min(fewer, all_right), max(0, fewer - (size - all_right))
    return fisher_less(max(least, min(most, ceil(hits * worth))), fewer, all_right, size)


def cut_by_properties(
    samples: Sequence[Sample], properties: Sequence[ItemProperty], names: Collection[str]
) -> Iterator[Cut]:
    """Yield every slice by properties, folder and group, in this order.

    Args:
        samples: N samples.
        properties: with a value for each.
        names: of classes or labels: folders that are called so are none to slice by.
    """
    for item_property in properties:
        if isinstance(item_property, NumericProperty):
            yield from _cut_thirds(item_property)
        else:
            yield from _cut_by_name(item_property.name, item_property.values)
    yield from _cut_by_name("folder", [_list_folders(sample.name, names) for sample in samples])
    groups = [[sample.group.name] if sample.group.kind is GroupKind.NAMED else [] for sample in samples]
    yield from _cut_by_name("group", groups)


def _cut_thirds(numeric: NumericProperty) -> Iterator[Cut]:
    """Yield thirds by a number, cut between whole values, so that the limits named are the limits meant."""
    whole = np.rint(numeric.values)
    if not len(whole):
        return
    first, second = (float(np.quantile(whole, share, method="lower")) for share in (1 / 3, 2 / 3))
    low, high = (f"{limit / numeric.scale:g}" for limit in (first, second))
    by, names, unit = numeric.name, numeric.thirds, numeric.unit
    yield by, f"{names[0]}: up to {low}{unit}", np.flatnonzero(whole <= first)
    if first < second:  # else so many are alike that there are two sides of them at most
        yield by, f"{names[1]}: over {low} up to {high}{unit}", np.flatnonzero((whole > first) & (whole <= second))
    yield by, f"{names[2]}: over {high}{unit}", np.flatnonzero(whole > second)


def _cut_by_name(by: str, values: Sequence[Sequence[str]]) -> Iterator[Cut]:
    """Yield a slice for each name, in natural order; one with the samples of an earlier one is left out."""
    rows: dict[str, list[int]] = {}
    for row, own in enumerate(values):
        for name in own:
            rows.setdefault(name, []).append(row)
    seen = set()
    for name in sorted(rows, key=natural_key):
        inside = np.array(rows[name], np.int64)
        if (alike := inside.tobytes()) not in seen:
            seen.add(alike)
            yield by, name, inside


def _list_folders(name: str, classes: Collection[str]) -> list[str]:
    """Return the folders that a sample lies in, outermost first, each with those above it.

    Those of classes and subsets are left out. A sample that was relabelled still lies in the folder of another class.
    """
    above = name.split("/")[:-1]
    kept = [folder for folder in above if normalise_class_name(folder) not in classes and parse_subset(folder) is None]
    return ["/".join(kept[: depth + 1]) for depth in range(len(kept))]
