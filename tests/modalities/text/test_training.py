"""Texts that a network is trained on: several labels, grades and numbers; a training that is killed goes on."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import headstart
from headstart import events
from tests.contracts.drawn_tasks import DRAWN, draw_table
from tests.modalities.texts import draw_texts, write_table

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.slow  # each trains
OPTIONS: dict[str, Any] = {
    "backbone": "tinybert:net",
    "modality": "text",
    "strategy": "partial-finetune",
    "epochs": 4,
    "refit": "never",
    "progress": False,
}
KILLED = """
import json, os, signal, sys
from pathlib import Path
import headstart
from headstart import events
from tests.modalities.text.tinybert import install_networks

def listen(event):
    if isinstance(event, events.Progress) and event.stage.startswith("partial-finetune"):
        if event.total and event.done * 4 == event.total * 3:  # before the third epoch is written down
            os.kill(os.getpid(), signal.SIGKILL)

site, table, home, options = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), json.loads(sys.argv[4])
with install_networks(site):
    headstart.fit(table, store=home / "store", out=home / "run", listener=listen, **options)
"""


@pytest.mark.parametrize("task", ["multilabel", "ordinal", "regression"])
def test_each_task_is_trained_and_answered_alike(task: str, networks: Path, tmp_path: Path) -> None:
    table = draw_table(tmp_path / "drawn", task, "text")
    options = {**OPTIONS, "task": task, **DRAWN[task].settings}
    run = headstart.fit(table, store=tmp_path / "store", out=tmp_path / "run", **options)
    (arm,) = run.record["arms"]
    assert (arm["strategy"], arm["planned_epochs"], run.record["task"]) == ("partial-finetune", 4, task)
    texts = [row.rpartition(",")[0] for row in table.read_text("utf-8").splitlines()[1:]]
    answers = [
        [one.to_json() for one in run.classifier.with_engine(engine).predict(texts)]
        for engine in ("onnxruntime", "openvino")
    ]
    assert not [one for rows in answers for one in rows if one["error"]]
    names = [name for name, value in answers[0][0].items() if isinstance(value, float) and name != "novelty"]
    for one, other in zip(*answers, strict=True):
        np.testing.assert_allclose([one[name] for name in names], [other[name] for name in names], rtol=2e-2, atol=2e-2)
    page = (tmp_path / "run" / "report.html").read_text("utf-8")
    assert "photo" not in page
    assert "clip " not in page


@pytest.mark.skipif(os.name != "posix", reason="sends SIGKILL")
def test_a_killed_training_ends_as_an_undisturbed_one(networks: Path, tmp_path: Path) -> None:
    table = write_table(tmp_path / "texts.csv", draw_texts(90))
    command = [sys.executable, "-c", KILLED, *map(str, (tmp_path / "site", table, tmp_path / "killed"))]
    path = os.pathsep.join(map(str, (ROOT, ROOT / "src", ROOT / "runtime" / "src")))
    (tmp_path / "site").mkdir()
    done = subprocess.run(
        [*command, json.dumps(OPTIONS)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    runs, epochs, options = [], [], dict(OPTIONS)
    for name in ("killed", "whole"):
        told: list[events.Event] = []
        home = tmp_path / name
        runs.append(headstart.fit(table, store=home / "store", out=home / "run", listener=told.append, **options))
        # On a busy machine timing may choose otherwise in a new store; in the same one the killed training decides.
        options["training_precision"] = runs[0].record["arms"][0]["chosen"]["training_precision"]
        epochs.append([event.stage for event in told if isinstance(event, events.Finished) and "epoch" in event.stage])
    assert epochs == [["epoch 3/4", "epoch 4/4"], [f"epoch {number}/4" for number in range(5)]]
    first, second = ((run.folder / "model" / "model.onnx").read_bytes() for run in runs)
    assert first == second
