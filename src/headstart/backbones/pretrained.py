"""A network's own pretrained classifier, kept beside its graph: what it answered before anything was learnt here.

It reads the features of the last layer, so its answers follow from stored features without running the network again.
A file without tensors says that the network has none that could be kept.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from headstart.backbones.backbone import Backbone
from headstart.backbones.catalog import resolve_origin
from headstart.errors import BackboneError
from headstart.storage.atomic import replace_bytes

CLASSIFIER = "classifier.safetensors"


@dataclass(frozen=True, slots=True)
class PretrainedClassifier:
    """A linear layer on the features of ``final``."""

    weight: NDArray[np.float32]  #: (D, K)
    bias: NDArray[np.float32]  #: (K,)

    @property
    def classes(self) -> int:
        """K, the classes of the pretraining."""
        return self.bias.size

    def logits(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N, D) float32 -> (N, K) float32."""
        return features @ self.weight + self.bias


def write_classifier(folder: Path, classifier: PretrainedClassifier | None) -> None:
    """Writes ``classifier.safetensors`` into a network's folder; None is written too, so that nobody looks again."""
    from safetensors.numpy import save

    tensors = {} if classifier is None else {"weight": classifier.weight, "bias": classifier.bias}
    replace_bytes(folder / CLASSIFIER, save({name: np.ascontiguousarray(value) for name, value in tensors.items()}))


def read_pretrained_classifier(backbone: Backbone) -> PretrainedClassifier | None:
    """The classifier that a backbone was pretrained with; None where it had none that is a plain linear layer.

    For a network that was converted before classifiers were kept it loads PyTorch and the weights, once.

    Raises:
        BackboneError: the weights are not there any more, or are not those that were converted.
    """
    file = backbone.folder / CLASSIFIER
    try:
        return _read(file, backbone.layers[-1].width)
    except (OSError, ValueError):
        pass
    from headstart.backbones.zoo import load_network

    loaded = load_network(resolve_origin(backbone.name))
    if loaded.weights_sha256 != backbone.weights_sha256:
        raise BackboneError(
            f"the weights of {backbone.name} are no longer those that were converted; remove {backbone.folder} "
            "(headstart cache --prune-to 0GB does) and fit again"
        )
    write_classifier(backbone.folder, loaded.classifier)
    return loaded.classifier


def _read(file: Path, width: int) -> PretrainedClassifier | None:
    """The classifier in a file; None where the file says that there is none.

    Raises:
        OSError: no file.
        ValueError: something else is in it.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        tensors = load(file.read_bytes())
    except SafetensorError as error:
        raise ValueError(str(error)) from None
    if not tensors:
        return None
    if set(tensors) != {"weight", "bias"} or tensors["weight"].shape != (width, tensors["bias"].size):
        raise ValueError(f"{file.name} holds no linear layer on {width} features")
    return PretrainedClassifier(tensors["weight"], tensors["bias"])
