"""Attribution of a layer's answer to the places of a network's map. Arrays only.

A map is the last tensor with places that a layer's features are made from. HiResCAM (Draelos and Carin, 2020,
*Use HiResCAM instead of Grad-CAM for faithful explanations of convolutional neural networks*) sums gradient times
activation over the channels of a place. That is the derivative of the answer by the strength of the place, so where
the features are no plain mean of the map, it is measured: the place is made a little stronger, and what lies above
the map is run again.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np

from headstart_runtime.arrays import Floats

Forward = Callable[..., Floats]  #: what lies above a map: its tensors, batch first, -> a layer's features (B, D)

STEP = 0.01  #: share by which a place is made stronger; small beside the whole map, so one difference will do
ROWS = 32  #: that many changed maps are run together
MOST_COSTLY = 64  #: places that are measured one by one where attention lies above the map
EXTRA_TOKENS = 8  #: class and register tokens that may stand before those of places


@dataclass(frozen=True, slots=True)
class MapLayout:
    """Layout of a tensor with places: (N, C, h, w), (N, h, w, C) or (N, tokens, C); of a row also (N, C, w)."""

    kind: Literal["channels first", "channels last", "tokens"]
    height: int
    width: int
    first: int = 0  #: tokens before those of places

    @property
    def places(self) -> int:
        """Return how many there are."""
        return self.height * self.width

    def fit(self, count: int) -> "MapLayout":
        """Return the layout for an item whose map has so many tokens: a row is as long as the item, a square stays."""
        return replace(self, width=count - self.first) if self.height == 1 else self

    def fit_values(self, values: Floats) -> "MapLayout":
        """Return the layout for a tensor of one item."""
        return self.fit(values.shape[2] if self.kind == "channels first" else values.shape[1])

    def to_rows(self, values: Floats) -> Floats:
        """Return a map of one item as one row per place, (places, C)."""
        if self.kind == "channels first":
            return np.asarray(values[0].reshape(values.shape[1], -1).T)
        return np.asarray(values[0].reshape(-1, values.shape[-1])[self.first :])

    def weigh(self, values: Floats, weights: Floats) -> Floats:
        """Return a map of one item, B times over, its places multiplied by (B, places)."""
        if self.kind == "channels first":
            return values * weights.reshape(-1, 1, *values.shape[2:])
        if self.kind == "channels last":
            return values * weights.reshape(-1, self.height, self.width, 1)
        return values * np.pad(weights, ((0, 0), (self.first, 0)), constant_values=1)[:, :, None]


def infer_layout(shape: Sequence[int], dimensions: int, shorter: Sequence[int] | None = None) -> MapLayout | None:
    """Return the layout of a tensor of this shape, batch first; None where it has no places.

    Args:
        shape: of the tensor.
        dimensions: in which places lie: 2 for a square of them, 1 for a row of tokens, each of which is a place.
        shorter: of a row, the shape for an item that is shorter: places lie along the axis that is shorter too. None
            where all items are of one length: then they lie along the first axis.
    """
    if dimensions == 1:
        if len(shape) != 3:
            return None
        axes = [1] if shorter is None else [axis for axis in (1, 2) if shape[axis] != shorter[axis]]
        if len(axes) != 1 or shape[axes[0]] < 2:
            return None
        return MapLayout("tokens" if axes == [1] else "channels first", 1, shape[axes[0]])
    if len(shape) == 4 and shape[2] == shape[3] > 1:
        return MapLayout("channels first", shape[2], shape[3])
    if len(shape) == 4 and shape[1] == shape[2] > 1:
        return MapLayout("channels last", shape[1], shape[2])
    if len(shape) == 3 and (edge := math.isqrt(shape[1])) > 1 and shape[1] - edge**2 <= EXTRA_TOKENS:
        return MapLayout("tokens", edge, edge, shape[1] - edge**2)
    return None


@dataclass(frozen=True, slots=True)
class Attribution:
    """Parts of an answer by the places of an item."""

    places: Floats  #: (h, w): each one's part of the answer times the number of places, so their mean is their sum
    rest: float  #: of the layer's part of the answer, what no place is responsible for


class Map(Protocol):
    """Attribution of a layer's part of an answer to the places of an item."""

    @property
    def tensors(self) -> tuple[str, ...]:
        """Return the tensors of the graph that it needs."""

    def fit_layout(self, values: Sequence[Floats]) -> MapLayout:
        """Return how its places lie, by its tensors."""

    @property
    def method(self) -> str:
        """Return its name."""

    def attribute(self, values: Sequence[Floats], features: Floats, gradient: Floats) -> Attribution:
        """Return the parts by its tensors, the layer's features and the answer's gradient by them, both (D,)."""


@dataclass(frozen=True, slots=True)
class MeanMap:
    """Map of which the features are the mean: the places' parts are known exactly."""

    tensors: tuple[str]
    layout: MapLayout
    method: str = "hirescam"

    def fit_layout(self, values: Sequence[Floats]) -> MapLayout:
        """See ``Map``."""
        return self.layout.fit_values(values[0])

    def attribute(self, values: Sequence[Floats], features: Floats, gradient: Floats) -> Attribution:
        """See ``Map``."""
        layout = self.fit_layout(values)
        rows = layout.to_rows(values[0]) @ gradient
        rest = float(features @ gradient - rows.mean()) if layout.height == 1 else 0.0  # of a row some may be padding
        return Attribution(rows.reshape(layout.height, layout.width), rest)


@dataclass(frozen=True, slots=True)
class MeasuredMap:
    """Map from which the features are computed in any way: HiResCAM by differences."""

    tensors: tuple[str, ...]  #: the map, and what the network reads beside it, such as a mask
    layout: MapLayout
    above: Forward
    costly: bool  #: attention lies above: places are measured in groups
    method: str = "hirescam"

    def fit_layout(self, values: Sequence[Floats]) -> MapLayout:
        """See ``Map``."""
        return self.layout.fit_values(values[0])

    def attribute(self, values: Sequence[Floats], features: Floats, gradient: Floats) -> Attribution:
        """See ``Map``."""
        layout = self.fit_layout(values)
        groups = _make_groups(layout, MOST_COSTLY if self.costly else layout.places)
        change = np.asarray(1 + STEP * np.concatenate([np.zeros_like(groups[:1]), groups]), np.float32)
        batches = (layout.weigh(values[0], weights) for weights in _split_rows(change))
        answers = np.concatenate([self._compute(batch, values[1:]) @ gradient for batch in batches])
        parts = (answers[1:] - answers[0]) / STEP
        spread = parts @ (groups / groups.sum(axis=1, keepdims=True)) * layout.places
        rest = float(features @ gradient - parts.sum())
        return Attribution(spread.reshape(layout.height, layout.width).astype(np.float32), rest)

    def _compute(self, maps: Floats, beside: Sequence[Floats]) -> Floats:
        """Return the features of changed maps (B, ...) of one item."""
        return self.above(maps, *(np.repeat(tensor, len(maps), axis=0) for tensor in beside))


@dataclass(frozen=True, slots=True)
class ClassTokenMap:
    """Map of a transformer's class token: attention times gradient in the last block (Chefer et al., 2021).

    What the token takes from each place there is its attention times the place's value, over all heads; how much that
    moves the answer is measured on the token alone, for after the last attention it meets no other.
    """

    tensors: tuple[str, str, str]  #: attention (1, H, T, T), values (1, H, T, d), the tokens before it (1, T, C)
    layout: MapLayout
    above: Forward  #: what the token took (B, 1, H * d) and was (B, 1, C) -> features
    method: str = "attention x gradient"

    def compute_taken(self, attention: Floats, values: Floats) -> Floats:
        """Return what the class token takes from each token, (T, H * d)."""
        taken = np.einsum("ht,htd->thd", attention[0, :, 0], values[0])
        return np.asarray(taken.reshape(len(taken), -1), np.float32)

    def fit_layout(self, values: Sequence[Floats]) -> MapLayout:
        """See ``Map``."""
        return self.layout.fit(values[0].shape[-1])

    def attribute(self, values: Sequence[Floats], features: Floats, gradient: Floats) -> Attribution:
        """See ``Map``."""
        attention, tokens, before = values
        layout = self.fit_layout(values)
        taken = self.compute_taken(attention, tokens)
        change = np.concatenate([np.zeros_like(taken[:1]), taken[self.layout.first :]])
        rows = (taken.sum(axis=0) + STEP * change)[:, None]
        answers = self.above(rows, np.repeat(before[:, :1], len(rows), axis=0)) @ gradient
        parts = (answers[1:] - answers[0]) / STEP * layout.places
        return Attribution(parts.reshape(layout.height, layout.width), 0.0)


@dataclass(frozen=True, slots=True)
class RolloutMap:
    """Map by attention rollout (Abnar and Zuidema, 2020): where the class token's input comes from."""

    tensors: tuple[str, ...]  #: attention (1, H, T, T) of each block, from the input upwards
    layout: MapLayout
    method: str = "rollout"

    def fit_layout(self, values: Sequence[Floats]) -> MapLayout:
        """See ``Map``."""
        return self.layout.fit(values[0].shape[-1])

    def attribute(self, values: Sequence[Floats], features: Floats, gradient: Floats) -> Attribution:
        """See ``Map``."""
        layout = self.fit_layout(values)
        flow = np.eye(values[0].shape[-1], dtype=np.float32)
        for attention in values:
            flow = 0.5 * (attention[0].mean(axis=0) @ flow + flow)  # half passes by the attention
        row = flow[0, layout.first :]
        part = max(0.0, float(features @ gradient)) * row / row.mean()
        return Attribution(part.reshape(layout.height, layout.width), 0.0)


def _make_groups(layout: MapLayout, most: int) -> Floats:
    """Return square groups of places, ``most`` at most: (groups, places), 1 where a place is in a group."""
    side = 1
    while math.ceil(layout.height / side) * math.ceil(layout.width / side) > most:
        side += 1
    row, column = np.divmod(np.arange(layout.places), layout.width)
    group = (row // side) * math.ceil(layout.width / side) + column // side
    return np.asarray(np.arange(group.max() + 1)[:, None] == group, np.float32)


def _split_rows(rows: Floats) -> Iterator[Floats]:
    for start in range(0, len(rows), ROWS):
        yield rows[start : start + ROWS]
