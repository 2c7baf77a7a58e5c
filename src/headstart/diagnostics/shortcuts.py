"""Shortcuts: cues other than what is shown that tell the classes. A small classifier is given each cue alone.

A classifier goes by whatever tells the classes apart in the items it is given: if all sick patients were photographed
in one room, it learns the room (Geirhos et al., 2020, Shortcut learning in deep neural networks, Nature Machine
Intelligence 2). A cue that tells the classes is no proof that it is used, nor a fault where it belongs to the class.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from threadpoolctl import threadpool_limits

from headstart.diagnostics.column_cues import find_telling_column
from headstart.evaluation.intervals import wilson_interval
from headstart.evaluation.metrics import balanced_accuracy, confusion_matrix
from headstart.heads.crossfit import cross_val_predict
from headstart.heads.head import TrainingSet
from headstart.heads.lda import fit_lda
from headstart.settings import HeadSettings
from headstart_runtime.arrays import Bools, Floats, Ints
from headstart_runtime.modalities.facets import Cue

FOLDS = 5
SHRINKAGE = 0.1  #: of the covariance; facts are few, items many
DEPENDENT = 1.6  #: times as large as a binomial's is the variance of a cross-validated accuracy
SURE = 2.0  #: standard errors of a paired difference
CHANCE = 0.5  #: balanced accuracy of a guess whether an item is of one class


@dataclass(frozen=True, slots=True)
class Shortcut:
    """Accuracy of the classes told from one cue alone."""

    cue: str  #: its name
    words: str  #: the cue, for a person
    accuracy: float  #: balanced, cross-validated
    low: float  #: of its 95 % interval
    high: float
    chance: float  #: accuracy of a guess
    significant: bool  #: better than a guess beyond noise, with Bonferroni's correction for all cues
    share_of_gain: (
        float  #: of what the classifier is better than a guess, how much the cue is; above 1 the cue is better
    )
    #: of a cue that is a part of each item: where the subject is tells the classes better, and the part adds nothing to
    #: the rest, both beyond chance, so that what is shown reaches into it rather than that it says something of its own
    reached_by_subject: bool = False


def probe_shortcuts(
    cues: Sequence[Cue],
    labels: Ints,
    groups: Ints,
    classifier_accuracy: float,
    seed: int,
    names: Sequence[str] = (),
) -> tuple[Shortcut, ...]:
    """Return how well each cue tells the classes, by linear discriminants, cross-validated with groups kept together.

    Args:
        cues: of N samples.
        labels: (N,) their classes.
        groups: (N,) a number for each group.
        classifier_accuracy: balanced accuracy of what the cues are compared with.
        seed: of the folds.
        names: of all classes.

    Returns:
        One record for each cue that has rows; none where there are no two classes. Of a cue whose columns are cues each
        by itself the record is of the one that tells one class from all others best.
    """
    present, classes = np.unique(labels, return_inverse=True)
    if len(present) < 2:
        return ()

    def make_training_set(rows: Floats) -> TrainingSet:
        return TrainingSet(rows, classes.astype(np.int64), len(present), groups, True, seed)

    with threadpool_limits(1, "blas"):  # on so few columns threads wait for each other longer than they work
        found: list[Shortcut] = []
        for cue in cues:
            rows = make_training_set(cue.make_rows())
            if not rows.features.shape[1]:
                continue
            if cue.name_columns is None:
                found.append(_probe_cue(cue, rows, len(cues), make_training_set, classifier_accuracy))
            elif probed := _probe_columns(cue, rows, len(cues), classifier_accuracy):
                shortcut, told = probed
                own = f" (for {names[present[told]]})" if names else ""
                found.append(replace(shortcut, words=f"{shortcut.words}{own}"))
        return tuple(found)


def _probe_cue(
    cue: Cue, rows: TrainingSet, cues: int, make_training_set: Callable[[Floats], TrainingSet], classifier: float
) -> Shortcut:
    predicted = _cross_validate(rows)
    chance = 1 / rows.outputs
    accuracy = balanced_accuracy(confusion_matrix(rows.targets, predicted, rows.outputs))
    low, high = _estimate_interval(accuracy, rows, 0.95)
    significant = _estimate_interval(accuracy, rows, 1 - 0.05 / cues)[0] > chance
    gain = max(0.0, accuracy - chance)
    share = gain / (classifier - chance) if classifier > chance else float(gain > 0)
    reached = False
    if significant and cue.make_surroundings is not None:
        around = cue.make_surroundings()
        by_subject, by_rest, by_whole = (
            _cross_validate(make_training_set(part)) == rows.targets
            for part in (around.subject, around.rest, around.whole)
        )
        reached = _is_better(by_subject, predicted == rows.targets, rows) and not _is_better(by_whole, by_rest, rows)
    return Shortcut(cue.name, cue.words, accuracy, low, high, chance, significant, share, reached)


def _probe_columns(cue: Cue, rows: TrainingSet, cues: int, classifier: float) -> tuple[Shortcut, int] | None:
    """Return how well one column alone tells one class, and that class; None where there is no column."""
    told = find_telling_column(rows.features, rows.targets, rows.groups, FOLDS, rows.seed)
    if told is None or cue.name_columns is None:
        return None
    others = rows.outputs - 1
    apart = replace(rows, targets=(rows.targets == told.target).astype(np.int64), outputs=2)
    low, high = _estimate_interval(told.accuracy, apart, 0.95)
    significant = _estimate_interval(told.accuracy, apart, 1 - 0.05 / cues)[0] > CHANCE
    by_classifier = (classifier + 1 - (1 - classifier) / others) / 2  # if its mistakes fall on all other classes alike
    gain = max(0.0, told.accuracy - CHANCE)
    share = gain / (by_classifier - CHANCE) if by_classifier > CHANCE else float(gain > 0)
    words = cue.name_columns()[told.column]
    return Shortcut(cue.name, words, told.accuracy, low, high, CHANCE, significant, share), told.target


def _is_better(right: Bools, other: Bools, rows: TrainingSet) -> bool:
    """Return whether more samples (N,) are right by two errors, every class and every group counting the same."""
    weight = 1 / np.bincount(rows.targets, minlength=rows.outputs)[rows.targets]
    gain = weight * (right.astype(np.float64) - other)
    by_group = np.bincount(np.unique(rows.groups, return_inverse=True)[1], gain)
    return bool(by_group.sum() > SURE * np.sqrt(DEPENDENT * (by_group**2).sum()))


def _cross_validate(rows: TrainingSet) -> Ints:
    """Return the classes (N,) that discriminants say which were not fitted on the sample."""
    settings = HeadSettings.model_validate({})
    probabilities = cross_val_predict(rows, fit_lda, settings, {"shrinkage": SHRINKAGE}, folds=FOLDS)
    return np.asarray(probabilities.argmax(axis=1))


def _estimate_interval(accuracy: float, rows: TrainingSet, level: float) -> tuple[float, float]:
    """Return Wilson's interval of a balanced accuracy.

    It is of as many samples as would make a plain accuracy as uncertain as the mean of the classes' recalls is. What
    counts is groups, for samples of one group are right or wrong together; and folds are not independent (Bengio &
    Grandvalet, 2004, J. Machine Learning Research 5), by a factor measured on real data with shuffled labels.
    """
    pairs = np.unique(np.stack([rows.targets, rows.groups]), axis=1)[0]
    counts = np.bincount(pairs, minlength=rows.outputs)
    n = max(1, int(rows.outputs**2 / (1 / counts).sum() / DEPENDENT))
    interval = wilson_interval(round(accuracy * n), n, level)
    return min(interval.low, accuracy), max(interval.high, accuracy)
