"""Scores of probabilities of labels, and comparisons of arms by them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.evaluation.comparison import PairedTest
from headstart.evaluation.evaluation import Evaluation
from headstart.evaluation.grouping import Targets, number_groups
from headstart.evaluation.paired import SIGNIFICANT, binomial_p_value, format_p
from headstart.tasks.facets import AnswerTable, ItemScores
from headstart.tasks.multilabel.comparison import compare_label_arms, score_label_arms
from headstart.tasks.multilabel.evaluation import LabelSetEvaluation, score_label_sets
from headstart.tasks.multilabel.label_losses import compute_row_losses
from headstart.tasks.multilabel.targets import list_label_names
from headstart_runtime.arrays import Bools, Floats, Ints
from headstart_runtime.csv_cells import join_names
from headstart_runtime.inference.model_format import PREDICTION_SET, PROBABILITIES
from headstart_runtime.modalities.item import GROUP, Noun
from headstart_runtime.tasks.multilabel.postprocessor import EVEN, LABELS, LabelSetPostprocessor
from headstart_runtime.tasks.task import TargetSpace
from headstart_runtime.tasks.threshold_distance import centre_on_threshold


class LabelSetScoring:
    """An answer is the labels that are taken; arms are compared by the mean average precision of probabilities."""

    def score(self, part: str, targets: Targets, outputs: Floats, space: TargetSpace) -> LabelSetEvaluation:
        """Return the scores of probabilities (N, K) on the rows of a part; labels are taken from 0.5 on."""
        return score_label_sets(part, targets, outputs, space.names)

    def score_answers(
        self,
        part: str,
        targets: Targets,
        outputs: Mapping[str, NDArray[Any]],
        space: TargetSpace,
        postprocessor: Any,
    ) -> LabelSetEvaluation:
        """Return the scores of a saved model's answers on the rows of a part, with its labels and its sets."""
        return score_label_sets(
            part,
            targets,
            outputs[PROBABILITIES],
            space.names,
            labels=outputs.get(LABELS),
            sets=None if postprocessor.risk is None else outputs.get(PREDICTION_SET),
        )

    def read_evaluation(self, record: Mapping[str, Any]) -> LabelSetEvaluation:
        """Return the evaluation that ``Evaluation.to_json`` describes."""
        return LabelSetEvaluation.from_json(record)

    def score_arms(self, targets: Targets, outputs: Mapping[str, Floats]) -> dict[str, ItemScores]:
        """Return for each arm numbers of the rows whose mean is the mean average precision, and log losses, nats."""
        return dict(score_label_arms(targets, outputs))

    def run_paired_tests(
        self, targets: Targets, scores: Mapping[str, ItemScores], pairs: Sequence[tuple[str, str]], seed: int
    ) -> tuple[PairedTest, ...]:
        """Return tests of the difference in mean average precision, resampled by groups, with Holm's correction."""
        return compare_label_arms(targets, scores, pairs, seed)

    def describe_score(self, items: ItemScores, noun: Noun) -> str:
        """Return the mean average precision."""
        return f"a mean average precision of {items.scores.mean():.1%} on {noun.count(len(items.scores))}"

    def describe_pair(self, pair: PairedTest, noun: Noun) -> str:
        """Return how many points two arms are apart in mean average precision, and whether that can be chance."""
        points, low, high = (100 * share for share in (pair.difference, pair.interval.low, pair.interval.high))
        lead = (
            f"{pair.a} is {points:.1f} points of mean average precision ahead of {pair.b} "
            f"({100 * pair.interval.level:.0f} % interval {low:z.1f} to {high:z.1f} points, p {format_p(pair.p_holm)} "
            "by resampled groups with Holm's correction)"
        )
        return pair.describe_verdict(lead, f"{100 * pair.standard_error:.1f} points")

    def describe_too_few(self, targets: Targets, judged_by: str, items: ItemScores, rivals: int, noun: Noun) -> str:
        """Return why these items cannot tell whatever arm there was: too few groups have a wrong label."""
        outputs = getattr(items, "outputs", None)
        if outputs is None:
            return ""
        wrong = (((outputs >= EVEN) != (targets.values == 1)) & (targets.values >= 0)).any(axis=1)
        groups = len(np.unique(number_groups(targets.groups)[wrong]))
        extreme = min(1.0, binomial_p_value(0, groups) * rivals)
        if extreme < SIGNIFICANT:
            return ""
        where = GROUP.count(groups) if groups < int(wrong.sum()) else noun.count(groups)
        return (
            f"These {noun.count(len(wrong))} are too few to tell: {judged_by} has a wrong label on {where} only, "
            f"so that even a way without mistakes could be better by chance (p {extreme:.2g} with Holm's correction; "
            f"wanted below {SIGNIFICANT})."
        )

    def smallest_difference(self, evaluation: Evaluation) -> float | None:
        """Return None: how far two ways must be apart depends on how alike they order the samples."""
        return None

    def tabulate(self, space: TargetSpace, targets: Ints, outputs: Mapping[str, NDArray[Any]]) -> AnswerTable:
        """Return the true labels, those that were taken, the set that misses few, and each label's probability."""
        rows = []
        answers = zip(targets, outputs[PROBABILITIES], outputs[LABELS], outputs[PREDICTION_SET], strict=True)
        for truth, row, taken, inside in answers:
            order = row.argsort(kind="stable")[::-1]
            cells = [join_names(space.names[index] for index in order if chosen[index]) for chosen in (taken, inside)]
            given = join_names(list_label_names(space.names, truth.tolist()))
            rows.append((given, *cells, *(f"{value:.6f}" for value in row)))
        columns = (f"probability of {name}" for name in space.names)
        return AnswerTable(("label", "predicted", "prediction_set", *columns), rows)

    def rank_rows(self, targets: Targets, outputs: Mapping[str, NDArray[Any]]) -> Ints:
        """Return all rows, the greatest log loss first."""
        return np.asarray(np.argsort(-compute_row_losses(targets.values, outputs[PROBABILITIES]), kind="stable"))

    def pick_rows(
        self,
        targets: Targets,
        outputs: Mapping[str, NDArray[Any]],
        most: int,
        postprocessor: LabelSetPostprocessor | None = None,
    ) -> Ints:
        """Return the worst rows that have a wrong label, then those with a label next to its threshold; each once."""
        wrong = ((_take_labels(outputs) != (targets.values == 1)) & (targets.values >= 0)).any(axis=1)
        worst = [row for row in self.rank_rows(targets, outputs).tolist() if wrong[row]][:most]
        thresholds = EVEN if postprocessor is None else postprocessor.threshold_values
        away = np.abs(centre_on_threshold(outputs[PROBABILITIES], thresholds) - EVEN)
        unsure = np.argsort(away.min(axis=1), kind="stable")[:most]
        return np.array(list(dict.fromkeys([*worst, *unsure.tolist()])), np.int64)

    def share_same(self, one: Mapping[str, NDArray[Any]], other: Mapping[str, NDArray[Any]]) -> float:
        """Return the share of samples with the same labels."""
        return float((_take_labels(one) == _take_labels(other)).all(axis=1).mean())


def _take_labels(outputs: Mapping[str, NDArray[Any]]) -> Bools:
    """Return the labels that are taken, (N, K)."""
    return np.asarray(outputs[LABELS] if LABELS in outputs else outputs[PROBABILITIES] >= EVEN)
