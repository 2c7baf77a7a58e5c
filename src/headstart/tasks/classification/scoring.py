"""Scores of class probabilities, and comparisons of arms by them: accuracy, log loss, McNemar's exact test."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.evaluation.comparison import PairedTest
from headstart.evaluation.evaluation import Evaluation
from headstart.evaluation.grouping import Targets
from headstart.evaluation.paired import (
    SIGNIFICANT,
    binomial_p_value,
    format_p,
    group_differences,
    smallest_detectable_difference,
)
from headstart.tasks.classification.comparison import ArmScores, run_paired_tests, score_arms
from headstart.tasks.classification.evaluation import ClassificationEvaluation, score_predictions
from headstart.tasks.classification.screening import measure_screening
from headstart.tasks.facets import AnswerTable, ItemScores
from headstart_runtime.arrays import Floats, Ints
from headstart_runtime.csv_cells import join_names
from headstart_runtime.inference.model_format import PREDICTION_SET, PROBABILITIES
from headstart_runtime.inference.postprocess import BatchPredictions
from headstart_runtime.modalities.item import GROUP, Noun
from headstart_runtime.tasks.classification.postprocessor import ClassPostprocessor
from headstart_runtime.tasks.task import TargetSpace


class ClassScoring:
    """An answer is the most probable class, the first of equals; its score is 1 where it is right, else 0."""

    def score(self, part: str, targets: Targets, outputs: Floats, space: TargetSpace) -> ClassificationEvaluation:
        """Return the scores of probabilities (N, C) on the rows of a part."""
        return score_predictions(part, targets, outputs, space.names)

    def score_answers(
        self,
        part: str,
        targets: Targets,
        outputs: Mapping[str, NDArray[Any]],
        space: TargetSpace,
        postprocessor: ClassPostprocessor,
    ) -> ClassificationEvaluation:
        """Return the scores of the classes that a saved model predicts, and of the positive one, if there is one."""
        answers, decision = BatchPredictions(outputs), postprocessor.decision
        scored = score_predictions(part, targets, answers.probabilities, space.names, predicted=answers.predicted)
        if decision is None:
            return scored
        name = space.names[decision.positive]
        found = measure_screening(targets, answers.probabilities, answers.predicted, name, decision)
        return replace(scored, screening=found)

    def read_evaluation(self, record: Mapping[str, Any]) -> ClassificationEvaluation:
        """Return the evaluation that ``Evaluation.to_json`` describes."""
        return ClassificationEvaluation.from_json(record)

    def score_arms(self, targets: Targets, outputs: Mapping[str, Floats]) -> dict[str, ItemScores]:
        """Return for each arm whether each row is right, 1 or 0, and its log loss, nats."""
        scored = score_arms(targets, outputs)
        return {
            name: ItemScores(scored.right[:, column].astype(np.float64), scored.losses[:, column])
            for column, name in enumerate(scored.names)
        }

    def run_paired_tests(
        self, targets: Targets, scores: Mapping[str, ItemScores], pairs: Sequence[tuple[str, str]], seed: int
    ) -> tuple[PairedTest, ...]:
        """Return McNemar's exact tests by groups, with Holm's correction, and intervals of both differences."""
        scored = ArmScores(
            targets,
            tuple(scores),
            np.stack([items.scores > 0 for items in scores.values()], axis=1),
            np.stack([items.losses for items in scores.values()], axis=1),
        )
        return run_paired_tests(scored, pairs, seed)

    def describe_score(self, items: ItemScores, noun: Noun) -> str:
        """Return the share of items that is right."""
        return f"{int(items.scores.sum()) / len(items.scores):.1%} of {noun.count(len(items.scores))} right"

    def describe_pair(self, pair: PairedTest, noun: Noun) -> str:
        """Return how many points two arms are apart, and whether that can be chance."""
        points, low, high = (100 * share for share in (pair.difference, pair.interval.low, pair.interval.high))
        ahead = (
            f"is {points:.1f} points ahead of {pair.b}" if points else f"and {pair.b} have as many {noun.many} right"
        )
        lead = (
            f"{pair.a} {ahead} ({100 * pair.interval.level:.0f} % interval {low:z.1f} to {high:z.1f} points, p "
            f"{format_p(pair.p_holm)} by McNemar's test with Holm's correction)"
        )
        return pair.describe_verdict(lead, f"{100 * pair.standard_error:.1f} points")

    def describe_too_few(self, targets: Targets, judged_by: str, items: ItemScores, rivals: int, noun: Noun) -> str:
        """Return why these items cannot tell whatever arm there was; "" where they can."""
        right = items.scores > 0
        mistakes = int((~right).sum())
        flips = int(np.count_nonzero(group_differences(np.ones_like(right), right, targets.groups)))
        extreme = min(1.0, binomial_p_value(0, flips) * rivals)
        if extreme < SIGNIFICANT:
            return ""
        together = f" in {GROUP.count(flips)}" if flips < mistakes else ""
        return (
            f"These {noun.count(len(right))} are too few to tell: {judged_by} makes {mistakes} mistake"
            f"{'s' * (mistakes != 1)}{together} on them, so that even a way without mistakes could be better by "
            f"chance (p {format_p(extreme)} with Holm's correction; wanted below {SIGNIFICANT})."
        )

    def smallest_difference(self, evaluation: Evaluation) -> float | None:
        """Return the smallest difference in accuracy that so many samples can show; None where they can show none."""
        smallest = smallest_detectable_difference(int(evaluation.effective_n), 1 - evaluation.accuracy)
        return smallest if np.isfinite(smallest) else None

    def tabulate(self, space: TargetSpace, targets: Ints, outputs: Mapping[str, NDArray[Any]]) -> AnswerTable:
        """Return label, predicted class, its probability and the prediction set, likeliest class first."""
        rows, predicted = [], BatchPredictions(outputs).predicted.tolist()
        answers = zip(targets, predicted, outputs[PROBABILITIES], outputs[PREDICTION_SET], strict=True)
        for label, best, row, inside in answers:
            chosen = join_names(space.names[index] for index in row.argsort(kind="stable")[::-1] if inside[index])
            rows.append((space.names[label], space.names[best], f"{row[best]:.6f}", chosen))
        return AnswerTable(("label", "predicted", "probability", "prediction_set"), rows)

    def rank_rows(self, targets: Targets, outputs: Mapping[str, NDArray[Any]]) -> Ints:
        """Return all rows: mistakes first, then the others as they come."""
        return np.asarray(np.argsort(BatchPredictions(outputs).predicted == targets.values, kind="stable"))

    def pick_rows(
        self,
        targets: Targets,
        outputs: Mapping[str, NDArray[Any]],
        most: int,
        postprocessor: ClassPostprocessor | None = None,
    ) -> Ints:
        """Return the worst mistakes, the surest first, then the answers that were least sure; each once.

        Where a threshold predicts the positive class, those are surest that are furthest from it.
        """
        answers, decision = BatchPredictions(outputs), None if postprocessor is None else postprocessor.decision
        sure = (
            answers.probabilities[np.arange(len(answers)), answers.predicted]
            if decision is None
            else decision.measure_sureness(answers.probabilities)
        )
        wrong = np.flatnonzero(answers.predicted != targets.values)
        worst = wrong[np.argsort(-sure[wrong], kind="stable")][:most]
        unsure = np.argsort(sure, kind="stable")[:most]
        return np.array(list(dict.fromkeys([*worst.tolist(), *unsure.tolist()])), np.int64)

    def share_same(self, one: Mapping[str, NDArray[Any]], other: Mapping[str, NDArray[Any]]) -> float:
        """Return the share of samples of which both models predict the same class."""
        first, second = (BatchPredictions(outputs).predicted for outputs in (one, other))
        return float((first == second).mean())
