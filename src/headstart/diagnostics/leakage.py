"""Photos of test or validation that were seen before: their twins lie in a part that is learnt from or chosen on."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headstart.data.samples import Sample, Samples, Subset
from headstart.data.split import Split
from headstart.diagnostics.near_duplicates.search import DuplicateKind, DuplicatePair
from headstart.evaluation.grouping import Targets
from headstart.evaluation.intervals import Proportion, estimate_proportion

#: What a part must not share photos with: the test is leaked into by all that the classifier came from.
SEEN = {Subset.TEST: (Subset.TRAIN, Subset.VALIDATION), Subset.VALIDATION: (Subset.TRAIN,)}


@dataclass(frozen=True, slots=True)
class Leak:
    """A photo that should be new, and the one most like it that is not."""

    held_out: str  #: id of a sample of test or validation
    subset: Subset  #: where it is
    seen: str  #: id of its best twin, in train or, for a test photo, in validation
    kind: DuplicateKind
    similarity: float  #: as ``DuplicatePair`` has it
    same_label: bool  #: False: one of the two is mislabelled, or both are hard to tell


@dataclass(frozen=True, slots=True)
class LeakScores:
    """What leaks do to the score."""

    leaked: int  #: test photos
    with_leaks: Proportion  #: of all test photos, the share that is right
    without_leaks: Proportion | None  #: of those that are new; None where none is


@dataclass(frozen=True, slots=True)
class _Twin:
    digest: str
    kind: DuplicateKind
    similarity: float


def find_leaks(samples: Samples, split: Split, twins: Iterable[DuplicatePair]) -> tuple[Leak, ...]:
    """The leaks of test, then those of validation, each photo once with its best twin, in the order of ``samples``.

    Args:
        samples: all photos.
        split: which part each is in; photos without a part are left out.
        twins: of ``find_twins``; all copies of a photo count as its twins, and as the twins of its twins.
    """
    by_digest: defaultdict[str, list[Sample]] = defaultdict(list)
    for sample in samples.samples:
        if sample.id in split.subsets:
            by_digest[sample.digest].append(sample)
    near = _near(twins)
    leaks = []
    for part, seen_parts in SEEN.items():
        for sample in split.samples_in(samples, part):
            seen = [it for it in _twins_of(sample, near, by_digest) if split.subsets[it[1].id] in seen_parts]
            if seen:
                twin, other = max(seen, key=lambda it: (it[0].kind == "same bytes", it[0].similarity))
                same_label = sample.label == other.label
                leaks.append(Leak(sample.id, part, other.id, twin.kind, twin.similarity, same_label))
    return tuple(leaks)


def score_without_leaks(targets: Targets, predicted: NDArray[np.int64], leaked: NDArray[np.bool_]) -> LeakScores | None:
    """Accuracy on test with the photos that leaked and without them; None of no photos.

    Args:
        targets: true classes and groups of the N test photos.
        predicted: (N,) likeliest classes.
        leaked: (N,) which of them have a twin that was seen.
    """
    right, groups = np.asarray(targets.labels == predicted), targets.groups
    every = estimate_proportion(right, groups)
    if every is None:
        return None
    return LeakScores(int(leaked.sum()), every, estimate_proportion(right[~leaked], groups[~leaked]))


def _near(twins: Iterable[DuplicatePair]) -> Mapping[str, list[_Twin]]:
    """By digest, what is like it but not equal."""
    near: defaultdict[str, list[_Twin]] = defaultdict(list)
    for it in twins:
        first, second = (id_.partition(".")[0] for id_ in (it.first, it.second))
        if first != second:
            near[first].append(_Twin(second, it.kind, it.similarity))
            near[second].append(_Twin(first, it.kind, it.similarity))
    return near


def _twins_of(
    sample: Sample, near: Mapping[str, list[_Twin]], by_digest: Mapping[str, list[Sample]]
) -> Iterator[tuple[_Twin, Sample]]:
    """Every sample that shows the same, and how."""
    for twin in (_Twin(sample.digest, "same bytes", 1.0), *near.get(sample.digest, ())):
        for other in by_digest.get(twin.digest, ()):
            if other is not sample:
                yield twin, other
