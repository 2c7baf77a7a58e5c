"""Answers to samples by heads on frozen features that were not fitted on them, for any task: labels are held to these.

Heads on the last layers answer together where that is better, as ``tasks.classification.label_issues`` found it to be
for classes: a wrong label stands out where the head is right.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headstart.arrays import Floats
from headstart.data.groups import encode_groups
from headstart.data.samples import Samples
from headstart.evaluation.grouping import Targets
from headstart.heads.head import TrainingSet
from headstart.heads.threads import limit_to_idle_threads
from headstart.tasks.task import Task

LAYERS = 3  #: last ones of a network that may answer together


def make_label_sets(
    samples: Samples, layers: Sequence[str], rows: Callable[[str], Floats], seed: int
) -> list[TrainingSet]:
    """Return samples and their targets as features of a network's last layers, the last layer first.

    Args:
        samples: N samples.
        layers: names of all the network's layers, from the input on.
        rows: gives features (N, D) of a layer, in the samples' order.
        seed: of the folds.
    """
    groups, targets = encode_groups(samples.samples), samples.targets
    outputs = samples.task.count_outputs(samples.space)
    return [
        TrainingSet(rows(layer), targets, outputs, groups, balanced=False, seed=seed)
        for layer in list(layers)[: -LAYERS - 1 : -1]
    ]


def predict_held_out_answers(task: Task, training_sets: Sequence[TrainingSet], settings: Any) -> Floats:
    """Return raw outputs (N, K) for each sample by the task's quick head, fitted without the sample and its group.

    Tried are the last layer, the mean of the last two, of the last three; the lowest mean loss on samples left out is
    taken.

    Args:
        task: of the samples.
        training_sets: the samples as features of one layer each, as ``make_label_sets`` gives them.
        settings: of the fit: folds, and what the heads read.
    """
    name = find_quick_head(task)
    answers: list[Floats] = []
    for rows in training_sets:
        with limit_to_idle_threads(rows.features.size):
            chosen = task.heads.heads[name](rows, settings, None).chosen
            answers.append(task.heads.predict_held_out(rows, name, settings, chosen))
    first = training_sets[0]
    means = [task.combine(answers[:count], [1 / count] * count, "mean") for count in range(1, len(answers) + 1)]
    scored = task.scoring.score_arms(
        Targets(first.targets, first.groups), {str(place): outputs for place, outputs in enumerate(means)}
    )
    losses = [float(np.nanmean(scored[str(place)].losses)) for place in range(len(means))]
    return means[losses.index(min(losses))]


def find_quick_head(task: Task) -> str:
    """Return the name of a head that is solved in seconds; the task's default where none is."""
    heads = task.heads
    return next((name for name in (heads.default, *heads.automatic) if name in heads.solved), heads.default)
