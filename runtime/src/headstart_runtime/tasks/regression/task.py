"""Regression as a task. What is behind a facet is imported when it is first asked for."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from headstart_runtime.arrays import Floats
from headstart_runtime.fitting_parts import import_fitting_part
from headstart_runtime.inference.postprocess import BatchPredictions
from headstart_runtime.tasks.regression.answers import (
    NumberPrediction,
    list_number_columns,
    make_number_failure,
    make_number_predictions,
)
from headstart_runtime.tasks.regression.postprocessor import NumberPostprocessor
from headstart_runtime.tasks.regression.units import show_number
from headstart_runtime.tasks.task import CellType, Measure, Support, TargetSpace

if TYPE_CHECKING:
    from headstart.settings.chapter import Chapter
    from headstart.tasks import facets, optional_facets
    from headstart_runtime.tasks.explanation_facet import AnswerExplanation

_SHOWN = 12  #: numbers in the table of a model


class RegressionTask:
    """The question what number, or numbers, belong to an item."""

    name = "regression"
    title = "regression"
    measure = Measure("mean absolute error", "relative error", share=False, greater=False)
    feature_rank = "pooled"
    feature_precision = "f32"  # in bf16 a tenth of the numbers moved by more than 1 % of their range
    invariances = frozenset({"colour"})  # cutting, mirroring and turning change counts, areas and angles
    supports: frozenset[Support] = frozenset({"figures"})
    answer = "value"
    strategies = None
    ensembles: frozenset[str] | None = frozenset({"average", "concat", "concat-all"})

    def count_outputs(self, space: TargetSpace) -> int:
        """Return how many numbers there are, K."""
        return len(space.names)

    def activate(self, logits: Floats) -> Floats:
        """Return the numbers as a head gives them, float32 (N, K)."""
        return logits

    def combine(self, members: Sequence[Floats], weights: Sequence[float], how: str) -> Floats:
        """Return the weighted mean of the members' numbers, float32 (N, K).

        Raises:
            ValueError: another way than "mean".
        """
        if how != "mean":
            raise ValueError(f"numbers are not combined by {how!r}; wanted mean")
        return np.asarray(np.einsum("k,knc->nc", np.asarray(weights, np.float32), np.stack(members)), np.float32)

    def make_postprocessor(self) -> NumberPostprocessor:
        """Return what makes no intervals."""
        return NumberPostprocessor()

    def read_postprocessor(self, record: Mapping[str, Any], space: TargetSpace) -> NumberPostprocessor:
        """Return intervals, as ``NumberPostprocessor.to_json`` has them."""
        postprocessor = NumberPostprocessor.from_json(record)
        self.check_postprocessor(postprocessor, space)
        return postprocessor

    def check_postprocessor(self, postprocessor: NumberPostprocessor, space: TargetSpace) -> None:
        """Raise a ValueError where intervals are of another count of numbers."""
        rule = postprocessor.intervals
        if rule is not None and rule.outputs != len(space):
            raise ValueError(f"the intervals are of {rule.outputs} numbers; wanted {len(space)}")

    def complete_outputs(self, outputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Return outputs as they are: without intervals there is nothing to say of them."""
        return dict(outputs)

    def describe_model(
        self, space: TargetSpace, postprocessor: NumberPostprocessor, scores: Mapping[str, Any]
    ) -> list[tuple[str, str]]:
        """Return the numbers, the coverage of their intervals and the error on test."""
        shown, more = ", ".join(space.names[:_SHOWN]), len(space.names) - _SHOWN
        rule, error = postprocessor.intervals, scores.get("test", {}).get("mean_absolute_error")
        rows = [
            ("numbers", f"{shown} and {more} more" if more > 0 else shown),
            ("intervals", f"{rule.coverage:.0%} coverage, {rule.kind}" if rule else "none"),
        ]
        name = self.measure.name if len(space) == 1 else self.measure.loss
        return rows + ([(f"test {name}", show_number(error))] if isinstance(error, float | int) else [])

    def make_predictions(
        self, items: Sequence[Any], batch: BatchPredictions, space: TargetSpace
    ) -> list[NumberPrediction]:
        """Return a prediction for each opened item, in their order."""
        return make_number_predictions(items, batch, space)

    def answer_columns(self, top: int, space: TargetSpace) -> tuple[str, ...]:
        """Return value, low and high of each number."""
        return list_number_columns(space)

    def answer_types(self, top: int, space: TargetSpace) -> tuple[CellType, ...]:
        """Return that all are numbers."""
        number: CellType = "number"
        return (number,) * len(list_number_columns(space))

    def make_failure(self, item: Any, error: Exception, space: TargetSpace) -> NumberPrediction:
        """Return the prediction for an item that cannot be read."""
        return make_number_failure(item, error, space)

    @cached_property
    def targets(self) -> "facets.TargetReading":
        """Numbers, as labels have them."""
        return import_fitting_part("headstart.tasks.regression.targets:NumberTargets")()

    @cached_property
    def heads(self) -> "facets.HeadFitting":
        """Ridge regression and a small neural network."""
        return import_fitting_part("headstart.tasks.regression.heads:NumberHeads")()

    @cached_property
    def scoring(self) -> "facets.Scoring":
        """Mean absolute error and its kin, and swaps of whole groups."""
        return import_fitting_part("headstart.tasks.regression.scoring:NumberScoring")()

    @cached_property
    def graph(self) -> "facets.GraphOutputs":
        """Numbers and intervals in ONNX."""
        return import_fitting_part("headstart.tasks.regression.graph:NumberGraph")()

    @cached_property
    def training(self) -> "optional_facets.NetworkTraining":
        """Huber's loss."""
        return import_fitting_part("headstart.tasks.regression.training:NumberTraining")()

    @cached_property
    def postprocessing(self) -> "optional_facets.Postprocessing":
        """Intervals by split conformal prediction."""
        return import_fitting_part("headstart.tasks.regression.postprocessing:NumberPostprocessing")()

    @cached_property
    def diagnostics(self) -> "optional_facets.TaskDiagnostics":
        """Numbers that are far from what is expected, weak slices, shortcuts."""
        return import_fitting_part("headstart.tasks.regression.findings:NumberDiagnostics")()

    @cached_property
    def explanation(self) -> "AnswerExplanation":
        """The evidence that a number is a large one."""
        from headstart_runtime.tasks.regression.explanation import NumberExplanation

        return NumberExplanation()

    @cached_property
    def report(self) -> "optional_facets.TaskReport":
        """The page with its section on the test, the model card, the figures."""
        return import_fitting_part("headstart.tasks.regression.report:NumberReport")()

    @property
    def settings(self) -> "type[Chapter]":
        """The chapter "regression"."""
        return import_fitting_part("headstart.tasks.regression.settings:RegressionSettings")
