"""Charts of one class against the rest: how well it is told, what a threshold does, and whether acting on it pays."""

from dataclasses import dataclass

import numpy as np

from headstart.evaluation import curves
from headstart.evaluation.decision_curve import compute_decision_curve
from headstart.evaluation.resampled_curves import CurveBands, resample_curves
from headstart.reporting.charts.spec import (
    Axis,
    Lines,
    Mark,
    NotRecorded,
    Series,
    count_items,
    format_percent,
    to_floats,
)
from headstart.reporting.records import Records
from headstart.tasks.classification.screening import Screening
from headstart_runtime.arrays import Bools, Doubles, Floats, Ints

FALSE_ALARMS = np.array([0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8])  #: places of intervals of the ROC curve
RECALLS = np.arange(1, 11) / 10  #: places of intervals of precision
POINTS = 100  #: of curves over the threshold
SMALLEST = 1e-3  #: threshold that is drawn where the axis is logarithmic
RARE = 0.1  #: a class with a smaller share has a logarithmic axis of thresholds
FLOOR = 0.5  #: net benefit is drawn down to minus this share of the class
INTERVAL = "95\u00a0% interval"
_SEED = 0  #: of resamples


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """The test samples, as far as one class is concerned."""

    found: Screening
    labels: Ints  #: (T,)
    probabilities: Floats  #: (T, C)
    groups: Ints  #: (T,)
    index: int  #: of the class

    @property
    def scores(self) -> Floats:
        """(T,) the probability of the class."""
        return self.probabilities[:, self.index]

    @property
    def wanted(self) -> Bools:
        """(T,) whether a sample is of the class."""
        return np.asarray(self.labels == self.index)

    def list_thresholds(self) -> Doubles:
        """Return the thresholds over which curves are drawn."""
        return np.geomspace(SMALLEST, 0.99, POINTS) if self.rare else np.linspace(0.01, 0.99, POINTS - 1)

    @property
    def rare(self) -> bool:
        """Whether the class is so rare that small thresholds matter."""
        return bool(self.wanted.mean() < RARE)


def _read_rows(records: Records) -> _Rows:
    """Return the test samples of a run that looks for a class.

    Raises:
        NotRecorded: it looks for none, or test has only one kind.
    """
    found = records.test.screening
    if found is None:
        raise NotRecorded("no positive class is known in this run; fit with --positive and its name")
    if found.roc_area is None:
        raise NotRecorded(f"the test {records.noun.many} are all of one kind; test on more")
    test = records.predictions.subset("test")
    return _Rows(found, test.label, test.probabilities, test.group, records.classes.index(found.positive))


def positive_roc_chart(records: Records) -> Lines:
    """Return the share that is found over the share of false alarms, of the positive class, with intervals.

    Raises:
        NotRecorded: there is no positive class.
    """
    rows, noun = _read_rows(records), records.noun
    found, curve = rows.found, curves.roc_curve(rows.labels, rows.probabilities, rows.index)
    band = resample_curves(rows.scores, rows.wanted, rows.groups, _SEED, FALSE_ALARMS)
    assert found.roc_area is not None
    area, interval = found.roc_area.value, found.roc_area.interval
    marks: tuple[Series, ...] = ()
    if found.sensitivity is not None and found.specificity is not None:
        marks = (_mark_told(1 - found.specificity.share, found.sensitivity.share),)
    tenth = format_percent(float(np.interp(0.1, curve.false_positives, curve.true_positives)))
    alt = (
        f"The area under the curve is {area:.3f} ({INTERVAL} {interval.low:.3f} to {interval.high:.3f}); with a tenth "
        f"of the others as false alarms {tenth} of {found.positive} are found."
    )
    return Lines(
        title=f"{found.positive}: found over false alarms (ROC)",
        alt=alt,
        x=Axis(f"false alarms: share of the other {noun.many}", "share", low=0, high=1),
        y=Axis(f"found: share of the {noun.many} of {found.positive}", "share", low=0, high=1),
        series=(
            Series(f"area {area:.3f}", to_floats(curve.false_positives), to_floats(curve.true_positives)),
            _plot_interval(band, np.interp(FALSE_ALARMS, curve.false_positives, curve.true_positives), precise=False),
            *marks,
            Series("chance", (0.0, 1.0), (0.0, 1.0), style="reference"),
        ),
        square=True,
    )


def positive_precision_chart(records: Records) -> Lines:
    """Return the share of alarms that is right over the share that is found, with intervals.

    Raises:
        NotRecorded: there is no positive class.
    """
    rows, noun = _read_rows(records), records.noun
    found, curve = rows.found, curves.precision_recall_curve(rows.labels, rows.probabilities, rows.index)
    band = resample_curves(rows.scores, rows.wanted, rows.groups, _SEED, RECALLS)
    end = int(np.searchsorted(curve.recall, curve.recall[-1])) + 1
    x, y = np.repeat(np.r_[0.0, curve.recall[:end]], 2)[1:-1], np.repeat(curve.precision[:end], 2)
    at = np.minimum(np.searchsorted(curve.recall, RECALLS - 1e-9), len(curve.recall) - 1)
    share = float(rows.wanted.mean())
    assert found.average_precision is not None
    area, interval = found.average_precision.value, found.average_precision.interval
    marks: tuple[Series, ...] = ()
    if found.sensitivity is not None and found.precision is not None:
        marks = (_mark_told(found.sensitivity.share, found.precision.share),)
    alt = (
        f"The average precision is {area:.3f} ({INTERVAL} {interval.low:.3f} to {interval.high:.3f}); an alarm for "
        f"each of {count_items(len(rows.labels), noun, 'test')} would be right in {format_percent(share)}."
    )
    return Lines(
        title=f"{found.positive}: right alarms over found",
        alt=alt,
        x=Axis(f"found: share of the {noun.many} of {found.positive} (recall)", "share", low=0, high=1),
        y=Axis("right: share of the alarms (precision)", "share", low=0, high=1),
        series=(
            Series(f"average precision {area:.3f}", to_floats(x), to_floats(y)),
            _plot_interval(band, curve.precision[at], precise=True),
            *marks,
            Series("an alarm for each", (0.0, 1.0), (share, share), style="reference"),
        ),
        square=True,
    )


def threshold_rates_chart(records: Records) -> Lines:
    """Return what is found, what alarms are right, and how many alarms there are, over the threshold.

    Raises:
        NotRecorded: there is no positive class.
    """
    rows, noun = _read_rows(records), records.noun
    grid, wanted = rows.list_thresholds(), rows.wanted
    told = rows.scores[None] >= grid[:, None].astype(np.float32)
    alarms, found = told.sum(axis=1), (told & wanted).sum(axis=1)
    some = alarms > 0
    series = (
        Series("found (recall)", to_floats(grid), to_floats(found / wanted.sum())),
        Series("alarms that are right (precision)", to_floats(grid[some]), to_floats(found[some] / alarms[some])),
        Series(f"alarms, share of all {noun.many}", to_floats(grid), to_floats(alarms / len(wanted))),
    )
    least = rows.found.threshold
    middle = int(np.searchsorted(grid, 0.5)) if least is None else min(int(np.searchsorted(grid, least)), len(grid) - 1)
    alt = (
        f"From a probability of {grid[middle]:.3g} on {format_percent(found[middle] / wanted.sum())} of "
        f"{rows.found.positive} are found, with alarms for {format_percent(alarms[middle] / len(wanted))} of all."
    )
    return Lines(
        title=f"{rows.found.positive}: what a threshold does",
        alt=alt,
        x=Axis("threshold: least probability of an alarm" + _say_scale(rows), "number", log=rows.rare),
        y=Axis("share", "share", low=0, high=1),
        series=series,
        marks=() if least is None or least < grid[0] else (Mark(least, "threshold in use"),),
    )


def decision_curve_chart(records: Records) -> Lines:
    """Return the net benefit of acting on the answers over the probability from which on is acted.

    Raises:
        NotRecorded: there is no positive class.
    """
    rows, noun = _read_rows(records), records.noun
    curve, share = compute_decision_curve(rows.scores, rows.wanted, rows.list_thresholds()), float(rows.wanted.mean())
    floor = -FLOOR * share
    grid, model, everything = curve.thresholds, np.maximum(curve.model, floor), curve.all
    seen = everything >= floor
    better = (curve.model > np.maximum(everything, 0)).mean()
    least = rows.found.threshold
    return Lines(
        title=f"{rows.found.positive}: is acting on it worth it?",
        alt=f"Acting on the answers is worth more than acting on all or on none at {format_percent(better, 0)} of the "
        "thresholds shown.",
        x=Axis("probability from which on is acted" + _say_scale(rows), "number", log=rows.rare),
        y=Axis(f"net benefit, right alarms for each of the {noun.many}"),
        series=(
            Series("acting on the answers", to_floats(grid), to_floats(model)),
            Series("acting on all", to_floats(grid[seen]), to_floats(everything[seen])),
            Series("acting on none", to_floats((grid[0], grid[-1])), (0.0, 0.0), style="reference"),
        ),
        marks=() if least is None or least < grid[0] else (Mark(least, "threshold in use"),),
    )


def _mark_told(x: float, y: float) -> Series:
    return Series("as predicted", (float(x),), (float(y),), style="points", marked=(0,))


def _plot_interval(band: CurveBands, middle: Doubles, *, precise: bool) -> Series:
    """Return intervals as points; those of precision, or of what is found."""
    low, high = (
        (band.precision_low, band.precision_high) if precise else (band.true_positives_low, band.true_positives_high)
    )
    ends = to_floats(np.minimum(low, middle)), to_floats(np.maximum(high, middle))
    return Series(INTERVAL, to_floats(band.places), to_floats(middle), *ends, style="points")


def _say_scale(rows: _Rows) -> str:
    return " (logarithmic)" if rows.rare else ""
