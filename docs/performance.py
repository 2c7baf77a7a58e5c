"""The page of charts: what a fit costs, drawn as SVG from the results that are kept in ``benchmarks``."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

from benchmark_table import KeptResult, read_kept

from headstart.reporting.charts.spec import Axis, BarGroup, Bars, Lines, Series, to_floats
from headstart.reporting.charts.svg.bars import draw_bars
from headstart.reporting.charts.svg.lines import draw_lines
from headstart.reporting.charts.svg.marks import fmt
from headstart.reporting.charts.svg.style import STYLE

INTRO = """
Time and accuracy on two processor cores without a GPU, as measured by the scripts in
[benchmarks](../benchmarks/README.md); numbers and charts are made from their kept results.
"""
MARGIN = 12.0  #: around a drawing, in its own units
SHOWN = 8  #: stages that a chart tells apart, at most


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart of the page."""

    name: str  #: of its file
    heading: str
    finding: str  #: what it shows, in a sentence or two
    chart: Lines | Bars
    source: str  #: the script
    kept: KeptResult


def list_figures(folder: Path) -> Iterator[Figure]:
    """Yield the charts for which results are kept.

    Args:
        folder: of the benchmarks.
    """
    makers: tuple[tuple[str, str, Callable[[KeptResult, str], Figure | None]], ...] = (
        ("budgets", "accuracy-over-time", _accuracy_over_time),
        ("extraction", "photos-a-second", _photos_a_second),
        ("whole_job", "whole-job", _whole_job),
        ("scale", "cost-by-photos", _cost_by_photos),
        ("scale", "stages-by-photos", _stages_by_photos),
    )
    for script, name, make in makers:
        file = folder / f"{script}.json"
        if file.is_file() and (figure := make(read_kept(file), name)):
            yield figure


def performance_page(folder: Path) -> list[str]:
    """Return the sections of the page."""
    sections = ["# Performance", INTRO.strip()]
    for figure in list_figures(folder):
        ran = f"`{figure.kept.command}`, {figure.kept.machine}, {figure.kept.date}"
        picture = f"![{figure.chart.alt}](pictures/{figure.name}.svg)"
        sections += [f"## {figure.heading}", figure.finding, picture, f"From {ran}."]
    return sections


def draw_figure(figure: Figure) -> str:
    """Return a chart as an SVG file that brings its colours for light and dark, and a ground to be read on."""
    chart = figure.chart
    wide, high, strokes = draw_lines(chart) if isinstance(chart, Lines) else draw_bars(chart)
    wide, high = wide + 2 * MARGIN, high + 2 * MARGIN
    size = f'viewBox="{fmt(-MARGIN)} {fmt(-MARGIN)} {fmt(wide)} {fmt(high)}" width="{fmt(1.5 * wide)}"'
    ground = f'x="{fmt(-MARGIN)}" y="{fmt(-MARGIN)}" width="{fmt(wide)}" height="{fmt(high)}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" {size} role="img">',
            f"<title>{escape(chart.title)}</title>",
            f"<desc>{escape(chart.alt)}</desc>",
            f"<style>\n{STYLE}</style>",
            f'<rect {ground} style="fill:var(--chart-surface)"/>',
            *strokes,
            "</svg>\n",
        ]
    )


def _accuracy_over_time(kept: KeptResult, name: str) -> Figure | None:
    """Return accuracy by the seconds that were given, beside plain PyTorch; None where trash was not measured."""
    cells = [cell for cell in kept.result["cells"] if cell["collection"] == "trash"]
    machines = Counter(cell["machine"] for cell in cells)
    if not cells:
        return None
    cells = [cell for cell in cells if cell["machine"] == machines.most_common(1)[0][0]]
    ours, plain = (_gather_budgets(cells, side) for side in ("ours", "plain"))
    longest = max(ours)
    finding = (
        f"Test accuracy on six kinds of rubbish, everything counted from an empty store: with {longest:.0f} s "
        f"{100 * ours[longest]:.1f} %, and {100 * plain[longest]:.1f} % by a fine-tune as it is written by hand in "
        "PyTorch and timm, with the same weights and time."
    )
    chart = Lines(
        "Accuracy over time",
        finding,
        Axis("seconds given", "seconds", log=True),
        Axis("accuracy on test, mean of the splits", "share"),
        tuple(
            Series(label, to_floats(found), to_floats(found.values()), style="dots")
            for label, found in (("headstart", ours), ("plain PyTorch", plain))
        ),
    )
    return Figure(name, "Accuracy over time", finding, chart, "budgets", kept)


def _gather_budgets(cells: list[dict[str, Any]], side: str) -> dict[float, float]:
    """Return the mean accuracy of one side over the splits for each budget in seconds, in rising order."""
    ordered = sorted(cells, key=lambda cell: float(cell["seconds"]))
    means = {}
    for seconds, group in groupby(ordered, key=lambda cell: float(cell["seconds"])):
        accuracies = [cell[side]["accuracy"] for cell in group]
        means[seconds] = sum(accuracies) / len(accuracies)
    return means


def _photos_a_second(kept: KeptResult, name: str) -> Figure:
    found = kept.result
    rows = {
        "plain PyTorch loop": found["plain_pytorch_per_second"],
        "headstart": found["headstart_per_second"],
        "roof: decoding and network share the cores": found["roof_per_second"],
        "the network alone": found["forward_per_second"],
        "decoding alone": found["decode_per_second"],
    }
    finding = (
        f"Reading photos and running {found['backbone']} on them: {found['headstart_per_second']:.0f} photos a second, "
        f"{100 * found['ratio_to_roof']:.0f} % of what decoding and the network allow together, "
        f"{found['times_plain_pytorch']:.1f} times a plain PyTorch loop."
    )
    chart = Bars(
        "Photos a second",
        finding,
        tuple(rows),
        Axis("photos a second", "count", low=0.0),
        (BarGroup("photos a second", to_floats(rows.values())),),
        marked=(1,),
    )
    return Figure(name, "Photos a second", finding, chart, "extraction", kept)


def _whole_job(kept: KeptResult, name: str) -> Figure | None:
    """Return the stages of a first fit and of a second one; None for a result without them."""
    found = kept.result
    if "cold_stages" not in found:
        return None
    cold, warm = found["cold_stages"], found["warm_stages"]
    largest = sorted(cold, key=lambda stage: -cold[stage])[:SHOWN]
    stages = [stage for stage in cold if stage in largest]
    totals = ((cold, found["cold_seconds"]), (warm, found["warm_seconds"]))
    columns = [
        [
            *(side.get(stage, 0.0) for stage in stages),
            sum(value for stage, value in side.items() if stage not in stages),
            total - sum(side.values()),
        ]
        for side, total in totals
    ]
    finding = (
        f"A whole fit of {found['photos']:,} photos, from the start of the process to the report: "
        f"{found['cold_seconds']:.1f} s the first time, {found['warm_seconds']:.1f} s once features are stored."
    )
    chart = Bars(
        "Time of the whole job",
        finding,
        (*stages, "other stages", "start and end of the process"),
        Axis("seconds", "seconds", low=0.0),
        tuple(
            BarGroup(label, to_floats(round(value, 2) for value in column))
            for label, column in zip(("first fit", "features stored"), columns, strict=True)
        ),
    )
    return Figure(name, "Time of the whole job, by stage", finding, chart, "whole_job", kept)


def _cost_by_photos(kept: KeptResult, name: str) -> Figure:
    found = kept.result["collections"]
    counts = to_floats(it["photos"] for it in found)
    extraction = to_floats(it["stages"]["extract"]["seconds"] for it in found)
    rest = to_floats(it["rest_seconds"] for it in found)
    last = found[-1]
    finding = (
        f"A whole fit of {last['photos']:,} photos takes {last['seconds'] / 60:.1f} minutes, "
        f"{last['rest_seconds']:.0f} s of them beside the pass through the network (in {kept.result['precision']}), "
        f"and {last['peak_bytes'] / 1e9:.2f} GB of memory at most."
    )
    chart = Lines(
        "Cost as collections grow",
        finding,
        Axis("photos", "count", log=True),
        Axis("seconds", "seconds", log=True),
        (
            Series("pass through the network", counts, extraction, style="dots"),
            Series("everything else", counts, rest, style="dots"),
        ),
    )
    return Figure(name, "Cost as collections grow", finding, chart, "scale", kept)


def _stages_by_photos(kept: KeptResult, name: str) -> Figure:
    """Return what the stages beside extraction take of the largest collection."""
    last = kept.result["collections"][-1]
    seconds = {stage: it["seconds"] for stage, it in last["stages"].items() if stage != "extract"}
    shown = sorted(seconds, key=lambda stage: -seconds[stage])[:SHOWN]
    peaks = [f"{last['stages'][stage]['peak_bytes'] / 1e6:,.0f} MB at most" for stage in shown]
    finding = (
        f"What a fit of {last['photos']:,} photos spends beside the pass through the network: most of it in the stage "
        f"“{shown[0]}”, {seconds[shown[0]]:.1f} s."
    )
    chart = Bars(
        "Everything else, by stage",
        finding,
        tuple(shown),
        Axis("seconds", "seconds", low=0.0),
        (BarGroup("seconds", to_floats(round(seconds[stage], 1) for stage in shown)),),
        notes=tuple(peaks),
    )
    return Figure(name, "Everything else, by stage", finding, chart, "scale", kept)
