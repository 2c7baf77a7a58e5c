"""What stands out about the photos themselves: flaws, classes that are taken for each other, rare classes.

A photo is flawed where it lies beyond a limit that holds for any photos and also far from the others of its set: brain
scans are dark by nature, and so is none of them by itself. Nothing is done about it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from headstart.arrays import Doubles
from headstart.data.samples import LedgerEntry, Samples
from headstart.diagnostics.near_duplicates.search import DuplicatePair
from headstart.evaluation.metrics import confusion_matrix
from headstart.modalities.image.stats import ImageStats

ImageIssueKind = Literal["blurred", "dark", "bright", "tiny", "odd shape", "near-constant", "repeated"]
Mask = NDArray[np.bool_]

FAR = 1.5  #: quartile distances beyond the quartiles: Tukey's fences (Exploratory Data Analysis, 1977, section 2D)
SOFT = 6.0  #: sharpness that no photo in focus is below, unless there is little in it to see
SMOOTH = 4.0  #: doublings by which coarse contrast exceeds fine detail in a photo that may be blurred
DARK, BRIGHT = 0.15, 0.85  #: mean brightness
EVEN = 0.01  #: spread of brightness and of each colour; the faintest photo that shows something has 0.028
NOTHING = 0.002  #: spread that is half a grey level
LONG, USUAL = 2.5, 2.0  #: longer edge over shorter one; times as long as most of the set
INPUT = 224  #: pixels along the edge of most networks' input
CONFUSABLE = 20  #: pairs of classes that are listed


@dataclass(frozen=True, slots=True)
class ImageIssue:
    """The photos of one flaw."""

    kind: ImageIssueKind
    limit: str  #: from where on a photo counts, in words
    ids: tuple[str, ...]  #: the worst first


@dataclass(frozen=True, slots=True)
class ConfusableClasses:
    """Two classes of which photos of one are taken for the other."""

    first: str
    second: str
    share: float  #: of their photos that are taken for the other of the two
    n: int  #: photos of both
    wrong: int  #: of them, how many are taken for the other


@dataclass(frozen=True, slots=True)
class DatasetIssues:
    """What stands out."""

    images: tuple[ImageIssue, ...]  #: those that some photo has
    counts: dict[str, int]  #: class -> photos
    imbalance: float  #: photos of the largest class for each one of the smallest
    confusable: tuple[ConfusableClasses, ...]  #: the highest share first, ``CONFUSABLE`` at most


def find_dataset_issues(
    samples: Samples,
    looks: ImageStats,
    twins: Sequence[DuplicatePair],
    labels: NDArray[np.int64],
    probabilities: NDArray[np.floating],
    *,
    known: Mask | None = None,
    edge: int = INPUT,
) -> DatasetIssues:
    """Looks at all photos.

    Args:
        samples: N photos and their ledger.
        looks: of them, in their order.
        twins: near-duplicates among them.
        labels: (N,) their classes, in the same order.
        probabilities: (N, C) what a classifier says of each that was not fitted on it.
        known: (N,) whether it had seen the class of each by other photos; all of them when not given. One of a class
            that it had not seen it must take for another, which says nothing of how alike the two are.
        edge: of the network's input, pixels.
    """
    told = np.ones(len(labels), bool) if known is None else known
    counts = np.bincount(labels, minlength=len(samples.classes))
    present = counts[counts > 0]
    flaws = [*_flaws(samples, looks, edge), _repeated(samples, twins)]
    return DatasetIssues(
        images=tuple(flaw for flaw in flaws if flaw.ids),
        counts={name: int(count) for name, count in zip(samples.classes, counts, strict=True)},
        imbalance=float(present.max() / present.min()) if len(present) else 1.0,
        confusable=_confusable(samples.classes, labels[told], probabilities[told]),
    )


def _flaws(samples: Samples, looks: ImageStats, edge: int) -> Iterator[ImageIssue]:
    """Flaws of single photos. One that shows nothing is that alone, and a tiny one is not blurred too."""
    if not len(samples):
        return
    ids = [sample.id for sample in samples.samples]
    width, height = _stored(samples)
    emptiness, even, even_limit = _even(looks)
    tiny, tiny_limit = _tiny(np.minimum(width, height), edge)
    softness, blurred, blurred_limit = _blurred(looks)
    light = looks.brightness.astype(np.float64)
    dark, dark_limit = _far_below(light, DARK)
    bright, unlit = _far_below(1 - light, 1 - BRIGHT)
    strange, odd, odd_limit = _odd(width, height)
    yield _flaw("blurred", blurred_limit, ids, blurred & ~tiny & ~even, softness)
    yield _flaw("dark", f"brightness below {dark_limit:.0%}, {_usual(light)}", ids, dark & ~even, -light)
    yield _flaw("bright", f"brightness above {1 - unlit:.0%}, {_usual(light)}", ids, bright & ~even, light)
    yield _flaw("tiny", tiny_limit, ids, tiny, -width * height)
    yield _flaw("odd shape", odd_limit, ids, odd, strange)
    yield _flaw("near-constant", even_limit, ids, even, emptiness)


def _flaw(kind: ImageIssueKind, limit: str, ids: Sequence[str], mask: Mask, badness: Doubles) -> ImageIssue:
    rows = np.flatnonzero(mask)
    return ImageIssue(kind, limit, tuple(ids[row] for row in rows[np.argsort(-badness[rows], kind="stable")]))


def _stored(samples: Samples) -> tuple[Doubles, Doubles]:
    """Width and height of every photo (N,), as stored."""
    entries: Mapping[str, LedgerEntry] = {entry.name: entry for entry in samples.ledger.entries}
    known = [entries[sample.name] for sample in samples.samples]
    return np.array([it.width for it in known], np.float64), np.array([it.height for it in known], np.float64)


def _far_below(light: Doubles, limit: float) -> tuple[Mask, float]:
    """Below a limit and the set's fence too, which is in stops, as exposure is; and where that ends."""
    stops = np.log2(np.maximum(light, 1 / 255))
    low, high = np.quantile(stops, (0.25, 0.75))
    end = min(limit, float(2 ** (low - FAR * (high - low))))
    return light < end, end


def _usual(values: Doubles) -> str:
    low, high = np.quantile(values, (0.25, 0.75))
    return f"where half of the photos have {low:.0%} to {high:.0%}"


def _even(looks: ImageStats) -> tuple[Doubles, Mask, str]:
    """How little there is to see in brightness and colours, whether too little, and the limit."""
    colour = looks.colour.reshape(len(looks), -1, 3).std(axis=1).max(axis=1)
    spread = np.maximum(looks.contrast, colour).astype(np.float64)
    end = max(NOTHING, min(EVEN, float(np.median(spread)) / 4))
    return -spread, spread < end, f"brightness and colours vary by less than {end:.1%}"


def _blurred(looks: ImageStats) -> tuple[Doubles, Mask, str]:
    """How soft each photo is, whether too much so, and the limit.

    Fine detail is held against coarse contrast: a sheet of glass on a grey table is in focus and has little of both.
    """
    coarse = np.log2(1 + np.square(255 * looks.contrast.astype(np.float64)))
    fine = looks.sharpness.astype(np.float64)
    softness = coarse - fine
    low, high = np.quantile(softness, (0.25, 0.75))
    fence = max(SMOOTH, high + FAR * (high - low))
    median = float(np.median(fine))
    end = max(0.0, min(SOFT, median - 2))
    limit = f"sharpness below {end:.1f}, where half of the photos have {median:.1f} or more"
    return softness, (softness > fence) & (fine < end), f"{limit}, and little fine detail for its contrast"


def _tiny(shorter: Doubles, edge: int) -> tuple[Mask, str]:
    """Enlarged twice or more for the network where others are not, or enlarged at all where others are four times it.

    Where all photos are small, none stands out.
    """
    median = float(np.median(shorter))
    end = max(min(edge / 2, median / 2), min(edge, median / 4))
    return shorter < end, f"shorter edge below {end:.0f} pixels, where half of the photos have {median:.0f} or more"


def _odd(width: Doubles, height: Doubles) -> tuple[Doubles, Mask, str]:
    """How far a photo's shape is from most of the set, whether too far, and the limit; upright and lying are alike."""
    long = np.maximum(width, height) / np.maximum(1, np.minimum(width, height))
    median = float(np.median(long))
    end = max(LONG, USUAL * median)
    return long, long > end, f"longer than {end:.1f} : 1, where most are {median:.1f} : 1"


def _repeated(samples: Samples, twins: Sequence[DuplicatePair]) -> ImageIssue:
    """The photos that another photo of their class, earlier in the order of names, shows already."""
    place = {sample.id: (index, sample.label) for index, sample in enumerate(samples.samples)}
    best: dict[str, float] = {}
    for twin in twins:
        first, second = sorted((twin.first, twin.second), key=lambda id_: place[id_][0])
        if place[first][1] == place[second][1]:
            best[second] = max(best.get(second, 0.0), twin.similarity)
    ids = sorted(best, key=lambda id_: (-best[id_], place[id_][0]))
    return ImageIssue("repeated", "shows what another photo of the same class shows already", tuple(ids))


def _confusable(
    classes: Sequence[str], labels: NDArray[np.int64], probabilities: NDArray[np.floating]
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
