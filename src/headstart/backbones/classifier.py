"""A network's own pretrained classifier as a record and a file: what it answered before anything was learnt here.

It reads the features of the last layer, so its answers follow from stored features without running the network again.
A file without tensors says that the network has none that could be kept.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from headstart.storage.atomic import replace_bytes
from headstart_runtime.arrays import Floats

CLASSIFIER = "classifier.safetensors"


@dataclass(frozen=True, slots=True)
class PretrainedClassifier:
    """A linear layer on the features of ``final``."""

    weight: Floats  #: (D, K)
    bias: Floats  #: (K,)

    @property
    def classes(self) -> int:
        """K, the classes of the pretraining."""
        return self.bias.size

    def logits(self, features: Floats) -> Floats:
        """Return logits, float32 (N, K), of features, float32 (N, D)."""
        return features @ self.weight + self.bias


def write_classifier(folder: Path, classifier: PretrainedClassifier | None) -> None:
    """Write ``classifier.safetensors`` into a network's folder; None is written too, so that nobody looks again."""
    from safetensors.numpy import save

    tensors = {} if classifier is None else {"weight": classifier.weight, "bias": classifier.bias}
    replace_bytes(folder / CLASSIFIER, save({name: np.ascontiguousarray(value) for name, value in tensors.items()}))


def read_classifier(file: Path, width: int) -> PretrainedClassifier | None:
    """Return the classifier in a file; None where the file says that there is none.

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
