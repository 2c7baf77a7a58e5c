"""Drawings are sound XML, say what the chart says, put things where their numbers are, and can be read by all."""

import itertools
import math
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import matplotlib
import numpy as np
import pytest
from PIL import ImageFont

from headstart.reporting.charts import catalog as charts
from headstart.reporting.charts.spec import Axis, BarGroup, Bars, Lines, Mark, Matrix, Series
from headstart.reporting.charts.svg.draw import draw
from headstart.reporting.charts.svg.lines import SLANT
from headstart.reporting.charts.svg.marks import SMALL, measure_text, shorten, trace_polyline
from headstart.reporting.charts.svg.scale import fit_scale
from headstart.reporting.charts.svg.style import DARK, LIGHT, STYLE, SURFACES, dash_number
from headstart.reporting.records import read_records
from tests.reporting.charts.every_chart import make_charts
from tests.reporting.example_run import write_example_run

HOSTILE = ("<b>&\"'", "</svg><script>alert(1)</script>", "a" * 300, "日本語のとても長いクラス名", "]]>", "  ")
FONT = ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"), 100)


def local(element):
    return element.tag.rpartition("}")[2]


def named(root, name, css=""):
    return [it for it in root.iter() if local(it) == name and set(css.split()) <= set(it.get("class", "").split())]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("svg")
    return {
        "six": read_records(write_example_run(folder / "six", classes=6, test=60)),
        "two": read_records(write_example_run(folder / "two", classes=2, test=20, trained=False, given=True)),
        "hundred": read_records(write_example_run(folder / "hundred", classes=100, test=200)),
        "hostile": read_records(write_example_run(folder / "hostile", classes=6, test=48, names=HOSTILE)),
    }


@pytest.fixture(scope="module")
def drawings(runs):
    return [
        (f"{run} {name} {place}", chart, draw(chart, f"{name}-{place}"))
        for run, records in runs.items()
        for name, made in make_charts(records).items()
        for place, chart in enumerate(made)
        if not isinstance(chart, Matrix)
    ]


def test_every_drawing_is_sound(drawings):
    assert len(drawings) > 70
    for name, chart, drawing in drawings:
        root = ET.fromstring(drawing)
        assert not re.search(r"nan|inf\b|None|-0[ ,\"]", re.sub(r"<(title|desc|text)[^>]*>[^<]*", "", drawing)), name
        assert not re.search(r"href|url\(|<script|<image|<style|on\w+=", drawing), name
        ids = [it.get("id") for it in root.iter() if it.get("id")]
        assert len(ids) == len(set(ids)) == 2
        title, described = (
            next(it for it in root.iter() if it.get("id") == root.get(f"aria-{key}"))
            for key in ("labelledby", "describedby")
        )
        assert (title.text, described.text) == (chart.title, chart.alt)
        assert root.get("role") == ("img")


def extent(element, css_size):
    """Left, right, baseline of a text that is not turned, as a browser with a wide type draws it."""
    text = "".join(element.itertext()) if not len(element) else element.text or ""
    wide = FONT.getlength(text) / 100 * css_size
    x, y, css = float(element.get("x")), float(element.get("y")), element.get("class", "")
    left = x - wide if "end" in css.split() else x - wide / 2 if "mid" in css.split() else x
    return left, left + wide, y


def test_no_labels_of_ticks_touch_and_all_texts_are_inside(drawings):
    for name, _, drawing in drawings:
        root = ET.fromstring(drawing)
        wide, high = map(float, root.get("viewBox").split()[2:])
        rows = {}
        for it in named(root, "text"):
            if "hostile" in name or it.get("transform"):
                continue
            css = it.get("class", "").split()
            left, right, y = extent(it, 11 if {"tick", "value"} & set(css) else 12)
            assert left >= -0.5, (name, it.text)
            assert right <= wide + 0.5, (name, it.text)
            assert 0 <= y <= high, (name, it.text)
            if "tick" in css:
                rows.setdefault(y, []).append((left, right, it.text))
        for row in rows.values():
            for (_, end, one), (begin, _, other) in itertools.pairwise(sorted(row)):
                assert end <= begin, (name, one, other)


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("form", ["number", "count", "seconds", "rate", "bytes"])
def test_labels_of_ticks_do_not_touch_on_any_range(log, form):
    if log and form == "bytes":
        pytest.skip("no chart has that")
    rng = np.random.default_rng(5)
    drawn = 0
    for spread in (0.05, 0.4, 1, 2, 3, 5, 8) * 6:
        low = 10 ** rng.uniform(0 if form in ("count", "bytes") else -6, 4)
        values = tuple(np.geomspace(low, low * 10**spread, 3).tolist())
        chart = Lines("t", "", Axis("x", form, log=log), Axis("y"), (Series("s", values, (1, 2, 3)),))
        labels = sorted(extent(it, 11) for it in named(ET.fromstring(draw(chart, "k")), "text", "tick mid"))
        drawn += len(labels)
        for (_, end, _), (begin, _, _) in itertools.pairwise(labels):
            assert end <= begin, (values, labels)
    assert drawn > 60


def places(root, css):
    moves = [re.search(r"translate\((\S+) (\S+)\) scale", it.get("transform")) for it in named(root, "path", css)]
    return np.array([[float(number) for number in move.groups()] for move in moves])


def along(values, where):
    """How far places are from a straight through values, in units of the drawing."""
    slope, start = np.polyfit(values, where, 1)
    return np.abs(slope * np.array(values) + start - where).max()


def test_points_stand_where_their_numbers_are(runs):
    chart = charts.score_over_cost_chart(runs["six"])
    root = ET.fromstring(draw(chart, "it"))
    legend, points = places(root, "point")[:4], places(root, "point")[4:]
    assert len(legend) == len(points) == 4
    assert along([math.log(it.x[0]) for it in chart.series], points[:, 0]) < 0.1
    assert along([it.y[0] for it in chart.series], points[:, 1]) < 0.1
    assert points[np.argmax([it.y[0] for it in chart.series]), 1] == points[:, 1].min()
    (ring,) = named(root, "circle", "ring")
    won = next(at for at, it in enumerate(chart.series) if it.marked)
    assert (float(ring.get("cx")), float(ring.get("cy"))) == pytest.approx(points[won], abs=0.1)


def test_the_point_that_stands_out_has_the_ring(runs):
    chart = charts.training_curves_chart(runs["six"])[0]
    root = ET.fromstring(draw(chart, "it"))
    held_out = places(root, "point s2")[1:]  # after the legend's
    (ring,) = named(root, "circle", "ring")
    assert (float(ring.get("cx")), float(ring.get("cy"))) == pytest.approx(held_out[chart.series[1].marked[0]], abs=0.1)
    (mark,) = named(root, "path", "mark")
    assert float(re.match(r"M([\d.]+),", mark.get("d"))[1]) == pytest.approx(float(ring.get("cx")), abs=0.1)


def test_every_point_tells_its_numbers(runs):
    chart = charts.reliability_chart(runs["six"])
    told = [it.text for it in named(ET.fromstring(draw(chart, "it")), "title")]
    for series in chart.series[:2]:
        for x, y, low, high, note in zip(series.x, series.y, series.low, series.high, series.notes, strict=True):
            shares = [f"{100 * it:.1f}\u00a0%" for it in (x, y, low, high)]
            assert f"{series.name}, {shares[0]}: {shares[1]} ({shares[2]} to {shares[3]}); {note}" in told


def test_bars_are_as_long_as_their_numbers(runs):
    chart = charts.class_counts_chart(runs["six"])
    bars = named(ET.fromstring(draw(chart, "it")), "rect", "bar")[3:]  # after those of the legend
    values = [group.values[row] for row in range(6) for group in chart.groups]
    wide = np.array([float(it.get("width")) for it in bars])
    np.testing.assert_allclose(wide / wide.sum(), np.array(values) / sum(values), atol=0.001)
    starts = np.array([float(it.get("x")) for it in bars]).reshape(6, 3)
    np.testing.assert_allclose(starts[:, 0], starts[0, 0])
    np.testing.assert_allclose(np.diff(starts), wide.reshape(6, 3)[:, :-1], atol=0.11)  # a stack has no gaps


def test_a_bar_below_nothing_goes_to_the_left():
    chart = Bars("t", "a.", ("up", "down"), Axis("v"), (BarGroup("v", (2.0, -1.0)),))
    up, down = named(ET.fromstring(draw(chart, "it")), "rect", "bar")
    zero = float(up.get("x"))
    assert float(down.get("x")) + float(down.get("width")) == pytest.approx(zero, abs=0.1)
    assert float(down.get("width")) == pytest.approx(float(up.get("width")) / 2, abs=0.2)


def test_hostile_names_are_text(runs):
    text = draw(charts.class_coverage_chart(runs["hostile"]), "it")
    assert "&lt;b&gt;&amp;&quot;" in text
    assert "<b>" not in text
    assert "<script" not in text


def test_one_of_each_kind_of_line():
    series = (
        Series("steps", (0.0, 1.0, 2.0), (0.5, 1.0), style="columns"),
        Series("straight", (0.0, 2.0), (0.0, 1.0), style="reference"),
        Series("alone", (1.0,), (1.0,), style="dots"),
        Series("nothing", (), (), style="line"),
    )
    chart = Lines("t", "a.", Axis("x"), Axis("y"), series, (Mark(0.5, "half", "y"), Mark(2.0, "at the end")))
    root = ET.fromstring(draw(chart, "it"))
    (columns,) = named(root, "path", "columns")
    heights = [float(it) for it in re.findall(r"V([\d.]+)", columns.get("d"))]
    assert heights[1] < heights[0] < heights[2]
    assert heights[2] - heights[0] == pytest.approx((heights[2] - heights[1]) / 2, abs=0.11)
    (end,) = [it for it in named(root, "text") if it.text == "at the end"]
    assert "end" in end.get("class").split()


def test_names_that_have_no_room_are_turned():
    names = tuple(f"blocks.{number}.attention" for number in range(12))
    x = Axis("layer", "count", low=0, high=11, names=names)
    series = (Series("s", tuple(map(float, range(12))), tuple(it / 12 for it in range(12)), style="dots"),)
    root = ET.fromstring(draw(Lines("t", "a.", x, Axis("y", "share"), series), "it"))
    turned = [it for it in named(root, "text", "tick end") if it.get("transform")]
    assert len(turned) == 12
    assert all(it.find("{*}title").text in names for it in turned if "…" in it.text)


@pytest.mark.parametrize("layers", [12, 18, 26, 60, 100])
@pytest.mark.parametrize("begin", ["layer3.block", "encoder.layers.encoder_layer_", "b"])
def test_turned_names_are_in_the_drawing_and_do_not_touch(layers, begin):
    names = (*(f"{begin}{number}" for number in range(layers - 1)), "joined")
    x = Axis("layer", "count", low=0, high=layers - 1, names=names)
    places = tuple(map(float, range(layers)))
    root = ET.fromstring(
        draw(Lines("t", "", x, Axis("accuracy", "share"), (Series("s", places, (0.5,) * layers),)), "k")
    )
    turned = [it for it in named(root, "text") if "rotate" in it.get("transform", "")]
    angle = math.radians(SLANT)
    starts = [float(it.get("x")) for it in turned]
    assert all(math.sin(angle) * (after - before) >= SMALL for before, after in itertools.pairwise(starts))
    for it, start in zip(turned, starts, strict=True):
        assert start - math.cos(angle) * measure_text(it.text, SMALL) >= 0
        assert float(it.get("y")) + math.sin(angle) * measure_text(it.text, SMALL) <= float(
            root.get("viewBox").split()[3]
        )
    assert len({it.text for it in turned}) == len(turned)
    if turned:
        assert turned[-1].text == "joined"


@pytest.mark.parametrize("length", [5, 55, 90])
def test_the_name_of_an_axis_stands_in_the_drawing(length):
    names, axis = ("a very long name of a class", "b"), Axis("n" * length, "share")
    bars = Bars("t", "", names, axis, (BarGroup("accuracy", (0.5, 0.6)),), dots=True)
    lines = Lines("t", "", axis, Axis("y", "share"), (Series("s", (0.1, 0.2), (0.1, 0.2)),))
    for chart in (bars, lines):
        root = ET.fromstring(draw(chart, "k"))
        wide = float(root.get("viewBox").split()[2])
        (name,) = named(root, "text", "name mid")
        half = measure_text(name.text) / 2
        assert half - 0.1 <= float(name.get("x")) <= wide - half + 0.1


def test_rows_of_kinds_of_photos_are_not_cut_where_they_differ():
    names = ("brightness: dark: up to 43 %", "brightness: middle: over 43 up to 51 %", "brightness: bright: over 51 %")
    group = BarGroup("accuracy", (0.5, 0.6, 0.7))
    root = ET.fromstring(draw(Bars("t", "", names, Axis("share", "share"), (group,), dots=True), "k"))
    texts = [it.text for it in named(root, "text")]
    assert {"up to 43 %", "over 43 up to 51 %", "over 51 %", "brightness: middle:"} <= set(texts)


@pytest.mark.parametrize("most", [2, 4, 8])
def test_ticks_are_ones_twos_and_fives(most):
    chance = np.random.default_rng(0)
    for _ in range(300):
        low = chance.normal() * 10 ** chance.uniform(-6, 6)
        values = [low, low + 10 ** chance.uniform(-3, 6)]
        scale = fit_scale(Axis("x"), values, most)
        ticks = [value for value, _ in scale.ticks]
        steps = np.diff(ticks)
        step = steps.mean()
        np.testing.assert_allclose(steps, step, rtol=1e-6)
        lead = step / 10 ** math.floor(math.log10(step) + 1e-9)
        assert min(abs(lead - nice) for nice in (1, 2, 5)) < 1e-6
        assert scale.low <= min(values) + 1e-6 * step
        assert scale.high >= max(values) - 1e-6 * step
        assert len({label for _, label in scale.ticks}) == len(ticks) <= most + 2
        for value, label in scale.ticks:
            assert float(label.replace("−", "-").replace(",", "")) == pytest.approx(value, abs=step / 1000)


@pytest.mark.parametrize(
    ("axis", "values", "labels"),
    [
        (Axis("x", "share"), [0.84, 0.91], ["84 %", "86 %", "88 %", "90 %", "92 %"]),
        (Axis("x", "share"), [0.991, 0.9925], ["98.0 %", "98.5 %", "99.0 %", "99.5 %", "100.0 %"]),
        (Axis("x", "share", low=0, high=1), [], ["0 %", "20 %", "40 %", "60 %", "80 %", "100 %"]),
        (Axis("x", "share"), [1.0, 1.0], ["99.0 %", "99.5 %", "100.0 %"]),
        (Axis("x", "count", low=0), [0, 3], ["0", "1", "2", "3"]),
        (Axis("x", "count", low=0), [0, 0], ["0", "1"]),
        (Axis("x", "bytes", low=0), [0, 9e8], ["0", "200 MB", "400 MB", "600 MB", "800 MB", "1 GB"]),
        (Axis("x", "seconds", log=True), [0.3, 240], ["1", "10", "100"]),
        (Axis("x", "count", log=True), [40, 300], ["50", "100", "200"]),
        (Axis("x", "rate", log=True), [1e-6, 1e-3], ["10⁻⁶", "10⁻⁵", "10⁻⁴", "10⁻³"]),
        (Axis("x", "seconds", log=True), [5, 5], ["4.5", "5.0", "5.5"]),
        (Axis("x", names=("a", "b")), [0, 1], ["a", "b"]),
    ],
)
def test_ticks_are_written_with_the_digits_they_need(axis, values, labels):
    assert [label.replace("\u00a0", " ") for _, label in fit_scale(axis, values, 6).ticks] == labels


def test_a_scale_puts_values_in_their_place():
    linear = fit_scale(Axis("x"), [0, 10], 6).place(100, 0)
    assert (linear(0), linear(5), linear(10), linear(99)) == (100, 50, 0, 0)
    log = fit_scale(Axis("x", log=True), [1, 100], 6).place(0, 1)
    assert log(10) == pytest.approx(0.5)
    assert log(0) == 0


def test_lines_lose_only_points_that_cannot_be_seen():
    assert trace_polyline([(0, 0), (1, 1), (2, 2), (2, 5), (2, 9), (3, 9), (3.01, 9.01)]) == "M0,0L2,2L2,9L3,9"
    assert trace_polyline([(0, 0), (5, 0), (2, 0)]) == "M0,0L5,0L2,0"
    chance = np.random.default_rng(1)
    points = np.round(np.cumsum(chance.integers(0, 3, (90, 2)), axis=0) / 10, 1)
    kept = np.array([[float(n) for n in it.split(",")] for it in trace_polyline(points.tolist())[1:].split("L")])
    assert len(kept) < 90
    assert max(min(distance(it, *ends) for ends in itertools.pairwise(kept)) for it in points) < 0.01


def distance(point, begin, end):
    """From a point to a stretch."""
    along = end - begin
    share = np.clip((point - begin) @ along / max(along @ along, 1e-12), 0, 1)
    return np.linalg.norm(begin + share * along - point)


def test_texts_are_no_wider_than_they_are_thought():
    for text in (
        "partial-finetune stage4",
        "cross-validated inside train",
        "brightness: 0.31 to 0.52",
        "100.0 %",
        "10⁻⁵",
    ):
        assert FONT.getlength(text) / 100 * 12 <= measure_text(text) * 1.02, text
    assert shorten("abcdefghij", 5 * 7.2) == "abcd…"
    assert shorten("abcde", 5 * 7.2) == "abcde"
    assert measure_text("日本語") == 3 * 12
    assert shorten("日本語のとても長い", 36) == "日本…"
    assert shorten("abc", 0) == "…"


def luminance(colour):
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    lit = [it / 12.92 if it <= 0.04045 else ((it + 0.055) / 1.055) ** 2.4 for it in channels]
    return float(np.dot(lit, (0.2126, 0.7152, 0.0722)))


def contrast(one, other):
    """WCAG 2.2."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def variables(theme):
    """What the style sheet sets for a theme."""
    start = ":root{" if theme == "light" else ":root[data-theme=dark]{"
    block = STYLE[STYLE.index(start) + len(start) :].partition("}")[0]
    return dict(re.findall(r"--chart-(\w+):(#\w+)", block))


@pytest.mark.parametrize(("theme", "colours"), [("light", LIGHT), ("dark", DARK)])
def test_colours_stand_out_from_their_surface(theme, colours):
    set_ = variables(theme)
    surface = set_["surface"]
    assert surface == SURFACES[theme]
    assert [set_[f"{number}"] for number in range(1, 7)] == list(colours)
    assert min(contrast(colour, surface) for colour in colours) >= 3
    assert contrast(set_["ink"], surface) >= 7
    assert contrast(set_["muted"], surface) >= 4.5


#: Linear RGB as it is seen with a total loss of one kind of cone (Machado, Oliveira & Fernandes 2009, severity 1).
SIGHTS = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def oklab(linear):
    """Ottosson 2020, "A perceptual color space for image processing"."""
    cones = [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566]]
    cones.append([0.0883024619, 0.2817188376, 0.6299787005])
    mix = [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099]]
    mix.append([0.0259040371, 0.7827717662, -0.8086757660])
    return np.array(mix) @ np.cbrt(np.array(cones) @ np.clip(linear, 0, 1))


@pytest.mark.parametrize("colours", [LIGHT, DARK])
@pytest.mark.parametrize("sight", SIGHTS)
def test_colours_differ_for_all_eyes(colours, sight):
    channels = [np.array([int(it[at : at + 2], 16) for at in (1, 3, 5)]) / 255 for it in colours]
    linear = [np.where(it <= 0.04045, it / 12.92, ((it + 0.055) / 1.055) ** 2.4) for it in channels]
    seen = [oklab(np.array(SIGHTS[sight]) @ it) for it in linear]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) >= 0.11


def test_series_differ_by_more_than_colour():
    assert all(dash_number(number) != dash_number(number + 1) for number in range(5))
    assert len({(number % 6, dash_number(number)) for number in range(24)}) == 24


def test_a_chart_without_photos_is_drawn():
    nothing = Bars("t", "a.", (), Axis("photos", "count", low=0), (BarGroup("g", ()),))
    assert ET.fromstring(draw(nothing, "it")) is not None


def test_the_key_is_escaped(runs):
    chart = replace(charts.class_coverage_chart(runs["two"]), title="<t>")
    assert ET.fromstring(draw(chart, 'a"b<')).find("{*}title").get("id") == 'a"b<-title'
