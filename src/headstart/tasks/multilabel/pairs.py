"""Pairs of labels that are taken together more often than they are there together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from headstart.evaluation.grouping import group_sums, number_groups
from headstart.evaluation.paired import adjust_holm, binomial_p_value
from headstart_runtime.arrays import Bools, Ints

SIGNIFICANT_PAIR = 0.05  #: a corrected p below this is beyond chance


@dataclass(frozen=True, slots=True)
class OverusedPair:
    """Two labels that are taken together too often."""

    first: str
    second: str
    there: int  #: items that have both
    taken: int  #: items on which both are taken
    wrong: int  #: items on which both are taken and that do not have both
    missed: int  #: items that have both and on which not both are taken
    p: float  #: of as many more wrong than missed, one by one group, with Holm's correction over all pairs


def find_overused_pairs(
    targets: NDArray[np.integer], labels: Bools, names: Sequence[str], groups: Ints, most: int = 10
) -> tuple[OverusedPair, ...]:
    """Return pairs of labels that are taken together more often than chance explains, the most wrong ones first.

    If the two labels were taken together as often as they are there, an item would as likely be taken too much as too
    little: McNemar's test of the items that differ, of which a group counts once.

    Args:
        targets: (N, K) 1 there, 0 absent, -1 unknown.
        labels: (N, K) whether each is taken.
        names: of the labels.
        groups: (N,) which items belong together.
        most: pairs that are returned.
    """
    numbers, found = number_groups(groups), []
    known, there = targets >= 0, targets == 1
    for first in range(len(names) - 1):
        both_known = known[:, first, None] & known[:, first + 1 :]
        have = there[:, first, None] & there[:, first + 1 :]
        take = labels[:, first, None] & labels[:, first + 1 :] & both_known
        wrong, missed = take & ~have, have & ~take
        net = group_sums(wrong.astype(np.int64) - missed, numbers)
        more, fewer = (net > 0).sum(axis=0), (net < 0).sum(axis=0)
        found += [
            OverusedPair(
                names[first],
                names[first + 1 + place],
                there=int(have[:, place].sum()),
                taken=int(take[:, place].sum()),
                wrong=int(wrong[:, place].sum()),
                missed=int(missed[:, place].sum()),
                p=binomial_p_value(int(more[place]), int(fewer[place])) if more[place] > fewer[place] else 1.0,
            )
            for place in np.flatnonzero(take.any(axis=0) | have.any(axis=0)).tolist()
        ]
    corrected = adjust_holm([pair.p for pair in found]) if found else ()
    beyond = [
        replace(pair, p=p)
        for pair, p in zip(found, corrected, strict=True)
        if p < SIGNIFICANT_PAIR and pair.wrong > pair.missed
    ]
    return tuple(sorted(beyond, key=lambda pair: pair.missed - pair.wrong)[:most])
