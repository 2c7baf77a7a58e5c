"""Issues of a data set: of its items, of rare classes, of classes that are taken for each other."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from headstart.arrays import Bools, Ints
from headstart.data.samples import Samples
from headstart.diagnostics.near_duplicates.search import DuplicatePair
from headstart.evaluation.metrics import confusion_matrix
from headstart.modalities.facets import ItemIssue

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
    counts: dict[str, int]  #: class -> samples
    imbalance: float  #: samples of the largest class for each one of the smallest
    confusable: tuple[ConfusableClasses, ...]  #: the highest share first, ``CONFUSABLE`` at most


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
    present = counts[counts > 0]
    issues = [*item_issues, _find_repeated(samples, duplicates)]
    return DatasetIssues(
        items=tuple(issue for issue in issues if issue.ids),
        counts={name: int(count) for name, count in zip(samples.classes, counts, strict=True)},
        imbalance=float(present.max() / present.min()) if len(present) else 1.0,
        confusable=_find_confusable(samples.classes, labels[seen], probabilities[seen]),
    )


def _find_repeated(samples: Samples, duplicates: Sequence[DuplicatePair]) -> ItemIssue:
    """Return the samples that repeat another one of their class which is earlier in the order of names."""
    place = {sample.id: (index, sample.target) for index, sample in enumerate(samples.samples)}
    best: dict[str, float] = {}
    for pair in duplicates:
        first, second = sorted((pair.first, pair.second), key=lambda id_: place[id_][0])
        if place[first][1] == place[second][1]:
            best[second] = max(best.get(second, 0.0), pair.similarity)
    ids = sorted(best, key=lambda id_: (-best[id_], place[id_][0]))
    return ItemIssue("repeated", f"nearly the same as another {samples.noun.one} of its class", tuple(ids))


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
