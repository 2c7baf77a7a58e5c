"""Charts of predicted numbers: predicted over true ones, residuals, and the width of intervals; one for each number."""

from dataclasses import dataclass

import numpy as np

from headstart.evaluation.intervals import grouped_wilson_interval
from headstart.reporting.charts.spec import (
    Axis,
    Lines,
    Mark,
    NotRecorded,
    Series,
    format_percent,
    format_value,
    to_floats,
)
from headstart.reporting.task_records import TaskRecords
from headstart_runtime.arrays import Doubles, Ints

MOST_POINTS = 2000  #: of one cloud; of more samples so many are drawn, evenly by what is predicted
PARTS, LEAST_IN_PART = 8, 10  #: of a running mean, and rows in each
MOST_CHARTED = 4  #: numbers that have charts of their own


@dataclass(frozen=True, slots=True, eq=False)
class NumberRows:
    """One number of the M test samples of which it is known, by rising prediction."""

    column: int
    name: str  #: with its unit, as the column has it
    unit: str  #: "" where none is known
    rows: Ints  #: (M,) in predictions.npz
    true: Doubles  #: (M,)
    predicted: Doubles  #: (M,)
    low: Doubles  #: (M,) of the interval; NaN where there is none
    high: Doubles  #: (M,)
    groups: Ints  #: (M,)

    @property
    def residuals(self) -> Doubles:
        """(M,) predicted less true."""
        return np.asarray(self.predicted - self.true)

    @property
    def has_intervals(self) -> bool:
        """Whether intervals were made."""
        return bool(np.isfinite(self.low).any())


def select_number_rows(records: TaskRecords, column: int) -> NumberRows:
    """Return what is said of one number, on the test samples of which it is known."""
    answers = records.predictions
    rows = np.flatnonzero((answers.part == "test") & np.isfinite(answers.label[:, column]))
    rows = rows[np.argsort(answers["value"][rows, column], kind="stable")]
    bounds = np.full((len(rows), 2), np.nan)
    if "interval" in answers:
        bounds = answers["interval"][rows, column].astype(np.float64)
    units = records.run.target_facts.get("units", ())
    return NumberRows(
        column=column,
        name=records.names[column],
        unit=str(units[column]) if column < len(units) else "",
        rows=np.asarray(rows),
        true=answers.label[rows, column].astype(np.float64),
        predicted=answers["value"][rows, column].astype(np.float64),
        low=bounds[:, 0],
        high=bounds[:, 1],
        groups=answers.group[rows],
    )


def list_charted_numbers(records: TaskRecords) -> tuple[NumberRows, ...]:
    """Return the numbers that charts are drawn of.

    Raises:
        NotRecorded: none of them is known of a test sample.
    """
    found = tuple(select_number_rows(records, column) for column in range(len(records.names)))
    known = tuple(one for one in found if len(one.rows))[:MOST_CHARTED]
    if not known:
        raise NotRecorded(f"no number of this run is known of a test {records.noun.one}")
    return known


def predicted_over_true_chart(records: TaskRecords) -> tuple[Lines, ...]:
    """Return the predicted over the true numbers of the test samples, a chart for each number."""
    return tuple(_plot_predicted(records, one) for one in list_charted_numbers(records))


def _plot_predicted(records: TaskRecords, one: NumberRows) -> Lines:
    low, high = (float(end(np.r_[one.true, one.predicted])) for end in (np.min, np.max))
    margin = 0.03 * (high - low) or 1.0
    low, high = low - margin, high + margin
    shown = _thin(len(one.rows))
    unit = f" {one.unit}" if one.unit else ""
    error = format_value(float(np.abs(one.residuals).mean()), "number")
    alt = f"The answers are off by {error}{unit} on average; on the dotted line they would be right."
    return Lines(
        title=f"Predicted over true: {one.name}",
        alt=alt,
        x=Axis(f"true {one.name}", low=low, high=high),
        y=Axis(f"predicted {one.name}", low=low, high=high),
        series=(
            Series(
                f"test {records.noun.many}", to_floats(one.true[shown]), to_floats(one.predicted[shown]), style="cloud"
            ),
            Series("right", (low, high), (low, high), style="reference"),
        ),
        square=True,
    )


def residuals_chart(records: TaskRecords) -> tuple[Lines, ...]:
    """Return the residuals of the test samples over what is predicted, a chart for each number."""
    return tuple(_plot_residuals(records, one) for one in list_charted_numbers(records))


def _plot_residuals(records: TaskRecords, one: NumberRows) -> Lines:
    shown, means = _thin(len(one.rows)), list(split_parts(len(one.rows)))
    unit = f" {one.unit}" if one.unit else ""
    bias = float(one.residuals.mean())
    direction = "high" if bias > 0 else "low"
    alt = f"On average the answers are {format_value(abs(bias), 'number')}{unit} too {direction}."
    x = to_floats(one.predicted[part].mean() for part in means)
    y = to_floats(one.residuals[part].mean() for part in means)
    running = Series("mean of those around", x, y, style="dots") if len(means) > 2 else None
    return Lines(
        title=f"Residuals over predictions: {one.name}",
        alt=alt,
        x=Axis(f"predicted {one.name}"),
        y=Axis(f"predicted less true{f', {one.unit}' if one.unit else ''}"),
        series=(
            Series(
                f"test {records.noun.many}",
                to_floats(one.predicted[shown]),
                to_floats(one.residuals[shown]),
                style="cloud",
            ),
            *((running,) if running else ()),
        ),
        marks=(Mark(0.0, "right", "y"),),
    )


def interval_widths_chart(records: TaskRecords) -> tuple[Lines, ...]:
    """Return how wide the intervals are over what is predicted, a chart for each number.

    Raises:
        NotRecorded: the model makes no intervals.
    """
    made = tuple(one for one in list_charted_numbers(records) if one.has_intervals)
    if not made:
        raise NotRecorded("this run's model makes no intervals; fit again to have them")
    return tuple(_plot_widths(records, one) for one in made)


def _plot_widths(records: TaskRecords, one: NumberRows) -> Lines:
    widths, shown = one.high - one.low, _thin(len(one.rows))
    unit = f" {one.unit}" if one.unit else ""
    narrow, wide = (format_value(float(np.quantile(widths, share)), "number") for share in (0.05, 0.95))
    return Lines(
        title=f"Width of the intervals: {one.name}",
        alt=f"Nine tenths of the intervals are from {narrow} to {wide}{unit} wide.",
        x=Axis(f"predicted {one.name}"),
        y=Axis(f"width{f', {one.unit}' if one.unit else ''}", low=0),
        series=(
            Series(
                f"test {records.noun.many}", to_floats(one.predicted[shown]), to_floats(widths[shown]), style="cloud"
            ),
        ),
    )


def interval_coverage_chart(records: TaskRecords) -> tuple[Lines, ...]:
    """Return how often the interval holds the true number, over what is predicted, a chart for each number.

    Raises:
        NotRecorded: the model makes no intervals.
    """
    made = tuple(one for one in list_charted_numbers(records) if one.has_intervals)
    wanted = (records.own.get("intervals") or {}).get("coverage")
    if not made or wanted is None:
        raise NotRecorded("this run's model makes no intervals; fit again to have them")
    return tuple(_plot_coverage(records, one, float(wanted)) for one in made)


def _plot_coverage(records: TaskRecords, one: NumberRows, wanted: float) -> Lines:
    held = (one.low <= one.true) & (one.true <= one.high)
    parts = list(split_parts(len(one.rows)))
    intervals = [grouped_wilson_interval(held[part], one.groups[part]) for part in parts]
    share = format_percent(float(held.mean()))
    alt = f"{share} of the intervals hold the true number; {format_percent(wanted, 0)} were wanted."
    return Lines(
        title=f"Intervals that hold the true number: {one.name}",
        alt=alt,
        x=Axis(f"predicted {one.name}, mean of as many {records.noun.many} each"),
        y=Axis("share that hold it, 95\u00a0% interval", "share", high=1),
        series=(
            Series(
                "held",
                to_floats(one.predicted[part].mean() for part in parts),
                to_floats(held[part].mean() for part in parts),
                to_floats(interval.low for interval in intervals),
                to_floats(interval.high for interval in intervals),
                style="dots",
                notes=tuple(records.noun.count(len(part)) for part in parts),
            ),
        ),
        marks=(Mark(wanted, f"wanted: {format_percent(wanted, 0)}", "y"),),
    )


def split_parts(rows: int, most: int = PARTS) -> list[Ints]:
    """Return the places of rows in parts of about as many, in their order; fewer parts of few rows."""
    return list(np.array_split(np.arange(rows), max(1, min(most, rows // LEAST_IN_PART))))


def _thin(rows: int) -> Ints:
    """Return the places of so many rows as one cloud shows, evenly."""
    return np.unique(np.linspace(0, rows - 1, min(rows, MOST_POINTS)).round().astype(np.int64))
