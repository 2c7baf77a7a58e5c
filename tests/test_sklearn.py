"""The estimators for scikit-learn."""

import copy
import pickle

import numpy as np
import pytest
from PIL import Image
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC
from sklearn.utils import estimator_checks

import headstart
from headstart.sklearn import Classifier, FeatureExtractor, MultilabelClassifier, OrdinalClassifier, Regressor
from headstart_runtime.errors import DataError, SettingError

#: scikit-learn's checks that need no table of numbers. The others draw numbers as X, which are no photos:
#: check_fit*, check_estimators_*, check_classifiers_*, check_transformer_*, check_methods_*, check_dtype_object,
#: check_n_features_in*, check_pipeline_consistency, check_dict_unchanged, check_f_contiguous_array_estimator and such.
CHECKS = (
    "check_estimator_cloneable",
    "check_estimator_tags_renamed",
    "check_estimator_repr",
    "check_no_attributes_set_in_init",
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_valid_tag_types",
    "check_get_params_invariance",
    "check_set_params",
    "check_parameters_default_constructible",
    "check_estimators_unfitted",
)


@pytest.fixture
def photos(small):
    files = sorted(small.photos.rglob("*.*"))
    return files, [file.parent.name for file in files]


@pytest.mark.parametrize("kind", [FeatureExtractor, Classifier, MultilabelClassifier, OrdinalClassifier, Regressor])
@pytest.mark.parametrize("check", CHECKS)
def test_what_scikit_learn_asks_of_an_estimator(check, kind) -> None:
    if check == "check_estimators_unfitted" and kind is FeatureExtractor:
        pytest.skip("asked of what predicts")
    getattr(estimator_checks, check)(kind.__name__, kind())


def test_rows_are_those_of_features(small, photos) -> None:
    files, _ = photos
    found = headstart.features(small.photos, backbone=small.name)
    extractor = FeatureExtractor(small.name).fit(files)
    names = [file.relative_to(small.photos).as_posix() for file in files]
    rows = dict(zip(names, extractor.transform(files), strict=True))
    wanted = dict(zip(found.names, found.rows, strict=True))
    assert extractor.precision_ in ("f32", "bf16")
    close = 1e-6 if extractor.precision_ == "f32" else 0.1
    for name, row in wanted.items():
        np.testing.assert_allclose(rows[name], row, atol=close)
    names = extractor.get_feature_names_out()
    assert (len(names), names[0]) == (found.rows.shape[1], "final_0")


def test_paths_bytes_and_arrays_are_photos(small, photos) -> None:
    file = next(file for file in photos[0] if file.suffix == ".png")
    extractor = FeatureExtractor(small.name).fit([file])
    pixels = np.asarray(Image.open(file).convert("RGB"))
    rows = extractor.transform([str(file), file.read_bytes(), pixels])
    np.testing.assert_array_equal(rows[0], rows[1])
    np.testing.assert_array_equal(rows[0], rows[2])
    np.testing.assert_array_equal(extractor.transform(pixels[None]), rows[:1])


def test_a_pipeline_is_cross_validated_cloned_and_pickled(small, photos) -> None:
    files, labels = photos
    pipeline = make_pipeline(FeatureExtractor(small.name), LinearSVC())
    scores = cross_val_score(pipeline, np.array([str(file) for file in files]), labels, cv=3)
    assert scores.mean() > 0.6
    fitted = clone(pipeline).fit(files, labels)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict(files), fitted.predict(files))
    assert copy.copy(fitted[0]).backbone == small.name


def test_the_classifier_answers_in_the_labels_it_was_given(small, photos, tmp_path) -> None:
    files, names = photos
    numbers = np.unique(names, return_inverse=True)[1] + 10
    model = Classifier(small.name, out=tmp_path / "run", settings={"report": False}).fit(files, numbers)
    assert list(model.classes_) == [10, 11, 12]
    rows = model.predict_proba(files)
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-5)
    assert (model.predict(files) == model.classes_[rows.argmax(axis=1)]).all()
    assert model.score(files, numbers) > 0.6
    assert 0 <= model.test_.accuracy <= 1
    assert headstart.open_run(tmp_path / "run").test == model.test_
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(files[:3]), model.predict(files[:3]))


def test_arrays_are_learnt_from(small) -> None:
    chance = np.random.default_rng(0)
    pixels = chance.integers(0, 256, (60, 32, 32, 3), np.uint8)
    pixels[::2] //= 3
    labels = ["dark", "light"] * 30
    model = Classifier(small.name, settings={"report": False}).fit(pixels, labels)
    assert model.score(pixels, labels) > 0.8


@pytest.mark.parametrize("bad", [[], ["gone.jpg"], [np.zeros((3, 3))], [b"none"]])
def test_what_is_no_photo(bad, small, photos) -> None:
    extractor = FeatureExtractor(small.name).fit(photos[0][:3])
    with pytest.raises(DataError):
        extractor.transform(bad)


def test_messages_of_estimators_name_keywords(tmp_path, photos) -> None:
    store = tmp_path / "store"
    store.write_text("a file")
    with pytest.raises(SettingError, match=r"choose another with store or HEADSTART_STORE"):
        FeatureExtractor("efficientnet_lite0", store=store).fit(photos[0][:2])
    with pytest.raises(SettingError, match=r"choose another with store or HEADSTART_STORE"):
        Classifier("efficientnet_lite0", store=store).fit(*photos)


@pytest.mark.parametrize(
    "give", [list, tuple, lambda items: np.array(items, object), lambda items: np.array([str(it) for it in items])]
)
def test_a_kind_of_sequence_makes_no_difference(give, small, photos) -> None:
    files, labels = photos
    wanted = FeatureExtractor(small.name).fit(files).transform(files)
    np.testing.assert_array_equal(FeatureExtractor(small.name).fit(give(files)).transform(give(files)), wanted)
    if give is tuple:
        model = Classifier(small.name, settings={"report": False}).fit(give(files), labels)
        assert list(model.predict(give(files))) == list(model.predict(files))


def test_items_of_unequal_shape_and_bytes_are_classified(small, photos) -> None:
    files, labels = photos
    files, labels = files[::2], labels[::2]
    for items in ([file.read_bytes() for file in files], [np.asarray(Image.open(it).convert("RGB")) for it in files]):
        model = Classifier(small.name, modality="image", settings={"report": False}).fit(items, labels)
        assert model.predict_proba(items).shape == (len(items), 3)


def test_a_modality_that_is_none(small, photos) -> None:
    with pytest.raises(SettingError, match="modality"):
        FeatureExtractor(small.name, modality="smell").fit(photos[0])


@pytest.fixture(scope="module")
def squares():
    """Pixels of one colour each, (60, 32, 32, 3), and the mean level of each channel, (60, 3)."""
    chance = np.random.default_rng(0)
    levels = np.where(chance.random((60, 3)) < 0.5, 40, 210) + chance.integers(-30, 31, (60, 3))
    pixels = np.clip(chance.normal(levels[:, None, None, :], 9, (60, 32, 32, 3)), 0, 255).astype(np.uint8)
    return pixels, levels.astype(np.float64)


def test_numbers_are_learnt(small, squares) -> None:
    pixels, levels = squares
    light = levels.mean(axis=1)
    model = Regressor(small.name, settings={"report": False}).fit(pixels, light)
    found = model.predict(pixels)
    assert (found.shape, found.dtype) == ((60,), np.float64)
    assert model.score(pixels, light) > 0.5
    assert model.predict(pixels[:0]).shape == (0,)
    low, high = model.predict_interval(pixels).T
    assert ((low <= found) & (found <= high)).all()
    assert np.mean((low <= light) & (light <= high)) > 0.7
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(pixels[:3]), model.predict(pixels[:3]))


def test_several_numbers_are_learnt_and_unknown_ones_are_left_out(small, squares) -> None:
    pixels, levels = squares
    known = levels.copy()
    known[::7, 1] = np.nan
    model = Regressor(small.name, settings={"report": False}).fit(pixels, known)
    assert model.predict(pixels).shape == (60, 3)
    assert model.score(pixels, levels) > 0.5
    assert model.predict_interval(pixels).shape == (60, 3, 2)


def test_several_labels_are_learnt(small, squares) -> None:
    pixels, levels = squares
    bright = (levels > 125).astype(int)
    model = MultilabelClassifier(small.name, settings={"report": False}).fit(pixels, bright)
    found, chances = model.predict(pixels), model.predict_proba(pixels)
    assert (found.shape, set(np.unique(found))) == ((60, 3), {0, 1})
    assert chances.shape == (60, 3)
    assert (chances[bright == 1].mean(), chances[bright == 0].mean()) > (0.6, 0.0)
    assert chances[bright == 0].mean() < 0.4
    assert (found == bright).mean() > 0.8
    assert 0 <= model.score(pixels, bright) <= 1, "the share of photos with all labels right"
    assert model.predict(pixels[:0]).shape == (0, 3)


@pytest.mark.slow
def test_grades_are_learnt_in_their_order(small, squares) -> None:
    pixels, levels = squares
    counts = (levels > 125).sum(axis=1)
    model = OrdinalClassifier(small.name, settings={"report": False, "c_points": 3, "folds": 2}).fit(pixels, counts)
    assert model.classes_.tolist() == [0, 1, 2, 3]
    assert set(model.predict(pixels)) <= {0, 1, 2, 3}
    assert np.abs(model.predict(pixels) - counts).mean() < 0.7
    np.testing.assert_allclose(model.predict_proba(pixels).sum(axis=1), 1, atol=1e-5)
    words = np.array(["none", "few", "most", "all"])[counts]
    settings = {"report": False, "c_points": 3, "folds": 2, "order": "none,few,most,all"}
    named = OrdinalClassifier(small.name, settings=settings).fit(pixels, words)
    assert named.classes_.tolist() == ["none", "few", "most", "all"]
    assert set(named.predict(pixels)) <= set(words)


@pytest.mark.parametrize("kind", [Regressor, MultilabelClassifier])
@pytest.mark.parametrize("labels", [["a", "b"], np.zeros((2, 2, 2)), [[0, 1], [0, 2]]])
def test_targets_that_are_none(kind, labels) -> None:
    if kind is Regressor and np.ndim(labels) == 2:
        pytest.skip("two numbers for each")
    with pytest.raises(DataError, match="wanted"):
        kind().fit([b"one", b"two"], labels)
