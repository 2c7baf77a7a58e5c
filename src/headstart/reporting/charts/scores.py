"""Charts of the answers on test: confusions, and how well each class is told from the rest."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from headstart.evaluation import curves
from headstart.reporting.charts.spec import (
    Axis,
    Lines,
    Mark,
    Matrix,
    NotRecorded,
    Series,
    count_items,
    format_percent,
    format_quantity,
    to_floats,
)
from headstart.reporting.records import Predictions, Records
from headstart_runtime.arrays import Doubles

FEW = 6  #: classes that get a curve each
LOWEST = 4  #: of more classes, those with the smallest areas get one, beside the mean of all
CONFUSIONS = 3  #: that the words name


@dataclass(frozen=True, slots=True, eq=False)
class _Curve:
    """A class against the rest."""

    name: str
    x: Doubles  #: (M,) rising from 0 to 1
    y: Doubles  #: (M,)
    area: float


def confusion_chart(records: Records) -> Matrix:
    """Return the test samples by true and by predicted class."""
    noun = records.noun
    test = records.test
    counts = np.array(test.confusion)
    np.fill_diagonal(counts, 0)
    places = [divmod(int(at), len(counts)) for at in np.argsort(-counts, axis=None, kind="stable")[:CONFUSIONS]]
    most = [(true, predicted) for true, predicted in places if counts[true, predicted]]
    named = ", ".join(
        f"{test.classes[true]} for {test.classes[predicted]} ({counts[true, predicted]})" for true, predicted in most
    )
    alt = (
        f"{format_percent(test.accuracy)} of {count_items(test.n, noun, 'test')} are right; "
        f"{f'most often taken: {named}' if named else 'none was taken for another class'}."
    )
    return Matrix("Confusion matrix", alt, test.classes, test.confusion)


def roc_chart(records: Records) -> Lines:
    """Return true over false positives of each class against the rest, on test; of many the mean and the lowest.

    Raises:
        NotRecorded: no class can be held against others.
    """
    noun = records.noun
    found = _curves_against_rest(records, _compute_roc)
    grid = np.unique(np.concatenate([curve.x for curve in found]))
    shown, alt = _select_curves(found, _average(found, grid), "area under the curve")
    return Lines(
        title="ROC curves",
        alt=alt,
        x=Axis(f"false positives: share of the other {noun.many}", "share", low=0, high=1),
        y=Axis(f"true positives: share of the class's {noun.many}", "share", low=0, high=1),
        series=(*shown, Series("chance", (0.0, 1.0), (0.0, 1.0), style="reference")),
        square=True,
    )


def precision_recall_chart(records: Records) -> Lines:
    """Return precision over recall of each class against the rest, on test; of many the mean and the lowest.

    Raises:
        NotRecorded: no class has test samples.
    """
    noun = records.noun
    found = _curves_against_rest(records, _compute_precision_recall)
    grid = np.unique(np.concatenate([curve.x for curve in found]))
    shown, alt = _select_curves(found, _average(found, grid), "average precision")
    return Lines(
        title="Precision and recall",
        alt=alt,
        x=Axis(f"recall: share of the class's {noun.many} that are found", "share", low=0, high=1),
        y=Axis("precision: share of those found that are right", "share", low=0, high=1),
        series=shown,
        square=True,
    )


def risk_coverage_chart(records: Records) -> Lines:
    """Return the share of wrong answers on test where only the surest are given."""
    noun = records.noun
    test = records.predictions.subset("test")
    found = curves.risk_coverage_curve(test.right, test.sureness)
    half = int(np.searchsorted(found.coverage, 0.5))
    error = float(found.risk[-1])
    alt = (
        f"{format_percent(error)} of all answers on {count_items(len(test), noun, 'test')} are wrong; of "
        f"the surest {format_percent(found.coverage[half], 0)}, {format_percent(found.risk[half])}. "
        f"The area is {found.area or 0.0:.3f}."
    )
    return Lines(
        title=f"Mistakes when only the surest {noun.many} are answered",
        alt=alt,
        x=Axis(f"share of {noun.many} that are answered, the surest first", "share", low=0, high=1),
        y=Axis("share of the answers that are wrong", "share", low=0),
        series=(Series("wrong", to_floats(found.coverage), to_floats(found.risk)),),
        marks=(Mark(error, "all answered", "y"),),
    )


def _curves_against_rest(records: Records, curve_of: Callable[[Predictions, int], _Curve | None]) -> list[_Curve]:
    """Return a curve for each class of which one can be drawn, named by the class."""
    noun = records.noun
    test = records.predictions.subset("test")
    made = [(name, curve_of(test, k)) for k, name in enumerate(records.classes)]
    found = [replace(curve, name=name) for name, curve in made if curve is not None]
    if not found:
        raise NotRecorded(
            f"all test {noun.many} are of one class, so none can be told from others; test on more classes"
        )
    return found


def _compute_roc(test: Predictions, k: int) -> _Curve | None:
    found = curves.roc_curve(test.label, test.probabilities, k)
    return None if found.area is None else _Curve("", found.false_positives, found.true_positives, found.area)


def _compute_precision_recall(test: Predictions, k: int) -> _Curve | None:
    """Return the curve as steps: the precision of a point holds for the recall between the point before and it.

    It ends where all samples of the class are found: what lower thresholds let in is of other classes.
    """
    found = curves.precision_recall_curve(test.label, test.probabilities, k)
    if found.area is None:
        return None
    end = int(np.searchsorted(found.recall, found.recall[-1])) + 1
    x, y = np.repeat(np.r_[0.0, found.recall[:end]], 2)[1:-1], np.repeat(found.precision[:end], 2)
    return _Curve("", x, y, found.area)


def _average(found: list[_Curve], grid: Doubles) -> _Curve:
    """Return the mean of curves, exact: at each place its value from the left and from the right, for curves may jump.

    The area under it is the mean of the areas.
    """
    left = np.mean([_evaluate(curve, grid, "left") for curve in found], axis=0)
    right = np.mean([_evaluate(curve, grid, "right") for curve in found], axis=0)
    y = np.column_stack([left, right]).ravel()
    return _Curve("mean of all classes", np.repeat(grid, 2), y, float(np.mean([curve.area for curve in found])))


def _evaluate(curve: _Curve, grid: Doubles, side: str) -> Doubles:
    """Return a curve's values at places between 0 and 1; where it jumps, those on its left or right side."""
    first = np.searchsorted(curve.x, grid, "left")
    last = np.searchsorted(curve.x, grid, "right") - 1
    there = last >= first
    at = first if side == "left" else last
    return np.where(there, curve.y[np.clip(at, 0, len(curve.y) - 1)], np.interp(grid, curve.x, curve.y))


def _select_curves(found: list[_Curve], mean: _Curve, measure: str) -> tuple[tuple[Series, ...], str]:
    """Return the curves that are drawn, and their finding in words."""
    lowest = min(found, key=lambda curve: curve.area)
    alt = f"The {measure} is {mean.area:.3f} on average over {format_quantity(len(found), 'class', 'classes')}"
    alt += "." if len(found) == 1 else f", lowest for {lowest.name} with {lowest.area:.3f}."
    shown = found if len(found) <= FEW else [mean, *sorted(found, key=lambda curve: curve.area)[:LOWEST]]
    series = (Series(f"{curve.name} ({curve.area:.3f})", to_floats(curve.x), to_floats(curve.y)) for curve in shown)
    return tuple(series), alt
