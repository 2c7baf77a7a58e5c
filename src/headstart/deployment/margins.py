"""Items that two ways of running answer otherwise, and how close to each other the two answers were."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart_runtime.arrays import Bools, Doubles
from headstart_runtime.tasks.task import Task

_HALVINGS = 10  #: of the way between two answers, to find where it turns

Outputs = Mapping[str, NDArray[Any]]  #: (N, ...) each, by name


def find_differing(task: Task, wanted: Outputs, found: Outputs) -> Bools:
    """Return which of N items are answered otherwise, (N,), as the task counts it over all of them."""
    count = len(next(iter(wanted.values())))
    differing = np.zeros(count, bool)
    if task.scoring.share_same(wanted, found) == 1:
        return differing
    for row in range(count):  # numbers are alike by the range of all, so one row is exchanged at a time
        changed = {name: _exchange(values, row, found[name][row]) for name, values in wanted.items()}
        differing[row] = task.scoring.share_same(wanted, changed) < 1
    return differing


def measure_margins(task: Task, wanted: Outputs, found: Outputs, apart: Doubles, differing: Bools) -> Doubles:
    """Return for each item that is answered otherwise how far its two answers lay apart at first, (M,).

    That is how far outputs have to go on the straight way from one to the other until the answer turns: of two
    classes, the difference of their probabilities. Where no number decides the answer it is all of the way.

    Args:
        task: of the outputs.
        wanted: of the saved classifier.
        found: of another way of running it.
        apart: (N, K) how far the outputs that answers are read from are apart, over their range.
        differing: (N,).
    """
    steps = np.sort(apart, axis=1)[:, -2:].sum(axis=1)
    return np.array(
        [_find_turn(task, wanted, found, row) * steps[row] for row in np.flatnonzero(differing).tolist()], np.float64
    )


def _find_turn(task: Task, wanted: Outputs, found: Outputs, row: int) -> float:
    """Return after which share of the way the answer to an item turns."""

    def turns(share: float) -> bool:
        changed = {
            name: _exchange(values, row, values[row] + share * (found[name][row] - values[row]))
            for name, values in wanted.items()
            if values.dtype.kind == "f"
        }
        return task.scoring.share_same(wanted, {**wanted, **changed}) < 1

    if not turns(1.0):
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if turns(middle) else (middle, high)
    return high


def _exchange(values: NDArray[Any], row: int, other: Any) -> NDArray[Any]:
    changed = values.copy()
    changed[row] = other
    return changed
