"""The page of charts and the table of benchmarks, from results that are made up."""

import json
from importlib import import_module
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A folder of results as scripts keep them, one in one piece and one by cells."""
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    stage = {"seconds": 2.0, "processor_seconds": 3.0, "peak_bytes": 4e8}
    collections = [
        {
            "photos": photos,
            "seconds": photos / 100,
            "rest_seconds": photos / 400,
            "peak_bytes": 4e8,
            "stages": {"extract": {**stage, "seconds": photos / 200}, "fit": stage},
        }
        for photos in (1000, 10000)
    ]
    scale = {
        "date": "2026-01-02T03:04:05+00:00",
        "machine": "a machine",
        "command": "python benchmarks/scale.py --work some/where/photos --keep",
        "result": {"precision": "f32", "peak_bytes": 4e8, "collections": collections},
    }
    cells = {
        f"trash {seconds}s": {
            "collection": "trash",
            "seconds": seconds,
            "machine": "a machine",
            "date": "2026-01-02T03:04:05+00:00",
            "ours": {"accuracy": 0.9},
            "plain": {"accuracy": 0.75},
        }
        for seconds in (30, 300)
    }
    table = {"trash 30s on a machine": {"ours_accuracy": 0.9, "plain_accuracy": 0.75}}
    budgets = {"cells": cells, "result": {"table": table, "over_budget": 0.02, "wasted": 0.0}}
    for name, record in (("scale", scale), ("budgets", budgets)):
        (tmp_path / f"{name}.json").write_text(json.dumps(record), "utf-8")
        (tmp_path / f"{name}.py").write_text(f'"""How ``{name}`` goes.\n\nMore.\n"""\n', "utf-8")
    return tmp_path


def test_charts_are_drawn_of_what_is_kept(kept):
    page = import_module("performance")
    figures = list(page.list_figures(kept))
    assert [figure.name for figure in figures] == ["accuracy-over-time", "cost-by-photos", "stages-by-photos"]
    for figure in figures:
        drawing = ElementTree.fromstring(page.draw_figure(figure))
        assert drawing.find("{*}title").text == figure.chart.title
        assert "prefers-color-scheme:dark" in drawing.find("{*}style").text
    text = "\n".join(page.performance_page(kept))
    assert "with 300 s 90.0 %, and 75.0 %" in text


def test_a_line_of_the_table_has_question_figure_and_command(kept):
    (_, _, table) = import_module("benchmark_table").benchmarks_page(kept)
    budgets, scale = table.splitlines()[2:]
    assert "| How `budgets` goes. | +15.0 to +15.0 points" in budgets
    assert "10,000 photos 100 s (25.0 beside extraction); 0.40 GB at most" in scale
    assert scale.endswith("`python benchmarks/scale.py --work photos`; a machine; 2026-01-02 |")
