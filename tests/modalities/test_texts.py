"""Texts of another package: tensors of any length and a mask, fitted, predicted in a fresh process, evaluated."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import headstart
from tests.modalities.texts import draw_texts, install_texts, list_paths, write_folder, write_table


@pytest.fixture(scope="module", autouse=True)
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with install_texts(tmp_path_factory.mktemp("site")) as folder:
        yield folder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> headstart.Run:
    folder = tmp_path_factory.mktemp("runs")
    table = write_table(folder / "texts.csv", draw_texts(120))
    options = {"store": folder / "store", "out": folder / "run", "backbone": "tinytext:net"}
    return headstart.fit(table, progress=False, **options)  # type: ignore[arg-type]


def test_a_table_of_texts_is_fitted(run: headstart.Run) -> None:
    assert run.test.score > 0.85
    assert json.loads((run.folder / "run.json").read_text("utf-8"))["modality"] == "text"
    page = (run.folder / "report.html").read_text("utf-8")
    assert "texts" in page
    assert "photo" not in page


PREDICTED = """
import json, sys
import headstart
model = headstart.load(sys.argv[1])
print(json.dumps([dict(p.top(2)) for p in model.predict(sys.argv[2:])]))
print(sorted(set(sys.modules) & {"torch", "pydantic", "onnx", "PIL"}))
"""


def test_a_fresh_process_predicts(run: headstart.Run, site: Path) -> None:
    texts = [text for text, _ in draw_texts(9, seed=2)]
    command = [sys.executable, "-c", PREDICTED, str(run.folder / "model"), *texts]
    environment = {"PYTHONPATH": list_paths(site)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    predicted, imported = done.stdout.splitlines()
    assert json.loads(predicted) == [dict(one.top(2)) for one in run.classifier.predict(texts)]
    assert imported == "[]"


def test_they_are_evaluated_from_files_and_from_a_table(run: headstart.Run, tmp_path: Path) -> None:
    texts = draw_texts(40, seed=3)
    folder, table = write_folder(tmp_path / "texts", texts), write_table(tmp_path / "texts.csv", texts)
    scores = [headstart.evaluate(run.folder / "model", source, progress=False).score for source in (folder, table)]
    assert scores[0] == scores[1]
    assert scores[0] > 0.8
