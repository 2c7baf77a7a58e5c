"""Issues of a data set: of its items, of rare classes, of classes that are taken for each other."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from headstart.data.samples import Samples
from headstart.diagnostics.distances import SAME, TargetDistances
from headstart.diagnostics.near_duplicates.search import DuplicatePair
from headstart.evaluation.metrics import confusion_matrix
from headstart_runtime.arrays import Bools, Doubles, Ints
from headstart_runtime.modalities.facets import ItemIssue

CONFUSABLE = 20  #: pairs of classes that are listed


@dataclass(frozen=True, slots=True)
class ConfusableClasses:
    """Two classes of which samples of one are taken for the other."""

    first: str
    second: str
    share: float  #: of their samples that are taken for the other of the two
    n: int  #: samples of both
    wrong: int  #: of them, how many are taken for the other


@dataclass(frozen=True, slots=True)
class DatasetIssues:
    """All that stands out about the samples and the classes of a data set."""

    items: tuple[ItemIssue, ...]  #: those that some sample has
    counts: dict[str, int]  #: class or label -> samples; empty where there is none
    imbalance: float = 1.0  #: samples of the largest class for each one of the smallest
    confusable: tuple[ConfusableClasses, ...] = ()  #: the highest share first, ``CONFUSABLE`` at most


def find_dataset_issues(
    samples: Samples,
    item_issues: Iterable[ItemIssue],
    duplicates: Sequence[DuplicatePair],
    labels: Ints,
    probabilities: NDArray[np.floating],
    *,
    known: Bools | None = None,
) -> DatasetIssues:
    """Return what stands out about all samples.

    Args:
        samples: N samples.
        item_issues: as the modality finds them, in their order.
        duplicates: near-duplicates among them.
        labels: (N,) their classes, in the same order.
        probabilities: (N, C) for each sample by a classifier that was not fitted on it.
        known: (N,) whether that classifier had seen the class of each by other samples; all of them when not given. One
            of a class that it had not seen it must take for another, which says nothing of how alike the two are.
    """
    seen = np.ones(len(labels), bool) if known is None else known
    counts = np.bincount(labels, minlength=len(samples.classes))
    return DatasetIssues(
        items=find_item_issues(samples, item_issues, duplicates),
        counts={name: int(count) for name, count in zip(samples.classes, counts, strict=True)},
        imbalance=measure_imbalance(counts),
        confusable=_find_confusable(samples.classes, labels[seen], probabilities[seen]),
    )


def find_item_issues(
    samples: Samples, item_issues: Iterable[ItemIssue], duplicates: Sequence[DuplicatePair], same: float = SAME
) -> tuple[ItemIssue, ...]:
    """Return the issues that some sample has: those of its modality, and those of near-duplicates and their labels.

    Args:
        samples: all samples.
        item_issues: as the modality finds them, in their order.
        duplicates: near-duplicates among the samples.
        same: distance up to which two labels say the same.
    """
    distances = TargetDistances(samples).measure([(pair.first, pair.second) for pair in duplicates])
    found = (
        *item_issues,
        _find_repeated(samples, duplicates, distances <= same),
        _find_other(samples, duplicates, distances, same),
    )
    return tuple(issue for issue in found if issue.ids)


def measure_imbalance(counts: Ints) -> float:
    """Return how many samples the largest of the classes has for each one of the smallest that has any."""
    present = counts[counts > 0]
    return float(present.max() / present.min()) if len(present) else 1.0


def _find_repeated(samples: Samples, duplicates: Sequence[DuplicatePair], alike: Bools) -> ItemIssue:
    """Return the samples that repeat another one of their label which is earlier in the order of names."""
    place = {sample.id: index for index, sample in enumerate(samples.samples)}
    best: dict[str, float] = {}
    for pair, is_same in zip(duplicates, alike.tolist(), strict=True):
        if is_same:
            second = max(pair.first, pair.second, key=place.__getitem__)
            best[second] = max(best.get(second, 0.0), pair.similarity)
    ids = sorted(best, key=lambda id_: (-best[id_], place[id_]))
    return ItemIssue("repeated", f"nearly the same as another {samples.noun.one} with the same label", tuple(ids))


def _find_other(samples: Samples, duplicates: Sequence[DuplicatePair], distances: Doubles, same: float) -> ItemIssue:
    """Return the samples that show the same as one with another label: one of the two is wrong, the furthest first."""
    place = {sample.id: index for index, sample in enumerate(samples.samples)}
    furthest: dict[str, float] = {}
    for pair, distance in zip(duplicates, distances.tolist(), strict=True):
        if distance > same:
            for id_ in (pair.first, pair.second):
                furthest[id_] = max(furthest.get(id_, 0.0), distance)
    ids = sorted(furthest, key=lambda id_: (-furthest[id_], place[id_]))
    return ItemIssue("contradicting", f"nearly the same as {samples.noun.a_one} with another label", tuple(ids))


def _find_confusable(
    classes: Sequence[str], labels: Ints, probabilities: NDArray[np.floating]
) -> tuple[ConfusableClasses, ...]:
    confusion = confusion_matrix(labels, probabilities.argmax(axis=1), len(classes))
    counts = confusion.sum(axis=1)
    mixed = confusion + confusion.T
    pairs = [
        ConfusableClasses(
            classes[a], classes[b], float(mixed[a, b] / (counts[a] + counts[b])), int(n), int(mixed[a, b])
        )
        for a, b in combinations(range(len(classes)), 2)
        if mixed[a, b] and (n := counts[a] + counts[b])
    ]
    return tuple(sorted(pairs, key=lambda pair: (-pair.share, -pair.wrong))[:CONFUSABLE])
