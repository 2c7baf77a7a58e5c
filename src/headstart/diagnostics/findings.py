"""Findings about labels and answers of any task that can write its targets and its answers as numbers.

A task gives what differs (scores of single items, targets as numbers, properties of its own, how labels are held
against answers), and gets slices, shortcuts, issues of items, suspects, and their records. Classes alone have
findings of their own, for they are right or wrong.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from headstart.data.groups import encode_groups
from headstart.data.samples import Samples
from headstart.diagnostics.cue_probes import CueProbe, measure_explained, probe_cues
from headstart.diagnostics.issues import DatasetIssues, find_item_issues, measure_imbalance
from headstart.diagnostics.label_review import LISTED, LabelReview, LabelReviewRecord, record_review
from headstart.diagnostics.leakage import ScoredLeaks, score_means_without_leaks
from headstart.diagnostics.near_duplicates.search import NearDuplicates
from headstart.diagnostics.run import ItemFindings
from headstart.diagnostics.score_slices import ScoreSlices, compute_score_slices
from headstart.diagnostics.slices import ItemProperty, describe_worst_slice
from headstart.evaluation.grouping import Targets
from headstart.evaluation.means import estimate_mean, estimate_mean_share, turn_mean
from headstart.selection.context import FitContext
from headstart.selection.results import Postprocessed, TestResult
from headstart_runtime.arrays import Bools, Doubles, Floats, Ints
from headstart_runtime.inference.postprocess import BatchPredictions
from headstart_runtime.modalities.item import Noun
from headstart_runtime.tasks.task import Measure, TargetArray, TargetSpace

ITEM_ISSUES = 12  #: most samples of an issue that are shown


@dataclass(frozen=True)
class AnswerFindings:
    """All that is found out about labels and answers."""

    review: LabelReview
    issues: DatasetIssues
    slices: ScoreSlices
    shortcuts: tuple[CueProbe, ...]


class AnswerDiagnostics(ABC):
    """The facet that finds them; a task fills in what is its own."""

    @abstractmethod
    def describe_item_score(self, space: TargetSpace) -> Measure:
        """Return what the score of one sample is, by which samples are sliced."""

    @abstractmethod
    def score_items(self, targets: Targets, answers: BatchPredictions, space: TargetSpace) -> Doubles:
        """Return the score of each sample, (M,); greater is better, as ``ItemScores`` has it; NaN where not known."""

    @abstractmethod
    def encode_targets(self, targets: TargetArray, space: TargetSpace) -> Doubles:
        """Return targets as numbers, (N, K), NaN where one is unknown; of one column where they are no parts."""

    @abstractmethod
    def encode_answers(self, answers: BatchPredictions, space: TargetSpace) -> Doubles:
        """Return answers as numbers, (M, K), as ``encode_targets`` has targets."""

    @abstractmethod
    def review_labels(
        self, samples: Samples, layers: Sequence[str], rows: Callable[[str], Floats], settings: Any
    ) -> LabelReview:
        """Return labels held against answers; see ``TaskDiagnostics``."""

    def list_properties(self, targets: TargetArray, space: TargetSpace) -> Sequence[ItemProperty]:
        """Return properties of the task's own by which M test samples are sliced."""
        return ()

    def count_labels(self, targets: TargetArray, space: TargetSpace) -> Mapping[str, int]:
        """Return the number of samples by label or class; nothing where there is none."""
        return {}

    def record_postprocessing(self, fitted: Postprocessed, test: TestResult) -> Mapping[str, Any]:
        """Return records of what was fitted on held-out answers, by their keys in ``trust.json``."""
        return {}

    def diagnose(
        self, context: FitContext, test: TestResult, duplicates: NearDuplicates, items: ItemFindings
    ) -> AnswerFindings:
        """Return what there is to find out about labels and answers."""
        samples, space = context.samples, context.samples.space
        counts = self.count_labels(samples.targets, space)
        review = self.review_labels(
            samples,
            [layer.name for layer in context.backbone.layers],
            lambda name: context.load_features(context.branch(name), samples.samples),
            context.settings,
        )
        return AnswerFindings(
            review=review,
            issues=DatasetIssues(
                items=find_item_issues(samples, items.issues, duplicates.pairs, review.same),
                counts=dict(counts),
                imbalance=measure_imbalance(np.array(list(counts.values()), np.int64)),
            ),
            slices=compute_score_slices(
                test.samples,
                [*self.list_properties(test.targets.values, space), *items.test_properties],
                set(space.names),
                self.score_items(test.targets, test.answers, space),
                self.describe_item_score(space),
            ),
            shortcuts=self._probe_shortcuts(
                samples, encode_groups(samples.samples), test, items, context.settings.seed
            ),
        )

    def _probe_shortcuts(
        self, samples: Samples, groups: Ints, test: TestResult, items: ItemFindings, seed: int
    ) -> tuple[CueProbe, ...]:
        space = samples.space
        by_model = measure_explained(
            self.encode_targets(test.targets.values, space), self.encode_answers(test.answers, space)
        )
        found = probe_cues(items.cues, self.encode_targets(samples.targets, space), groups, by_model, seed)
        if len(by_model) == 1 < len(space.names):  # the names are of no parts
            return tuple(replace(probe, output=-1) for probe in found)
        return found

    def describe(self, findings: AnswerFindings) -> Sequence[str]:
        """Return sentences for a person."""
        return (findings.review.summary, describe_worst_slice(findings.slices.worst))

    def score_leaks(self, test: TestResult, leaked: Bools, space: TargetSpace) -> ScoredLeaks | None:
        """Return the mean score on test with the samples that leaked and without them."""
        scores = self.score_items(test.targets, test.answers, space)
        measure = self.describe_item_score(space)
        return score_means_without_leaks(
            scores, test.targets.groups, leaked, greater=measure.greater, share=measure.share
        )

    def _record_review(self, review: LabelReview, samples: Samples, test: TestResult) -> LabelReviewRecord:
        named = {relabel.name for relabel in samples.relabels}
        corrected = np.array([sample.name in named for sample in test.samples], dtype=bool)
        scores = self.score_items(test.targets, test.answers, samples.space)
        rest = ~corrected & np.isfinite(scores)
        measure = self.describe_item_score(samples.space)
        estimate = estimate_mean_share if measure.share else estimate_mean
        untouched = estimate(scores[rest], test.targets.groups[rest])
        if untouched is not None and not measure.greater:
            untouched = turn_mean(untouched)
        return record_review(review, corrected, untouched)

    def list_ids(self, findings: AnswerFindings) -> Sequence[str]:
        """Return the ids of the samples that findings speak of, as far as they are shown."""
        suspects = [suspect.id for suspect in findings.review.suspects[:LISTED]]
        return [*suspects, *(id_ for issue in findings.issues.items for id_ in issue.ids[:ITEM_ISSUES])]

    def describe_record(self, record: Mapping[str, Any], noun: Noun) -> Sequence[str]:
        """Return nothing: the scores say how far the answers can be trusted. A task may have more to say."""
        return ()

    def to_record(
        self, findings: AnswerFindings, context: FitContext, fitted: Postprocessed, test: TestResult
    ) -> Mapping[str, Any]:
        """Return records by the key that they have in ``trust.json``."""
        return {
            "labels": self._record_review(findings.review, context.samples, test),
            "issues": findings.issues,
            "slices": findings.slices,
            "shortcuts": findings.shortcuts,
            **self.record_postprocessing(fitted, test),
        }
