"""Findings about labels and answers of ordered classes: grades that look wrong, weak slices, calibration, ranges."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from headstart.data.samples import Samples
from headstart.diagnostics.findings import AnswerDiagnostics
from headstart.diagnostics.held_out import make_label_sets, predict_held_out_answers
from headstart.diagnostics.label_review import LabelReview, find_ordered_suspects
from headstart.diagnostics.slices import ItemProperty
from headstart.evaluation.coverage import Coverage, measure_coverage
from headstart.evaluation.grouping import Targets
from headstart.evaluation.label_noise import describe_label_noise, estimate_label_noise
from headstart.evaluation.reliability import Reliability, describe_calibration_error, measure_reliability
from headstart.heads.folds import find_one_group_classes
from headstart.selection.results import Postprocessed, TestResult
from headstart_runtime.arrays import Doubles, Floats, Ints
from headstart_runtime.inference.postprocess import BatchPredictions
from headstart_runtime.modalities.facets import NamedProperty
from headstart_runtime.modalities.item import Noun
from headstart_runtime.tasks.ordinal.distribution import find_medians
from headstart_runtime.tasks.ordinal.postprocessor import RANK
from headstart_runtime.tasks.task import Measure, TargetSpace


@dataclass(frozen=True, slots=True)
class RankCalibrationRecord:
    """The calibration of a run, as ``trust.json`` keeps it."""

    kind: str
    held_out: str  #: the samples that it was fitted on
    n: int  #: of them
    tried: Mapping[str, float]  #: kind -> cross-validated log loss, nats
    reason: str  #: why this kind
    before: Reliability  #: of the probabilities on test, uncalibrated
    after: Reliability


@dataclass(frozen=True, slots=True)
class RangesRecord:
    """The ranges of a run, as ``trust.json`` keeps them."""

    kind: str
    coverage: float  #: that was promised
    threshold: float
    held_out_n: int  #: samples that the threshold was found on
    test: Coverage


class RankDiagnostics(AnswerDiagnostics):
    """The facet that finds them."""

    def describe_item_score(self, space: TargetSpace) -> Measure:
        """Return that a sample is scored by how many ranks its answer is off."""
        return Measure("error in ranks", "log loss", "nats", share=False, greater=False)

    def score_items(self, targets: Targets, answers: BatchPredictions, space: TargetSpace) -> Doubles:
        """Return minus the distance of each answer in ranks, (M,)."""
        return np.asarray(-np.abs(answers.outputs[RANK] - targets.values), np.float64)

    def encode_targets(self, targets: Ints, space: TargetSpace) -> Doubles:
        """Return ranks as numbers, (N, 1)."""
        return targets[:, None].astype(np.float64)

    def encode_answers(self, answers: BatchPredictions, space: TargetSpace) -> Doubles:
        """Return expected ranks, (M, 1)."""
        return np.asarray(answers.probabilities.astype(np.float64) @ np.arange(len(space.names))[:, None])

    def list_properties(self, targets: Ints, space: TargetSpace) -> Sequence[ItemProperty]:
        """Return the class, by which test samples are sliced."""
        return (NamedProperty("class", [[space.names[rank]] for rank in targets]),)

    def count_labels(self, targets: Ints, space: TargetSpace) -> Mapping[str, int]:
        """Return the number of samples of each class."""
        counts = np.bincount(targets, minlength=len(space.names))
        return dict(zip(space.names, counts.tolist(), strict=True))

    def review_labels(
        self, samples: Samples, layers: Sequence[str], rows: Callable[[str], Floats], settings: Any
    ) -> LabelReview:
        """Return grades held against heads that had not seen their samples: the furthest off first.

        A class whose samples are all of one group is left out: no head knows it without them.
        """
        training_sets = make_label_sets(samples, layers, rows, settings.seed)
        probabilities = predict_held_out_answers(samples.task, training_sets, settings)
        ranks, groups = training_sets[0].targets, training_sets[0].groups
        known = ~np.isin(ranks, find_one_group_classes(ranks, groups))
        found = find_ordered_suspects(
            [sample.id for sample in samples.samples], ranks, probabilities, samples.space.names, known
        )
        noise = estimate_label_noise(ranks[known], probabilities[known], groups[known], noun=samples.noun)
        off = np.abs(find_medians(probabilities[known]) - ranks[known])
        agree = float((off == 0).mean()) if known.any() else 0.0
        return LabelReview(
            n=int(known.sum()),
            agreement=_describe_agreement(off, samples.noun.many),
            summary=describe_label_noise(noise),
            suspects=found,
            noise=noise,
            accuracy=agree,
        )

    def describe_record(self, record: Mapping[str, Any], noun: Noun) -> Sequence[str]:
        """Return the calibration error, and how wide ranges are and how often they hold the true class."""
        lines = []
        if calibration := record.get("calibration"):
            lines.append(describe_calibration_error(calibration["before"]["ece"], calibration["after"]["ece"]))
        if sets := record.get("prediction_sets"):
            seen = sets["test"]
            held = f"ranges hold the true class of {seen['coverage']:.1%} of the test {noun.many}"
            classes = f"they have {seen['mean_size']:.1f} classes on average"
            lines.append(f"{held} ({sets['coverage']:.0%} promised); {classes}")
        return lines

    def record_postprocessing(self, fitted: Postprocessed, test: TestResult) -> Mapping[str, Any]:
        """Return the calibration, and the ranges with the coverage that they have on test."""
        held, found, postprocessor = fitted.calibration_set, fitted.postprocessing, fitted.model.postprocessor
        if held is None or found is None:
            return {}
        count = len(held.targets)
        before, after = (
            measure_reliability(test.targets.values, said, groups=test.targets.groups)
            for said in (test.answers.uncalibrated, test.answers.probabilities)
        )
        kind, tried, reason = postprocessor.calibration.kind, found.facts["log_losses"], found.facts["reason"]
        calibration = RankCalibrationRecord(kind, held.source, count, tried, reason, before, after)
        sets = test.answers.prediction_set
        if sets is None:
            return {"calibration": calibration, "prediction_sets": None}
        seen = measure_coverage(sets, test.targets.values, groups=test.targets.groups)
        ranges = postprocessor.ranges
        return {
            "calibration": calibration,
            "prediction_sets": RangesRecord("range", ranges.coverage, ranges.threshold, count, seen),
        }


def _describe_agreement(off: Ints, many: str) -> str:
    """Return how many labels the heads agree with, and how many are further off than by one rank."""
    if not len(off):
        return f"no {many} could be compared"
    far = int((off > 1).sum())
    more = f", {far:,} of the others are off by more than one rank" if far else ", the others are one rank off"
    return f"{(off == 0).mean():.1%} of {len(off):,} {many} agree" + (more if off.any() else "")
