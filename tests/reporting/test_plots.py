"""``run.plot``: each method gives a figure with the numbers of the chart record, or says what is missing."""

import io
import itertools
import sys

import matplotlib.figure
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from headstart.reporting.charts import catalog as charts
from headstart.reporting.charts.spec import Axis, BarGroup, Bars, Lines, Mark, Matrix, Series
from headstart.reporting.plots import Plots, draw_figure
from headstart.reporting.records import read_records
from headstart_runtime.errors import UserError
from tests.reporting.charts.every_chart import make_charts
from tests.reporting.example_run import write_example_run

POSITIVE = ("positive_roc", "positive_precision", "threshold_rates", "decision_curve")
METHODS = tuple(name for name in dir(Plots) if not name.startswith("_") and name not in POSITIVE)
NAMES = ("$x^2$ & $", "<b>", "_under_", "日本", "e", "f")  #: "$" begins a formula in matplotlib


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_example_run(tmp_path_factory.mktemp("plots") / "run", classes=6, test=60)


@pytest.fixture(scope="module")
def plots(folder):
    return Plots(folder)


@pytest.fixture(scope="module")
def screening(tmp_path_factory):
    """Figures of a run of two classes, one of which is looked for."""
    folder = tmp_path_factory.mktemp("plots") / "two"
    return Plots(write_example_run(folder, classes=2, test=120, trained=False))


def shown_of(axes):
    """What can be read off the axes: lines, stairs, bars and points as sorted arrays of numbers."""
    lines = [line.get_xydata() for line in axes.get_lines() if len(line.get_xydata())]
    bars = [bar.get_width() for bar in axes.patches if hasattr(bar, "get_width")]
    points = [it.get_offsets().data for it in axes.collections if type(it).__name__ == "PathCollection"]
    return lines, bars, points


def read_title(axes):
    return axes.get_title(loc="left").replace("\n", " ")


def holds(lines, x, y):
    return any(it.shape == (len(x), 2) and np.allclose(it, np.column_stack([x, y])) for it in lines)


@pytest.mark.parametrize("name", [*METHODS, *POSITIVE])
def test_a_figure_has_the_numbers_of_its_charts(plots, screening, name):
    plots = screening if name in POSITIVE else plots
    made = {it.title: it for group in make_charts(plots.records).values() for it in group}
    figure = getattr(plots, name)()
    assert isinstance(figure, matplotlib.figure.Figure)
    axes = [it for it in figure.axes if it.get_title(loc="left")]
    assert axes
    for it in axes:
        chart = made[read_title(it)]
        lines, bars, points = shown_of(it)
        if isinstance(chart, Lines):
            assert (it.get_xlabel(), it.get_ylabel()) == (chart.x.name, chart.y.name)
            for series in chart.series:
                if series.style == "columns":
                    (stairs,) = [patch for patch in it.patches if patch.get_label() == series.name]
                    np.testing.assert_allclose(stairs.get_data().values, series.y)
                    np.testing.assert_allclose(stairs.get_data().edges, series.x)
                else:
                    assert holds(lines, series.x, series.y), series.name
        elif isinstance(chart, Bars):
            values = np.array([group.values for group in chart.groups])
            labels = [label.get_text().replace("\n", " ") for label in it.get_yticklabels()]
            assert labels == list(chart.categories)
            if chart.dots:
                np.testing.assert_allclose(points[0], np.column_stack([values[0], np.arange(values.shape[1])]))
            else:
                np.testing.assert_allclose(bars, values.ravel())
                below = np.cumsum(values, axis=0) - values if chart.stacked else np.zeros(values.shape)
                np.testing.assert_allclose([bar.get_x() for bar in it.patches], below.ravel())
        else:
            np.testing.assert_allclose(it.images[0].get_array(), chart.shares)
            counts = [int(text.get_text()) for text in it.texts]
            assert counts == [count for row in chart.counts for count in row if count]


def test_every_chart_of_a_run_is_in_some_figure(plots):
    titles = {read_title(it) for name in METHODS for it in getattr(plots, name)().axes}
    assert titles - {""} == {it.title for made in make_charts(plots.records).values() for it in made}


def test_figures_are_drawn_without_a_window_or_a_global_state(plots):
    for name in ("curves", "confusion", "reliability", "slices"):
        file = io.BytesIO()
        getattr(plots, name)().savefig(file, dpi=20)
        assert file.getvalue().startswith(b"\x89PNG")
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()


@pytest.mark.filterwarnings("ignore:Glyph")
def test_any_name_of_a_class_can_be_drawn(tmp_path):
    hostile = Plots(write_example_run(tmp_path / "run", names=NAMES))
    for figure in (hostile.class_counts(), hostile.confusion(), hostile.roc()):
        figure.savefig(io.BytesIO(), dpi=20)
        (axes,) = figure.axes
        legend = axes.get_legend().get_texts() if axes.get_legend() else []
        shown = [it for it in (*axes.get_yticklabels(), *legend) if it.get_text().startswith(NAMES[0])]
        assert len(shown) == 1
        assert not shown[0].get_parse_math()


def test_many_classes_are_thinned(tmp_path):
    plots = Plots(write_example_run(tmp_path / "run", classes=100, test=150))
    axes = plots.confusion().axes[0]
    assert len(axes.get_xticklabels()) == len(axes.get_yticklabels()) == 50
    assert not axes.texts


@pytest.mark.parametrize("name", POSITIVE)
def test_a_run_that_looks_for_no_class_says_so(plots, name):
    with pytest.raises(UserError, match="no positive class is known in this run; fit with --positive and its name"):
        getattr(plots, name)()


def test_what_the_run_lacks_is_said(tmp_path):
    plots = Plots(read_records(write_example_run(tmp_path / "run", classes=3, test=24, trained=False, bare=True)))
    for name in ("curves", "rate_finder", "learning_curve", "novelty"):
        with pytest.raises(UserError, match="this run"):
            getattr(plots, name)()
    assert plots.confusion().axes


def test_what_is_no_run_is_refused(tmp_path):
    with pytest.raises(UserError, match="no finished run in it"):
        Plots(tmp_path)


def test_an_odd_number_of_charts_leaves_a_place_free(plots):
    figure = draw_figure(*charts.cost_chart(plots.records))
    assert len(figure.axes) == 4
    assert not figure.axes[3].axison
    assert isinstance(charts.confusion_chart(plots.records), Matrix)


def touching(figure):
    """Pairs of labels of ticks whose boxes overlap, once the figure is drawn."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    found = []
    for axes in figure.axes:
        for along, part in itertools.product((axes.xaxis, axes.yaxis), ("major", "minor")):
            low, high = sorted(along.get_view_interval())
            ticks = along.get_major_ticks() if part == "major" else along.get_minor_ticks()
            texts = [it.label1 for it in ticks if low <= it.get_loc() <= high and it.label1.get_text()]
            boxes = [(it.get_text(), it.get_window_extent(renderer)) for it in texts if it.get_visible()]
            pairs = itertools.combinations(boxes, 2)
            found += [(one, other) for (one, box), (other, other_box) in pairs if box.overlaps(other_box)]
    return found


@pytest.mark.parametrize("name", METHODS)
def test_labels_of_ticks_do_not_touch(plots, name):
    assert touching(getattr(plots, name)()) == []


@pytest.mark.parametrize("values", [(1530, 1700, 1900), (5.3, 5.6, 6.1), (3.5e-5, 3.7e-5, 3.9e-5), (1e-7, 1e-3, 10)])
def test_labels_do_not_touch_on_a_logarithmic_axis(values):
    chart = Lines("t", "", Axis("seconds", "seconds", log=True), Axis("y"), (Series("s", values, (1, 2, 3)),))
    figure = draw_figure(chart)
    assert touching(figure) == []
    assert len(figure.axes[0].get_xticklabels()) >= 2


def test_names_of_layers_do_not_touch():
    names = tuple(f"blocks.{place}.conv_pwl" for place in range(8))
    axis = Axis("layer", "count", low=0, high=7, names=names)
    chart = Lines("t", "", axis, Axis("y"), (Series("s", tuple(range(8)), tuple(range(8))),))
    assert touching(draw_figure(chart)) == []


def render(figure):
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    return renderer


@pytest.mark.parametrize("name", METHODS)
def test_legends_cover_no_data_and_titles_end_in_the_figure(plots, name):
    figure = getattr(plots, name)()
    renderer = render(figure)
    for axes in figure.axes:
        if axes.get_legend():
            legend, inside = axes.get_legend().get_window_extent(renderer), axes.get_window_extent(renderer)
            assert legend.y0 >= inside.y1 - 1
            assert not legend.overlaps(axes._left_title.get_window_extent(renderer))
        assert axes._left_title.get_window_extent(renderer).x1 <= figure.bbox.x1


@pytest.mark.parametrize("classes", [2, 12, 30])
def test_a_long_name_leaves_the_confusion_matrix_its_size(classes):
    names = ("American_black_bear_with_a_very_long_name_indeed", *(f"class number {n:02d}" for n in range(1, classes)))
    counts = tuple(tuple(int(a == b) for b in range(classes)) for a in range(classes))
    figure = draw_figure(Matrix("Confusion matrix", "", names, counts))
    assert touching(figure) == []
    inside, whole = figure.axes[0].get_window_extent(render(figure)), figure.bbox
    assert inside.width > 0.45 * whole.width
    assert inside.height > 0.45 * whole.height


def test_long_names_of_rows_leave_the_bars_room_and_long_titles_are_whole():
    names = tuple(f"size: number {n}: over 334 up to 375 pixels along the shorter edge" for n in range(13))
    group = BarGroup("accuracy", (0.9,) * 13, (0.8,) * 13, (0.95,) * 13)
    title = "Right class among the candidates, by class: the 24 lowest of them all, and more"
    marks = (Mark(0.9, "all photos"),)
    figure = draw_figure(Bars(title, "", names, Axis("share", "share"), (group,), dots=True, marks=marks))
    assert touching(figure) == []
    renderer = render(figure)
    (axes,) = figure.axes
    assert axes.get_window_extent(renderer).width > 0.6 * figure.bbox.width
    assert axes._left_title.get_window_extent(renderer).x1 <= figure.bbox.x1
    assert len({label.get_text() for label in axes.get_yticklabels()}) == 13


@pytest.mark.parametrize("layers", [18, 60, 100])
def test_many_long_names_of_layers_are_thinned(layers):
    names = tuple(f"encoder.layers.encoder_layer_{place}" for place in range(layers))
    axis = Axis("layer", "count", low=0, high=layers - 1, names=names)
    chart = Lines("t", "", axis, Axis("y"), (Series("s", tuple(range(layers)), tuple(range(layers))),))
    figure = draw_figure(chart)
    assert touching(figure) == []
    shown = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert len(set(shown)) == len(shown) >= 15
    assert figure.axes[0].get_window_extent(render(figure)).height > 0.4 * figure.bbox.height
