"""Ordered classes as a task. What is behind a facet is imported when it is first asked for."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from headstart_runtime.arrays import Floats
from headstart_runtime.fitting_parts import import_fitting_part
from headstart_runtime.inference.model_format import PREDICTION_SET, PROBABILITIES
from headstart_runtime.inference.postprocess import BatchPredictions
from headstart_runtime.tasks.ordinal.answers import Grade, fail_grade, make_grades
from headstart_runtime.tasks.ordinal.distribution import find_medians, spread_numbers
from headstart_runtime.tasks.ordinal.postprocessor import RANGE, RANK, RankPostprocessor
from headstart_runtime.tasks.ordinal.ranges import find_ends
from headstart_runtime.tasks.task import CellType, Measure, Support, TargetSpace

if TYPE_CHECKING:
    from headstart.settings.chapter import Chapter
    from headstart.tasks import facets, optional_facets
    from headstart_runtime.tasks.explanation_facet import AnswerExplanation


_CLASSES_SHOWN = 12  #: names of classes in the table of a model
_ENSEMBLES = frozenset({"average", "concat", "concat-all"})  #: a vote would forget how far two answers are apart


class OrdinalTask:
    """The question which of several ordered classes an item belongs to: a grade, a stage, a rating."""

    name = "ordinal"
    title = "ordinal classification"
    measure = Measure("MAE of ranks", "log loss", "nats", share=False, greater=False)
    feature_rank = "pooled"
    feature_precision = (
        "f32"  # grades lie along a line with items at every threshold: bf16 moved 2.8 % of clips' grades
    )
    invariances = frozenset("*")
    supports: frozenset[Support] = frozenset({"advice", "figures"})
    answer = PROBABILITIES
    strategies = None
    ensembles = _ENSEMBLES

    def count_outputs(self, space: TargetSpace) -> int:
        """Return 2 K for K classes: a head gives a location, K - 1 thresholds, and a logit for each class."""
        return 2 * len(space.names)

    def activate(self, logits: Floats) -> Floats:
        """Return the probabilities of the ranks, float32 (N, K), of a head's numbers, float32 (N, 2 K)."""
        return spread_numbers(logits)

    def combine(self, members: Sequence[Floats], weights: Sequence[float], how: str) -> Floats:
        """Return the mean of the members' probabilities, float32 (N, K).

        Raises:
            ValueError: another way than "mean".
        """
        if how != "mean":
            raise ValueError(f"ordered classes are not combined by {how!r}; wanted mean")
        return np.asarray(np.einsum("k,knc->nc", np.asarray(weights, np.float32), np.stack(members)), np.float32)

    def make_postprocessor(self) -> RankPostprocessor:
        """Return what leaves probabilities as they are and makes no ranges."""
        return RankPostprocessor()

    def read_postprocessor(self, record: Mapping[str, Any], space: TargetSpace) -> RankPostprocessor:
        """Return calibration and ranges, as ``RankPostprocessor.to_json`` has them."""
        return RankPostprocessor.from_json(record)

    def check_postprocessor(self, postprocessor: RankPostprocessor, space: TargetSpace) -> None:
        """Raise a ValueError where a postprocessor is of another task; any number of ranks suits it."""
        if not isinstance(postprocessor, RankPostprocessor):
            raise ValueError(f"a {type(postprocessor).__name__} makes no answers of ranks")  # noqa: TRY004  (as the protocol has it)

    def complete_outputs(self, outputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Return outputs with ranges; where the model makes none, the median alone."""
        if PREDICTION_SET in outputs:
            return dict(outputs)
        probabilities = outputs[PROBABILITIES]
        medians = find_medians(probabilities)
        inside = np.arange(probabilities.shape[1]) == medians[:, None]
        return {**outputs, RANK: medians, PREDICTION_SET: inside, RANGE: find_ends(inside)}

    def describe_model(
        self, space: TargetSpace, postprocessor: RankPostprocessor, scores: Mapping[str, Any]
    ) -> list[tuple[str, str]]:
        """Return the classes, the calibration, the coverage of ranges and the error on test."""
        shown, more = " < ".join(space.names[:_CLASSES_SHOWN]), len(space.names) - _CLASSES_SHOWN
        ranges, mae = postprocessor.ranges, scores.get("test", {}).get("mae")
        rows = [
            ("classes", f"{len(space.names)}: {shown}" + (f" and {more} more" if more > 0 else "")),
            ("calibration", postprocessor.calibration.kind),
            ("ranges", f"{ranges.coverage:.0%} coverage" if ranges else "none"),
        ]
        return rows + ([("test MAE of ranks", f"{mae:.3f}")] if isinstance(mae, float | int) else [])

    def make_predictions(self, items: Sequence[Any], batch: BatchPredictions, space: TargetSpace) -> list[Grade]:
        """Return the answer for each opened item, in their order."""
        return make_grades(items, batch, space.names)

    def answer_columns(self, top: int, space: TargetSpace) -> tuple[str, ...]:
        """Return the class, its rank and probability, and the ends of the range."""
        return ("label", "rank", "probability", "range_low", "range_high")

    def answer_types(self, top: int, space: TargetSpace) -> tuple[CellType, ...]:
        """Return text, whole number, number, and the ends of the range as texts."""
        return ("text", "whole", "number", "text", "text")

    def make_failure(self, item: Any, error: Exception, space: TargetSpace) -> Grade:
        """Return the answer for an item that cannot be read."""
        return fail_grade(item, error, space.names)

    @cached_property
    def targets(self) -> "facets.TargetReading":
        """Class names, read as ranks."""
        return import_fitting_part("headstart.tasks.ordinal.targets:RankTargets")()

    @cached_property
    def heads(self) -> "facets.HeadFitting":
        """Cumulative logistic regression and a small neural network."""
        return import_fitting_part("headstart.tasks.ordinal.heads:RankHeads")()

    @cached_property
    def scoring(self) -> "facets.Scoring":
        """Distance in ranks, log loss and an exact paired test."""
        return import_fitting_part("headstart.tasks.ordinal.scoring:RankScoring")()

    @cached_property
    def graph(self) -> "facets.GraphOutputs":
        """Distributions, calibration, the median and ranges in ONNX."""
        return import_fitting_part("headstart.tasks.ordinal.graph:RankGraph")()

    @cached_property
    def training(self) -> "optional_facets.NetworkTraining":
        """The cross-entropy of thresholds' questions."""
        return import_fitting_part("headstart.tasks.ordinal.training:RankTraining")()

    @cached_property
    def explanation(self) -> "AnswerExplanation":
        """The evidence that a grade is a high one."""
        from headstart_runtime.tasks.ordinal.explanation import GradeExplanation

        return GradeExplanation()

    @cached_property
    def postprocessing(self) -> "optional_facets.Postprocessing":
        """Calibration, and ranges by split conformal prediction."""
        return import_fitting_part("headstart.tasks.ordinal.postprocessing:RankPostprocessing")()

    @cached_property
    def diagnostics(self) -> "optional_facets.TaskDiagnostics":
        """Grades that look wrong, weak slices, shortcuts, calibration, ranges."""
        return import_fitting_part("headstart.tasks.ordinal.findings:RankDiagnostics")()

    @cached_property
    def report(self) -> "optional_facets.TaskReport":
        """The pages with their sections."""
        return import_fitting_part("headstart.tasks.ordinal.report:RankReport")()

    @property
    def settings(self) -> "type[Chapter]":
        """The chapter "ordinal"."""
        return import_fitting_part("headstart.tasks.ordinal.settings:OrdinalSettings")
