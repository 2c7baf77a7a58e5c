"""The charts of a run as matplotlib figures, for ``run.plot``."""

from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from headstart.reporting.charts import catalog as charts
from headstart.reporting.charts.matplotlib_axes import LABELS, TYPE, draw_on, measure_matrix
from headstart.reporting.charts.short_names import fit_names
from headstart.reporting.charts.spec import Bars, Chart, Matrix
from headstart.reporting.records import Records, read_records
from headstart.reporting.run_records import RunRecords
from headstart_runtime.extras import require_extra

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDE, HIGH = 6.4, 4.2  #: inches of one chart
COLUMNS = 2  #: of a figure with several
MARGIN = 2.4  #: inches beside and below a confusion matrix, for names


class RunPlots:
    """Figures that any run has; nothing is shown or kept open, so they work in scripts and notebooks alike.

    Each method raises ``UserError`` where the run lacks what it would show, and says what was missing.
    """

    def __init__(self, records: RunRecords) -> None:
        """Take the records of a run."""
        self._any = records

    def curves(self) -> "Figure":
        """Draw loss and score by epoch of each arm that trained a network."""
        return draw_figure(*charts.training_curves_chart(self._any))

    def rate_finder(self) -> "Figure":
        """Draw the loss while the learning rate grows, of each range test."""
        return draw_figure(*charts.rate_finder_chart(self._any))

    def score_over_cost(self) -> "Figure":
        """Draw the validation score of each arm over the seconds it took."""
        return draw_figure(charts.score_over_cost_chart(self._any))

    def depth(self) -> "Figure":
        """Draw the score by layer."""
        return draw_figure(*charts.depth_chart(self._any))

    def cost(self) -> "Figure":
        """Draw time, memory and disk of each arm, predicted and real."""
        return draw_figure(*charts.cost_chart(self._any))

    def novelty(self) -> "Figure":
        """Draw the novelty of validation and test samples, beside the threshold."""
        return draw_figure(charts.novelty_chart(self._any))

    def learning_curve(self) -> "Figure":
        """Draw the score over the number of training samples."""
        return draw_figure(charts.learning_curve_chart(self._any))


class Plots(RunPlots):
    """Figures of a classifier's run."""

    def __init__(self, run: str | Path | Records) -> None:
        """Take a run's folder, or its records.

        Raises:
            UserError: the folder is no run, or one without what charts are made from.
        """
        self.records = run if isinstance(run, Records) else read_records(run)
        super().__init__(self.records)

    def confusion(self) -> "Figure":
        """Draw the test samples by true and by predicted class."""
        return draw_figure(charts.confusion_chart(self.records))

    def accuracy_over_cost(self) -> "Figure":
        """Draw the validation accuracy of each arm over the seconds it took."""
        return draw_figure(charts.score_over_cost_chart(self.records))

    def roc(self) -> "Figure":
        """Draw true over false positives of each class against the rest, on test."""
        return draw_figure(charts.roc_chart(self.records))

    def precision_recall(self) -> "Figure":
        """Draw precision over recall of each class against the rest, on test."""
        return draw_figure(charts.precision_recall_chart(self.records))

    def positive_roc(self) -> "Figure":
        """Draw the share that is found over the share of false alarms, of the positive class, with intervals."""
        return draw_figure(charts.positive_roc_chart(self.records))

    def positive_precision(self) -> "Figure":
        """Draw the share of alarms that is right over the share that is found, with intervals."""
        return draw_figure(charts.positive_precision_chart(self.records))

    def threshold_rates(self) -> "Figure":
        """Draw what is found and how many alarms there are, over the threshold of the positive class."""
        return draw_figure(charts.threshold_rates_chart(self.records))

    def decision_curve(self) -> "Figure":
        """Draw the net benefit of acting on the answers, over the probability from which on is acted."""
        return draw_figure(charts.decision_curve_chart(self.records))

    def reliability(self) -> "Figure":
        """Draw the share of right answers over their stated probability, before and after calibration."""
        return draw_figure(charts.reliability_chart(self.records))

    def risk_coverage(self) -> "Figure":
        """Draw the share of wrong answers where only the surest are given."""
        return draw_figure(charts.risk_coverage_chart(self.records))

    def sets(self) -> "Figure":
        """Draw the sizes of prediction sets, and how many hold the true class, by class."""
        return draw_figure(charts.set_sizes_chart(self.records), charts.class_coverage_chart(self.records))

    def class_counts(self) -> "Figure":
        """Draw the samples of each class in each subset."""
        return draw_figure(charts.class_counts_chart(self.records))

    def slices(self) -> "Figure":
        """Draw the accuracy by kind of sample."""
        return draw_figure(charts.slices_chart(self.records))

    def learning_curve(self) -> "Figure":
        """Draw the accuracy over the number of training samples, and the gain of each class from more."""
        return draw_figure(
            charts.learning_curve_chart(self.records), *charts.make_if_recorded(charts.gains_chart, self.records)
        )


def draw_figure(*made: Chart) -> "Figure":
    """Draw charts side by side in one figure.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    require_extra("plots", "drawing a chart as a figure")
    from headstart.reporting.charts.notebook_figure import NotebookFigure

    columns = min(COLUMNS, len(made))
    rows = ceil(len(made) / columns)
    heights = [
        max(_measure_height(chart) for chart in made[start : start + columns]) for start in range(0, len(made), columns)
    ]
    wide = max(map(_measure_width, made))
    figure = NotebookFigure(figsize=(wide * columns, sum(heights)), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, height_ratios=heights).ravel()
    for axes, chart in zip(grid, made, strict=False):
        draw_on(axes, chart)
    for axes in grid[len(made) :]:
        axes.set_axis_off()
    return figure


def _measure_width(chart: Chart) -> float:
    """Return the width of a chart in inches."""
    return max(WIDE, measure_matrix(len(chart.names)) + MARGIN) if isinstance(chart, Matrix) else WIDE


def _measure_height(chart: Chart) -> float:
    """Return the height of a chart in inches."""
    if isinstance(chart, Bars):
        thick = 1 if chart.stacked else 0.6 + 0.4 * len(chart.groups)
        if any("\n" in name for name in fit_names(chart.categories, LABELS, TYPE, lines=2)):
            thick = max(thick, 1.4)  # two lines
        return max(2.2, 1.7 + 0.28 * thick * len(chart.categories))
    if isinstance(chart, Matrix):
        return measure_matrix(len(chart.names)) + MARGIN
    return WIDE if chart.square else HIGH
