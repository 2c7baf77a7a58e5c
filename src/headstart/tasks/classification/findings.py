"""Findings about labels and answers of a classifier: wrong labels, confusable classes, weak slices, calibration."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from headstart.data.groups import encode_groups
from headstart.data.samples import Samples
from headstart.diagnostics.issues import DatasetIssues, find_dataset_issues
from headstart.diagnostics.label_review import LabelReview, LabelSuspect
from headstart.diagnostics.leakage import LeakScores, score_without_leaks
from headstart.diagnostics.near_duplicates.search import NearDuplicates
from headstart.diagnostics.run import ItemFindings
from headstart.diagnostics.shortcuts import Shortcut, probe_shortcuts
from headstart.diagnostics.slices import Slices, compute_slices, describe_worst_slice
from headstart.evaluation.coverage import Coverage, measure_coverage
from headstart.evaluation.intervals import estimate_proportion
from headstart.evaluation.label_noise import describe_label_noise
from headstart.evaluation.reliability import Reliability, describe_calibration_error, measure_reliability
from headstart.heads.head import TrainingSet
from headstart.selection.context import FitContext
from headstart.selection.results import Postprocessed, TestResult
from headstart.storage.results import Question, Result, ResultFolder, digest_array
from headstart.tasks.classification.label_issues import (
    HeldOut,
    LabelDiagnostics,
    diagnose_labels,
    make_training_sets,
)
from headstart_runtime.arrays import Bools, Floats
from headstart_runtime.modalities.item import Noun
from headstart_runtime.tasks.task import TargetSpace

LABEL_ISSUES, ITEM_ISSUES = 60, 12  #: most that are shown of each; of items' issues, of a kind


@dataclass(frozen=True)
class ClassFindings:
    """All that is found out about labels and answers."""

    labels: LabelDiagnostics
    issues: DatasetIssues
    slices: Slices
    shortcuts: tuple[Shortcut, ...]
    uncalibrated: Reliability  #: of the probabilities before calibration
    calibrated: Reliability
    coverage: Coverage  #: of prediction sets


class ClassDiagnostics:
    """The facet that finds them."""

    def diagnose(
        self, context: FitContext, test: TestResult, duplicates: NearDuplicates, items: ItemFindings
    ) -> ClassFindings:
        """Return what there is to find out about labels and answers."""
        samples = context.samples
        layers = [layer.name for layer in context.backbone.layers]
        entries = {entry.name: entry for entry in samples.ledger.entries}
        targets = test.targets
        labels = _diagnose_labels(
            samples,
            layers,
            lambda name: context.load_features(context.branch(name), samples.samples),
            context.settings,
            context.store.results,
        )
        right = np.asarray(test.answers.predicted == targets.values)
        return ClassFindings(
            labels=labels,
            issues=find_dataset_issues(
                samples, items.issues, duplicates.pairs, samples.targets, labels.probabilities, known=labels.known
            ),
            slices=compute_slices(test.samples, entries, items.test_properties, right),
            shortcuts=probe_shortcuts(
                items.cues,
                samples.targets,
                encode_groups(samples.samples),
                test.evaluation.balanced_accuracy,
                context.settings.seed,
                samples.classes,
            ),
            uncalibrated=_measure_reliability(test, test.answers.uncalibrated),
            calibrated=_measure_reliability(test, test.answers.probabilities),
            coverage=measure_coverage(
                test.answers.prediction_set_or_likeliest(), targets.values, groups=targets.groups
            ),
        )

    def describe(self, findings: ClassFindings) -> Sequence[str]:
        """Return sentences for a person."""
        return (
            _describe_calibration(findings.uncalibrated, findings.calibrated),
            describe_label_noise(findings.labels.noise),
            describe_worst_slice(findings.slices.worst),
        )

    def score_leaks(self, test: TestResult, leaked: Bools, space: TargetSpace) -> LeakScores | None:
        """Return the accuracy on test with the samples that leaked and without them."""
        return score_without_leaks(test.targets, test.answers.predicted, leaked)

    def review_labels(
        self, samples: Samples, layers: Sequence[str], rows: Callable[[str], Floats], settings: Any
    ) -> LabelReview:
        """Return every label held against heads on the last layers that had not seen its sample."""
        held = _diagnose_labels(samples, layers, rows, settings)
        classes = samples.classes
        return LabelReview(
            n=len(samples),
            agreement=f"{held.accuracy:.1%} of the answers agree with the label",
            summary=describe_label_noise(held.noise),
            suspects=tuple(
                LabelSuspect(
                    issue.id,
                    classes[issue.given],
                    classes[issue.likely],
                    issue.given_probability,
                    issue.likely_probability,
                )
                for issue in held.issues
            ),
            noise=held.noise,
            accuracy=held.accuracy,
        )

    def list_ids(self, findings: ClassFindings) -> Sequence[str]:
        """Return the ids of the samples that findings speak of, as far as they are shown."""
        labels = [issue.id for issue in findings.labels.issues[:LABEL_ISSUES]]
        return [*labels, *(id_ for issue in findings.issues.items for id_ in issue.ids[:ITEM_ISSUES])]

    def describe_record(self, record: Mapping[str, Any], noun: Noun) -> Sequence[str]:
        """Return the calibration error, and how large prediction sets are and how often they hold the right class."""
        lines = []
        if calibration := record.get("calibration"):
            lines.append(describe_calibration_error(calibration["before"]["ece"], calibration["after"]["ece"]))
        if sets := record.get("prediction_sets"):
            size, share = sets["test"]["mean_size"], 100 * sets["test"]["coverage"]
            classes = f"{size:.1f} class{'es' * (f'{size:.1f}' != '1.0')}"
            held = f"the right one is among them in {share:.0f} of 100 {noun.many}"
            lines.append(f"prediction sets name {classes} on average; {held}")
        return lines

    def to_record(
        self, findings: ClassFindings, context: FitContext, fitted: Postprocessed, test: TestResult
    ) -> Mapping[str, Any]:
        """Return records by the key that they have in ``trust.json``."""
        return {
            "labels": {
                "summary": describe_label_noise(findings.labels.noise),
                "noise": findings.labels.noise,
                **_describe_corrections(context, test),
                "issues": findings.labels.issues[:LABEL_ISSUES],
            },
            "issues": findings.issues,
            "slices": findings.slices,
            "shortcuts": findings.shortcuts,
            "calibration": _record_calibration(findings, fitted),
            "prediction_sets": _record_sets(findings, fitted),
        }


def _record_calibration(findings: ClassFindings, fitted: Postprocessed) -> Mapping[str, Any]:
    held, found = fitted.calibration_set, fitted.postprocessing
    assert held is not None
    assert found is not None
    return {
        "kind": fitted.model.postprocessor.calibration.kind,
        "held_out": held.source,
        "n": len(held.targets),
        "tried": found.facts["log_losses"],
        "reason": found.facts["reason"],
        "before": findings.uncalibrated,
        "after": findings.calibrated,
    }


def _record_sets(findings: ClassFindings, fitted: Postprocessed) -> Mapping[str, Any] | None:
    sets, held = fitted.model.postprocessor.conformal, fitted.calibration_set
    if sets is None or held is None:
        return None
    return {
        "kind": sets.kind,
        "coverage": sets.coverage,
        "threshold": sets.threshold,
        "held_out_n": len(held.targets),
        "test": findings.coverage,
    }


def _describe_corrections(context: FitContext, test: TestResult) -> Mapping[str, Any]:
    """Return how many test labels were corrected: only disputed ones are looked at, so the score gains by that."""
    named = {relabel.name for relabel in context.samples.relabels}
    touched = np.array([sample.name in named for sample in test.samples], dtype=bool)
    if not touched.any():
        return {"corrected_in_test": 0, "untouched": None}
    targets = test.targets
    right = np.asarray(test.answers.predicted == targets.values)
    untouched = estimate_proportion(right[~touched], targets.groups[~touched])
    return {"corrected_in_test": int(touched.sum()), "untouched": untouched}


def _measure_reliability(test: TestResult, probabilities: Floats) -> Reliability:
    """Return how far the probabilities (M, C) of the classes that are told are from the share that is right.

    Without calibration other classes may be the likeliest; where a threshold decides, the class that is told stays.
    """
    decision = None if test.postprocessor is None else test.postprocessor.decision
    told = None if decision is None or decision.threshold is None else test.answers.predicted
    return measure_reliability(test.targets.values, probabilities, groups=test.targets.groups, predicted=told)


def _describe_calibration(before: Reliability, after: Reliability) -> str:
    return (
        f"stated probabilities are off by {100 * after.ece:.1f} points on average "
        f"({100 * before.ece:.1f} before calibration)"
    )


def _diagnose_labels(
    samples: Samples,
    layers: Sequence[str],
    rows: Callable[[str], Floats],
    settings: Any,
    results: ResultFolder | None = None,
) -> LabelDiagnostics:
    """Compare every label with heads that had not seen its sample; a fit and ``check --labels`` do the same."""
    training_sets = make_training_sets(samples, layers, rows, settings.seed)
    ids = [sample.id for sample in samples.samples]
    folds, noun = settings.folds, samples.noun
    if results is None:
        return diagnose_labels(ids, training_sets, folds=folds, noun=noun)
    recall = partial(_recall_held_out, results, training_sets, folds)
    return diagnose_labels(ids, training_sets, folds=folds, noun=noun, recall=recall)


def _recall_held_out(
    results: ResultFolder, training_sets: Sequence[TrainingSet], folds: int, make: Callable[[], HeldOut]
) -> HeldOut:
    """Return what heads say of samples that they had not seen, known from before or made now."""

    def pack() -> Result:
        made = make()
        return Result({"probabilities": made.probabilities, "known": made.known})

    features = [digest_array(training_sets[place].features) for place in range(len(training_sets))]
    asked = training_sets[0].without_features()
    facts = [folds, asked.outputs, asked.seed, features]
    question = Question("label-issues", {"targets": asked.targets, "groups": asked.groups}, facts)
    return HeldOut(**results.recall(question, pack).arrays)
