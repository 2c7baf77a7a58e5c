"""Windows: each step of training sees a square part of its batch's maps, of another size and place each time.

A network that pools over its map at the end answers to a part of it as well. Batches of mixed sizes train in less time
and to no lower accuracy (Hoffer et al. 2019, arXiv:1908.08986, "Mix & Match"); as parts instead of smaller inputs
they change what is seen too, at a boundary inside the network as well as on its input.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from timm.layers import Conv2dSame
from torch import Tensor, nn

WIDE = 5  #: edge of a filter from which on it is taken for a fully connected layer, if it has no padding
SIZES = 14  #: a map's edge is cut by multiples of this part of it: each new size costs a kernel that is made for it


@dataclass(frozen=True, slots=True)
class Windows:
    """The sizes of what a step sees."""

    edges: tuple[int, ...]  #: large to small, the whole first; only the whole is no windows

    @property
    def whole(self) -> bool:
        """Whether every step sees all."""
        return len(self.edges) == 1

    def cut(self, activations: Tensor, chance: np.random.Generator) -> Tensor:
        """Return a part of a batch, (N, H, W, C) -> (N, edge, edge, C), a view; nothing is drawn where all is seen."""
        if self.whole:
            return activations
        edge = int(chance.choice(self.edges))
        top, left = (int(start) for start in chance.integers(0, self.edges[0] - edge + 1, 2))
        return activations[:, top : top + edge, left : left + edge]

    @property
    def usual(self) -> int:
        """The edge whose area is nearest to the mean: what a step takes on average."""
        mean = math.sqrt(sum(edge**2 for edge in self.edges) / len(self.edges))
        return min(self.edges, key=lambda edge: abs(edge - mean))


WHOLE = Windows((0,))


def make_windows(shape: tuple[int, ...], smallest: float) -> Windows:
    """Return the windows of activations of a shape; only the whole where they are no square map.

    Args:
        shape: of one part's activations.
        smallest: share of the map's edge.
    """
    if len(shape) != 3 or shape[0] != shape[1]:
        return WHOLE
    full = shape[0]
    step = max(1, full // SIZES)
    return Windows(tuple(edge for edge in range(full, 0, -step) if edge >= smallest * full))


def accepts_smaller_maps(network: nn.Module, inputs: Tensor) -> bool:
    """Return whether a network answers to a smaller map as it does to the whole.

    Not one that counts positions: a transformer has a number for each, a fully connected layer weights for each.
    """
    if has_position_weights(network):
        return False
    try:
        with torch.inference_mode():
            return bool(network(inputs).isfinite().all())
    except Exception:  # noqa: BLE001  whatever its own code raises on a map of another size
        return False


def has_position_weights(network: nn.Module) -> bool:
    """Return whether it has a layer with weights of its own for each place of a map."""
    return any(_fully_connected(module) for module in network.modules())


def _fully_connected(module: nn.Module) -> bool:
    """Whether this is a layer over a whole map, written as a convolution without padding: the first of VGG's three.

    On a smaller map timm stretches what comes in until it fits.
    """
    wide = isinstance(module, nn.Conv2d) and not isinstance(module, Conv2dSame) and min(module.kernel_size) >= WIDE
    return wide and module.stride == (1, 1) and module.padding in ((0, 0), 0, "valid")
