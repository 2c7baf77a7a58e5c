"""A layer that a classifier's head reads, and what the places of an item add to an answer through it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from headstart_runtime.arrays import Floats
from headstart_runtime.explanation.maps import Attribution, Map

TensorValues: TypeAlias = Mapping[str, Any]  #: arrays by the names of tensors, of one part of an item


@dataclass(frozen=True, slots=True)
class ExplainedLayer:
    """A layer that a branch reads."""

    name: str  #: its tensor, (1, D)
    map: Map

    @property
    def tensors(self) -> tuple[str, ...]:
        """The tensors of the graph that it needs."""
        return self.name, *self.map.tensors

    def features(self, part: TensorValues) -> Floats:
        """Return the features of a part, (D,)."""
        return np.asarray(part[self.name][0])

    def average(self, parts: Sequence[TensorValues]) -> Floats:
        """Return the features of an item, (D,): the mean of those of its parts."""
        rows = [self.features(part) for part in parts]
        return rows[0] if len(rows) == 1 else np.asarray(np.mean(rows, axis=0), np.float32)

    def find_shape(self, parts: Sequence[TensorValues]) -> tuple[int, int]:
        """Return the shape of an item's map: of a row with all parts, one after the other."""
        layouts = [self.map.fit_layout([part[name] for name in self.map.tensors]) for part in parts]
        first = layouts[0]
        return (1, sum(layout.width for layout in layouts)) if first.height == 1 else (first.height, first.width)

    def attribute(self, parts: Sequence[TensorValues], gradient: Floats, shown: int | None) -> Attribution:
        """Return what an item's places add to an answer.

        Args:
            parts: of the item.
            gradient: of the answer by the item's features, (D,).
            shown: the part whose places are wanted; None for a row of all.
        """
        wanted = parts if shown is None else [parts[shown]]
        found = [
            self.map.attribute(
                [part[name] for name in self.map.tensors], self.features(part), gradient / np.float32(len(parts))
            )
            for part in wanted
        ]
        if len(found) == 1:
            return found[0]
        width = sum(one.places.shape[1] for one in found)
        rows = [one.places * (width / one.places.shape[1]) for one in found]  # their mean stays the sum of all places
        return Attribution(np.asarray(np.concatenate(rows, axis=1), np.float32), sum(one.rest for one in found))
