"""Rows of bytes that hold several tensors, so that what is kept of a sample at a boundary is one row in any case.

A network that reads one tensor of uint8, cut anywhere, needs none of this: what is kept is that tensor, or the
activations. One that reads several (tokens and their mask) hands those that the top reads too past the frozen part.
Where inputs are as long as they come, ``training.token_packing`` has a row for each token.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from headstart.backbones.backbone import INPUT
from headstart.backbones.graph import TracedNetwork, list_carried
from headstart.training.row_pieces import list_arrays, list_pieces
from headstart.training.token_packing import TokenPacking, find_token_packing
from headstart_runtime.modalities.batch import Batch, TensorSpec


@dataclass(frozen=True, slots=True)
class Packing:
    """The tensors of a row, in order: activations in bf16, if any, and inputs of the network."""

    activations: tuple[int, ...] | None  #: shape of a part's; None where nothing is frozen
    inputs: tuple[TensorSpec, ...]  #: of fixed lengths

    @property
    def shape(self) -> tuple[int]:
        """The shape of a row: its bytes."""
        return (sum(count for count, _, _ in list_pieces(self.activations, self.inputs)),)

    def pack(self, batch: Batch, activations: NDArray[np.float32] | None = None) -> NDArray[np.uint8]:
        """Return rows, (B, bytes), of activations, float32 (B, *shape), and the inputs of a batch."""
        arrays = list_arrays(activations, batch, self.inputs)
        flat = [np.ascontiguousarray(array).reshape(len(array), -1).view(np.uint8) for array in arrays]
        return np.concatenate(flat, axis=1)

    def unpack(self, rows: Tensor) -> list[Tensor]:
        """Return the tensors of rows, uint8 (B, bytes), in order."""
        tensors, start = [], 0
        for count, dtype, shape in list_pieces(self.activations, self.inputs):
            piece = rows[:, start : start + count].contiguous().view(dtype)
            tensors.append(piece.reshape(len(rows), *shape))
            start += count
        return tensors


AnyPacking: TypeAlias = Packing | TokenPacking


def find_packing(traced: TracedNetwork, boundary: str) -> AnyPacking | None:
    """Return how rows at a boundary are packed; None where a row is the one tensor itself.

    Raises:
        BackboneError: the top looks past the boundary at the first input.
        EngineError: inputs are as long as they come, and the top does not look at a mask of what is padding.
    """
    carried = list_carried(traced, boundary)
    if any(None in one.shape for one in traced.tensors):
        return find_token_packing(traced, boundary, carried)
    if boundary == INPUT:
        (first, *others) = traced.tensors
        plain = not others and first.dtype == "uint8"
        return None if plain else Packing(None, traced.tensors)
    return Packing(traced.shape_at(boundary), carried) if carried else None


def crop_batch(batch: Batch, tensors: Sequence[TensorSpec], count: int) -> Mapping[str, NDArray[Any]]:
    """Return the first parts of a batch, each tensor cut at its end to the shape of a spec that is smaller."""
    cuts = {one.name: (slice(count), *(slice(axis) for axis in one.shape)) for one in tensors}
    return {name: np.ascontiguousarray(batch[name][cut]) for name, cut in cuts.items()}
