"""Near-duplicates: items that show the same, re-encoded, cropped, exposed anew, reworded.

Descriptors say which items may be duplicates (``candidates``), the modality's evidence which are (its ``duplicates``);
chains of duplicates are cut (``clusters``).
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from threadpoolctl import threadpool_limits

from headstart import events
from headstart.data.samples import Sample
from headstart.diagnostics.near_duplicates.candidates import find_candidates
from headstart.diagnostics.near_duplicates.clusters import connect_pairs, reject_chains
from headstart_runtime.arrays import Floats, Ints
from headstart_runtime.hardware import count_cores
from headstart_runtime.modalities.facets import PairScorer
from headstart_runtime.modalities.item import Noun
from headstart_runtime.modalities.modality import Modality

DuplicateKind = Literal["same bytes", "near"]
STAGE = "near-duplicates"  #: as the pipeline calls it


@dataclass(frozen=True, slots=True)
class DuplicatePair:
    """Two items that show the same."""

    first: str  #: id of a sample
    second: str  #: id of a later sample
    kind: DuplicateKind
    similarity: float  #: 0.5 at the threshold, 1 for equal bytes


@dataclass(frozen=True, slots=True)
class NearDuplicates:
    """The near-duplicates of a data set."""

    pairs: tuple[DuplicatePair, ...]  #: the surest first; of equal bytes the first item with each
    note: str = ""  #: that more may be there than could be found, and why


def find_near_duplicates(
    samples: Sequence[Sample],
    features: Floats,
    stats: Any,
    modality: Modality,
    *,
    listener: events.Listener = events.ignore,
) -> NearDuplicates:
    """Return all pairs of near-duplicates that are found; of equal bytes alone where the modality knows no others.

    The order of the samples decides nothing but which one of a pair is named first.

    Args:
        samples: N samples that decode.
        features: (N, D) rows of the final layer.
        stats: of the same samples in the same order, as the modality has them; None where it has none.
        modality: of the samples.
        listener: is told what could not be compared, and of pairs left out because they only chain others.
    """
    order = {sample.id: place for place, sample in enumerate(samples)}
    firsts: dict[str, int] = {}
    for place, sample in enumerate(samples):
        firsts.setdefault(sample.digest, place)
    pairs = [
        DuplicatePair(samples[firsts[sample.digest]].id, sample.id, "same bytes", 1.0)
        for place, sample in enumerate(samples)
        if firsts[sample.digest] != place
    ]
    # By digest, so that a random choice or the first of a tie does not depend on how files are named.
    places = np.array([firsts[digest] for digest in sorted(firsts)], np.int64)
    evidence, note = modality.duplicates, ""
    if evidence is None:
        note = f"near-duplicates are not looked for among {modality.noun.many}; only equal bytes count as the same"
        listener(events.Note(note))
    elif len(places) > 1:
        scorer = evidence.make_scorer(features, stats, places)
        note = scorer.note()
        for pair, log_odds in _find_near(scorer, note, modality.noun, len(places), listener):
            first, second = sorted(places[pair])
            pairs.append(DuplicatePair(samples[first].id, samples[second].id, "near", _to_similarity(log_odds)))
    pairs.sort(key=lambda pair: (-pair.similarity, order[pair.first], order[pair.second]))
    return NearDuplicates(tuple(pairs), note)


def group_duplicates(duplicates: Iterable[DuplicatePair]) -> tuple[tuple[str, ...], ...]:
    """Return ids of items that are duplicates of each other, directly or through others; the largest group first."""
    return connect_pairs((pair.first, pair.second) for pair in duplicates)


def _find_near(
    scorer: PairScorer, note: str, noun: Noun, count: int, listener: events.Listener
) -> list[tuple[Ints, float]]:
    """Return pairs of the ``count`` items that a scorer compares, (2,) each, with their log-odds."""
    listener(events.Progress(STAGE, 0, count, noun.many))
    if note:
        listener(events.Note(note))
    # Threads of our own on one BLAS thread each: BLAS's own are slower on small products, and spin where others work.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(count_cores()) as pool:
        candidates = find_candidates(scorer.describe(), pool)
        odds = scorer.score(candidates, pool)
        pairs, odds = candidates[odds > 0], odds[odds > 0]
        kept = reject_chains(pairs, odds, count, lambda others: scorer.score(others, pool))
    if rejected := int((~kept).sum()):
        text = f"{rejected} pairs of near-duplicates only chain others to sets of unlike {noun.many}; left out"
        listener(events.Note(text))
    listener(events.Progress(STAGE, count, count, noun.many))
    return list(zip(pairs[kept], map(float, odds[kept]), strict=True))


def _to_similarity(log_odds: float) -> float:
    return round(float(1 / (1 + np.exp(-log_odds))), 4)
