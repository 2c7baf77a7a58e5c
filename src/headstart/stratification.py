"""Groups of samples, each of several strata, spread over subsets so that every stratum is as even as it can be.

Iterative stratification: Sechidis, Tsoumakas & Vlahavas, 2011, On the Stratification of Multi-Label Data, ECML PKDD,
algorithm 1. The stratum with the fewest samples left is dealt with first, for later it could not be mended; each of its
samples goes where most of that stratum is still wanted, of equals where most samples are. Here whole groups are placed
in place of samples, those with most of the stratum first.
"""

import numpy as np

from headstart_runtime.arrays import Doubles, Ints

_EQUAL = 1e-9  #: difference between two subsets' wants that is rounding


def spread_groups(counts: Ints, sizes: Ints, wanted: Doubles, room: Doubles) -> Ints:
    """Return the subset of each group, (G,) in 0..S-1.

    Args:
        counts: (G, L) samples of each stratum in each group, in the order in which equal groups are taken.
        sizes: (G,) samples of each group.
        wanted: (S, L) samples of each stratum that each subset shall get.
        room: (S,) samples that each subset shall get.
    """
    wanted, room, largest = wanted.copy(), room.copy(), np.maximum(room, sizes.min(initial=1))
    subset = np.full(len(counts), -1, np.int64)
    left = counts.sum(axis=0)
    having = [np.flatnonzero(column) for column in counts.T]

    def place(group: int, wants: Doubles) -> None:
        """Put a group where ``wants`` is greatest, of equals where most room is, of these by turns."""
        able = np.flatnonzero(sizes[group] <= largest)
        able = able if len(able) else np.arange(len(room))
        best = able[wants[able] >= wants[able].max() - _EQUAL]
        best = best[room[best] >= room[best].max() - _EQUAL]
        chosen = int(best[group % len(best)])
        subset[group] = chosen
        wanted[chosen] -= counts[group]
        room[chosen] -= sizes[group]

    while (left > 0).any():
        stratum = int(np.argmin(np.where(left > 0, left, np.iinfo(np.int64).max)))
        waiting = having[stratum][subset[having[stratum]] < 0]
        for group in waiting[np.argsort(-counts[waiting, stratum], kind="stable")]:
            place(int(group), wanted[:, stratum])
            left -= counts[group]
    for group in np.flatnonzero(subset < 0):
        place(int(group), room)
    return subset
