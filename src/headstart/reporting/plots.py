"""The charts of a run as matplotlib figures: what ``run.plot`` gives."""

from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from headstart.reporting.charts import catalog as charts
from headstart.reporting.charts.matplotlib_axes import draw_on
from headstart.reporting.charts.spec import Bars, Chart, Matrix
from headstart.reporting.records import Records, read_records

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDE, HIGH = 6.4, 4.2  #: inches of one chart
COLUMNS = 2  #: of a figure with several


class Plots:
    """Figures of one run; nothing is shown or kept open, so they work in scripts and notebooks alike.

    Each method raises ``UserError`` where the run lacks what it would show, and says what was missing.
    """

    def __init__(self, run: str | Path | Records) -> None:
        """Takes a run's folder, or its records.

        Raises:
            UserError: the folder is no run, or one without what charts are made from.
        """
        self.records = run if isinstance(run, Records) else read_records(run)

    def confusion(self) -> "Figure":
        """Test photos by their class and by what they were taken for."""
        return draw_figure(charts.confusion_chart(self.records))

    def curves(self) -> "Figure":
        """Loss and accuracy by epoch of each arm that trained a network."""
        return draw_figure(*charts.training_curves_chart(self.records))

    def rate_finder(self) -> "Figure":
        """The loss while the learning rate grows, of each range test."""
        return draw_figure(*charts.rate_finder_chart(self.records))

    def accuracy_over_cost(self) -> "Figure":
        """Validation accuracy of each arm over the seconds it took."""
        return draw_figure(charts.accuracy_over_cost_chart(self.records))

    def depth(self) -> "Figure":
        """How well the classes are told from each layer."""
        return draw_figure(*charts.depth_chart(self.records))

    def cost(self) -> "Figure":
        """Time, memory and disk of each arm, predicted and real."""
        return draw_figure(*charts.cost_chart(self.records))

    def roc(self) -> "Figure":
        """True over false positives of each class against the rest, on test."""
        return draw_figure(charts.roc_chart(self.records))

    def precision_recall(self) -> "Figure":
        """Precision over recall of each class against the rest, on test."""
        return draw_figure(charts.precision_recall_chart(self.records))

    def reliability(self) -> "Figure":
        """How often the classifier is right when it is so sure, before and after calibration."""
        return draw_figure(charts.reliability_chart(self.records))

    def risk_coverage(self) -> "Figure":
        """How often answers are wrong where only the surest are given."""
        return draw_figure(charts.risk_coverage_chart(self.records))

    def sets(self) -> "Figure":
        """Sizes of prediction sets, and how many hold the true class, by class."""
        return draw_figure(charts.set_sizes_chart(self.records), charts.class_coverage_chart(self.records))

    def novelty(self) -> "Figure":
        """How unfamiliar validation and test photos are, beside the threshold."""
        return draw_figure(charts.novelty_chart(self.records))

    def class_counts(self) -> "Figure":
        """Photos of each class in each part."""
        return draw_figure(charts.class_counts_chart(self.records))

    def slices(self) -> "Figure":
        """Accuracy by kind of photo."""
        return draw_figure(charts.slices_chart(self.records))

    def learning_curve(self) -> "Figure":
        """Accuracy over the number of training photos, and which class gains from more."""
        return draw_figure(
            charts.learning_curve_chart(self.records), *charts.make_if_recorded(charts.gains_chart, self.records)
        )


def draw_figure(*shown: Chart) -> "Figure":
    """One figure of charts side by side."""
    from matplotlib.figure import Figure

    columns = min(COLUMNS, len(shown))
    rows = ceil(len(shown) / columns)
    heights = [
        max(_height(chart) for chart in shown[start : start + columns]) for start in range(0, len(shown), columns)
    ]
    figure = Figure(figsize=(WIDE * columns, sum(heights)), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, height_ratios=heights).ravel()
    for axes, chart in zip(grid, shown, strict=False):
        draw_on(axes, chart)
    for axes in grid[len(shown) :]:
        axes.set_axis_off()
    return figure


def _height(chart: Chart) -> float:
    """Inches."""
    if isinstance(chart, Bars):
        thick = 1 if chart.stacked else 0.6 + 0.4 * len(chart.groups)
        return max(2.0, 1.4 + 0.28 * thick * len(chart.categories))
    if isinstance(chart, Matrix):
        return min(12.0, max(HIGH, 2 + 0.35 * len(chart.names)))
    return WIDE if chart.square else HIGH
