"""Leakage: samples of test or validation whose near-duplicates lie in a subset that is learnt from or chosen on."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from headstart.data.samples import Sample, Samples, Subset
from headstart.data.split import Split
from headstart.diagnostics.distances import TargetDistances
from headstart.diagnostics.near_duplicates.search import DuplicateKind, DuplicatePair
from headstart.evaluation.grouping import Targets
from headstart.evaluation.intervals import Proportion, estimate_proportion
from headstart.evaluation.means import MeanScore, estimate_mean, estimate_mean_share, turn_mean
from headstart_runtime.arrays import Bools, Doubles, Ints

#: Subsets that a subset must not share samples with: the test is leaked into by all that the classifier came from.
SEEN = {Subset.TEST: (Subset.TRAIN, Subset.VALIDATION), Subset.VALIDATION: (Subset.TRAIN,)}


@dataclass(frozen=True, slots=True)
class Leak:
    """A sample that should be new, and the one most like it that is not."""

    held_out: str  #: id of a sample of test or validation
    subset: Subset  #: of that sample
    seen: str  #: id of its best duplicate, in train or, for a test sample, in validation
    kind: DuplicateKind
    similarity: float  #: as in ``DuplicatePair``
    same_label: bool  #: or nearly; False: one of the two is mislabelled, or both are hard to tell


@dataclass(frozen=True, slots=True)
class LeakScores:
    """Accuracy on test with and without the samples that leaked."""

    leaked: int  #: test samples
    with_leaks: Proportion  #: of all test samples, the share that is right
    without_leaks: Proportion | None  #: of those that are new; None where none is


@dataclass(frozen=True, slots=True)
class ScoredLeaks:
    """Mean score on test, of any kind, with and without the samples that leaked."""

    leaked: int  #: test samples
    with_leaks: MeanScore  #: of all test samples
    without_leaks: MeanScore | None  #: of those that are new; None where none is


@dataclass(frozen=True, slots=True)
class Leakage:
    """Leaks into test and validation."""

    leaks: tuple[Leak, ...]  #: those of test first
    scores: LeakScores | ScoredLeaks | None  #: None without a leak into test


@dataclass(frozen=True, slots=True)
class _Match:
    """A duplicate of a sample, by its contents."""

    digest: str
    kind: DuplicateKind
    similarity: float


def find_leaks(samples: Samples, split: Split, duplicates: Iterable[DuplicatePair]) -> tuple[Leak, ...]:
    """Return the leaks of test, then those of validation, in the order of ``samples``.

    Each sample is listed once, with its best duplicate.

    Args:
        samples: all samples.
        split: the subset of each; samples without one are left out.
        duplicates: of ``find_near_duplicates``; all copies of a sample count as its duplicates, and as those of its
            duplicates.
    """
    by_digest: defaultdict[str, list[Sample]] = defaultdict(list)
    for sample in samples.samples:
        if sample.id in split.subsets:
            by_digest[sample.digest].append(sample)
    near, found = _match_digests(samples, duplicates), []
    for subset, seen_subsets in SEEN.items():
        for sample in split.samples_in(samples, subset):
            matches = [
                (match, other)
                for match, other in _find_duplicates(sample, near, by_digest)
                if split.subsets[other.id] in seen_subsets
            ]
            if matches:
                match, other = max(matches, key=lambda both: (both[0].kind == "same bytes", both[0].similarity))
                found.append((sample.id, subset, other.id, match))
    same = TargetDistances(samples).are_same([(held_out, seen) for held_out, _, seen, _ in found])
    return tuple(
        Leak(held_out, subset, seen, match.kind, match.similarity, same_label)
        for (held_out, subset, seen, match), same_label in zip(found, same.tolist(), strict=True)
    )


def score_without_leaks(targets: Targets, predicted: Ints, leaked: Bools) -> LeakScores | None:
    """Return the accuracy on test with the samples that leaked and without them; None for no samples.

    Args:
        targets: true classes and groups of the N test samples.
        predicted: (N,) likeliest classes.
        leaked: (N,) which of them have a duplicate that was seen.
    """
    right, groups = np.asarray(targets.values == predicted), targets.groups
    every = estimate_proportion(right, groups)
    if every is None:
        return None
    return LeakScores(int(leaked.sum()), every, estimate_proportion(right[~leaked], groups[~leaked]))


def score_means_without_leaks(
    scores: Doubles, groups: Ints, leaked: Bools, *, greater: bool = True, share: bool = False
) -> ScoredLeaks | None:
    """Return the mean score on test with the samples that leaked and without them; None for no samples.

    Args:
        scores: (N,) of the test samples; greater is better, as ``ItemScores`` has them. NaN where one is not known.
        groups: (N,) any numbers.
        leaked: (N,) which of them have a duplicate that was seen.
        greater: whether the greater score is the better one as people read it; else signs are turned.
        share: whether scores lie in 0..1.
    """
    known = np.isfinite(scores)
    estimate = estimate_mean_share if share else estimate_mean
    every, new = (estimate(scores[rows], groups[rows]) for rows in (known, known & ~leaked))
    if every is None:
        return None
    if not greater:
        every, new = turn_mean(every), None if new is None else turn_mean(new)
    return ScoredLeaks(int((leaked & known).sum()), every, new)


def describe_leakage(leakage: Leakage) -> str:
    """Return how many leaks there are, for a person; empty where there is none."""
    count = len(leakage.leaks)
    return f"{count} leak{'s' * (count > 1)}" if count else ""


def _match_digests(samples: Samples, duplicates: Iterable[DuplicatePair]) -> Mapping[str, list[_Match]]:
    """Return, by digest, what is like a sample but not equal to it."""
    digests = {sample.id: sample.digest for sample in samples.samples}
    near: defaultdict[str, list[_Match]] = defaultdict(list)
    for pair in duplicates:
        first, second = digests[pair.first], digests[pair.second]
        if first != second:
            near[first].append(_Match(second, pair.kind, pair.similarity))
            near[second].append(_Match(first, pair.kind, pair.similarity))
    return near


def _find_duplicates(
    sample: Sample, near: Mapping[str, list[_Match]], by_digest: Mapping[str, list[Sample]]
) -> Iterator[tuple[_Match, Sample]]:
    """Yield every other sample that shows the same as this one, and how they match."""
    for match in (_Match(sample.digest, "same bytes", 1.0), *near.get(sample.digest, ())):
        for other in by_digest.get(match.digest, ()):
            if other is not sample:
                yield match, other
