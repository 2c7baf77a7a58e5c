"""Results that the steps after the comparison hand on, and that the record of a run keeps."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from headstart.data.groups import encode_groups
from headstart.data.samples import Sample
from headstart.evaluation.evaluation import Evaluation
from headstart.evaluation.grouping import Targets
from headstart.saving import FittedModel
from headstart.tasks.optional_facets import FittedPostprocessor
from headstart_runtime.arrays import Ints
from headstart_runtime.inference.engine_agreement import EngineAgreement
from headstart_runtime.inference.postprocess import BatchPredictions
from headstart_runtime.tasks.task import TargetArray, Task, get_task


@dataclass(frozen=True)
class CalibrationSet:
    """Samples with predictions by a classifier that was not fitted on them."""

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
    calibration_set: CalibrationSet | None  #: None where the task has no postprocessor to fit
    postprocessing: FittedPostprocessor | None  #: likewise
    validation: BatchPredictions  #: what the winner, as validated, says of the validation samples


@dataclass(frozen=True)
class TestResult:
    """Predictions on test samples, and their score."""

    samples: tuple[Sample, ...]  #: those that could be read
    answers: BatchPredictions  #: in their order
    evaluation: Evaluation
    from_bytes: int  #: how many were answered from their bytes; stored features of the same network answered the rest
    engines: EngineAgreement | None = None  #: of the engines that can answer here; None where none was compared
    second_seconds: float = 0.0  #: that the engine which does not give the score took
    postprocessor: Any = None  #: by which answers were taken; None where that is not known

    @property
    def task(self) -> Task:
        """The task that is answered."""
        return get_task(self.evaluation.task)

    @property
    def targets(self) -> Targets:
        """The true targets and the groups of the samples."""
        values = self.task.targets.stack([sample.target for sample in self.samples])
        return Targets(values, encode_groups(self.samples))

    @property
    def outputs(self) -> NDArray[np.float32]:
        """The outputs that answers are read from, (N, K)."""
        return self.answers.outputs[self.task.answer]

    def rank(self) -> Ints:
        """Return the rows, the worst answers first."""
        return self.task.scoring.rank_rows(self.targets, self.answers.outputs)
