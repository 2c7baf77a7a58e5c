"""The pieces of a row of bytes: activations in bf16, if any, and inputs of a network, one behind the other."""

from collections.abc import Sequence
from math import prod
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from headstart.extraction.bfloat16 import to_bfloat16_bits
from headstart_runtime.modalities.batch import Batch, TensorSpec

Shape: TypeAlias = tuple[int | None, ...]  #: of a part's, None for an axis that is as long as it comes
Piece: TypeAlias = tuple[int, torch.dtype, Shape]  #: bytes, of one token where an axis is free; type; shape


def list_pieces(activations: Shape | None, inputs: Sequence[TensorSpec]) -> list[Piece]:
    """Return the pieces of a row, in order; ``activations`` is their shape, None where nothing is frozen."""
    kinds = [] if activations is None else [(torch.bfloat16, activations)]
    kinds += [(getattr(torch, one.dtype), one.shape) for one in inputs]
    return [(dtype.itemsize * prod(axis for axis in shape if axis is not None), dtype, shape) for dtype, shape in kinds]


def list_arrays(
    activations: NDArray[np.float32] | None, batch: Batch, inputs: Sequence[TensorSpec]
) -> list[NDArray[Any]]:
    """Return what the pieces of rows hold, (B, ...) each, of activations and the inputs of a batch."""
    arrays: list[NDArray[Any]] = [] if activations is None else [to_bfloat16_bits(activations)]
    return [*arrays, *(batch[one.name].astype(one.dtype, copy=False) for one in inputs)]
