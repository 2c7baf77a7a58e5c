"""Texts of another package: tensors of any length and a mask, fitted, predicted in a fresh process, evaluated."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import headstart
from headstart.cli.main import run as run_command
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
    assert json.loads((run.folder / "run.json").read_text("utf-8"))["modality"] == "verse"
    page = (run.folder / "report.html").read_text("utf-8")
    assert "texts" in page
    assert "photo" not in page


def test_its_features_are_read_again_without_the_settings_of_photos(run: headstart.Run) -> None:
    found = headstart.open_run(run.folder).features
    assert found.computed == 0
    assert len(found.ids) == sum(run.record["split"].values())


PREDICTED = """
import json, sys
import headstart
from headstart.cli.main import run as run_command
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


def test_what_is_not_known_of_texts_is_not_denied(run: headstart.Run) -> None:
    trust = json.loads((run.folder / "trust.json").read_text("utf-8"))
    assert trust["issues"]["items"] == trust["shortcuts"] == []
    assert {one["by"] for one in trust["slices"]["slices"]} <= {"class"}
    page, card = ((run.folder / name).read_text("utf-8") for name in ("report.html", "model-card.md"))
    assert "<p>It was not looked into.</p>" in page
    assert "text stands out" not in page
    assert ">no preview<" not in page
    assert "are kept in one part, as far as could be told" in page
    assert "near-duplicates (as far as could be told) and groups kept together" in card
    assert "| kind of text |" not in card
    assert "camera" not in card
    for missing in ("near-duplicates are not looked for", "have no statistics", "have no previews"):
        assert [note for note in run.notes if missing in note], missing


def fail(*_: object, **__: object) -> None:
    raise TypeError("a fault of the package")


@pytest.mark.parametrize(
    ("place", "lost", "has_report"),
    [
        ("headstart.pipeline.diagnosis.diagnose", "data and answers were not looked into", False),
        ("headstart.pipeline.diagnosis.save_diagnostics", "data and answers were not looked into", False),
        ("headstart.runs.thumbnails.preview_explanations", "no answer is explained", True),
        ("headstart.pipeline.diagnosis.write_report", "no report was written", False),
    ],
)
def test_a_fault_after_the_test_costs_only_what_it_touches(
    place: str, lost: str, has_report: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, fail)
    table = write_table(tmp_path / "texts.csv", draw_texts(60))
    options = ["--out", str(tmp_path / "run"), "--store", str(tmp_path / "store"), "--backbone", "tinytext:net"]
    assert run_command(["fit", str(table), "--strategy", "linear-probe", *options]) == 0
    made = headstart.open_run(tmp_path / "run")
    assert f"{lost}: TypeError: a fault of the package" in made.notes
    assert (made.folder / "report.html").exists() == has_report
    assert made.classifier.predict("the ship and a wave").label in made.classes
