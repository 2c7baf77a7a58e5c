import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.conftest import Warm

from headstart.errors import ClassifierError
from headstart.pixels.contract import PixelContract
from headstart.runtime import folder as layout
from headstart.runtime.classifier import load
from headstart.runtime.folder import least_shrinking
from headstart.saving import add_scores


@pytest.fixture
def model(warm: Warm, tmp_path: Path) -> Path:
    shutil.copytree(warm.run / "model", tmp_path / "model")
    return tmp_path / "model"


def rewrite(model: Path, **changes: Any) -> None:
    """Changes fields of model.json; None removes one."""
    record = {**json.loads((model / layout.RECORD).read_text()), **changes}
    kept = {key: value for key, value in record.items() if value is not None}
    (model / layout.RECORD).write_text(json.dumps(kept))


def as_version_1(model: Path) -> None:
    """The folder as headstart wrote it when a classifier was one tower and one head."""
    record = json.loads((model / layout.RECORD).read_text())
    (tower,), (answer,) = record["towers"], record["answers"]
    old = {
        "schema_version": 1,
        "classes": record["classes"],
        "contract": tower["contract"],
        "backbone": tower["backbone"],
        "layer": tower["layers"][0],
        "head": answer["head"],
        "engine": tower["engine"],
        "precision": tower["precision"],
        **{name: record[name] for name in ("graph_sha256", "head_sha256", "parity", "headstart", "scores")},
    }
    (model / layout.RECORD).write_text(json.dumps(old))


def test_what_is_written_is_read(warm: Warm) -> None:
    record = load(warm.run).record
    assert layout.Record.from_json(json.loads(json.dumps(record.to_json()))) == record
    assert json.loads((warm.run / "model" / layout.RECORD).read_text())["schema_version"] == layout.SCHEMA_VERSION == 2
    assert (record.layer, record.head, record.combine) == ("final", "logistic", "mean")
    assert record.contract == record.towers[0].contract
    assert set(record.scores) == {"validation", "test"}


def test_version_1_is_read_and_answers_as_before(warm: Warm, model: Path) -> None:
    files = sorted(warm.photos.rglob("*.*"))[:30]
    now = load(model)
    expected = [prediction.probabilities for prediction in now.predict(files)]
    alone = now.predict(files[0]).probabilities
    as_version_1(model)
    old = load(model)
    assert old.record == now.record
    np.testing.assert_array_equal(old.predict(files[0]).probabilities, alone)
    for prediction, row in zip(old.predict(files), expected, strict=True):
        np.testing.assert_allclose(prediction.probabilities, row, atol=1e-6)
    scored = add_scores(old, {"given": {}})
    assert json.loads((model / layout.RECORD).read_text())["schema_version"] == 2
    assert scored.record == replace(now.record, scores={**now.record.scores, "given": {}})


@pytest.mark.parametrize("missing", ["contract", "backbone", "layer", "head", "engine", "precision", "classes"])
def test_an_incomplete_version_1(model: Path, missing: str) -> None:
    as_version_1(model)
    rewrite(model, **{missing: None})
    with pytest.raises(ClassifierError, match=f"is incomplete: missing or unknown: {missing}; copy"):
        load(model)


def _no_record(model: Path) -> None:
    (model / layout.RECORD).unlink()


def _not_json(model: Path) -> None:
    (model / layout.RECORD).write_text("{")


def _no_object(model: Path) -> None:
    (model / layout.RECORD).write_text("[1]")


def _newer(model: Path) -> None:
    rewrite(model, schema_version=99)


def _incomplete(model: Path) -> None:
    rewrite(model, classes=None)


def _mixed(model: Path) -> None:
    rewrite(model, layer="final")


def _other_types(model: Path) -> None:
    rewrite(model, towers=["final"])


def _no_such_tower(model: Path) -> None:
    rewrite(model, answers=[{"towers": [0, 1], "head": "lda", "weight": 1.0}])


def _no_answer(model: Path) -> None:
    rewrite(model, answers=[])


def _damaged_graph(model: Path) -> None:
    (model / layout.GRAPH).write_bytes((model / layout.GRAPH).read_bytes()[:-1] + b"!")


def _no_head(model: Path) -> None:
    (model / layout.HEAD).unlink()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_no_record, "not a saved classifier: no model.json in it"),
        (_not_json, "cannot be read"),
        (_no_object, "is no record of a classifier"),
        (_newer, "schema version 99, this headstart reads 1 to 2"),
        (_incomplete, "incomplete: missing or unknown: classes"),
        (_mixed, "incomplete: missing or unknown: layer"),
        (_other_types, "incomplete: a field is of another type"),
        (_no_such_tower, "incomplete: a field is of another type"),
        (_no_answer, "incomplete: a field is of another type"),
        (_damaged_graph, "is not the file that was saved"),
        (_no_head, "copy the whole model folder"),
    ],
)
def test_a_damaged_folder_gets_a_clear_error(model: Path, damage: Callable[[Path], None], message: str) -> None:
    damage(model)
    with pytest.raises(ClassifierError, match=message):
        load(model)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ClassifierError, match="no such folder"):
        load(tmp_path / "nowhere")


def test_the_least_shrinking_of_contracts() -> None:
    def contract(size: int, permille: int) -> PixelContract:
        return PixelContract(size, permille, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))

    small, large, close = contract(224, 875), contract(299, 1000), contract(224, 700)
    assert least_shrinking([small, large]) == least_shrinking([large, small]) == large
    assert least_shrinking([small, close, large]) == close  # of a narrow crop more pixels are wanted
