"""Single-label classification as a task. What is behind a facet is imported when it is first asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, get_args

from numpy.typing import NDArray

from headstart_runtime.arrays import Floats
from headstart_runtime.errors import SettingError
from headstart_runtime.fitting_parts import import_fitting_part
from headstart_runtime.inference.model_format import PREDICTED, PREDICTION_SET, PROBABILITIES
from headstart_runtime.inference.postprocess import BatchPredictions
from headstart_runtime.inference.prediction import Prediction, make_failure, make_predictions
from headstart_runtime.linalg import softmax
from headstart_runtime.tasks.classification.combination import combine_members
from headstart_runtime.tasks.classification.decision import ClassDecision, describe_decision
from headstart_runtime.tasks.classification.positive_class import guess_positive
from headstart_runtime.tasks.classification.postprocessor import ClassPostprocessor
from headstart_runtime.tasks.task import CellType, Measure, OutputRule, Support, TargetSpace

if TYPE_CHECKING:
    from headstart.settings.chapter import Chapter
    from headstart.tasks import facets, optional_facets
    from headstart_runtime.tasks.explanation_facet import AnswerExplanation


_CLASSES_SHOWN = 12  #: names of classes in the table of a model


class ClassificationTask:
    """The question which one of several classes an item belongs to."""

    name = "classification"
    title = "single-label classification"
    measure = Measure("accuracy", "log loss", "nats")
    feature_rank = "pooled"
    feature_precision = "auto"
    invariances = frozenset("*")
    supports: frozenset[Support] = frozenset(get_args(Support))
    answer = "probabilities"
    strategies = None
    ensembles = None

    def count_outputs(self, space: TargetSpace) -> int:
        """Return the number of classes C."""
        return len(space.names)

    def activate(self, logits: Floats) -> Floats:
        """Return probabilities, float32 (N, C), by softmax."""
        return softmax(logits)

    def combine(self, members: Sequence[Floats], weights: Sequence[float], how: str) -> Floats:
        """Return the mean of the members' probabilities, or their vote, float32 (N, C).

        Raises:
            ValueError: another way than "mean" and "vote".
        """
        if how not in ("mean", "vote"):
            raise ValueError(f"classes are not combined by {how!r}; wanted mean or vote")
        return combine_members(members, weights, how)

    def make_postprocessor(self) -> ClassPostprocessor:
        """Return what leaves probabilities as they are and makes no prediction sets."""
        return ClassPostprocessor()

    def read_postprocessor(self, record: Mapping[str, Any], space: TargetSpace) -> ClassPostprocessor:
        """Return calibration, prediction sets and decision, as ``ClassPostprocessor.to_json`` has them."""
        postprocessor = ClassPostprocessor.from_json(record)
        self.check_postprocessor(postprocessor, space)
        return postprocessor

    def check_postprocessor(self, postprocessor: ClassPostprocessor, space: TargetSpace) -> None:
        """Raise a ValueError where a calibration is of another number of classes, or a decision of none of them."""
        classes, decision = postprocessor.calibration.classes, postprocessor.decision
        if classes not in (None, len(space.names)):
            raise ValueError(f"the calibration is of {classes} classes; wanted {len(space.names)}")
        if decision is not None and decision.positive >= len(space.names):
            raise ValueError(f"the decision is of class {decision.positive}; wanted one below {len(space.names)}")

    def complete_outputs(self, outputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Return outputs with prediction sets; where the model makes none, the likeliest class alone."""
        return {**outputs, PREDICTION_SET: BatchPredictions(outputs).prediction_set_or_likeliest()}

    def describe_model(
        self, space: TargetSpace, postprocessor: ClassPostprocessor, scores: Mapping[str, Any]
    ) -> list[tuple[str, str]]:
        """Return classes, calibration, coverage of prediction sets, the positive class, accuracy on test."""
        shown, more = ", ".join(space.names[:_CLASSES_SHOWN]), len(space.names) - _CLASSES_SHOWN
        conformal, accuracy = postprocessor.conformal, scores.get("test", {}).get("accuracy")
        rows = [
            ("classes", f"{len(space.names)}: {shown}" + (f" and {more} more" if more > 0 else "")),
            ("calibration", postprocessor.calibration.kind),
            ("prediction sets", f"{conformal.coverage:.0%} coverage" if conformal else "none"),
        ]
        if postprocessor.decision is not None:
            rows.append(("positive class", describe_decision(postprocessor.decision, space.names)))
        return rows + ([("test accuracy", f"{accuracy:.1%}")] if isinstance(accuracy, float | int) else [])

    def make_predictions(self, items: Sequence[Any], batch: BatchPredictions, space: TargetSpace) -> list[Prediction]:
        """Return a prediction for each opened item, in their order."""
        return make_predictions(items, batch, space.names)

    def make_threshold_rule(
        self, threshold: float, postprocessor: ClassPostprocessor, space: TargetSpace
    ) -> OutputRule:
        """Return what predicts the positive class from a probability on, whatever the model's own threshold is."""
        rule = self._decide(threshold, postprocessor, space)
        return lambda outputs: {**outputs, PREDICTED: rule.predict(outputs[PROBABILITIES])}

    def replace_threshold(
        self, threshold: float, postprocessor: ClassPostprocessor, space: TargetSpace
    ) -> ClassPostprocessor:
        """Return the postprocessor that predicts the positive class from a probability on."""
        return replace(postprocessor, decision=self._decide(threshold, postprocessor, space))

    def list_thresholds(self, postprocessor: ClassPostprocessor, space: TargetSpace) -> dict[str, float]:
        """Return the threshold of the positive class, where answers are taken by one."""
        decision = postprocessor.decision
        if decision is None or decision.threshold is None:
            return {}
        return {space.names[decision.positive]: float(decision.threshold)}

    def _decide(self, threshold: float, postprocessor: ClassPostprocessor, space: TargetSpace) -> ClassDecision:
        if not (isinstance(threshold, float | int) and 0 <= threshold <= 1):
            raise SettingError(f"threshold is {threshold!r}; wanted a probability, 0 to 1")
        decision = postprocessor.decision
        positive = guess_positive(space.names) if decision is None else decision.positive
        if positive is None:
            raise SettingError(
                "a threshold is of one class, and this model was fitted without a positive class; fit it "
                f"with --positive, such as --positive {space.names[-1]!r}, or leave the threshold out"
            )
        return ClassDecision(positive, float(threshold))

    def answer_columns(self, top: int, space: TargetSpace) -> tuple[str, ...]:
        """Return label and probability of so many classes, and the prediction set."""
        more = [f"{name}{rank}" for rank in range(2, top + 1) for name in ("label", "probability")]
        return ("label", "probability", *more, "prediction_set")

    def answer_types(self, top: int, space: TargetSpace) -> tuple[CellType, ...]:
        """Return text and number of so many classes, and a list of texts."""
        pair: tuple[CellType, ...] = ("text", "number")
        return (*pair * top, "texts")

    def make_failure(self, item: Any, error: Exception, space: TargetSpace) -> Prediction:
        """Return the prediction for an item that cannot be read."""
        return make_failure(item, error, space.names)

    @cached_property
    def targets(self) -> "facets.TargetReading":
        """Class names, read as indices."""
        return import_fitting_part("headstart.tasks.classification.targets:ClassTargets")()

    @cached_property
    def heads(self) -> "facets.HeadFitting":
        """Logistic regression, LDA, ridge and a small neural network."""
        return import_fitting_part("headstart.tasks.classification.heads:ClassHeads")()

    @cached_property
    def scoring(self) -> "facets.Scoring":
        """Accuracy, log loss and McNemar's test."""
        return import_fitting_part("headstart.tasks.classification.scoring:ClassScoring")()

    @cached_property
    def graph(self) -> "facets.GraphOutputs":
        """Softmax, calibration and prediction sets in ONNX."""
        return import_fitting_part("headstart.tasks.classification.graph:ClassGraph")()

    @cached_property
    def training(self) -> "optional_facets.NetworkTraining":
        """Cross-entropy."""
        return import_fitting_part("headstart.tasks.classification.training:ClassTraining")()

    @cached_property
    def diagnostics(self) -> "optional_facets.TaskDiagnostics":
        """Wrong labels, confusable classes, weak slices, calibration."""
        return import_fitting_part("headstart.tasks.classification.findings:ClassDiagnostics")()

    @cached_property
    def explanation(self) -> "AnswerExplanation":
        """The evidence for one class."""
        from headstart_runtime.tasks.classification.explanation import ClassExplanation

        return ClassExplanation()

    @cached_property
    def report(self) -> "optional_facets.TaskReport":
        """The page with its sections, and the model card."""
        return import_fitting_part("headstart.tasks.classification.report:ClassReport")()

    @cached_property
    def postprocessing(self) -> "optional_facets.Postprocessing":
        """Calibration, and prediction sets by split conformal prediction."""
        return import_fitting_part("headstart.tasks.classification.postprocessing:ClassPostprocessing")()

    @property
    def settings(self) -> "type[Chapter]":
        """The chapter "classification"."""
        return import_fitting_part("headstart.tasks.classification.settings:ClassificationSettings")
