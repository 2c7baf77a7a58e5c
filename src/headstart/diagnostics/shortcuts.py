"""Shortcuts: cues other than what is shown that tell the classes. A small classifier is given each cue alone.

A classifier goes by whatever tells the classes apart in the photos it is given: if all sick patients were photographed
in one room, it learns the room (Geirhos et al., 2020, Shortcut learning in deep neural networks, Nature Machine
Intelligence 2). A cue that tells the classes is no proof that it is used, nor a fault where it belongs to the class.

Where what is shown fills the photo, its border is a part of that: the strokes of a digit reach there. Then the middle
of the photo tells the classes better, and the border adds nothing to the rest; of backgrounds, frames and stamps either
is otherwise. On photos of four collections border and middle tell the classes as well as each other (.72 and .72 of
brain scans, .66 and .67, .58 and .57, .51 and .45), of handwritten digits .78 and .94; a stamp planted in one corner of
70 % of the digits lifts the border to .88 only, but the whole to .978 where without the border it is .956.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement
from typing import Literal, get_args

import numpy as np
from threadpoolctl import threadpool_limits

from headstart.arrays import Bools, Floats, Ints
from headstart.data.samples import LedgerEntry, Sample
from headstart.evaluation.intervals import wilson_interval
from headstart.evaluation.metrics import balanced_accuracy, confusion_matrix
from headstart.heads.crossfit import cross_val_predict
from headstart.heads.head import TrainingSet
from headstart.heads.lda import fit_lda
from headstart.modalities.image.stats import ImageStats
from headstart.settings import HeadSettings

Cue = Literal["border", "file", "mean colour"]

FOLDS = 5
SHRINKAGE = 0.1  #: of the covariance; facts are few, photos many
DEPENDENT = 1.6  #: times as large as a binomial's is the variance of a cross-validated accuracy
SURE = 2.0  #: standard errors of a paired difference
DISC = 0.33  #: radius of the middle, in edges of the photo: as many cells as the border has, or a few less
COMMON = 24  #: formats, sizes and cameras that are known by name


@dataclass(frozen=True, slots=True)
class Shortcut:
    """Accuracy of the classes told from one cue alone."""

    cue: Cue
    accuracy: float  #: balanced, cross-validated
    low: float  #: of its 95 % interval
    high: float
    chance: float  #: accuracy of a guess
    significant: bool  #: better than a guess beyond noise, with Bonferroni's correction for the three cues
    share_of_gain: (
        float  #: of what the classifier is better than a guess, how much the cue is; above 1 the cue is better
    )
    #: border: the middle of the photo tells the classes better, and the border adds nothing to the rest, both beyond
    #: chance, so that what is shown reaches into the border rather than that the border says something of its own
    subject_in_border: bool = False


def probe_shortcuts(
    samples: Sequence[Sample],
    entries: Mapping[str, LedgerEntry],
    stats: ImageStats,
    labels: Ints,
    groups: Ints,
    classifier_accuracy: float,
    seed: int,
) -> tuple[Shortcut, ...]:
    """Return how well each cue tells the classes, by linear discriminants, cross-validated with groups kept together.

    Args:
        samples: N photos.
        entries: the ledger's entries by the photos' names.
        stats: of the photos, in their order.
        labels: (N,) their classes.
        groups: (N,) a number for each group.
        classifier_accuracy: balanced accuracy of what the cues are compared with.
        seed: of the folds.

    Returns:
        One record for each cue; none where there are no two classes.
    """
    present, classes = np.unique(labels, return_inverse=True)
    if len(present) < 2:
        return ()
    cues: dict[Cue, Callable[[], Floats]] = {
        "border": lambda: _describe_border(stats),
        "file": lambda: _describe_files([entries[sample.name] for sample in samples]),
        "mean colour": lambda: _add_products(stats.colour.mean(axis=(1, 2))),
    }

    def make_training_set(rows: Floats) -> TrainingSet:
        return TrainingSet(rows, classes.astype(np.int64), len(present), groups, True, seed)

    with threadpool_limits(1, "blas"):  # on so few columns threads wait for each other longer than they work
        found = {
            cue: _score_cue(cue, make_training_set(describe()), classifier_accuracy) for cue, describe in cues.items()
        }
        if found["border"].significant:
            found["border"] = replace(found["border"], subject_in_border=_reaches_border(stats, make_training_set))
    return tuple(found.values())


def _reaches_border(stats: ImageStats, make_training_set: Callable[[Floats], TrainingSet]) -> bool:
    """Return whether the border tells less than the middle of the photo, and nothing that the rest does not tell."""
    border, middle, inside = _split_cells(stats.colour.shape[1])
    rows = [make_training_set(_describe_patch(stats, cells)) for cells in (border, middle, inside, border | inside)]
    by_border, by_middle, by_inside, by_all = (_cross_validate(it).argmax(axis=1) == it.targets for it in rows)
    return _is_better(by_middle, by_border, rows[0]) and not _is_better(by_all, by_inside, rows[0])


def _is_better(right: Bools, other: Bools, rows: TrainingSet) -> bool:
    """Return whether more photos (N,) are right by two errors, every class and every group counting the same."""
    weight = 1 / np.bincount(rows.targets, minlength=rows.outputs)[rows.targets]
    gain = weight * (right.astype(np.float64) - other)
    by_group = np.bincount(np.unique(rows.groups, return_inverse=True)[1], gain)
    return bool(by_group.sum() > SURE * np.sqrt(DEPENDENT * (by_group**2).sum()))


def _cross_validate(rows: TrainingSet) -> Floats:
    """Return probabilities (N, C) by discriminants that were not fitted on the photo."""
    return cross_val_predict(rows, fit_lda, HeadSettings.model_validate({}), {"shrinkage": SHRINKAGE}, folds=FOLDS)


def _score_cue(cue: Cue, rows: TrainingSet, classifier: float) -> Shortcut:
    chance = 1 / rows.outputs
    confusion = confusion_matrix(rows.targets, _cross_validate(rows).argmax(axis=1), rows.outputs)
    accuracy = balanced_accuracy(confusion)
    low, high = _estimate_interval(accuracy, rows, 0.95)
    surely, _ = _estimate_interval(accuracy, rows, 1 - 0.05 / len(get_args(Cue)))
    gain = max(0.0, accuracy - chance)
    share = gain / (classifier - chance) if classifier > chance else float(gain > 0)
    return Shortcut(cue, accuracy, low, high, chance, surely > chance, share)


def _estimate_interval(accuracy: float, rows: TrainingSet, level: float) -> tuple[float, float]:
    """Return Wilson's interval of a balanced accuracy.

    It is of as many photos as would make a plain accuracy as uncertain as the mean of the classes' recalls is. What
    counts is groups, for photos of one group are right or wrong together; and folds are not independent (Bengio &
    Grandvalet, 2004, J. Machine Learning Research 5), by a factor measured on real photos with shuffled labels.
    """
    pairs = np.unique(np.stack([rows.targets, rows.groups]), axis=1)[0]
    counts = np.bincount(pairs, minlength=rows.outputs)
    n = max(1, int(rows.outputs**2 / (1 / counts).sum() / DEPENDENT))
    interval = wilson_interval(round(accuracy * n), n, level)
    return min(interval.low, accuracy), max(interval.high, accuracy)


def _describe_border(stats: ImageStats) -> Floats:
    """Return the outer ring of the coloured picture, (N, 28 * 3), and by how much and how evenly it is coloured."""
    return _describe_patch(stats, _split_cells(stats.colour.shape[1])[0])


def _describe_patch(stats: ImageStats, cells: Bools) -> Floats:
    """Return cells of the coloured picture, and by how much and how evenly they are coloured."""
    patch = stats.colour[:, cells]
    return np.hstack(
        [patch.reshape(len(patch), -1), _add_products(patch.mean(axis=1))[:, 3:], _add_products(patch.std(axis=1))]
    )


def _split_cells(edge: int) -> tuple[Bools, Bools, Bools]:
    """Return the cells of the outer ring, 28 of 8 x 8; of a disc in the middle, 24; and all but the ring."""
    inside = np.zeros((edge, edge), bool)
    inside[1:-1, 1:-1] = True
    away = np.arange(edge) - (edge - 1) / 2
    return ~inside, np.hypot(away[:, None], away) < DISC * edge, inside


def _describe_files(entries: Sequence[LedgerEntry]) -> Floats:
    """Return what is known of files without their photos: sizes, and the commonest formats, sizes and cameras."""
    widths = [entry.properties["width"] for entry in entries]
    heights = [entry.properties["height"] for entry in entries]
    width, height = np.log2(np.maximum(1, widths)), np.log2(np.maximum(1, heights))
    sizes = _add_products(np.stack([width + height, width - height, np.abs(width - height)], axis=1).astype(np.float32))
    names = (
        [entry.format for entry in entries],
        [f"{across} x {down}" for across, down in zip(widths, heights, strict=True)],
        [str(across) for across in widths],
        [str(down) for down in heights],
        [entry.properties.get("camera", "") for entry in entries],
    )
    return np.hstack([sizes, *(_encode_one_hot(values) for values in names)])


def _encode_one_hot(names: Sequence[str]) -> Floats:
    """Return whether each name is the commonest, the next, ...: (N, k) of 0 or 1; names that are met once have none."""
    common = [name for name, count in Counter(names).most_common(COMMON) if count > 1]
    place = {name: index for index, name in enumerate(common)}
    known = np.array([place.get(name, -1) for name in names])
    return np.asarray(known[:, None] == np.arange(len(common)), np.float32)


def _add_products(rows: Floats) -> Floats:
    """Return rows (N, k) with all squares and products, (N, k + k (k + 1) / 2), so that a line becomes a conic."""
    centred = rows - rows.mean(axis=0)
    pairs = combinations_with_replacement(range(rows.shape[1]), 2)
    return np.stack([*rows.T, *(centred[:, a] * centred[:, b] for a, b in pairs)], axis=1).astype(np.float32)
