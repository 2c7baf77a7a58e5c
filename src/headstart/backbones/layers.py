"""The layers of a backbone that can be unfrozen: their shapes, parameters and work, measured without weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch

from headstart.backbones.backbone import middle_stage
from headstart.backbones.graph import Section, trace
from headstart.backbones.loaded import LoadedNetwork
from headstart.backbones.origin import Origin, describe_input, measure_shape
from headstart.backbones.zoo import build_untrained
from headstart_runtime.modalities.batch import find_mask, is_free


@dataclass(frozen=True, slots=True)
class TrainableLayer:
    """A layer, and what is trained from there up."""

    name: str
    width: int  #: of its pooled features
    shape: tuple[int, ...]  #: of one part's activations at its end; channels last where they are a map
    parameters: int  #: its own
    work: float  #: its own share of the arithmetic of a forward pass
    trained: int  #: parameters of this layer and all above; 0 where there is nothing to train
    trained_work: float  #: their share of the arithmetic


@dataclass(frozen=True, slots=True)
class BackboneLayers:
    """A backbone by its layers."""

    name: str
    architecture: str  #: timm's name
    fetched: bool  #: whether its weights come from the hub
    reads: str  #: what it reads, for a person
    is_trainable: bool  #: not where its input is as long as it comes and nothing tells what is padding
    layers: tuple[TrainableLayer, ...]  #: from the input upwards; the last is "final"

    @property
    def auto(self) -> str:
        """The lowest layer that is trained where none is named: the middle stage and above."""
        return middle_stage([layer.name for layer in self.layers])


def describe_layers(origin: Origin) -> BackboneLayers:
    """Build and trace a backbone without memory for its weights, so that a large one takes no longer than a small.

    Raises:
        BackboneError: an unknown architecture, or a network that cannot be cut into layers.
    """
    try:
        with torch.device("meta"):
            loaded, parts = _measure(origin)
    except RuntimeError:  # a few networks compute while they are built
        loaded, parts = _measure(origin)
    trained = _sum_from_top([part.parameters for part in parts])
    work = _sum_from_top([part.work for part in parts])
    layers = tuple(
        TrainableLayer(layer.name, layer.width, part.shape, part.parameters, part.work, int(parameters), share)
        for layer, part, parameters, share in zip(loaded.layers, parts, trained, work, strict=True)
    )
    reads = describe_input(loaded.spec.kind, measure_shape(loaded.spec))
    is_trainable = not is_free(loaded.spec) or find_mask(loaded.spec) is not None
    return BackboneLayers(origin.name, origin.architecture, origin.file is None, reads, is_trainable, layers)


def _measure(origin: Origin) -> tuple[LoadedNetwork, tuple[Section, ...]]:
    loaded = build_untrained(origin, seed=0)
    return loaded, trace(loaded).sections


def _sum_from_top(values: Sequence[float]) -> list[float]:
    """Return the sum of each value and all behind it."""
    return list(accumulate(reversed(values)))[::-1]
