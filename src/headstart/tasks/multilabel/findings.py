"""Findings about samples with several labels: labels that are missing or too many, weak slices, shortcuts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from headstart.data.samples import Samples, Subset
from headstart.diagnostics.findings import AnswerDiagnostics, AnswerFindings
from headstart.diagnostics.held_out import make_label_sets, predict_held_out_answers
from headstart.diagnostics.label_review import LabelReview
from headstart.diagnostics.slices import ItemProperty
from headstart.evaluation.grouping import Targets
from headstart.evaluation.label_noise import LabelNoise, describe_label_noise, estimate_label_noise
from headstart.label_text import NONE
from headstart.selection.context import FitContext
from headstart.selection.results import Postprocessed, TestResult
from headstart.tasks.multilabel.label_issues import find_doubted, find_label_set_issues
from headstart.tasks.multilabel.pairs import find_overused_pairs
from headstart.tasks.multilabel.targets import NONE_OF_THEM
from headstart.tasks.multilabel.trust_record import describe_trust, record_counts, record_postprocessing
from headstart_runtime.arrays import Doubles, Floats, Ints
from headstart_runtime.inference.model_format import PROBABILITIES
from headstart_runtime.inference.postprocess import BatchPredictions
from headstart_runtime.modalities.facets import NamedProperty
from headstart_runtime.modalities.item import Noun
from headstart_runtime.tasks.multilabel.postprocessor import LABELS
from headstart_runtime.tasks.task import Measure, TargetArray, TargetSpace

SCORE = Measure("Jaccard index", "log loss", "nats")  #: of one sample: mean average precision is of many


class LabelSetDiagnostics(AnswerDiagnostics):
    """The facet that finds them."""

    def describe_item_score(self, space: TargetSpace) -> Measure:
        """Return the Jaccard index of the answered and the true labels."""
        return SCORE

    def score_items(self, targets: Targets, answers: BatchPredictions, space: TargetSpace) -> Doubles:
        """Return the labels in both, over those in either, (M,): 1 where neither has one; unknown labels are left out.

        Jaccard, 1912, The Distribution of the Flora in the Alpine Zone, New Phytologist 11; as scikit-learn's
        ``jaccard_score(average="samples")``. NaN where no label is known.
        """
        known, said = targets.values >= 0, np.asarray(answers.outputs[LABELS], bool)
        there = targets.values == 1
        both, either = (there & said).sum(axis=1), ((there | said) & known).sum(axis=1)
        index = np.divide(both, either, out=np.ones(len(both)), where=either > 0)
        return np.asarray(np.where(known.any(axis=1), index, np.nan), np.float64)

    def encode_targets(self, targets: TargetArray, space: TargetSpace) -> Doubles:
        """Return 1 and 0, (N, K), NaN where a label is unknown."""
        return np.asarray(np.where(targets < 0, np.nan, targets), np.float64)

    def encode_answers(self, answers: BatchPredictions, space: TargetSpace) -> Doubles:
        """Return probabilities, (M, K)."""
        return np.asarray(answers.outputs[PROBABILITIES], np.float64)

    def list_properties(self, targets: TargetArray, space: TargetSpace) -> Sequence[ItemProperty]:
        """Return the labels that samples have, and how many these are."""
        there = targets == 1
        named = [[space.names[column] for column in np.flatnonzero(row).tolist()] or ["none"] for row in there]
        return (
            NamedProperty("label", named),
            NamedProperty("number of labels", [[str(count)] for count in there.sum(axis=1).tolist()]),
        )

    def count_labels(self, targets: TargetArray, space: TargetSpace) -> Mapping[str, int]:
        """Return the number of samples with each label."""
        counts = (targets == 1).sum(axis=0).tolist()
        return dict(zip(space.names, counts, strict=True))

    def record_postprocessing(self, fitted: Postprocessed, test: TestResult) -> Mapping[str, Any]:
        """Return thresholds, calibration, the promised miss rate, and pairs of labels taken together too often."""
        targets, names = test.targets, fitted.model.space.names
        pairs = find_overused_pairs(targets.values, test.answers.outputs[LABELS], names, targets.groups)
        return {**record_postprocessing(fitted, test), "label_pairs": pairs}

    def describe_record(self, record: Mapping[str, Any], noun: Noun) -> Sequence[str]:
        """Return the calibration error, how much sets miss, and labels that are taken together too often."""
        return describe_trust(record, noun)

    def to_record(
        self, findings: AnswerFindings, context: FitContext, fitted: Postprocessed, test: TestResult
    ) -> Mapping[str, Any]:
        """Return records by the key that they have in ``trust.json``, how many samples have each label among them."""
        counts = record_counts([context.target_values(subset) for subset in Subset])
        return {**super().to_record(findings, context, fitted, test), **counts}

    def review_labels(
        self, samples: Samples, layers: Sequence[str], rows: Callable[[str], Floats], settings: Any
    ) -> LabelReview:
        """Return every label, there or absent, held against heads that had not seen its sample."""
        sets = make_label_sets(samples, layers, rows, settings.seed)
        probabilities = predict_held_out_answers(samples.task, sets, settings)
        return review_label_sets(samples, sets[0].targets, probabilities, sets[0].groups)


def review_label_sets(samples: Samples, targets: TargetArray, probabilities: Floats, groups: Ints) -> LabelReview:
    """Return the labels (N, K) of samples held against probabilities (N, K) that were not fitted on them.

    How many are wrong is estimated over all labels of all samples, each a question of yes or no; those of one group are
    taken to be wrong together.
    """
    space, task = samples.space, samples.task
    ids = [sample.id for sample in samples.samples]
    suspects = find_label_set_issues(
        ids, targets, probabilities, lambda target: _write_labels(task.targets.describe(space, target))
    )
    known = targets >= 0
    said = (probabilities > 0.5) == (targets == 1)
    noise = _estimate_noise(targets, probabilities, groups, samples.noun)
    agreeing = float(said[known].mean()) if known.any() else 0.0
    told = f", in {samples.noun.count(len(suspects))}" if suspects else ""
    return LabelReview(
        n=len(samples),
        agreement=f"{agreeing:.1%} of the answers, yes or no for each label, agree with the label",
        summary=describe_label_noise(noise) + told,
        suspects=suspects,
        noise=noise,
        accuracy=agreeing,
    )


def _write_labels(label: str) -> str:
    """Return a label as people read it, which its task reads too."""
    return NONE_OF_THEM if label == NONE else label


def _estimate_noise(targets: TargetArray, probabilities: Floats, groups: Ints, noun: Noun) -> LabelNoise:
    known = targets >= 0
    yes = np.clip(probabilities[known].astype(np.float64), 0.0, 1.0)
    both = np.stack([1 - yes, yes], axis=1).astype(np.float32)
    rows = np.broadcast_to(groups[:, None], targets.shape)[known]
    found = estimate_label_noise(targets[known].astype(np.int64), both, rows, noun=noun)
    return replace(found, doubted=int(find_doubted(targets, probabilities).sum()))
