"""A head and a strategy of another package are one function and one entry point each."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import headstart
from headstart_runtime.errors import SettingError
from tests.conftest import Small
from tests.plugins import install_plugin, package_folder

PACKAGE = '''
from dataclasses import replace

import numpy as np

from headstart.heads.head import Dense, FitResult, Head
from headstart.selection.probes import linear_probe


def fit_centroids(training_set, settings, fixed=None):
    """The nearest mean of a class."""
    rows, labels = training_set.features, training_set.targets
    means = np.stack([rows[labels == number].mean(axis=0) for number in range(training_set.outputs)])
    layer = Dense(means.T.astype(np.float32), (-0.5 * (means**2).sum(axis=1)).astype(np.float32))
    return FitResult(Head("centroid", (layer,)), {}, (), 0.0)


fit_centroids.solved = True


def plan_twin(context, detail=None):
    """The linear probe under another name."""
    (plan,) = linear_probe(context)
    made = lambda: replace(plan.make(), name="twin", strategy="twin")
    return [replace(plan, name="twin", strategy="twin", make=made)]
'''


@pytest.fixture(autouse=True)
def _package(tmp_path: Path) -> Iterator[None]:
    site = tmp_path / "site"
    install_plugin(site, "centroid", "headstart.heads", "meadow_ways:fit_centroids")
    install_plugin(site, "twin", "headstart.strategies", "meadow_ways:plan_twin")
    (site / "meadow_ways.py").write_text(PACKAGE)
    with package_folder(site, "meadow_ways"):
        yield


def test_a_head_and_a_strategy_of_another_package_are_fitted(small: Small, tmp_path: Path) -> None:
    run = headstart.fit(
        small.photos,
        backbone=small.name,
        store=small.store,
        out=tmp_path / "run",
        head="centroid",  # type: ignore[arg-type]
        strategy="twin",  # type: ignore[arg-type]
        report=False,
        progress=False,
    )
    (arm,) = json.loads((tmp_path / "run" / "comparison.json").read_text("utf-8"))["arms"]
    assert (arm["arm"], arm["head"]) == ("twin", "centroid")
    photo = next((small.photos / run.classes[0]).iterdir())
    assert run.classifier.predict(photo).label in run.classes


def test_answers_of_a_head_that_says_it_is_solved_are_cross_validated(small: Small, tmp_path: Path) -> None:
    options: dict[str, Any] = {"backbone": small.name, "store": small.store, "head": "centroid", "report": False}
    headstart.fit(small.photos, out=tmp_path / "run", strategy="linear-probe", progress=False, **options)
    trust = json.loads((tmp_path / "run" / "trust.json").read_text("utf-8"))
    assert trust["calibration"]["held_out"] == "cross-validated"


def test_their_names_are_proposed() -> None:
    with pytest.raises(SettingError, match=r"unknown head 'centroids'; did you mean 'centroid'"):
        headstart.settings.FitSettings.load(head="centroids")
    with pytest.raises(SettingError, match=r"unknown strategy 'twim'; did you mean 'twin'"):
        headstart.settings.FitSettings.load(strategy="twim")
