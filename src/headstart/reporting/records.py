"""A finished run of a classifier, read into one record: report, model card and figures are made from it."""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from headstart.reporting.held_out import HeldOutRows
from headstart.reporting.record_consistency import check_consistency
from headstart.reporting.record_types import TrustRecord
from headstart.reporting.run_records import (
    RunRecords,
    make_missing_error,
    read_common_files,
    read_task,
    read_typed_record,
)
from headstart.storage.run_files import make_damage_error, read_run_arrays
from headstart.storage.run_layout import PREDICTIONS, TRUST
from headstart.tasks.classification.evaluation import ClassificationEvaluation
from headstart_runtime.arrays import Bools, Floats, Ints
from headstart_runtime.inference.model_format import PREDICTED
from headstart_runtime.tasks.classification.decision import ClassDecision
from headstart_runtime.tasks.task import check_support

_PREDICTIONS = f"{PREDICTIONS}.npz"


@dataclass(frozen=True)
class Predictions(HeldOutRows):
    """Predictions of the saved classifier for held-out samples: M rows, C classes; ``label`` is the true class."""

    probabilities: Floats  #: (M, C) calibrated
    uncalibrated: Floats  #: (M, C)
    prediction_set: Bools  #: (M, C)
    by_threshold: Ints | None = (
        None  #: (M,) the predicted class where a threshold decides it; None: the likeliest is it
    )
    decision: ClassDecision | None = None  #: that threshold; likewise

    @property
    def predicted(self) -> Ints:
        """(M,) the predicted class: by a threshold, or the most probable one, the first of equals."""
        return np.asarray(self.probabilities.argmax(axis=1)) if self.by_threshold is None else self.by_threshold

    @property
    def right(self) -> Bools:
        """(M,) whether the predicted class is the true one."""
        return np.asarray(self.predicted == self.label)

    @property
    def confidence(self) -> Floats:
        """(M,) the calibrated probability of the predicted class."""
        return np.asarray(self.probabilities[np.arange(len(self.probabilities)), self.predicted])

    @property
    def sureness(self) -> Floats:
        """(M,) the confidence; where a threshold decides, how far from it the answer is: 0.5 is next to it."""
        if self.decision is None:
            return self.confidence
        return self.decision.measure_sureness(self.probabilities).astype(np.float32)


@dataclass(frozen=True)
class Records(RunRecords):
    """The files of a classifier's run."""

    trust: TrustRecord
    predictions: Predictions

    @property
    def classes(self) -> tuple[str, ...]:
        """The names to predict, in order."""
        return tuple(self.test.classes)


def read_records(folder: str | Path) -> Records:
    """Read the folder of a classifier's finished run.

    Raises:
        UserError: it is none, a file of it is missing or damaged or does not fit the others, it was made without what
            the report needs, or its task has no figures.
    """
    folder = Path(folder).expanduser()
    check_support(read_task(folder), "figures")
    files = read_common_files(folder)
    trust = read_typed_record(folder, TRUST, TrustRecord)
    records = Records(**files, trust=trust, predictions=_read_predictions(folder, files["test"]))
    check_consistency(records)
    return records


def _read_predictions(folder: Path, test: ClassificationEvaluation) -> Predictions:
    classes = len(test.classes)
    names = [field.name for field in fields(Predictions) if field.name not in ("by_threshold", "decision")]
    try:
        arrays = read_run_arrays(folder / _PREDICTIONS, names)
        told = read_run_arrays(folder / _PREDICTIONS).get(PREDICTED)
    except FileNotFoundError:
        raise make_missing_error(folder, _PREDICTIONS) from None
    found = Predictions(**arrays, by_threshold=told, decision=None if told is None else _find_decision(test))
    if told is not None and (told.shape != (len(found),) or not np.isin(told, np.arange(classes)).all()):
        raise make_damage_error(folder / _PREDICTIONS, f"{PREDICTED} are no classes of {len(found)} samples")
    by_class = ("probabilities", "uncalibrated", "prediction_set")
    for name in names:
        shape = (len(found), classes) if name in by_class else (len(found),)
        if (seen := getattr(found, name).shape) != shape:
            raise make_damage_error(folder / _PREDICTIONS, f"{name} has shape {seen}, wanted {shape}")
    return found


def _find_decision(test: ClassificationEvaluation) -> ClassDecision | None:
    """Return by which threshold the classes were predicted that ``test`` scores; None: by none."""
    found = test.screening
    if found is None or found.threshold is None or found.positive not in test.classes:
        return None
    return ClassDecision(test.classes.index(found.positive), found.threshold, found.wish)
