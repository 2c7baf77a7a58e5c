"""Small fits of several labels and of numbers: their reports, as a fit writes them."""

import csv
import json
from pathlib import Path

import numpy as np
from PIL import Image

import headstart
from tests.conftest import Warm
from tests.reporting.page_reader import PageReader


def draw(folder: Path, columns: list[str], cells) -> Path:
    """Photos of one colour each, and a table of what they are."""
    folder.mkdir()
    chance = np.random.default_rng(0)
    with (folder / "table.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", *columns])
        for number in range(60):
            colour = chance.integers(20, 236, 3)
            pixels = np.clip(chance.normal(colour, 6, (48, 48, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"{number}.png")
            writer.writerow([f"{number}.png", *cells(colour)])
    return folder / "table.csv"


def test_a_fit_of_several_labels_writes_its_report(small: Warm, tmp_path: Path) -> None:
    names = np.array(["red", "green", "blue"])
    table = draw(tmp_path / "photos", ["label"], lambda colour: [";".join(names[colour > 110])])
    run = small.fit(table, out=tmp_path / "run", report=True, task="multilabel")
    page = PageReader((tmp_path / "run" / "report.html").read_text("utf-8"))
    words = page.all("main")[0].words
    assert run.task.name == "multilabel"
    for said in (
        "Label by label",
        "Precision and recall",
        "Do the probabilities mean what they say?",
        "Worst mistakes",
    ):
        assert said in words
    assert page.numbers["test.score"] == run.test.score
    assert page.numbers["label.0.support"] == run.test.per_label[0].support
    trust = json.loads((tmp_path / "run" / "trust.json").read_text("utf-8"))
    assert set(trust["strata"]["names"]) >= set(names)
    assert run.plot.precision_recall().axes
    assert "## Quantitative analyses" in (tmp_path / "run" / "model-card.md").read_text("utf-8")


def test_a_fit_of_numbers_writes_its_report(small: Warm, tmp_path: Path) -> None:
    table = draw(tmp_path / "photos", ["brightness (%)"], lambda colour: [f"{colour.mean() / 2.55:.2f}"])
    run = small.fit(table, out=tmp_path / "run", report=True, task="regression")
    page = PageReader((tmp_path / "run" / "report.html").read_text("utf-8"))
    assert "Predicts brightness (%)" in page.all("header")[0].words
    assert page.numbers["test.score"] == run.test.score
    assert page.numbers["number.0.mae"] == run.test.numbers[0].mae
    words = page.all("main")[0].words
    for said in ("Predicted over true", "Where it is off", "Largest errors"):
        assert said in words
    assert run.plot.residuals().axes
    again = headstart.report(tmp_path / "run", out=tmp_path / "again.html")
    assert "Predicted over true" in again.read_text("utf-8")
