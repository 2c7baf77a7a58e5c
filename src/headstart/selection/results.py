"""Results that the steps after the comparison hand on, and that the record of a run keeps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from headstart.data.groups import encode_groups
from headstart.data.samples import Sample
from headstart.evaluation.evaluation import Evaluation
from headstart.export import FittedModel
from headstart.inference.engine_agreement import EngineAgreement
from headstart.inference.postprocess import BatchPredictions
from headstart.tasks.task import TargetArray


@dataclass(frozen=True)
class CalibrationSet:
    """Photos with predictions by a classifier that was not fitted on them."""

    samples: tuple[Sample, ...]
    targets: TargetArray  #: (N, ...)
    outputs: NDArray[np.float32]  #: raw, (N, K)
    source: Literal["validation", "cross-validated"]

    @property
    def groups(self) -> NDArray[np.int64]:
        """A number for each group (N,)."""
        return encode_groups(self.samples)


@dataclass(frozen=True)
class Postprocessed:
    """The model that is saved, with its postprocessors and the predictions that they were fitted on."""

    model: FittedModel
    calibration_set: CalibrationSet
    calibration_losses: Mapping[str, float]  #: kind of calibration -> cross-validated log loss, nats
    validation: BatchPredictions  #: what the winner, as validated, says of the validation photos


@dataclass(frozen=True)
class TestResult:
    """Predictions on test photos, and their score."""

    samples: tuple[Sample, ...]  #: those that could be read
    answers: BatchPredictions  #: in their order
    evaluation: Evaluation
    engines: EngineAgreement | None = None  #: of the engines that can answer here; None where none was compared
    second_seconds: float = 0.0  #: that the engine which does not give the score took

    @property
    def labels(self) -> NDArray[np.int64]:
        """The true classes (N,)."""
        return np.array([sample.target for sample in self.samples], dtype=np.int64)

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether the likeliest class is the true one (N,)."""
        return np.asarray(self.answers.probabilities.argmax(axis=1) == self.labels)
