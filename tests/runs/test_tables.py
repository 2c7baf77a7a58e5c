"""What a run shows of itself in a notebook."""

import csv
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import headstart
from headstart.data.ledger import load_ledger
from headstart.runs.run import open_run
from headstart.runs.tables import list_layers, list_misclassified
from headstart.storage.previews import save_previews
from headstart.storage.run_layout import LEDGER
from headstart_runtime.errors import UserError
from headstart_runtime.modalities.facets import Thumbnail


def test_a_run_an_evaluation_and_a_ledger_are_tables(small) -> None:
    run = open_run(small.run)
    assert "test accuracy" in run._repr_html_()
    assert f"{run.test.accuracy:.1%}" in run.test._repr_html_()
    page = load_ledger(small.run / LEDGER)._repr_html_()
    assert "42 accepted" in page
    assert "more" in page
    explained = run.explain(next(small.photos.rglob("*.png")))
    assert explained.alike[0][0] in explained._repr_html_()
    picture = run.plot.confusion()._repr_png_()
    assert picture.startswith(b"\x89PNG")


def test_names_in_tables_are_escaped(small) -> None:
    run = open_run(small.run)
    named = replace(run, record={**run.record, "winner": "<script>"})
    assert "&lt;script&gt;" in named._repr_html_()


def test_misclassified_samples_are_those_of_the_table(small, tmp_path) -> None:
    """Noise instead of answers, so that there are some."""
    run = open_run(small.run)
    arrays = dict(np.load(small.run / "predictions.npz"))
    chance = np.random.default_rng(3)
    rows = chance.dirichlet(np.ones(len(run.classes)), len(arrays["id"])).astype(np.float32)
    np.savez(tmp_path / "predictions.npz", **{**arrays, "probabilities": rows})
    (tmp_path / LEDGER).write_bytes((small.run / LEDGER).read_bytes())
    save_previews({str(id_): Thumbnail(b"jpeg", "image/jpeg") for id_ in arrays["id"]}, tmp_path / "previews.npz")
    found = list_misclassified(tmp_path, run.classes, run.noun)
    wrong = (rows.argmax(axis=1) != arrays["label"]) & (arrays["part"] == "test")
    assert len(found) == wrong.sum() > 0
    assert [one.probability for one in found] == sorted((one.probability for one in found), reverse=True)
    with (small.run / "predictions.csv").open(encoding="utf-8") as file:
        labels = {row["photo"]: row["label"] for row in csv.DictReader(file)}
    assert all(labels[one.name] == one.label != one.predicted for one in found)
    assert found[0].preview == Thumbnail(b"jpeg", "image/jpeg")
    assert "data:image/jpeg;base64," in found._repr_html_()
    with pytest.raises(UserError, match=r"has no predictions\.npz"):
        list_misclassified(tmp_path / "none", run.classes, run.noun)


def test_a_run_without_mistakes_says_so(small) -> None:
    run = open_run(small.run)
    mistakes = run.misclassified()
    assert len(mistakes) == round(run.test.n * (1 - run.test.accuracy))
    if not mistakes:
        assert "every test photo is right" in mistakes._repr_html_()


def test_layers_of_a_probe_are_frozen(small) -> None:
    layers = open_run(small.run).layers()
    assert all(layer.frozen for layer in layers)
    assert any(layer.read for layer in layers)
    assert "frozen" in layers._repr_html_()


def test_layers_above_the_boundary_are_trained(small) -> None:
    record = open_run(small.run).record
    names = [layer["name"] for layer in record["backbone"]["layers"]]
    winner = next(arm for arm in record["arms"] if arm["name"] == record["winner"])
    arm = {**winner, "strategy": "partial-finetune", "layer": names[1], "curves": [{"epoch": 0}]}
    layers = list_layers({**record, "arms": [arm]})
    assert [layer.frozen for layer in layers] == [True, *[False] * (len(names) - 1)]
    assert [layer.name for layer in layers if layer.read] == [names[-1]]
    whole = list_layers({**record, "arms": [{**arm, "layer": "input"}]})
    assert not any(layer.frozen for layer in whole)


def test_the_features_of_a_run(small) -> None:
    run = open_run(small.run)
    found = run.features
    assert found.computed == 0
    assert len(found.ids) == sum(run.record["split"].values())
    assert list(found.layers) == [layer.name for layer in run.layers()]
    arrays = replace(run, record={**run.record, "source": "arrays in memory"})
    with pytest.raises(UserError, match="made from arrays; give them to headstart"):
        _ = arrays.features
    assert headstart.features is not None


def test_the_features_of_a_run_are_found_wherever_the_process_has_gone(
    small, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = open_run(small.run)
    record = run.record
    assert Path(record["working_folder"]).is_absolute()
    source, (name, _, weights) = Path(record["source"]), record["backbone"]["name"].partition("@")
    made_in = source.parent
    typed = {
        **record,
        "source": source.name,
        "working_folder": str(made_in),
        "settings": {**record["settings"], "store": os.path.relpath(small.store, made_in)},
        "backbone": {**record["backbone"], "name": f"{name}@{os.path.relpath(weights, made_in)}"},
    }
    monkeypatch.chdir(tmp_path)
    assert replace(run, record=typed).features.computed == 0
