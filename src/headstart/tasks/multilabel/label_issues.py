"""Label issues of samples with several labels: a label that is missing, or one too many.

Each label of a sample is a question of yes or no, and its quality is the probability of what was given, by heads that
had not seen the sample: its self-confidence. A sample's quality is an exponential moving average over its labels, from
the best to the worst, so that the worst weighs most and the others break ties (Thyagarajan, Snorrason, Northcutt &
Mueller, 2022, Identifying Incorrect Annotations in Multi-Label Classification Data, arXiv:2211.13895; the weight is
theirs).

A label is doubted where the other answer is likelier, and likelier too beside how likely each answer is on average
where it was given: these averages are the thresholds of confident learning (Northcutt, Jiang & Chuang, 2021, J. Artif.
Intell. Res. 70, 1373-1411), by which a rare label is not doubted wherever it stands only because it is rare.
"""

from collections.abc import Callable, Sequence

import numpy as np

from headstart.diagnostics.label_review import MOST_DOUBTS, Doubt, LabelSuspect
from headstart_runtime.arrays import Bools, Doubles, Floats
from headstart_runtime.tasks.task import Target, TargetArray

WEIGHT = 0.8  #: of the next worse label in the average
_LEAST = 1e-12  #: probability under which none is told from nothing


def find_label_set_issues(
    ids: Sequence[str],
    targets: TargetArray,
    probabilities: Floats,
    describe: Callable[[Target], str],
) -> tuple[LabelSuspect, ...]:
    """Return every sample of which a label is doubted, the worst first.

    Args:
        ids: of N samples.
        targets: (N, K) 1 there, 0 absent, -1 unknown; an unknown label is never doubted.
        probabilities: (N, K) that each label is there, each row by a model that was not fitted on that sample.
        describe: writes the target of a sample, a tuple of K, as a person does.
    """
    confidence = compute_self_confidence(targets, probabilities)
    doubted = find_doubted(targets, probabilities)
    quality = average_confidence(confidence)
    order = [row for row in np.argsort(quality, kind="stable").tolist() if doubted[row].any()]
    return tuple(
        _make_suspect(ids[row], targets[row], probabilities[row], confidence[row], doubted[row], describe)
        for row in order
    )


def compute_self_confidence(targets: TargetArray, probabilities: Floats) -> Doubles:
    """Return the probability of what was given, (N, K); 1 of labels that are unknown."""
    said = np.clip(probabilities.astype(np.float64), 0.0, 1.0)
    return np.asarray(np.where(targets == 1, said, np.where(targets == 0, 1 - said, 1.0)))


def average_confidence(confidence: Doubles) -> Doubles:
    """Return the quality of N samples, (N,): the moving average of their labels' (N, K), from the best to the worst."""
    best_first = -np.sort(-confidence, axis=1)
    quality: Doubles = best_first[:, 0].copy()
    for column in best_first[:, 1:].T:
        quality = WEIGHT * column + (1 - WEIGHT) * quality
    return quality


def find_doubted(targets: TargetArray, probabilities: Floats) -> Bools:
    """Return the labels (N, K) of which the other answer is likelier, by itself and beside what is usual."""
    yes = np.clip(probabilities.astype(np.float64), 0.0, 1.0)
    usual_yes, usual_no = (_average_given(targets == given, said) for given, said in ((1, yes), (0, 1 - yes)))
    favoured = (yes > 0.5) & (yes * usual_no > (1 - yes) * usual_yes)
    refused = (yes < 0.5) & ((1 - yes) * usual_yes > yes * usual_no)
    return np.asarray(((targets == 0) & favoured) | ((targets == 1) & refused))


def _average_given(given: Bools, said: Doubles) -> Doubles:
    """Return the mean (K,) of what is said where an answer was given; 1 of a label that never was given it."""
    count = given.sum(axis=0)
    return np.asarray(np.divide((said * given).sum(axis=0), count, out=np.ones(len(count)), where=count > 0))


def _make_suspect(
    id_: str,
    target: TargetArray,
    probabilities: Floats,
    confidence: Doubles,
    doubted: Bools,
    describe: Callable[[Target], str],
) -> LabelSuspect:
    columns = np.flatnonzero(doubted)
    columns = columns[np.argsort(confidence[columns], kind="stable")]
    likely = target.copy()
    likely[columns] = 1 - likely[columns]
    worst = float(confidence[columns[0]])
    return LabelSuspect(
        id=id_,
        given=describe(_to_target(target)),
        likely=describe(_to_target(likely)),
        given_probability=worst,
        likely_probability=1 - worst,
        doubts=tuple(
            Doubt(
                output=int(column),
                kind="missing" if target[column] == 0 else "too many",
                given=float(target[column]),
                expected=float(probabilities[column]),
                strength=float(
                    np.log(max(1 - confidence[column], _LEAST)) - np.log(max(float(confidence[column]), _LEAST))
                ),
            )
            for column in columns[:MOST_DOUBTS].tolist()
        ),
    )


def _to_target(row: TargetArray) -> Target:
    return tuple(int(value) for value in row)
