"""Texts, the whole way: fitted, saved with their tokenizer, loaded in a fresh process, predicted, evaluated."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import headstart
from headstart_runtime.errors import ClassifierError
from tests.modalities.texts import draw_texts, write_folder, write_table


def test_a_table_of_texts_is_fitted(run: headstart.Run) -> None:
    assert run.test.score > 0.85
    assert json.loads((run.folder / "run.json").read_text("utf-8"))["modality"] == "text"
    page = (run.folder / "report.html").read_text("utf-8")
    assert "photo" not in page


def test_the_tokenizer_is_saved_and_checked(run: headstart.Run, tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(run.folder / "model", model)
    record = json.loads((model / "model.json").read_text("utf-8"))
    assert len(record["branches"][0]["spec"]["tokenizer_sha256"]) == 64
    headstart.load(model)
    file = model / "tokenizer.json"
    file.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(ClassifierError, match=r"tokenizer\.json' is not the file that was saved"):
        headstart.load(model)
    file.unlink()
    with pytest.raises(ClassifierError, match=r"tokenizer\.json' cannot be read: .*; copy the whole model folder"):
        headstart.load(model)


PREDICTED = """
import json, sys
import headstart
model = headstart.load(sys.argv[1])
print(json.dumps([dict(p.top(2)) for p in model.predict(sys.argv[2:])]))
print(sorted(set(sys.modules) & {"torch", "transformers", "pydantic", "onnx", "PIL"}))
"""


def test_a_fresh_process_predicts(run: headstart.Run) -> None:
    texts = [text for text, _ in draw_texts(9, seed=2)]
    command = [sys.executable, "-c", PREDICTED, str(run.folder / "model"), *texts]
    environment = {"PYTHONPATH": str(Path(headstart.__file__).parents[1])}
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
