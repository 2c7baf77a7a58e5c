"""What every kind of head promises, over every entry of the catalog."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from headstart.heads import subsample
from headstart.heads.catalog import HEADS, fit_head
from headstart.heads.head import TrainingSet
from headstart.heads.saving import from_tensors, read_head, to_tensors, write_head
from headstart.settings import HeadSettings
from headstart_runtime.errors import DataError, SettingError
from headstart_runtime.linalg import softmax

OPTIONS = HeadSettings(mlp_units=64)


def _draw(rows=90, columns=12, classes=3, apart=2.0, seed=0):
    random = np.random.default_rng(seed)
    labels = np.arange(rows) % classes
    means = random.standard_normal((classes, columns)) * apart
    means[:, 0] += 3 * np.arange(classes)
    features = np.maximum(means[labels] + random.standard_normal((rows, columns)) + 1, -1) * 3
    return TrainingSet(features.astype(np.float32), labels, classes, np.arange(rows), balanced=False, seed=seed)


def _fit(name, task, fixed=None):
    return fit_head(name, task, OPTIONS, fixed)


def _accuracy(fitted, task):
    return float((softmax(fitted.head.logits(task.features)).argmax(axis=1) == task.targets).mean())


@pytest.fixture(params=list(HEADS))
def name(request):
    return request.param


@pytest.mark.parametrize(("rows", "columns"), [(90, 12), (40, 100)])
@pytest.mark.parametrize("chosen", [False, True])
def test_features_that_may_be_overwritten_give_the_same_head(name, rows, columns, chosen, monkeypatch):
    monkeypatch.setattr(subsample, "MANY", 60)
    monkeypatch.setattr(subsample, "CHOSEN_ON", 40)
    task = _draw(rows, columns)
    plain = _fit(name, task)
    own = replace(task, features=task.features.copy(), disposable=True)
    again = _fit(name, own, plain.chosen if chosen else None)
    wanted = _fit(name, task, plain.chosen) if chosen else plain
    assert (again.chosen, again.path) == (wanted.chosen, wanted.path)
    for layer, before in zip(again.head.layers, wanted.head.layers, strict=True):
        np.testing.assert_array_equal(layer.weight, before.weight)
        np.testing.assert_array_equal(layer.bias, before.bias)
    assert not np.array_equal(own.features, task.features)  # no second copy was made


@pytest.mark.parametrize("balanced", [False, True])
@pytest.mark.parametrize(
    ("rows", "columns", "classes"),
    [(90, 12, 3), (40, 100, 2), (40, 100, 5), (200, 4, 2), (120, 40, 20), (60, 1, 2), (60, 1, 3)],
)
def test_shapes_and_better_than_chance(name, rows, columns, classes, balanced):
    task = replace(_draw(rows, columns, classes), balanced=balanced)
    fitted = _fit(name, task)
    chance = softmax(fitted.head.logits(task.features))
    assert fitted.head.kind == name
    assert fitted.head.logits(task.features).dtype == chance.dtype == np.float32
    assert chance.shape == (rows, classes)
    assert np.abs(chance.sum(axis=1) - 1).max() < 1e-5
    assert all(layer.weight.dtype == layer.bias.dtype == np.float32 for layer in fitted.head.layers)
    assert _accuracy(fitted, task) > 1.2 / classes
    assert fitted.path
    assert all(np.isfinite([trial.value, trial.loss, trial.score]).all() for trial in fitted.path)
    assert fitted.seconds > 0


def test_same_twice(name):
    one, other = _fit(name, _draw()), _fit(name, _draw())
    assert one.chosen == other.chosen
    assert one.path == other.path
    for left, right in zip(one.head.layers, other.head.layers, strict=True):
        assert np.array_equal(left.weight, right.weight)
        assert np.array_equal(left.bias, right.bias)


def test_new_rows_of_well_separated_classes_are_known(name):
    task = _draw(300, 20, 4)
    half = np.arange(300) < 150
    train = replace(task, features=task.features[half], targets=task.targets[half], groups=task.groups[half])
    rest = replace(task, features=task.features[~half], targets=task.targets[~half])
    assert _accuracy(_fit(name, train), rest) > 0.95


def test_order_of_classes_is_kept(name):
    task = _draw(apart=3)
    turned = replace(task, targets=np.array([2, 0, 1])[task.targets])
    assert _accuracy(_fit(name, task), task) > 0.95
    assert _accuracy(_fit(name, turned), turned) > 0.95


def test_refit_with_what_was_chosen_is_the_fit_without_choosing(name):
    first = _fit(name, _draw())
    again = _fit(name, _draw(), first.chosen)
    assert again.chosen == first.chosen
    assert again.path == ()
    for left, right in zip(first.head.layers, again.head.layers, strict=True):
        assert np.array_equal(left.weight, right.weight)


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_class_without_rows(name, missing):
    task = _draw()
    kept = task.targets != missing
    task = replace(task, features=task.features[kept], targets=task.targets[kept], groups=task.groups[kept])
    chance = softmax(_fit(name, task).head.logits(task.features))
    assert np.isfinite(chance).all()
    assert chance[:, missing].mean() < 0.2
    assert (chance.argmax(axis=1) == task.targets).mean() > 0.9


@pytest.mark.parametrize("classes", [2, 3])
def test_rows_of_one_class_only(name, classes):
    task = replace(_draw(30, 6, classes), targets=np.ones(30, np.int64))
    assert (softmax(_fit(name, task).head.logits(task.features)).argmax(axis=1) == 1).all()


def test_a_class_in_one_group_only(name):
    task = _draw(60, 10, 3)
    task = replace(task, groups=np.where(task.targets == 2, 1000, task.groups))
    assert _accuracy(_fit(name, task), task) > 0.8


def test_one_group_only(name):
    task = replace(_draw(), groups=np.zeros(90, np.int64))
    assert _accuracy(_fit(name, task), task) > 0.8


@pytest.mark.parametrize("columns", [2, 50])
def test_three_rows_for_each_class(name, columns):
    task = _draw(6, columns, 2)
    assert np.isfinite(softmax(_fit(name, task).head.logits(task.features))).all()


def test_copies_in_groups(name):
    task = _draw(45)
    twice = replace(
        task,
        features=np.repeat(task.features, 2, 0),
        targets=np.repeat(task.targets, 2),
        groups=np.repeat(task.groups, 2),
    )
    assert _accuracy(_fit(name, twice), twice) > 0.8


@pytest.mark.parametrize("copies", ["same label", "other labels"])
def test_copies_without_groups(name, copies):
    task = _draw(30, 60)
    labels = task.targets if copies == "same label" else (task.targets + 1) % 3
    both = np.concatenate([task.targets, labels])
    twice = replace(task, features=np.tile(task.features, (2, 1)), targets=both, groups=np.arange(60))
    assert np.isfinite(softmax(_fit(name, twice).head.logits(task.features))).all()


@pytest.mark.parametrize("value", [0.0, 7.3, 1e6])
def test_columns_that_never_change_say_nothing(name, value):
    task = _draw()
    features = np.concatenate([task.features, np.full((90, 2), value, np.float32)], axis=1)
    fitted = _fit(name, replace(task, features=features))
    assert _accuracy(fitted, replace(task, features=features)) > 0.8
    if name != "mlp":
        assert (fitted.head.layers[0].weight[-2:] == 0).all()


def test_features_that_never_change(name):
    task = replace(_draw(), features=np.ones((90, 4), np.float32), targets=np.repeat([0, 0, 1], 30), outputs=2)
    chance = softmax(_fit(name, task).head.logits(task.features))
    assert np.isfinite(chance).all()
    assert (chance.argmax(axis=1) == 0).all()


def test_size_of_the_features_does_not_matter(name):
    task = _draw()
    larger = replace(task, features=task.features * np.float32(1e3) + np.float32(500))
    assert _accuracy(_fit(name, larger), larger) == pytest.approx(_accuracy(_fit(name, task), task), abs=0.03)


def test_features_are_left_as_they_were(name):
    task = _draw()
    before = task.features.copy()
    _fit(name, task)
    assert np.array_equal(task.features, before)


def test_not_finite(name):
    task = _draw()
    features = task.features.copy()
    features[3, 3] = np.nan
    with pytest.raises(DataError, match="1 of 90 rows of features hold NaN or infinity, the first is row 3"):
        _fit(name, replace(task, features=features))


def test_saved_and_read(name, tmp_path):
    task = _draw()
    head = _fit(name, task).head
    write_head(head, tmp_path / "head.safetensors")
    for back in (read_head(tmp_path / "head.safetensors"), from_tensors(name, to_tensors(head))):
        assert back.kind == name
        assert np.array_equal(back.logits(task.features), head.logits(task.features))


def test_unknown_name():
    with pytest.raises(SettingError, match="no head 'logistics' is installed; did you mean 'logistic'"):
        _fit("logistics", _draw())


def test_what_does_not_belong_together():
    with pytest.raises(DataError, match=r"targets \(89,\)"):
        _fit("ridge", replace(_draw(), targets=np.zeros(89, np.int64)))
    with pytest.raises(DataError, match="labels run from 0 to 2; wanted 0 to 1"):
        _fit("ridge", replace(_draw(), outputs=2))


def test_nothing_heavy_is_imported():
    """Fitting a head and scoring it must not wait seconds for scikit-learn or PyTorch."""
    code = (
        "import sys, headstart.heads.catalog, headstart.evaluation.evaluation;"
        "print([name for name in ('sklearn', 'torch', 'scipy', 'pandas') if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
