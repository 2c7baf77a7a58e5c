"""Placement of groups whose samples are of several strata each: iterative stratification, in an order of content.

See ``stratification``. The seed and the content of the groups decide between equals, as in ``placement``.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from headstart.data.placement import GroupCounts, Placement, make_order
from headstart.data.samples import Subset
from headstart.stratification import spread_groups
from headstart_runtime.arrays import Doubles, Ints


def place_label_groups(
    groups: Sequence[GroupCounts],
    shares: Mapping[Subset, float],
    *,
    seed: int,
    held: Mapping[Subset, Counter[int]],
    sizes: Mapping[Subset, int],
) -> Placement:
    """Return a subset for every group, so that each has its share of the samples of each stratum.

    A stratum of two groups or more is in train and in the first of the other subsets, one of three in all of them, as
    far as other strata of these groups allow; nothing is refused where it is not.

    Args:
        groups: in any order.
        shares: of TEST and VALIDATION, or of VALIDATION alone, among all samples; TRAIN gets the rest.
        seed: another seed, another order.
        held: samples of each stratum that the subsets have already.
        sizes: samples that the subsets have already.
    """
    ordered = sorted(groups, key=make_order(seed, 0))
    subsets = [Subset.TRAIN, *shares]
    strata = 1 + max(
        (number for some in (*held.values(), *(one.counts for one in ordered)) for number in some), default=0
    )
    counts = np.array([_count_row(group.counts, strata) for group in ordered], np.int64).reshape(len(ordered), strata)
    have = np.array([_count_row(held.get(subset, {}), strata) for subset in subsets], np.int64)
    size = np.array([group.size for group in ordered], np.int64)
    wanted = _share_strata(counts.sum(axis=0) + have.sum(axis=0), (counts > 0).sum(axis=0), list(shares.values()))
    total = int(size.sum()) + sum(sizes.get(subset, 0) for subset in subsets)
    rest = [max(1.0, share * total) for share in shares.values()]
    room = np.array([total - sum(rest), *rest]) - [sizes.get(subset, 0) for subset in subsets]
    placed = spread_groups(counts, size, wanted - have, room)
    _fill_empty(placed, size, [sizes.get(subset, 0) > 0 for subset in subsets])
    found = {group.key: subsets[number] for group, number in zip(ordered, placed.tolist(), strict=True)}
    return Placement(found, {})


def _fill_empty(placed: Ints, sizes: Ints, filled: Sequence[bool]) -> None:
    """Give each subset without a sample the smallest group of the subset that has most groups; in place.

    Args:
        placed: (G,) subset of each group.
        sizes: (G,) samples of each group.
        filled: whether each subset has samples already.
    """
    for number, full in enumerate(filled):
        counts = np.bincount(placed, minlength=len(filled))
        if not full and not counts[number] and counts.max() > 1:
            able = np.flatnonzero(placed == counts.argmax())
            placed[able[sizes[able].argmin()]] = number


def _share_strata(totals: Ints, groups: Ints, shares: Sequence[float]) -> Doubles:
    """Return the samples of each stratum that each subset shall get, (S, L); of train first.

    Args:
        totals: (L,) samples of each stratum.
        groups: (L,) groups that are to be placed and have some.
        shares: of the subsets but train.
    """
    rest = np.array([np.minimum(np.maximum(1.0, share * totals), totals) for share in shares])
    wanted = np.concatenate([(totals - rest.sum(axis=0))[None], rest])
    for number in np.flatnonzero(groups <= len(shares)):  # too few for all: train first, then in the order of subsets
        wanted[:, number] = 0
        able = max(1, int(groups[number]))
        wanted[:able, number] = totals[number] / able
    return np.asarray(wanted, np.float64)


def _count_row(counts: Mapping[int, int], strata: int) -> list[int]:
    return [counts.get(number, 0) for number in range(strata)]
