"""Scores of distributions over ranks, and comparisons of ways to get them: the mean distance in ranks, and log loss."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.evaluation.comparison import PairedTest
from headstart.evaluation.coverage import measure_coverage
from headstart.evaluation.evaluation import Evaluation
from headstart.evaluation.grouping import Targets
from headstart.evaluation.intervals import Interval
from headstart.evaluation.paired import SIGNIFICANT, binomial_p_value, format_p, group_differences
from headstart.tasks.facets import AnswerTable, ItemScores
from headstart.tasks.ordinal.comparison import run_paired_rank_tests, score_rank_arms
from headstart.tasks.ordinal.evaluation import LEVEL, RankEvaluation, score_ranks
from headstart_runtime.arrays import Floats, Ints
from headstart_runtime.inference.model_format import PREDICTION_SET, PROBABILITIES
from headstart_runtime.modalities.item import GROUP, Noun
from headstart_runtime.tasks.ordinal.distribution import find_medians
from headstart_runtime.tasks.ordinal.ranges import describe_range
from headstart_runtime.tasks.task import TargetSpace


class RankScoring:
    """An answer is the median of a distribution; its score is minus its distance to the truth, in ranks."""

    def score(self, part: str, targets: Targets, outputs: Floats, space: TargetSpace) -> RankEvaluation:
        """Return the scores of distributions (N, K) on the rows of a part."""
        return score_ranks(part, targets, outputs, space.names)

    def score_answers(
        self,
        part: str,
        targets: Targets,
        outputs: Mapping[str, NDArray[Any]],
        space: TargetSpace,
        postprocessor: Any,
    ) -> RankEvaluation:
        """Return the scores of a saved model's distributions, whose medians are its answers, and of its ranges."""
        scored, sets = self.score(part, targets, outputs[PROBABILITIES], space), outputs.get(PREDICTION_SET)
        if sets is None:
            return scored
        seen = measure_coverage(sets, targets.values, groups=targets.groups)
        interval = Interval(seen.low, seen.high, LEVEL)
        return replace(scored, coverage=seen.coverage, coverage_interval=interval, range_size=seen.mean_size)

    def read_evaluation(self, record: Mapping[str, Any]) -> RankEvaluation:
        """Return the evaluation that ``Evaluation.to_json`` describes."""
        return RankEvaluation.from_json(record)

    def score_arms(self, targets: Targets, outputs: Mapping[str, Floats]) -> dict[str, ItemScores]:
        """Return for each arm minus the distance of each row in ranks, and its log loss, nats."""
        return score_rank_arms(targets, outputs)

    def run_paired_tests(
        self, targets: Targets, scores: Mapping[str, ItemScores], pairs: Sequence[tuple[str, str]], seed: int
    ) -> tuple[PairedTest, ...]:
        """Return exact tests by groups, with Holm's correction, and intervals of both differences."""
        return run_paired_rank_tests(targets, scores, pairs, seed)

    def describe_score(self, items: ItemScores, noun: Noun) -> str:
        """Return the mean distance in ranks."""
        return f"an MAE of {-items.scores.mean():.3f} ranks on {noun.count(len(items.scores))}"

    def describe_pair(self, pair: PairedTest, noun: Noun) -> str:
        """Return how many ranks two arms are apart, and whether that can be chance."""
        ahead = (
            f"is {pair.difference:.3f} ranks nearer to the truth than {pair.b}"
            if pair.difference
            else f"and {pair.b} are as near to the truth"
        )
        low, high = pair.interval.low, pair.interval.high
        lead = (
            f"{pair.a} {ahead} on average ({100 * pair.interval.level:.0f} % interval {low:z.3f} to {high:z.3f}, p "
            f"{format_p(pair.p_holm)} by an exact paired test with Holm's correction)"
        )
        return pair.describe_verdict(lead, f"{pair.standard_error:.3f} ranks")

    def describe_too_few(self, targets: Targets, judged_by: str, items: ItemScores, rivals: int, noun: Noun) -> str:
        """Return why these items cannot tell whatever arm there was; "" where they can."""
        off = np.rint(-items.scores).astype(np.int64)
        flips = int(np.count_nonzero(group_differences(off, np.zeros_like(off), targets.groups)))
        extreme = min(1.0, binomial_p_value(0, flips) * rivals)
        if extreme < SIGNIFICANT:
            return ""
        wrong = int(np.count_nonzero(off))
        together = f" in {GROUP.count(flips)}" if flips < wrong else ""
        return (
            f"These {noun.count(len(off))} are too few to tell: {judged_by} makes {wrong} mistake{'s' * (wrong != 1)}"
            f"{together} on them, so that even a way without mistakes could be better by chance (p "
            f"{format_p(extreme)} with Holm's correction; wanted below {SIGNIFICANT})."
        )

    def smallest_difference(self, evaluation: Evaluation) -> float | None:
        """Return the smallest difference in MAE that so many samples show in 4 of 5 cases; None where they show none.

        Differences of two models are taken to be as rare as mistakes are, and of one rank: a two-sided test at 0.05
        then needs 2.8 standard errors.
        """
        worth, wrong = evaluation.effective_n, 1 - evaluation.accuracy
        if not wrong or worth < 2:
            return None
        smallest = 2.8 * float(np.sqrt(wrong / worth))
        return smallest if smallest <= evaluation.mae else None

    def tabulate(self, space: TargetSpace, targets: Ints, outputs: Mapping[str, NDArray[Any]]) -> AnswerTable:
        """Return label, answered class, how many ranks it is off, its probability and the range."""
        rows = []
        answers = find_medians(outputs[PROBABILITIES])
        ranges = outputs[PREDICTION_SET]
        for label, answer, row, inside in zip(targets, answers, outputs[PROBABILITIES], ranges, strict=True):
            off = f"{int(answer) - int(label):+d}" if answer != label else "0"
            known = describe_range(inside, space.names)
            rows.append((space.names[label], space.names[answer], off, f"{row[answer]:.6f}", known))
        return AnswerTable(("label", "predicted", "off", "probability", "range"), rows)

    def rank_rows(self, targets: Targets, outputs: Mapping[str, NDArray[Any]]) -> Ints:
        """Return all rows: those whose answer is furthest off first, then the others as they come."""
        return np.asarray(np.argsort(-np.abs(find_medians(outputs[PROBABILITIES]) - targets.values), kind="stable"))

    def pick_rows(
        self, targets: Targets, outputs: Mapping[str, NDArray[Any]], most: int, postprocessor: Any = None
    ) -> Ints:
        """Return the answers furthest off, the surest first, then those that were least sure; each once."""
        said = outputs[PROBABILITIES]
        answers = find_medians(said)
        sure = said[np.arange(len(said)), answers]
        off = np.abs(answers - targets.values)
        worst = np.lexsort((-sure, -off))[: min(most, int(np.count_nonzero(off)))]
        unsure = np.argsort(sure, kind="stable")[:most]
        return np.array(list(dict.fromkeys([*worst.tolist(), *unsure.tolist()])), np.int64)

    def share_same(self, one: Mapping[str, NDArray[Any]], other: Mapping[str, NDArray[Any]]) -> float:
        """Return the share of samples with the same median rank."""
        first, second = (find_medians(outputs[PROBABILITIES]) for outputs in (one, other))
        return float((first == second).mean())
