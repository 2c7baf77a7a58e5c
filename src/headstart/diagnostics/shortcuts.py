"""Could the classes be told without looking at what is shown? Small classifiers are given a clue each, and no more.

A classifier goes by whatever tells the classes apart in the photos it is given: if all sick patients were photographed
in one room, it learns the room (Geirhos et al., 2020, Shortcut learning in deep neural networks, Nature Machine
Intelligence 2). A clue that tells the classes is no proof that it is used, nor a fault where it belongs to the class.

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
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from headstart.arrays import Floats, Ints
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
COMMON = 24  #: formats, sizes and cameras that a clue knows by name


@dataclass(frozen=True, slots=True)
class Shortcut:
    """How well the classes are told from one clue."""

    cue: Cue
    accuracy: float  #: balanced, cross-validated
    low: float  #: of its 95 % interval
    high: float
    chance: float  #: accuracy of a guess
    significant: bool  #: better than a guess beyond noise, with Bonferroni's correction for the three clues
    share_of_gain: float  #: of what the classifier is better than a guess, how much the clue is; above 1 it is better
    #: border: the middle of the photo tells the classes better, and the border adds nothing to the rest, both beyond
    #: chance, so that what is shown reaches into the border rather than that the border says something of its own
    subject_in_border: bool = False


def probe_shortcuts(
    samples: Sequence[Sample],
    entries: Mapping[str, LedgerEntry],
    looks: ImageStats,
    labels: Ints,
    groups: Ints,
    classifier_accuracy: float,
    seed: int,
) -> tuple[Shortcut, ...]:
    """Tells the classes from each clue by linear discriminants, cross-validated with groups kept together.

    Args:
        samples: N photos.
        entries: the ledger's entries by the photos' names.
        looks: of the photos, in their order.
        labels: (N,) their classes.
        groups: (N,) a number for each group.
        classifier_accuracy: balanced accuracy of what the clues are held against.
        seed: of the folds.

    Returns:
        The clues, each by itself; none where there are no two classes.
    """
    present, classes = np.unique(labels, return_inverse=True)
    if len(present) < 2:
        return ()
    clues: dict[Cue, Callable[[], Floats]] = {
        "border": lambda: _border(looks),
        "file": lambda: _file([entries[sample.name] for sample in samples]),
        "mean colour": lambda: _squared(looks.colour.mean(axis=(1, 2))),
    }

    def task_of(rows: Floats) -> TrainingSet:
        return TrainingSet(rows, classes.astype(np.int64), len(present), groups, True, seed)

    with threadpool_limits(1, "blas"):  # on so few columns threads wait for each other longer than they work
        found = {clue: _shortcut(clue, task_of(rows()), classifier_accuracy) for clue, rows in clues.items()}
        if found["border"].significant:
            found["border"] = replace(found["border"], subject_in_border=_is_shown(looks, task_of))
    return tuple(found.values())


def _is_shown(looks: ImageStats, task_of: Callable[[Floats], TrainingSet]) -> bool:
    """Whether the border tells less than the middle of the photo, and nothing that the rest does not tell."""
    border, middle, inside = _places(looks.colour.shape[1])
    tasks = [task_of(_patch(looks, cells)) for cells in (border, middle, inside, border | inside)]
    by_border, by_middle, by_inside, by_all = (_said(task).argmax(axis=1) == task.labels for task in tasks)
    return _better(by_middle, by_border, tasks[0]) and not _better(by_all, by_inside, tasks[0])


def _better(right: NDArray[np.bool_], other: NDArray[np.bool_], task: TrainingSet) -> bool:
    """Whether more of the photos (N,) are right, every class and every group counting the same, beyond two errors."""
    weight = 1 / np.bincount(task.labels, minlength=task.classes)[task.labels]
    gain = weight * (right.astype(np.float64) - other)
    by_group = np.bincount(np.unique(task.groups, return_inverse=True)[1], gain)
    return bool(by_group.sum() > SURE * np.sqrt(DEPENDENT * (by_group**2).sum()))


def _said(task: TrainingSet) -> Floats:
    """Probabilities (N, C) by discriminants that were not fitted on the photo."""
    return cross_val_predict(task, fit_lda, HeadSettings.model_validate({}), {"shrinkage": SHRINKAGE}, folds=FOLDS)


def _shortcut(clue: Cue, task: TrainingSet, classifier: float) -> Shortcut:
    chance = 1 / task.classes
    confusion = confusion_matrix(task.labels, _said(task).argmax(axis=1), task.classes)
    accuracy = balanced_accuracy(confusion)
    low, high = _interval(accuracy, task, 0.95)
    surely, _ = _interval(accuracy, task, 1 - 0.05 / len(get_args(Cue)))
    gain = max(0.0, accuracy - chance)
    share = gain / (classifier - chance) if classifier > chance else float(gain > 0)
    return Shortcut(clue, accuracy, low, high, chance, surely > chance, share)


def _interval(accuracy: float, task: TrainingSet, level: float) -> tuple[float, float]:
    """Wilson's, of as many photos as would make a plain accuracy as uncertain as the mean of the classes' recalls is.

    What counts is groups, for photos of one group are right or wrong together; and folds are not independent (Bengio &
    Grandvalet, 2004, J. Machine Learning Research 5), by a factor measured on real photos with shuffled labels.
    """
    pairs = np.unique(np.stack([task.labels, task.groups]), axis=1)[0]
    counts = np.bincount(pairs, minlength=task.classes)
    n = max(1, int(task.classes**2 / (1 / counts).sum() / DEPENDENT))
    interval = wilson_interval(round(accuracy * n), n, level)
    return min(interval.low, accuracy), max(interval.high, accuracy)


def _border(looks: ImageStats) -> Floats:
    """The outer ring of the coloured picture, (N, 28 * 3), and by how much and how evenly it is coloured."""
    return _patch(looks, _places(looks.colour.shape[1])[0])


def _patch(looks: ImageStats, cells: NDArray[np.bool_]) -> Floats:
    """Cells of the coloured picture, and by how much and how evenly they are coloured."""
    patch = looks.colour[:, cells]
    return np.hstack([patch.reshape(len(patch), -1), _squared(patch.mean(axis=1))[:, 3:], _squared(patch.std(axis=1))])


def _places(edge: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """The cells of the outer ring, 28 of 8 x 8; of a disc in the middle, 24; and all that are not of the ring."""
    inside = np.zeros((edge, edge), bool)
    inside[1:-1, 1:-1] = True
    away = np.arange(edge) - (edge - 1) / 2
    return ~inside, np.hypot(away[:, None], away) < DISC * edge, inside


def _file(entries: Sequence[LedgerEntry]) -> Floats:
    """What is known of a file unseen: its sizes, and by name the commonest formats, sizes and cameras."""
    width = np.log2(np.maximum(1, [entry.width for entry in entries]))
    height = np.log2(np.maximum(1, [entry.height for entry in entries]))
    sizes = _squared(np.stack([width + height, width - height, np.abs(width - height)], axis=1).astype(np.float32))
    names = (
        [entry.format for entry in entries],
        [f"{entry.width} x {entry.height}" for entry in entries],
        [str(entry.width) for entry in entries],
        [str(entry.height) for entry in entries],
        [entry.camera for entry in entries],
    )
    return np.hstack([sizes, *(_one_hot(values) for values in names)])


def _one_hot(names: Sequence[str]) -> Floats:
    """(N, k) 0 or 1: whether it is the commonest name, the next, ...; names that are met once say nothing."""
    common = [name for name, count in Counter(names).most_common(COMMON) if count > 1]
    place = {name: index for index, name in enumerate(common)}
    known = np.array([place.get(name, -1) for name in names])
    return np.asarray(known[:, None] == np.arange(len(common)), np.float32)


def _squared(rows: Floats) -> Floats:
    """(N, k) -> (N, k + k (k + 1) / 2): with all squares and products, so that a line becomes a conic."""
    centred = rows - rows.mean(axis=0)
    pairs = combinations_with_replacement(range(rows.shape[1]), 2)
    return np.stack([*rows.T, *(centred[:, a] * centred[:, b] for a, b in pairs)], axis=1).astype(np.float32)
