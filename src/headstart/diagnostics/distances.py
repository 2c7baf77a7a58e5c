"""Distances between the labels of samples that show the same: whether two near-duplicates contradict each other."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from headstart.data.samples import Samples
from headstart_runtime.arrays import Bools, Doubles
from headstart_runtime.tasks.task import TargetArray

SAME = 0.02  #: of the largest distance: up to that two labels say the same; numbers are measured, and never twice alike


class TargetDistances:
    """Distances between the targets of samples, as their task measures them."""

    def __init__(self, samples: Samples):
        """Take N samples."""
        self._samples = samples
        self._places = {sample.id: place for place, sample in enumerate(samples.samples)}

    @cached_property
    def _targets(self) -> TargetArray:
        return self._samples.targets

    def measure(self, pairs: Sequence[tuple[str, str]]) -> Doubles:
        """Return the distances, (M,), 0 to 1, of pairs of samples by their ids."""
        if not pairs:
            return np.zeros(0)
        rows = np.array([[self._places[first], self._places[second]] for first, second in pairs], np.int64)
        return self._samples.task.targets.measure_distances(self._targets, rows[:, 0], rows[:, 1])

    def are_same(self, pairs: Sequence[tuple[str, str]]) -> Bools:
        """Return whether both labels of each pair say the same, or nearly, (M,)."""
        return np.asarray(self.measure(pairs) <= SAME)
