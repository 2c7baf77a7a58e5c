"""Scores of predicted numbers, and comparisons of arms by them: absolute errors, swaps of whole groups."""

from collections.abc import Mapping, Sequence
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.evaluation.comparison import PairedTest
from headstart.evaluation.evaluation import Evaluation
from headstart.evaluation.grouping import Targets
from headstart.evaluation.mean_comparison import compare_means, smallest_p_value
from headstart.evaluation.paired import SIGNIFICANT, format_p
from headstart.heads.number_targets import measure_errors
from headstart.tasks.facets import AnswerTable, ItemScores
from headstart.tasks.regression.evaluation import NumberEvaluation, check_values, score_predicted_numbers
from headstart_runtime.arrays import Doubles, Floats, Ints
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.item import GROUP, Noun
from headstart_runtime.tasks.regression.postprocessor import INTERVAL, VALUE
from headstart_runtime.tasks.regression.units import show_number
from headstart_runtime.tasks.task import TargetSpace

SAME = 0.01  #: share of the range of the answers up to which two are the same: what bf16 makes of a number
SEEN = 2.8  #: standard errors that a difference has to be wide to be seen in 4 of 5 cases


class NumberScoring:
    """The score of an item is minus its absolute error, of several numbers minus the mean of their relative ones."""

    def score(self, part: str, targets: Targets, outputs: Floats, space: TargetSpace) -> NumberEvaluation:
        """Return the scores of values (N, K) on the rows of a part."""
        return score_predicted_numbers(part, targets, outputs, space)

    def score_answers(
        self, part: str, targets: Targets, outputs: Mapping[str, NDArray[Any]], space: TargetSpace, postprocessor: Any
    ) -> NumberEvaluation:
        """Return the scores of a saved model's answers, with the coverage of their intervals."""
        return score_predicted_numbers(part, targets, outputs[VALUE], space, outputs.get(INTERVAL))

    def read_evaluation(self, record: Mapping[str, Any]) -> NumberEvaluation:
        """Return the evaluation that ``Evaluation.to_json`` describes."""
        return NumberEvaluation.from_json(record)

    def score_arms(self, targets: Targets, outputs: Mapping[str, Floats]) -> dict[str, ItemScores]:
        """Return for each arm minus the error of each row, and its relative error."""
        if not len(targets) or not outputs:
            raise DataError(f"{len(outputs)} arms on {len(targets)} samples cannot be compared; wanted one of each")
        found = {}
        for name, values in outputs.items():
            check_values(f"arm {name!r}", targets.values, values, targets.values.shape[1])
            errors = measure_errors(values, targets.values)
            found[name] = ItemScores(-np.nan_to_num(errors.scores), errors.relative)
        return found

    def run_paired_tests(
        self, targets: Targets, scores: Mapping[str, ItemScores], pairs: Sequence[tuple[str, str]], seed: int
    ) -> tuple[PairedTest, ...]:
        """Return tests by swaps of whole groups, with Holm's correction, and intervals of both differences."""
        return compare_means(scores, targets.groups, pairs, seed)

    def describe_score(self, items: ItemScores, noun: Noun) -> str:
        """Return the mean error."""
        error = show_number(-float(items.scores.mean()))
        return f"a mean error of {error} on {noun.count(len(items.scores))}"

    def describe_pair(self, pair: PairedTest, noun: Noun) -> str:
        """Return by how much the errors of two arms differ, and whether that can be chance."""
        low, high = show_number(pair.interval.low), show_number(pair.interval.high)
        ahead = (
            f"is off by {show_number(abs(pair.difference))} {'less' if pair.difference > 0 else 'more'} than {pair.b}"
            if pair.difference
            else f"and {pair.b} are equally far off"
        )
        lead = (
            f"{pair.a} {ahead} on average ({100 * pair.interval.level:.0f} % interval of the difference {low} to {high}"
            f", p {format_p(pair.p_holm)} by swaps with Holm's correction)"
        )
        return pair.describe_verdict(lead, show_number(pair.standard_error))

    def describe_too_few(self, targets: Targets, judged_by: str, items: ItemScores, rivals: int, noun: Noun) -> str:
        """Return why these items cannot tell whatever arm there was; "" where they can."""
        least = min(1.0, smallest_p_value(items.scores, targets.groups) * rivals)
        if least < SIGNIFICANT:
            return ""
        groups = len(np.unique(targets.groups))
        together = f" in {GROUP.count(groups)}" if groups < len(targets) else ""
        return (
            f"These {noun.count(len(targets))}{together} are too few to tell: even a way that is nearer on each of "
            f"them could be so by chance (p {least:.2g} with Holm's correction; wanted below {SIGNIFICANT})."
        )

    def smallest_difference(self, evaluation: Evaluation) -> float | None:
        """Return the smallest difference of errors that so many rows can show, about; None of one group.

        It is for arms whose errors correlate by a half, as those of two ways on the same items mostly do or more.
        """
        interval = evaluation.score_interval
        error = (interval.high - interval.low) / (2 * 1.96)
        return SEEN * error if evaluation.groups > 1 and error > 0 else None

    def tabulate(self, space: TargetSpace, targets: Doubles, outputs: Mapping[str, NDArray[Any]]) -> AnswerTable:
        """Return the true number, the predicted one and its interval; of several each behind the number's name."""
        values = outputs[VALUE]
        bounds = outputs.get(INTERVAL, np.full((*values.shape, 2), nan))
        table = np.concatenate([targets[:, :, None], values[:, :, None], bounds], axis=2).reshape(len(values), -1)
        several = len(space) > 1
        ends = ("label", VALUE, "low", "high")
        columns = tuple(f"{name} {end}" if several else end for name in space.names for end in ends)
        return AnswerTable(columns, [["" if cell != cell else f"{cell:.7g}" for cell in row] for row in table.tolist()])

    def rank_rows(self, targets: Targets, outputs: Mapping[str, NDArray[Any]]) -> Ints:
        """Return all rows, the largest relative errors first."""
        return np.asarray(np.argsort(-measure_errors(outputs[VALUE], targets.values).relative, kind="stable"), np.int64)

    def pick_rows(
        self, targets: Targets, outputs: Mapping[str, NDArray[Any]], most: int, postprocessor: Any = None
    ) -> Ints:
        """Return the largest errors, then the answers that lie farthest out, where least was seen; each once."""
        worst = self.rank_rows(targets, outputs)[:most]
        away = np.abs(outputs[VALUE] - np.median(outputs[VALUE], axis=0))
        spread = away.mean(axis=0)
        far = np.argsort(-(away / np.where(spread > 0, spread, 1)).max(axis=1), kind="stable")[:most]
        return np.array(list(dict.fromkeys([*worst.tolist(), *far.tolist()])), np.int64)

    def share_same(self, one: Mapping[str, NDArray[Any]], other: Mapping[str, NDArray[Any]]) -> float:
        """Return the share of items with the same numbers, up to a hundredth of the range of the answers."""
        near = np.abs(one[VALUE].astype(np.float64) - other[VALUE]) <= SAME * measure_answer_ranges(one)
        return float(near.all(axis=1).mean())


def measure_answer_ranges(outputs: Mapping[str, NDArray[Any]]) -> Doubles:
    """Return over what range the answers to some items lie, (K,); above 0.

    Few or equal answers have next to no range: then it is as wide as the intervals are on average, if there are any, or
    a hundredth of the numbers themselves.
    """
    values = outputs[VALUE].astype(np.float64)
    ranges = np.ptp(values, axis=0)
    if INTERVAL in outputs:
        widths = np.ptp(outputs[INTERVAL].astype(np.float64), axis=2).mean(axis=0)
        ranges = np.maximum(ranges, widths)
    return np.asarray(np.maximum(ranges, 0.01 * np.abs(values).max(axis=0)) + 1e-12)
