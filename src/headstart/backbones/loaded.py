"""A network in memory, or its finished graph, with what its weights brought with them. No PyTorch is imported here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from headstart.backbones.backbone import Layer
from headstart.backbones.classifier import PretrainedClassifier
from headstart.backbones.reference import ReferenceRows
from headstart_runtime.modalities.batch import AnySpec

if TYPE_CHECKING:
    from onnx import ModelProto
    from torch import nn


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkFacts:
    """Facts of a network that its weights brought with them."""

    spec: AnySpec  #: the ``InputSpec`` of its modality
    layers: tuple[Layer, ...]
    weights: str  #: where they come from, for a person
    weights_sha256: str
    licence: str
    parameters: int
    classifier: PretrainedClassifier | None = None  #: what it was pretrained with, where that is a linear layer


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedNetwork(NetworkFacts):
    """A PyTorch network and its facts."""

    network: "nn.Module"  #: the spec's tensors, in order -> float32 (N, width) for each layer, in inference mode
    #: Makes the ONNX graph of other weights by the names of the network's; None: PyTorch's exporter does.
    build_graph: "Callable[[Mapping[str, NDArray[Any]]], ModelProto] | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltNetwork(NetworkFacts):
    """An ONNX graph that was built without PyTorch, and its facts."""

    graph: "ModelProto"  #: see ``backbone``
    reference: ReferenceRows  #: that the graph has to give
