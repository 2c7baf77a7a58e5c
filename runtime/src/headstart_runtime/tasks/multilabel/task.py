"""Several labels for one item as a task. What is behind a facet is imported when it is first asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from headstart_runtime.arrays import Floats
from headstart_runtime.errors import SettingError
from headstart_runtime.fitting_parts import import_fitting_part
from headstart_runtime.inference.model_format import PREDICTION_SET, PROBABILITIES
from headstart_runtime.inference.postprocess import BatchPredictions
from headstart_runtime.linalg import sigmoid
from headstart_runtime.tasks.multilabel.answers import LabelSetPrediction, make_label_failure, make_label_predictions
from headstart_runtime.tasks.multilabel.combination import combine_label_members
from headstart_runtime.tasks.multilabel.postprocessor import EVEN, LABELS, LabelSetPostprocessor, LabelThreshold
from headstart_runtime.tasks.task import CellType, Measure, OutputRule, Support, TargetSpace

if TYPE_CHECKING:
    from headstart.settings.chapter import Chapter
    from headstart.tasks import facets, optional_facets
    from headstart_runtime.tasks.explanation_facet import AnswerExplanation


_LABELS_SHOWN = 12  #: names of labels in the table of a model


class MultilabelTask:
    """The question which of several labels an item has; none of them and all of them are answers too."""

    name = "multilabel"
    title = "several labels for one item"
    measure = Measure("mean average precision", "log loss", "nats", counted=False)
    feature_rank = "pooled"
    feature_precision = "f32"  # each label has a threshold: in bf16 some label of 5 % of sheets of eight passes its own
    invariances = frozenset({"scale", "flip", "turn", "colour"})  # a part may lack what a label is for
    supports: frozenset[Support] = frozenset({"advice", "figures", "threshold of an answer"})
    answer = PROBABILITIES
    strategies = None
    ensembles = None

    def count_outputs(self, space: TargetSpace) -> int:
        """Return the number of labels K."""
        return len(space.names)

    def activate(self, logits: Floats) -> Floats:
        """Return the probability of each label, float32 (N, K)."""
        return sigmoid(logits)

    def combine(self, members: Sequence[Floats], weights: Sequence[float], how: str) -> Floats:
        """Return the mean of the members' probabilities, or their vote on each label, float32 (N, K).

        Raises:
            ValueError: another way than "mean" and "vote".
        """
        if how not in ("mean", "vote"):
            raise ValueError(f"labels are not combined by {how!r}; wanted mean or vote")
        return combine_label_members(members, weights, how)

    def make_postprocessor(self) -> LabelSetPostprocessor:
        """Return what leaves probabilities as they are, takes labels from 0.5 on, and promises nothing."""
        return LabelSetPostprocessor()

    def read_postprocessor(self, record: Mapping[str, Any], space: TargetSpace) -> LabelSetPostprocessor:
        """Return calibration, thresholds and promise, as ``LabelSetPostprocessor.to_json`` has them."""
        postprocessor = LabelSetPostprocessor.from_json(record)
        self.check_postprocessor(postprocessor, space)
        return postprocessor

    def check_postprocessor(self, postprocessor: LabelSetPostprocessor, space: TargetSpace) -> None:
        """Raise a ValueError where a calibration or thresholds are of another number of labels."""
        wanted = len(space.names)
        if postprocessor.calibration.labels not in (None, wanted):
            raise ValueError(f"the calibration is of {postprocessor.calibration.labels} labels; wanted {wanted}")
        if len(postprocessor.thresholds) not in (0, wanted):
            raise ValueError(f"there are thresholds of {len(postprocessor.thresholds)} labels; wanted {wanted}")

    def complete_outputs(self, outputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Return outputs with sets; where the model makes none, the labels themselves."""
        labels = outputs.get(LABELS, outputs[PROBABILITIES] >= EVEN)
        return {LABELS: labels, PREDICTION_SET: labels, **outputs}

    def describe_model(
        self, space: TargetSpace, postprocessor: LabelSetPostprocessor, scores: Mapping[str, Any]
    ) -> list[tuple[str, str]]:
        """Return the labels, the calibration, the thresholds, the promise and the score on test."""
        shown, more = ", ".join(space.names[:_LABELS_SHOWN]), len(space.names) - _LABELS_SHOWN
        score = scores.get("test", {}).get("mean_average_precision")
        risk = postprocessor.risk
        rows = [
            ("labels", f"{len(space.names)}: {shown}" + (f" and {more} more" if more > 0 else "")),
            ("calibration", postprocessor.calibration.kind),
            ("thresholds", _describe_thresholds(postprocessor)),
            ("sets", f"{risk.promised:.0%} of labels missed at most" if risk else "none"),
        ]
        return rows + ([("test mean average precision", f"{score:.1%}")] if isinstance(score, float | int) else [])

    def make_predictions(
        self, items: Sequence[Any], batch: BatchPredictions, space: TargetSpace
    ) -> list[LabelSetPrediction]:
        """Return the answer for each opened item, in their order."""
        return make_label_predictions(items, batch, space.names)

    def make_threshold_rule(
        self, threshold: float, postprocessor: LabelSetPostprocessor, space: TargetSpace
    ) -> OutputRule:
        """Return what takes every label from a probability on, whatever the model's own thresholds are."""
        taken = self.replace_threshold(threshold, postprocessor, space)
        risk = taken.risk

        def retake(outputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
            said = outputs[PROBABILITIES]
            sets = {} if risk is None else {PREDICTION_SET: risk.predict(said, taken.threshold_values)}
            return {**outputs, LABELS: said >= taken.threshold_values, **sets}

        return retake

    def replace_threshold(
        self, threshold: float, postprocessor: LabelSetPostprocessor, space: TargetSpace
    ) -> LabelSetPostprocessor:
        """Return the postprocessor that takes every label from a probability on."""
        if not (isinstance(threshold, float | int) and 0 <= threshold <= 1):
            raise SettingError(f"threshold is {threshold!r}; wanted a probability, 0 to 1")
        given = LabelThreshold(float(threshold), "given", None, 0)
        return replace(postprocessor, thresholds=(given,) * len(space))

    def list_thresholds(self, postprocessor: LabelSetPostprocessor, space: TargetSpace) -> dict[str, float]:
        """Return the threshold of each label; none where all have the same one."""
        named = zip(space.names, postprocessor.thresholds, strict=bool(postprocessor.thresholds))
        return {name: float(one.threshold) for name, one in named}

    def answer_columns(self, top: int, space: TargetSpace | None = None) -> tuple[str, ...]:
        """Return the labels, so many of the likeliest with their probabilities, and the set that misses few."""
        pairs = [f"{name}{rank}" for rank in range(1, top + 1) for name in ("label", "probability")]
        return (LABELS, *pairs, PREDICTION_SET)

    def answer_types(self, top: int, space: TargetSpace) -> tuple[CellType, ...]:
        """Return a list of texts, text and number of so many labels, and another list."""
        pair: tuple[CellType, ...] = ("text", "number")
        return ("texts", *pair * top, "texts")

    def make_failure(self, item: Any, error: Exception, space: TargetSpace) -> LabelSetPrediction:
        """Return the record for an item that cannot be read."""
        return make_label_failure(item, error, space.names)

    @cached_property
    def targets(self) -> "facets.TargetReading":
        """Names of labels, read as sets of them."""
        return import_fitting_part("headstart.tasks.multilabel.targets:LabelSetTargets")()

    @cached_property
    def heads(self) -> "facets.HeadFitting":
        """A logistic regression for each label, ridge, and a small neural network."""
        return import_fitting_part("headstart.tasks.multilabel.heads:LabelSetHeads")()

    @cached_property
    def scoring(self) -> "facets.Scoring":
        """Mean average precision, F1, exact match, log loss."""
        return import_fitting_part("headstart.tasks.multilabel.scoring:LabelSetScoring")()

    @cached_property
    def graph(self) -> "facets.GraphOutputs":
        """Sigmoids, calibration, thresholds and sets in ONNX."""
        return import_fitting_part("headstart.tasks.multilabel.graph:LabelSetGraph")()

    @cached_property
    def training(self) -> "optional_facets.NetworkTraining":
        """Binary cross-entropy of each label, or the asymmetric loss."""
        return import_fitting_part("headstart.tasks.multilabel.training:LabelSetTraining")()

    @cached_property
    def postprocessing(self) -> "optional_facets.Postprocessing":
        """Calibration, thresholds, and conformal risk control."""
        return import_fitting_part("headstart.tasks.multilabel.postprocessing:LabelSetPostprocessing")()

    @cached_property
    def report(self) -> "optional_facets.TaskReport":
        """The page with its section on the test, the model card, the figures."""
        return import_fitting_part("headstart.tasks.multilabel.report:LabelSetReport")()

    @cached_property
    def diagnostics(self) -> "optional_facets.TaskDiagnostics":
        """Labels that are missing or too many, weak slices, shortcuts."""
        return import_fitting_part("headstart.tasks.multilabel.findings:LabelSetDiagnostics")()

    @cached_property
    def explanation(self) -> "AnswerExplanation":
        """The evidence for one label."""
        from headstart_runtime.tasks.multilabel.explanation import LabelSetExplanation

        return LabelSetExplanation()

    @property
    def settings(self) -> "type[Chapter]":
        """The chapter "multilabel"."""
        return import_fitting_part("headstart.tasks.multilabel.settings:MultilabelSettings")


def _describe_thresholds(postprocessor: LabelSetPostprocessor) -> str:
    """Return the rule that thresholds were chosen by, and their range."""
    values = [one.threshold for one in postprocessor.thresholds]
    if not values:
        return f"{EVEN} for all"
    first = postprocessor.thresholds[0]
    rule = "best F1" if first.wanted is None else f"{first.rule} of {first.wanted:.0%}"
    return f"{min(values):.2f} to {max(values):.2f}, for the {rule}"
