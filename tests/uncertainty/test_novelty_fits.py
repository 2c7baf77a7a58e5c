from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

from headstart.backbones.backbone import Backbone, Layer
from headstart.heads.folds import assign_folds
from headstart.uncertainty import novelty_fits as module
from headstart.uncertainty.novelty_fits import (
    find_outliers,
    fit_score,
    fit_unscaled,
    score_left_out,
    select_layers,
    set_acceptance,
)
from headstart_runtime.arrays import Floats
from headstart_runtime.inference.novelty import concat_normalized

WIDTHS = (16, 40)


def kind_of_photo(seed: int) -> list[Floats]:
    """What makes photos of one kind: 6 strong directions of features for each layer."""
    chance = np.random.default_rng(seed)
    return [chance.normal(size=(6, width)).astype("f4") for width in WIDTHS]


def photos(count: int, seed: int, kind: int = 0) -> list[Floats]:
    chance = np.random.default_rng([seed, kind])
    hidden = chance.normal(size=(count, 6))
    return [
        np.maximum(hidden @ mix + 2 + chance.normal(0, 0.5, (count, mix.shape[1])), 0).astype("f4")
        for mix in kind_of_photo(kind)
    ]


def fitted(rows: list[Floats], acceptance: float = 0.95, seed: int = 0) -> module.Novelty:
    count = len(rows[0])
    labels = np.arange(count, dtype=np.int64) % 2
    return fit_score(rows, labels, np.arange(count), branches=(0, 1), acceptance=acceptance, seed=seed)


def test_with_all_directions_it_is_the_nearest_neighbour() -> None:
    rows, new = photos(100, 0), photos(30, 1)
    novelty = fit_unscaled(rows, branches=(0, 1), seed=0)
    familiar = concat_normalized(rows)[~find_outliers(concat_normalized(rows))]
    distances = NearestNeighbors(n_neighbors=1).fit(familiar).kneighbors(concat_normalized(new))[0][:, 0]
    assert novelty.directions.shape == (56, 56)
    assert novelty.score(new) == pytest.approx(distances, rel=1e-3)


def test_the_directions_are_the_principal_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DIRECTIONS", 4)
    monkeypatch.setattr(module, "ODD", np.inf)
    rows = photos(200, 0)
    novelty = fit_unscaled(rows, branches=(0, 1), seed=0)
    assert novelty.directions.T @ novelty.directions == pytest.approx(np.eye(4), abs=1e-5)
    exact = PCA(4, svd_solver="full").fit(concat_normalized(rows))
    kept = np.square((concat_normalized(rows) - novelty.centre) @ novelty.directions).sum() / (len(rows[0]) - 1)
    assert kept == pytest.approx(exact.explained_variance_.sum(), rel=1e-3)


def test_many_photos_become_centres(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POINTS", 20)
    rows = photos(400, 0)
    novelty = fit_unscaled(rows, branches=(0, 1), seed=0)
    assert novelty.points.shape[0] == 20
    places = (concat_normalized(rows) - novelty.centre) @ novelty.directions
    apart = np.square(places[:, None] - novelty.points).sum(axis=2).min(axis=1).sum()
    assert apart < 1.1 * KMeans(20, n_init=1, random_state=0).fit(places).inertia_


def test_the_threshold_is_the_conformal_quantile() -> None:
    novelty = fit_unscaled(photos(40, 0), branches=(0, 1), seed=0)
    scores = np.random.default_rng(0).permutation(np.arange(1, 20)) / 10  # 19 scores: (19 + 1) * 0.95 is the 19th
    assert 1 / set_acceptance(novelty, scores, 0.95).scale == pytest.approx(1.9)
    assert 1 / set_acceptance(novelty, scores, 0.9).scale == pytest.approx(1.8)
    assert 1 / set_acceptance(novelty, scores[:5], 0.95).scale == pytest.approx(scores[:5].max())
    assert set_acceptance(novelty, scores, 0.9).ood_acceptance == 0.9
    twice = set_acceptance(set_acceptance(novelty, scores, 0.9), scores / 1.8, 0.9)
    assert 1 / twice.scale == pytest.approx(1.8)
    rows = photos(10, 3)
    assert set_acceptance(novelty, scores, 0.9).score(rows) == pytest.approx(novelty.score(rows) / 1.8, rel=1e-5)


@pytest.mark.parametrize("acceptance", [0.8, 0.95])
def test_so_many_new_familiar_photos_are_accepted_and_strangers_are_not(acceptance: float) -> None:
    shares, told = [], []
    for seed in range(5):
        novelty = fitted(photos(120, 10 + seed), acceptance, seed)
        familiar, strangers = novelty.score(photos(300, 50 + seed)), novelty.score(photos(300, seed, kind=1))
        shares.append(np.mean(familiar <= 1))
        told.append(roc_auc_score(np.repeat([0, 1], 300), np.concatenate([familiar, strangers])))
    assert np.mean(shares) == pytest.approx(acceptance, abs=0.04)
    assert min(told) > 0.99


def test_scores_left_out_are_those_of_new_photos_and_scores_of_the_same_photos_are_not() -> None:
    rows, labels, groups = photos(80, 0), np.zeros(80, np.int64), np.arange(80)
    scores = score_left_out(rows, labels, groups, seed=0)
    novelty = fit_unscaled(rows, branches=(0, 1), seed=0)
    new = novelty.score(photos(500, 1))
    assert np.median(scores) == pytest.approx(np.median(new), rel=0.1)
    assert np.median(novelty.score(rows)) < 0.1 * np.median(new)


@pytest.mark.parametrize("neighbours", [5, 16, 500])
def test_scores_left_out_are_those_of_a_fit_of_the_others(neighbours: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "NEIGHBOURS", neighbours)
    strange = photos(5, 0, kind=1)
    rows = [np.concatenate([row, other]) for row, other in zip(photos(90, 0), strange, strict=True)]
    labels, groups = np.zeros(95, np.int64), np.arange(95) // 3
    scores, fold = score_left_out(rows, labels, groups, seed=0), assign_folds(labels, groups, module.FOLDS, 0)
    for held in (fold == index for index in range(module.FOLDS)):
        others = fit_unscaled([row[~held] for row in rows], branches=(0, 1), seed=0)
        assert scores[held] == pytest.approx(others.score([row[held] for row in rows]), rel=1e-4)


def test_duplicates_of_one_group_do_not_make_the_threshold_small() -> None:
    rows = [np.repeat(row, 2, axis=0) for row in photos(60, 0)]
    labels = np.zeros(120, np.int64)
    apart, together = np.arange(120), np.repeat(np.arange(60), 2)
    assert np.median(score_left_out(rows, labels, together, seed=0)) > 5 * np.median(
        score_left_out(rows, labels, apart, seed=0)
    )


@pytest.mark.parametrize("strays", [1, 3])
def test_few_odd_photos_do_not_make_their_like_familiar(strays: int, monkeypatch: pytest.MonkeyPatch) -> None:
    strange = photos(200, 0, kind=1)
    rows = [np.concatenate([row, other[:strays]]) for row, other in zip(photos(150, 0), strange, strict=True)]
    rest = [row[strays:] for row in strange]
    assert find_outliers(concat_normalized(rows))[150:].all()
    assert np.mean(fitted(rows).score(rest) > 1) > 0.99
    monkeypatch.setattr(module, "ODD", np.inf)
    assert np.mean(fitted(rows).score(rest) > 1) < 0.99  # so leaving them out is what does it


def test_few_photos_or_photos_that_are_all_alike_are_no_error() -> None:
    for count in (1, 2, 5):
        novelty = fitted(photos(count, 0))
        assert np.isfinite(novelty.score(photos(5, 1))).all()
    same = [np.repeat(row, 30, axis=0) for row in photos(1, 0)]
    novelty = fitted(same)
    assert (novelty.score(photos(5, 1)) > 1).all()


def test_of_more_photos_a_sample_is_taken_and_a_seed_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SAMPLE", 50)
    rows = photos(120, 0)
    first, again, other = fitted(rows), fitted(rows), fitted(rows, seed=1)
    assert len(first.points) <= 50
    assert np.array_equal(first.points, again.points)
    assert first.scale == again.scale
    assert not np.array_equal(first.centre, other.centre)


def test_the_layers_read_are_the_highest_of_the_classifier_and_the_one_below() -> None:
    names = ("stage1", "stage2", "stage3", "final")
    backbone = cast("Backbone", SimpleNamespace(layers=tuple(Layer(name, 8) for name in names)))
    assert select_layers(backbone) == ("stage3", "final")
    assert select_layers(backbone, "stage2") == ("stage1", "stage2")
    assert select_layers(backbone, "stage1") == ("stage1",)


def test_layers_that_tell_strangers_are_read_as_far_as_they_are_run() -> None:
    names = {"stage1": False, "stage2": True, "stage3": False, "pooled": True, "final": False}
    layers = tuple(Layer(name, 8, tells) for name, tells in names.items())
    backbone = cast("Backbone", SimpleNamespace(layers=layers))
    assert select_layers(backbone) == ("stage2", "pooled")
    assert select_layers(backbone, "pooled") == ("stage2", "pooled")
    assert select_layers(backbone, "stage3") == ("stage2", "stage3")
    assert select_layers(backbone, "stage2") == ("stage1", "stage2")
