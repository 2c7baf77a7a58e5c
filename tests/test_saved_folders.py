"""The folders of a run and of its classifier as the first schema has them: they open, predict, report and explain."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import headstart
from headstart.data.ledger import load_ledger
from headstart.data.split import Split
from headstart.diagnostics.neighbours import Neighbours
from headstart.reporting.records import read_records
from headstart.reporting.write import write_report
from headstart_runtime.errors import UserError
from headstart_runtime.explanation.explainer import Explainer
from tests.conftest import draw_photos
from tests.fixtures.make import RUN

MOST_BYTES = 1_500_000


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(RUN, tmp_path / "run"))


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The photos that the run was fitted on: they are drawn, so they need not be kept."""
    return draw_photos(tmp_path_factory.mktemp("fixture") / "photos")


def test_a_run_opens() -> None:
    run = headstart.open_run(RUN)
    assert run.classifier.classes == ("checks", "discs", "stripes")
    assert run.test.n == sum(part.value == "test" for part in Split.load(RUN / "split.json").subsets.values())
    assert len(load_ledger(RUN / "ledger.jsonl").entries) == 42
    assert len(Neighbours.load(RUN / "neighbours.safetensors").ids) > 0
    assert read_records(RUN).folder == RUN


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_its_classifier_predicts_as_it_did(photos: Path, engine: Any) -> None:
    table = csv.DictReader((RUN / "predictions.csv").read_text("utf-8").splitlines())
    rows = [row for row in table if row["photo"].endswith(".png")]
    files = [photos / row["photo"] for row in rows]  # every decoder gives the same pixels of a PNG
    predictions = headstart.load(RUN, engine).predict(files)
    assert [prediction.label for prediction in predictions] == [row["predicted"] for row in rows]
    seen = [prediction.probability for prediction in predictions]
    assert np.abs(np.array(seen) - [float(row["probability"]) for row in rows]).mean() < 0.03  # rounding, as of parity


def test_a_report_is_made_of_it(run_folder: Path) -> None:
    page = write_report(run_folder)
    assert page.read_text("utf-8").startswith("<!doctype html>")


def test_its_predictions_are_explained(photos: Path) -> None:
    photo = np.asarray(Image.open(next((photos / "discs").glob("*.png"))))
    heat = Explainer(RUN).explain(photo)
    assert heat.label in ("checks", "discs", "stripes")
    assert np.isfinite(heat.values).all()


def test_the_fixtures_are_small() -> None:
    assert sum(file.stat().st_size for file in RUN.parent.rglob("*") if file.is_file()) < MOST_BYTES


def _change_json(folder: Path, name: str) -> None:
    record = json.loads((folder / name).read_text("utf-8"))
    (folder / name).write_text(json.dumps({**record, "schema_version": 7}), "utf-8")


def _change_ledger(folder: Path, name: str) -> None:
    header, rest = (folder / name).read_text("utf-8").split("\n", 1)
    (folder / name).write_text(json.dumps({**json.loads(header), "schema_version": 7}) + "\n" + rest, "utf-8")


@pytest.mark.parametrize(
    ("name", "open_it"),
    [
        ("run.json", headstart.open_run),
        ("model/model.json", headstart.load),
        ("evaluation.json", read_records),
        ("comparison.json", read_records),
        ("trust.json", read_records),
        ("split.json", lambda folder: Split.load(folder / "split.json")),
        ("ledger.jsonl", lambda folder: load_ledger(folder / "ledger.jsonl")),
    ],
)
def test_a_file_of_another_schema_gets_a_line_that_names_both(
    run_folder: Path, name: str, open_it: Callable[[Path], object]
) -> None:
    (_change_ledger if name.endswith(".jsonl") else _change_json)(run_folder, name)
    with pytest.raises(UserError, match=r"has schema version 7, this headstart reads \d; open it with"):
        open_it(run_folder)
