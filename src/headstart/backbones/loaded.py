"""A network in memory with what its weights brought with them."""

from dataclasses import dataclass

from torch import nn

from headstart.backbones.backbone import Layer
from headstart.backbones.classifier import PretrainedClassifier
from headstart.modalities.batch import AnySpec


@dataclass(frozen=True, slots=True)
class LoadedNetwork:
    """A network and what its weights brought with them."""

    network: nn.Module  #: the spec's tensors, in order -> float32 (N, width) for each layer, in inference mode
    spec: AnySpec  #: the ``InputSpec`` of its modality
    layers: tuple[Layer, ...]
    weights: str  #: where they come from, for a person
    weights_sha256: str
    licence: str
    parameters: int
    classifier: PretrainedClassifier | None = None  #: what it was pretrained with, where that is a linear layer
