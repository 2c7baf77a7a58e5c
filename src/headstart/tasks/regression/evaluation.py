"""The evaluation of predicted numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.display.html import html_table
from headstart.evaluation.evaluation import Evaluation, ScoreTable, read_intervals
from headstart.evaluation.grouping import Targets, effective_sample_size, number_groups
from headstart.evaluation.interval_coverage import CoveredPart, IntervalCoverage, measure_interval_coverage
from headstart.evaluation.intervals import Interval
from headstart.evaluation.number_scores import NumberScores, mean_interval, score_numbers
from headstart.heads.number_targets import measure_errors
from headstart_runtime.arrays import Doubles, Floats
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.item import Noun
from headstart_runtime.tasks.regression.units import list_units, show_number
from headstart_runtime.tasks.task import Measure, TargetSpace, get_task


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberEvaluation(Evaluation):
    """Scores of numbers.

    Of one number the score is its mean absolute error. Several have units of their own, so that the score is the mean
    of their relative errors, as the loss always is: errors over what always saying the median of these rows errs by.
    """

    mean_absolute_error: float  #: of several numbers relative, as ``relative_error``
    mean_absolute_error_interval: Interval
    relative_error: float  #: 1 is no better than always saying the median
    relative_error_interval: Interval
    numbers: tuple[NumberScores, ...]  #: each by itself, in the order of the space; without those that are never known
    coverage: tuple[IntervalCoverage, ...] = ()  #: of the intervals of ``numbers``; () where none were made

    @property
    def measure(self) -> Measure:
        """The mean absolute error; of several numbers the relative error, which has no unit."""
        own = get_task(self.task).measure
        return own if self.one is not None else replace(own, name=own.loss)

    @property
    def score(self) -> float:
        """The mean absolute error."""
        return self.mean_absolute_error

    @property
    def score_interval(self) -> Interval:
        """The interval of the mean absolute error."""
        return self.mean_absolute_error_interval

    @property
    def loss(self) -> float:
        """The relative error."""
        return self.relative_error

    @property
    def one(self) -> NumberScores | None:
        """The scores of the number, where there is one."""
        return self.numbers[0] if len(self.numbers) == 1 else None

    def format_score(self) -> str:
        """Return the mean absolute error, with the unit of the number where there is one: "3.2 g"."""
        unit = self.one.unit if self.one is not None else ""
        return self.measure.format(self.score) + (f" {unit}" if unit else "")

    def describe_faults(self) -> str:
        """Return how far the answers are off: "is off by 3.2 g on average"."""
        if self.one is None:
            return f"has {self.relative_error:.0%} of the error of always saying the median"
        unit = f" {self.one.unit}" if self.one.unit else ""
        return f"is off by {show_number(self.score)}{unit} on average"

    def list_more(self) -> list[str]:
        """Return the error of always saying the median, RMSE, R2 and Spearman's correlation."""
        if self.one is None:
            return ["always saying the median has 1"]
        one, unit = self.one, f" {self.one.unit}" if self.one.unit else ""
        told = [
            f"always saying the median {show_number(one.median_error)}{unit}",
            f"RMSE {show_number(one.rmse)}{unit}",
        ]
        told += [f"R2 {one.r2:.3f}"] if one.r2 is not None else []
        told += [f"Spearman {one.spearman:.3f}"] if one.spearman is not None else []
        return [*told, f"intervals hold {self.coverage[0].coverage:.1%}"] if self.coverage else told

    def tabulate(self, noun: Noun, most: int) -> ScoreTable | None:
        """Return each number and how well it was told."""
        rows = tuple(_list_cells(number) for number in self.numbers[:most])
        more = len(self.numbers) - most
        note = f"\n... and {more} more number{'s' * (more > 1)}" if more > 0 else ""
        return ScoreTable(
            ("number", noun.many, "mean absolute error", "of the median", "RMSE", "R2", "Spearman"), rows, note
        )

    def _repr_html_(self) -> str:
        table = self.tabulate(Noun("sample", "samples"), len(self.numbers))
        assert table is not None
        return html_table(table.columns, table.rows, caption=f"{self.part}: {self.describe()}")

    @classmethod
    def _read_own(cls, fields: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "numbers": tuple(NumberScores(**read_intervals(number)) for number in fields["numbers"]),
            "coverage": tuple(map(_read_coverage, fields["coverage"])),
        }


def _list_cells(number: NumberScores) -> tuple[object, ...]:
    unit = f" {number.unit}" if number.unit and number.unit not in number.name else ""
    r2, spearman = ("-" if one is None else f"{one:.3f}" for one in (number.r2, number.spearman))
    shown = (show_number(error) + unit for error in (number.mae, number.median_error, number.rmse))
    return (number.name, number.n, *shown, r2, spearman)


def _read_coverage(record: Mapping[str, Any]) -> IntervalCoverage:
    return IntervalCoverage(**{**record, "parts": tuple(CoveredPart(**part) for part in record["parts"])})


def score_predicted_numbers(
    part: str,
    targets: Targets,
    values: Doubles | Floats,
    space: TargetSpace,
    intervals: NDArray[np.floating] | None = None,
) -> NumberEvaluation:
    """Score values (N, K) against numbers (N, K), NaN where one is unknown.

    Args:
        part: which one.
        targets: numbers and groups of its N rows.
        values: (N, K).
        space: of the numbers.
        intervals: of the values, (N, K, 2); None where there are none.

    Raises:
        DataError: no rows, shapes that do not belong together, values that are none.
    """
    true, groups = targets.values, targets.groups
    check_values(part, true, values, len(space))
    errors = measure_errors(values, true)
    rows = np.isfinite(true).any(axis=1)
    scores, relative = errors.scores[rows], errors.relative[rows]
    numbers, coverage = [], []
    for column, (name, unit) in enumerate(zip(space.names, list_units(space), strict=True)):
        known = np.isfinite(true[:, column])
        if not known.any():
            continue
        own, said, together = true[known, column], values[known, column], groups[known]
        numbers.append(score_numbers(said, own, together, name=name, unit=unit))
        if intervals is not None:
            coverage.append(measure_interval_coverage(intervals[known, column], said, own, together))
    if len(space) > 1:
        around = [mean_interval(one, groups[rows]) for one in (scores, relative)]
    else:
        interval, share = numbers[0].mae_interval, float(relative.sum()) / max(float(scores.sum()), 1e-300)
        around = [interval, Interval(interval.low * share, interval.high * share, interval.level)]
    return NumberEvaluation(
        task="regression",
        part=part,
        n=int(rows.sum()),
        groups=int(number_groups(groups[rows]).max()) + 1,
        effective_n=effective_sample_size(relative, groups[rows]),
        mean_absolute_error=float(scores.mean()),
        mean_absolute_error_interval=around[0],
        relative_error=float(relative.mean()),
        relative_error_interval=around[1],
        numbers=tuple(numbers),
        coverage=tuple(coverage),
    )


def check_values(part: str, true: Doubles, values: NDArray[np.floating], outputs: int) -> None:
    """Raise a DataError where values (N, K) cannot be scored against numbers (N, K)."""
    if not len(true) or not np.isfinite(true).any():
        raise DataError(f"{part} has no rows with a number to compare with")
    if true.shape != (len(true), outputs) or values.shape != true.shape:
        raise DataError(
            f"{part}: values have shape {values.shape} and numbers {true.shape}; wanted ({len(true)}, {outputs}), "
            "a row for each item and a column for each number"
        )
    if not np.isfinite(values).all():
        raise DataError(f"{part}: {np.sum(~np.isfinite(values).all(axis=1))} rows of values hold NaN or infinity")
