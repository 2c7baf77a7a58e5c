"""Batches: the tensors that a network reads, and the spec by which items become them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from headstart_runtime.arrays import Floats

Batch: TypeAlias = Mapping[str, NDArray[Any]]  #: tensors by name; the first axis of each is the parts of items
AnySpec: TypeAlias = Any  #: the modality's own ``InputSpec``
Part: TypeAlias = Any  #: what a network sees at a time: an array, or several by name


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """A tensor that a network reads."""

    name: str
    dtype: str  #: NumPy's name
    shape: tuple[int | None, ...]  #: without the first axis, which is the parts; None: as long as it comes


class InputSpec(Protocol):
    """The way from an item to the input of a network, as data: frozen, hashable, saved, part of every fingerprint."""

    kind: ClassVar[str]  #: the name of its modality

    @property
    def tensors(self) -> tuple[TensorSpec, ...]:
        """The tensors of a batch."""

    @property
    def rank(self) -> float:
        """A number for how much of an item is kept: what is decoded for the greatest suits the others too."""

    def to_json(self) -> dict[str, Any]:
        """Return a dict of plain values with the key "kind", for records and fingerprints."""


def find_mask(spec: InputSpec) -> str | None:
    """Return the name of the tensor that is 0 where a part was padded to the length of its batch, and not 0 before.

    A spec whose parts are as long as they come says so by an attribute ``mask``; None where it has none.
    """
    return getattr(spec, "mask", None)


def is_free(spec: InputSpec) -> bool:
    """Return whether parts are as long as they come."""
    return any(None in one.shape for one in spec.tensors)


def fill_axes(tensor: TensorSpec, length: int = 16) -> tuple[int, ...]:
    """Return the shape of a tensor without the first axis, where axes that are as long as they come have a length."""
    return tuple(length if axis is None else axis for axis in tensor.shape)


def make_blank(spec: InputSpec, parts: int, length: int = 16) -> Batch:
    """Return a batch of zeros, to time and try networks on; ones where a mask says what is no padding.

    Args:
        spec: of the network.
        parts: in the batch.
        length: of axes that are as long as they come.
    """
    blank = {one.name: np.zeros((parts, *fill_axes(one, length)), one.dtype) for one in spec.tensors}
    if (mask := find_mask(spec)) is not None:
        blank[mask] += np.ones((), blank[mask].dtype)
    return blank


def take(batch: Batch, places: Sequence[int] | slice) -> Batch:
    """Return some parts of a batch; it is not copied where they are all of it."""
    if not isinstance(places, slice) and len(places) == count_parts(batch):
        return batch
    chosen = places if isinstance(places, slice) else np.asarray(places, np.int64)
    return {name: tensor[chosen] for name, tensor in batch.items()}


def average_parts(rows: Floats, counts: Sequence[int]) -> Floats:
    """Return the mean of each item's rows, float32 (N, D); rows of items that have one part each stay as they are.

    Args:
        rows: float32 (M, D), of the parts of all items, one item after the other.
        counts: for each of N items how many parts it has, at least 1.
    """
    if len(rows) == len(counts):
        return rows
    starts = np.cumsum([0, *counts[:-1]])
    return np.asarray(np.add.reduceat(rows, starts, axis=0) / np.array(counts, np.float32)[:, None], np.float32)


def count_parts(batch: Batch) -> int:
    """Return how many parts a batch has."""
    return len(next(iter(batch.values())))
