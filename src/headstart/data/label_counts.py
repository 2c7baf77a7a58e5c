"""Counts of what samples are of: of one stratum each, such as a class, or of several labels, none and unknown ones."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from headstart.data.samples import Samples, Subset
from headstart.tasks.facets import Strata
from headstart_runtime.arrays import Bools

MOST_PAIRS = 5  #: that are told


@dataclass(frozen=True, slots=True)
class LabelPair:
    """Two labels that samples have together."""

    first: str
    second: str
    count: int  #: samples that have both


@dataclass(frozen=True, slots=True)
class LabelCounts:
    """The usable samples of each stratum, in order, and how labels go together."""

    usable: Mapping[str, int]  #: stratum -> samples
    subsets: Mapping[Subset, Mapping[str, int]]  #: the same of each given subset that has samples
    unknown: Mapping[str, int]  #: label -> samples of which it is not known; empty where all is known
    several: int = 0  #: samples of several labels
    none: int = 0  #: samples of none
    pairs: tuple[LabelPair, ...] = ()  #: the most frequent ones first


def count_by_label(samples: Samples) -> LabelCounts:
    """Return how many samples are of what."""
    strata = samples.stratify()
    members = strata.membership
    given = [sample.subset for sample in samples.samples]
    inside = {subset: np.array([it is subset for it in given], bool) for subset in Subset}
    each = members.sum(axis=1)
    return LabelCounts(
        _name_counts(strata, members),
        {subset: _name_counts(strata, members[rows]) for subset, rows in inside.items() if rows.any()},
        samples.task.targets.count_unknown(samples.space, samples.targets) if samples.samples else {},
        int((each > 1).sum()),
        int((each == 0).sum()),
        _find_pairs(strata, members) if strata.members is not None else (),
    )


def _name_counts(strata: Strata, members: Bools) -> dict[str, int]:
    return dict(zip(strata.names, members.sum(axis=0).tolist(), strict=True))


def _find_pairs(strata: Strata, members: Bools) -> tuple[LabelPair, ...]:
    """Return the pairs that most samples have together."""
    together = np.triu(members.astype(np.int64).T @ members.astype(np.int64), 1)
    places = np.argsort(-together, axis=None, kind="stable")[:MOST_PAIRS]
    found = [np.unravel_index(int(place), together.shape) for place in places]
    return tuple(
        LabelPair(strata.names[one], strata.names[other], int(together[one, other]))
        for one, other in found
        if together[one, other]
    )
