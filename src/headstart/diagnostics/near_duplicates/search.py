"""Near-duplicates: photos that show the same picture, re-encoded, resized, cropped, mirrored, exposed anew, shot twice.

Features and a small grey picture say which photos may be duplicates (``candidates``); aligning one with the other says
which are (``modalities.image.near_duplicates``); chains of duplicates are cut (``clusters``). Photos with too little
detail of their own are duplicates where their pixels are equal, not where they are alike.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import numpy as np
from threadpoolctl import threadpool_limits

from headstart import events
from headstart.arrays import Floats, Ints
from headstart.data.samples import Sample
from headstart.diagnostics.near_duplicates.candidates import compute_descriptors, estimate_centre, find_candidates
from headstart.diagnostics.near_duplicates.clusters import connect_pairs, reject_chains
from headstart.hardware import count_cores
from headstart.modalities.image.near_duplicates.detail import LEAST_DETAIL, TOO_LITTLE, measure_detail
from headstart.modalities.image.near_duplicates.score import DuplicateScorer
from headstart.modalities.image.stats import ImageStats

DuplicateKind = Literal["same bytes", "near"]
STAGE = "near-duplicates"  #: as the pipeline calls it


@dataclass(frozen=True, slots=True)
class DuplicatePair:
    """Two photos that show the same."""

    first: str  #: id of a sample
    second: str  #: id of a later sample
    kind: DuplicateKind
    similarity: float  #: 0.5 at the threshold, 1 for equal bytes


def find_near_duplicates(
    samples: Sequence[Sample],
    features: Floats,
    stats: ImageStats,
    *,
    listener: events.Listener = events.ignore,
) -> tuple[DuplicatePair, ...]:
    """Return all pairs of near-duplicates that are found, the surest first; of equal bytes the first photo with each.

    The order of the samples decides nothing but which photo of a pair is named first.

    Args:
        samples: N photos that decode.
        features: (N, D) rows of the final layer.
        stats: of the same photos in the same order.
        listener: is told of photos with too little detail, and of pairs left out because they only chain others.
    """
    order = {sample.id: place for place, sample in enumerate(samples)}
    firsts: dict[str, int] = {}
    for place, sample in enumerate(samples):
        firsts.setdefault(sample.digest, place)
    copies = [
        DuplicatePair(samples[firsts[sample.digest]].id, sample.id, "same bytes", 1.0)
        for place, sample in enumerate(samples)
        if firsts[sample.digest] != place
    ]
    # By digest, so that a random choice or the first of a tie does not depend on how files are named.
    places = np.array([firsts[digest] for digest in sorted(firsts)], np.int64)
    pairs, odds = _find_near(places, features, stats, listener)
    near = []
    for pair, log_odds in zip(pairs, odds, strict=True):
        first, second = sorted(places[pair])
        near.append(DuplicatePair(samples[first].id, samples[second].id, "near", _to_similarity(float(log_odds))))
    return tuple(sorted(copies + near, key=lambda pair: (-pair.similarity, order[pair.first], order[pair.second])))


def group_duplicates(duplicates: Iterable[DuplicatePair]) -> tuple[tuple[str, ...], ...]:
    """Return ids of photos that are duplicates of each other, directly or through others; the largest group first."""
    return connect_pairs((pair.first, pair.second) for pair in duplicates)


def _find_near(places: Ints, features: Floats, stats: ImageStats, listener: events.Listener) -> tuple[Ints, Floats]:
    """Return pairs (M, 2) of indices into ``places`` and their log-odds (M,)."""
    if len(places) < 2:
        return np.empty((0, 2), np.int64), np.empty(0, np.float32)
    listener(events.Progress(STAGE, 0, len(places)))
    detail = measure_detail(stats.grey, stats.colour)
    if few := int((detail[places] < LEAST_DETAIL).sum()):
        listener(events.Note(describe_low_detail(few, len(places))))
    scorer = DuplicateScorer(features, estimate_centre(features), stats.grey, stats.colour, places, detail)
    # Threads of our own on one BLAS thread each: BLAS's own are slower on small products, and spin where others work.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(count_cores()) as pool:
        candidates = find_candidates(compute_descriptors(features, stats.grey, scorer.centre, places), pool)
        odds = scorer.score(candidates, pool)
        pairs, odds = candidates[odds > 0], odds[odds > 0]
        kept = reject_chains(pairs, odds, len(places), lambda others: scorer.score(others, pool))
    if rejected := int((~kept).sum()):
        listener(
            events.Note(f"{rejected} pairs of near-duplicates only chain others to sets of unlike photos; left out")
        )
    listener(events.Progress(STAGE, len(places), len(places)))
    return pairs[kept], odds[kept]


def describe_low_detail(few: int, count: int) -> str:
    """Return the note on photos that have too little detail to be compared.

    Args:
        few: photos that have too little.
        count: of all photos.
    """
    who = "all photos have" if few == count else f"{few} of {count} photos {'has' if few == 1 else 'have'}"
    return (
        f"{who} {TOO_LITTLE} (drawings, blank or tiny pictures) to tell copies from look-alikes; there only equal "
        "pixels count as the same"
    )


def _to_similarity(log_odds: float) -> float:
    return round(float(1 / (1 + np.exp(-log_odds))), 4)
