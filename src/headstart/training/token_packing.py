"""Rows of bytes for samples as long as they come: one for each token, with all that the trained part reads of it.

What is kept of a sample has as many rows as it has tokens. A batch of a step is as long as its longest sample; bytes
behind the end of a shorter one are zero, its mask among them, so that the network knows them for padding.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from headstart.backbones.backbone import INPUT
from headstart.backbones.graph import TracedNetwork, infer_shape
from headstart.training.row_pieces import list_arrays, list_pieces
from headstart_runtime.arrays import Ints
from headstart_runtime.errors import EngineError
from headstart_runtime.modalities.batch import Batch, TensorSpec

LENGTHS = 16, 17  #: of inputs by which the axis of a boundary's activations that is as long as these is found


@dataclass(frozen=True, slots=True)
class TokenPacking:
    """The tensors of which a token's row is made, in order; the free axis of each is the tokens."""

    activations: tuple[int | None, ...] | None  #: shape of a part's, None in it for tokens; None where all is trained
    inputs: tuple[TensorSpec, ...]  #: that the trained part reads, of one free axis each
    mask: str  #: the one of the inputs that is 0 where there is padding

    @property
    def shape(self) -> tuple[int]:
        """The shape of a token's row: its bytes."""
        return (sum(count for count, _, _ in list_pieces(self.activations, self.inputs)),)

    def pack(self, batch: Batch, activations: NDArray[np.float32] | None = None) -> NDArray[np.uint8]:
        """Return rows, (B, T, bytes), of activations, float32 (B, ..., T, ...), and the inputs of a batch."""
        arrays, pieces = list_arrays(activations, batch, self.inputs), list_pieces(self.activations, self.inputs)
        flat = []
        for array, (_, _, shape) in zip(arrays, pieces, strict=True):
            tokens = np.ascontiguousarray(np.moveaxis(array, shape.index(None) + 1, 1))
            flat.append(tokens.reshape(*tokens.shape[:2], -1).view(np.uint8))
        return np.concatenate(flat, axis=2)

    def unpack(self, rows: Tensor) -> list[Tensor]:
        """Return the tensors of rows, uint8 (B, T, bytes), in order."""
        tensors, start = [], 0
        for count, dtype, shape in list_pieces(self.activations, self.inputs):
            piece = rows[:, :, start : start + count].contiguous().view(dtype)
            rest = [axis for axis in shape if axis is not None]
            tensors.append(piece.reshape(*rows.shape[:2], *rest).movedim(1, shape.index(None) + 1))
            start += count
        return tensors

    def count_tokens(self, batch: Batch) -> Ints:
        """Return how many tokens of each part of a batch are kept, (B,): those up to the last that is no padding."""
        real = batch[self.mask] != 0
        return np.asarray(real.shape[1] - real[:, ::-1].argmax(1), np.int64)

    def draw(self, parts: int, length: int) -> Tensor:
        """Return rows of parts of a length, to time steps on: zeros, without padding."""
        shapes = {one.name: (parts, *(length if axis is None else axis for axis in one.shape)) for one in self.inputs}
        batch = {one.name: np.zeros(shapes[one.name], one.dtype) for one in self.inputs}
        batch[self.mask] += np.ones((), batch[self.mask].dtype)
        values = None
        if self.activations is not None:
            shape = (parts, *(length if axis is None else axis for axis in self.activations))
            values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
        return torch.from_numpy(self.pack(batch, values))


def find_token_packing(traced: TracedNetwork, boundary: str, carried: Sequence[TensorSpec]) -> TokenPacking:
    """Return how the tokens of samples are packed at a boundary.

    Args:
        traced: a network whose inputs are as long as they come.
        boundary: where the frozen part ends.
        carried: inputs that the part above looks at.

    Raises:
        EngineError: it does not look at a mask of what is padding, or its activations do not have a row for each token.
    """
    inputs = traced.tensors if boundary == INPUT else tuple(carried)
    mask = traced.mask
    if mask not in [one.name for one in inputs]:
        raise EngineError(f"the part above {boundary} does not look at a mask of what is padding")
    if any(one.shape.count(None) != 1 for one in inputs):
        raise EngineError("its inputs have several axes that are as long as they come")
    assert mask is not None
    if boundary == INPUT:
        return TokenPacking(None, inputs, mask)
    seen = [infer_shape(traced, boundary, traced.tensors, length) for length in LENGTHS]
    shapes = [shape for shape in seen if shape is not None]
    one, other = shapes if len(shapes) == len(LENGTHS) else ((), ())
    moved = tuple(None if (a, b) == LENGTHS else a for a, b in zip(one, other, strict=True))
    fixed = all(a in (None, b) for a, b in zip(moved, other, strict=True))
    if moved.count(None) != 1 or not fixed:
        raise EngineError(f"what it computes up to {boundary} does not have a row for each token")
    return TokenPacking(moved, inputs, mask)
