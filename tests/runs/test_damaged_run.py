"""A run of which somebody damaged a file: each way to open it ends in one line that names the file."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import headstart
from headstart.runs.run import open_run
from headstart_runtime.errors import UserError


@pytest.fixture
def run(small, tmp_path) -> Path:
    leave_out = shutil.ignore_patterns("model", "report.html")
    return Path(shutil.copytree(small.run, tmp_path / "run", ignore=leave_out))


def change_json(file: Path, **changes: Any) -> None:
    record = {**json.loads(file.read_text("utf-8")), **changes}
    file.write_text(json.dumps({key: value for key, value in record.items() if value is not ...}), "utf-8")


def change_arrays(file: Path, **changes: Any) -> None:
    with np.load(file, allow_pickle=False) as arrays:
        kept = {**arrays, **changes}
    np.savez(file, **{name: array for name, array in kept.items() if array is not ...})


def test_a_run_that_nothing_is_wrong_with_opens(run) -> None:
    opened = open_run(run)
    assert opened.trust
    assert opened.layers()
    opened.misclassified()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classes": ...}, "classes: Field required"),
        ({"classes": [3]}, r"classes\.0: "),
        ({"backbone": {"name": "x"}}, r"backbone\.layers: Field required"),
        ({"winner": "nobody"}, "winner: 'nobody' is none of its arms"),
        ({"arms": []}, "winner: .* is none of its arms"),
        ({"took": "soon"}, "took: "),
        ({"seconds": None}, "seconds: "),
    ],
)
def test_a_record_without_what_a_run_shows(run, changes, message) -> None:
    change_json(run / "run.json", **changes)
    with pytest.raises(UserError, match=rf"run\.json' cannot be read: {message}.*; restore the file or fit again"):
        open_run(run)


@pytest.mark.parametrize("parts", [None, 3, "x", [], {}])
def test_an_evaluation_without_parts(run, parts) -> None:
    change_json(run / "evaluation.json", parts=parts)
    with pytest.raises(UserError, match=r"is not a whole run: evaluation\.json lacks a part"):
        open_run(run)


@pytest.mark.parametrize(
    "changes",
    [{"task": ["classification"]}, {"accuracy": "high"}, {"n": 1.5}, {"confusion": [["a"]]}, {"chosen_on": [3]}],
)
def test_an_evaluation_of_other_types(run, changes) -> None:
    parts = json.loads((run / "evaluation.json").read_text("utf-8"))["parts"]
    change_json(run / "evaluation.json", parts={**parts, "test": {**parts["test"], **changes}})
    with pytest.raises(UserError, match=r"evaluation\.json' cannot be read: evaluation cannot be read: "):
        open_run(run)


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000])
@pytest.mark.parametrize("name", ["run.json", "evaluation.json", "trust.json"])
def test_a_file_that_is_no_record(run, name, text) -> None:
    (run / name).write_text(text)
    with pytest.raises(UserError, match=rf"{name}' cannot be read: "):
        _ = open_run(run).trust


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:200])


@pytest.mark.parametrize(
    "damage",
    [
        _cut,
        lambda file: change_arrays(file, probabilities=...),
        lambda file: change_arrays(file, label=np.array(["a"])),
        lambda file: change_arrays(file, probabilities=np.zeros((2, 2), np.float32)),
        lambda file: change_arrays(file, part=np.array("test")),
    ],
)
def test_predictions_that_do_not_fit(run, damage: Callable[[Path], None]) -> None:
    damage(run / "predictions.npz")
    with pytest.raises(UserError, match=r"predictions\.npz' cannot be read: .*; restore the file or fit again"):
        open_run(run).misclassified()


def test_labels_of_no_class(run) -> None:
    with np.load(run / "predictions.npz", allow_pickle=False) as arrays:
        labels = arrays["label"]
    change_arrays(run / "predictions.npz", label=labels + 3)
    with pytest.raises(UserError, match="its labels are no numbers of classes"):
        open_run(run).misclassified()


def test_previews_that_are_damaged(run, tmp_path) -> None:
    _cut(run / "previews.npz")
    with pytest.raises(UserError, match=r"previews\.npz' cannot be read: "):
        open_run(run).misclassified()
    with pytest.raises(UserError, match=r"previews\.npz' cannot be read: "):
        headstart.report(run, out=tmp_path / "page.html")
