"""An export in fewer bits is taken where its score on validation is not worse beyond the interval of the difference."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.deployment.item_proof import ProofItem
from headstart.evaluation.grouping import Targets
from headstart_runtime.errors import DataError, SaveError
from headstart_runtime.exported.host import ExportRunner
from headstart_runtime.inference.classifier import Classifier


@dataclass(frozen=True, slots=True, eq=False)
class ValidationItems:
    """Labelled items that the classifier was not fitted on first, and that its test is not made of."""

    items: Sequence[ProofItem]
    targets: Targets  #: of them, in their order


@dataclass(frozen=True, slots=True)
class ValidationScores:
    """The scores of the saved classifier and of an export on validation."""

    measure: str  #: "accuracy"
    items: int
    saved: float
    exported: float
    difference: float  #: of the score, exported less saved; above 0 is better, whatever the measure
    low: float  #: of the 95 % interval of the difference, paired, by groups
    high: float
    saved_milliseconds: float  #: for an item, one at a time: median
    exported_milliseconds: float

    def describe(self) -> str:
        """Return both scores in a clause."""
        return (
            f"{self.measure} {self.exported:.4g} in fewer bits, {self.saved:.4g} before, on {self.items} items "
            f"(difference {self.low:+.3g} to {self.high:+.3g}); {self.exported_milliseconds:.3g} ms for one, "
            f"{self.saved_milliseconds:.3g} before"
        )


def judge_validation(
    classifier: Classifier, reference: ExportRunner, runner: ExportRunner, validation: ValidationItems
) -> ValidationScores:
    """Score an export beside the saved classifier.

    Args:
        classifier: that was exported.
        reference: the saved classifier, as it is asked item by item.
        runner: the export.
        validation: labelled items.

    Raises:
        SaveError: the export is worse beyond the interval.
        DataError: none of the items can be read.
    """
    rows: dict[str, list[NDArray[Any]]] = {"saved": [], "exported": []}
    seconds: dict[str, list[float]] = {"saved": [], "exported": []}
    kept = []
    answer, scoring, measure = classifier.task.answer, classifier.task.scoring, classifier.task.measure
    for number, item in enumerate(validation.items):
        try:
            for name, one in (("saved", reference), ("exported", runner)):
                began = time.perf_counter()
                found = one.answer(item.value).outputs
                seconds[name].append(time.perf_counter() - began)
                rows[name].append(np.asarray(found[answer]))
        except DataError:
            continue
        kept.append(number)
    if not kept:
        raise DataError(f"none of the validation {classifier.record.modality.noun.many} can be read any more")
    targets = Targets(validation.targets.values[kept], validation.targets.groups[kept])
    outputs: Mapping[str, NDArray[Any]] = {name: np.stack(each) for name, each in rows.items()}
    scores = scoring.score_arms(targets, outputs)
    (pair,) = scoring.run_paired_tests(targets, scores, [("exported", "saved")], seed=0)
    saved, exported = (
        scoring.score("validation", targets, outputs[name], classifier.record.space).score
        for name in ("saved", "exported")
    )
    made = ValidationScores(
        measure.name,
        len(kept),
        saved,
        exported,
        pair.difference,
        pair.interval.low,
        pair.interval.high,
        *(float(np.median(seconds[name]) * 1000) for name in ("saved", "exported")),
    )
    if made.high < 0:
        raise SaveError(
            f"the export in fewer bits is worse on validation than chance explains, so nothing is written: "
            f"{measure.name} {measure.format(exported)} against {measure.format(saved)} on "
            f"{classifier.record.modality.noun.count(len(kept))}"
        )
    return made
