"""Coarse alignment of small grey pictures: every window of a grid, by matrix products."""

from functools import cache

import numpy as np

from headstart.modalities.image.near_duplicates.fine_align import (
    Alignment,
    extract_details,
    normalise_details,
    sample_windows,
)
from headstart_runtime.arrays import Floats, Ints

SCALES = (0.88, 0.94, 1.0, 1.064, 1.136)  #: of the window; a 90 % crop makes 0.9 or 1.11
SHIFTS = (-0.08, -0.04, 0.0, 0.04, 0.08)  #: of the window's centre, as a share of the edge
WINDOWS = len(SHIFTS) ** 2  #: of one scale
POINTS = 8  #: along an edge at which windows are compared
DEGREE = 2  #: of the polynomial that is taken away as smooth
STARTS = 3  #: windows that are given for each pair
BLOCK, MOST = 512, 16  #: photos whose windows are in memory at a time, 16 MB; pairs of one of them at a time


def align_coarsely(grey: Floats, pairs: Ints) -> tuple[Alignment, ...]:
    """Return the best windows of the grid in which the second picture of each pair may lie in the first.

    There are ``STARTS`` of each pair, each of another scale; the best first.

    Args:
        grey: (N, G, G) with even G.
        pairs: (M, 2) indices into grey, in rising order of the first.
    """
    detail = np.empty((len(pairs), len(SCALES)), np.float32)
    found = np.empty((len(pairs), len(SCALES)), np.int64)
    maps, places = _build_grid(grey.shape[1] // 2)
    small = _halve(grey)
    inner = maps[SCALES.index(1.0) * WINDOWS + WINDOWS // 2].T
    templates = np.stack(
        [normalise_details(small @ inner), normalise_details(_halve(grey[:, :, ::-1]) @ inner)], axis=1
    )
    flat = maps.reshape(-1, maps.shape[-1]).T
    owners, owner, turn = _assign_turns(pairs[:, 0])
    for begin in range(0, len(owners), BLOCK):
        rows = slice(*np.searchsorted(owner, [begin, begin + BLOCK]))
        windows = normalise_details((small[owners[begin : begin + BLOCK]] @ flat).reshape(-1, len(maps), POINTS**2))
        batch = np.zeros((len(windows), turn[rows].max() + 1, 2, POINTS**2), np.float32)
        batch[owner[rows] - begin, turn[rows]] = templates[pairs[rows, 1]]
        agree = batch.reshape(len(windows), -1, POINTS**2) @ windows.swapaxes(1, 2)
        own = agree.reshape(*batch.shape[:3], len(SCALES), WINDOWS)[owner[rows] - begin, turn[rows]]
        by_scale = own.swapaxes(1, 2).reshape(len(own), len(SCALES), 2 * WINDOWS)
        found[rows], detail[rows] = by_scale.argmax(axis=2), by_scale.max(axis=2)
    side, window = np.divmod(found, WINDOWS)
    where = places[np.arange(len(SCALES)) * WINDOWS + window]
    ranked, each = np.argsort(-detail, axis=1, kind="stable")[:, :STARTS], np.arange(len(pairs))
    return tuple(Alignment(detail[each, scale], where[each, scale], side[each, scale] == 1) for scale in ranked.T)


def _assign_turns(first: Ints) -> tuple[Ints, Ints, Ints]:
    """Return the first photos of pairs, each for ``MOST`` pairs at most; for each pair, which of them, and its turn."""
    _, starts, counts = np.unique(first, return_index=True, return_counts=True)
    rank = np.arange(len(first)) - np.repeat(starts, counts)
    opens = rank % MOST == 0
    return first[opens], np.cumsum(opens) - 1, rank % MOST


@cache
def _build_grid(edge: int) -> tuple[Floats, Floats]:
    """Return the details of every window as linear maps, (T, POINTS**2, edge**2), and places (T, 3), scale by scale."""
    places = np.array([(scale, right, down) for scale in SCALES for down in SHIFTS for right in SHIFTS], np.float32)
    dots = np.eye(edge * edge, dtype=np.float32).reshape(-1, edge, edge)
    maps = [extract_details(sample_windows(dots, np.tile(place, (len(dots), 1)), POINTS), DEGREE).T for place in places]
    return np.stack(maps), places


def _halve(grey: Floats) -> Floats:
    """Return pictures (N, G, G) at half the size, means over 2 x 2: (N, (G/2)**2)."""
    halves = grey[:, ::2] + grey[:, 1::2]
    return np.asarray((halves[:, :, ::2] + halves[:, :, 1::2]).reshape(len(grey), -1) / 4, np.float32)
