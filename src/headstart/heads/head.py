"""The contract of a head: features (N, D) -> logits (N, K).

Every kind of head ends as the same small record, dense layers with ReLU between them, standardisation folded into
the first one, so that saving, shipping as ONNX and predicting need to know one shape only.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self, overload

import numpy as np
from numpy.typing import NDArray

from headstart_runtime.arrays import Floats
from headstart_runtime.errors import DataError
from headstart_runtime.tasks.task import TargetArray

KEPT, NOT_KEPT = 1e-8, 1e-6  #: tolerances of heads that are kept, and of those that are only asked


@dataclass(frozen=True, slots=True)
class Dense:
    """One dense layer: ``x @ weight + bias``."""

    weight: Floats  #: (inputs, outputs)
    bias: Floats  #: (outputs,)


@dataclass(frozen=True, slots=True)
class Head:
    """A fitted head. ReLU stands between dense layers, not after the last; the task makes an answer of the logits."""

    kind: str  #: its name in ``HEADS``
    layers: tuple[Dense, ...]

    def logits(self, features: Floats) -> Floats:
        """Return the logits, float32 (N, K), of features, float32 (N, D)."""
        values = features
        for index, layer in enumerate(self.layers):
            values = values @ layer.weight + layer.bias
            if index < len(self.layers) - 1:
                values = np.maximum(values, 0)
        return values


@dataclass(frozen=True, slots=True)
class Trial:
    """One point of a path: a hyperparameter's value and its cross-validated score."""

    value: float
    loss: float  #: mean over the held-out rows: of classes log loss, nats
    score: float  #: mean over the held-out rows: of classes the share that is right


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
    """Features, targets and groups that a head is fitted on."""

    features: Floats  #: (N, D)
    targets: TargetArray  #: (N, ...) as the task has them; of classes indices in 0..K-1, of which some may be missing
    outputs: int  #: K
    groups: NDArray[np.int64]  #: (N,) rows of one group stay in one fold
    balanced: bool  #: weigh each class by N / (classes present x its count), as scikit-learn's "balanced" does
    seed: int
    #: Of a head that is found step by step: the square of the share by which its weights may be off.
    tolerance: float = KEPT
    #: Whether a fit may overwrite the features, for nobody reads them after it; what reads them twice clears it.
    disposable: bool = False

    def __len__(self) -> int:
        return len(self.features)

    def check(self) -> None:
        """Raise a DataError where features, targets and groups do not belong together."""
        rows = len(self.features)
        if self.features.ndim != 2 or len(self.targets) != rows or self.groups.shape != (rows,):
            raise DataError(
                f"features {self.features.shape}, targets {self.targets.shape} and groups {self.groups.shape} do not "
                "belong together; wanted (N, D), (N, ...) and (N,)"
            )

    def take(self, rows: Any) -> Self:
        """Return some of the rows, by their indices or a mask."""
        return replace(self, features=self.features[rows], targets=self.targets[rows], groups=self.groups[rows])

    def without_features(self) -> Self:
        """Return the same rows without a column of features: what is asked of them, which takes no memory."""
        return replace(self, features=np.empty((len(self), 0), np.float32))


class MadeTrainingSets(Sequence[TrainingSet]):
    """Training sets that are made each time they are asked for, so that only those in use are in memory."""

    def __init__(self, makers: Sequence[Callable[[], TrainingSet]]):
        self._makers = makers

    def __len__(self) -> int:
        return len(self._makers)

    @overload
    def __getitem__(self, index: int) -> TrainingSet: ...

    @overload
    def __getitem__(self, index: slice) -> "MadeTrainingSets": ...

    def __getitem__(self, index: int | slice) -> "TrainingSet | MadeTrainingSets":
        if isinstance(index, slice):
            return MadeTrainingSets(self._makers[index])
        return self._makers[index]()


#: fit(training_set, options, fixed): ``fixed`` holds hyperparameters of an earlier fit, which are not chosen again.
Fit = Callable[[TrainingSet, Any, Mapping[str, float] | None], FitResult]
