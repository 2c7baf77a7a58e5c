"""The contract of a head: features (N, D) -> logits (N, C).

Every kind of head ends as the same small record, dense layers with ReLU between them, standardisation folded into
the first one, so that saving, shipping as ONNX and predicting need to know one shape only.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.arrays import Floats, Ints
from headstart.errors import DataError
from headstart.linalg import softmax


@dataclass(frozen=True, slots=True)
class Dense:
    """One dense layer: ``x @ weight + bias``."""

    weight: Floats  #: (inputs, outputs)
    bias: Floats  #: (outputs,)


@dataclass(frozen=True, slots=True)
class Head:
    """A fitted head. ReLU stands between dense layers, not after the last; softmax of the logits is the answer."""

    kind: str  #: its name in ``HEADS``
    layers: tuple[Dense, ...]

    def logits(self, features: Floats) -> Floats:
        """Return the logits, float32 (N, C), of features, float32 (N, D)."""
        values = features
        for index, layer in enumerate(self.layers):
            values = values @ layer.weight + layer.bias
            if index < len(self.layers) - 1:
                values = np.maximum(values, 0)
        return values

    def probabilities(self, features: Floats) -> Floats:
        """Return the probabilities, float32 (N, C), of features, float32 (N, D)."""
        return softmax(self.logits(features))


@dataclass(frozen=True, slots=True)
class Trial:
    """One point of a path: a hyperparameter's value and its cross-validated score."""

    value: float
    log_loss: float  #: nats per sample, mean over the held-out rows
    accuracy: float  #: share of the held-out rows


@dataclass(frozen=True, slots=True)
class FitResult:
    """A head and how its hyperparameter was chosen."""

    head: Head
    chosen: Mapping[str, float]  #: for example {"C": 0.0316}; passed back as ``fixed`` to refit on more rows
    path: tuple[Trial, ...]  #: every value tried, in the order tried; empty where nothing was chosen
    seconds: float
    torn: tuple[int, ...] = ()  #: classes of one group, which was torn apart; the path's scores leave them out


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """Features, labels and groups that a head is fitted on."""

    features: Floats  #: (N, D)
    labels: Ints  #: (N,) in 0..classes-1; a class may be missing
    classes: int  #: C
    groups: NDArray[np.int64]  #: (N,) rows of one group stay in one fold
    balanced: bool  #: weigh each class by N / (classes present x its count), as scikit-learn's "balanced" does
    seed: int

    def check(self) -> None:
        """Raise a DataError where features, labels and groups do not belong together."""
        rows = len(self.features)
        if self.features.ndim != 2 or self.labels.shape != (rows,) or self.groups.shape != (rows,):
            raise DataError(
                f"features {self.features.shape}, labels {self.labels.shape} and groups {self.groups.shape} do not "
                "belong together; wanted (N, D), (N,) and (N,)"
            )
        if rows and not 0 <= self.labels.min() <= self.labels.max() < self.classes:
            raise DataError(
                f"labels run from {self.labels.min()} to {self.labels.max()}; wanted 0 to {self.classes - 1}"
            )


#: fit(training_set, options, fixed): ``fixed`` holds hyperparameters of an earlier fit, which are not chosen again.
Fit = Callable[[TrainingSet, Any, Mapping[str, float] | None], FitResult]
