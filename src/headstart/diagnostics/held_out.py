"""Answers to samples by heads on frozen features that were not fitted on them, for any task: labels are held to these.

Heads on the last layers answer together where that is better, as ``tasks.classification.label_issues`` found it to be
for classes: a wrong label stands out where the head is right. Numbers are often told by earlier layers, so a head on
all of them joined is tried too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from headstart.data.groups import encode_groups
from headstart.data.samples import Samples
from headstart.evaluation.grouping import Targets
from headstart.heads.head import TrainingSet
from headstart.heads.threads import limit_to_idle_threads
from headstart_runtime.arrays import Floats
from headstart_runtime.tasks.task import Task

LAYERS = 3  #: last ones of a network that may answer together
WIDEST = 4096  #: features of all layers joined; of more, heads take too long for what they bring


@dataclass(frozen=True, slots=True)
class UnseenAnswers:
    """Raw outputs for samples by heads that had not seen them, and whose they are."""

    outputs: Floats  #: (N, K)
    sets: tuple[int, ...]  #: the training sets whose heads answer together


def make_label_sets(
    samples: Samples, layers: Sequence[str], rows: Callable[[str], Floats], seed: int
) -> list[TrainingSet]:
    """Return samples and their targets as features of a network's last layers, the last layer first.

    Behind ``LAYERS`` of them all layers stand joined, unless that is too wide or there is but one.

    Args:
        samples: N samples.
        layers: names of all the network's layers, from the input on.
        rows: gives features (N, D) of a layer, in the samples' order.
        seed: of the folds.
    """
    groups, targets = encode_groups(samples.samples), samples.targets
    outputs = samples.task.count_outputs(samples.space)
    features = [rows(layer) for layer in list(layers)[: -LAYERS - 1 : -1]]
    if len(layers) > 1:
        every = [*features, *(rows(layer) for layer in list(layers)[: -LAYERS or None])]
        joined = [np.concatenate(every, axis=1)] if sum(own.shape[1] for own in every) <= WIDEST else []
        features += joined * (len(features) == LAYERS)
    return [TrainingSet(own, targets, outputs, groups, balanced=False, seed=seed) for own in features]


def predict_held_out_answers(task: Task, training_sets: Sequence[TrainingSet], settings: Any) -> Floats:
    """Return raw outputs (N, K) for each sample by the task's quick head, fitted without the sample and its group.

    See ``answer_held_out``.
    """
    return answer_held_out(task, training_sets, settings).outputs


def answer_held_out(
    task: Task, training_sets: Sequence[TrainingSet], settings: Any, sets: tuple[int, ...] | None = None
) -> UnseenAnswers:
    """Return answers to each sample by the task's quick head, fitted without the sample and its group.

    Tried are the last layer, the mean of the last two, of the last three, and all layers joined; the lowest mean loss
    on samples left out is taken.

    Args:
        task: of the samples.
        training_sets: the samples as features, as ``make_label_sets`` gives them.
        settings: of the fit: folds, and what the heads read.
        sets: those that shall answer together, as an earlier call found it best; None: they are tried.
    """
    single = range(1, min(LAYERS, len(training_sets)) + 1)
    ways = [tuple(range(count)) for count in single] + [(place,) for place in range(LAYERS, len(training_sets))]
    ways = ways if sets is None else [sets]
    answers = {
        place: _predict(task, training_sets[place], settings) for place in sorted({one for way in ways for one in way})
    }
    means = [task.combine([answers[place] for place in way], [1 / len(way)] * len(way), "mean") for way in ways]
    targets = Targets(training_sets[0].targets, training_sets[0].groups)
    scored = task.scoring.score_arms(targets, {str(place): outputs for place, outputs in enumerate(means)})
    losses = [float(np.nanmean(scored[str(place)].losses)) for place in range(len(means))]
    best = losses.index(min(losses))
    return UnseenAnswers(means[best], ways[best])


def _predict(task: Task, rows: TrainingSet, settings: Any) -> Floats:
    name = find_quick_head(task)
    with limit_to_idle_threads(rows.features.size):
        chosen = task.heads.heads[name](rows, settings, None).chosen
        return task.heads.predict_held_out(rows, name, settings, chosen)


def find_quick_head(task: Task) -> str:
    """Return the name of a head that is solved in seconds; the task's default where none is."""
    heads = task.heads
    return next((name for name in (heads.default, *heads.automatic) if name in heads.solved), heads.default)
