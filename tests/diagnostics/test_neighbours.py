"""Most alike training photos, against scikit-learn."""

import numpy as np
import pytest
from safetensors.numpy import save_file
from sklearn.decomposition import PCA
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.preprocessing import StandardScaler

from headstart.diagnostics import neighbours
from headstart.diagnostics.neighbours import Neighbours
from headstart_runtime.errors import ClassifierError


def draw(rows: int, width: int, seed: int = 0) -> np.ndarray:
    chance = np.random.default_rng(seed)
    hidden = chance.normal(size=(rows, 12)) @ chance.normal(size=(12, width))
    return (hidden * np.geomspace(0.01, 100, width) + chance.normal(0, 0.01, (rows, width)) + 5).astype(np.float32)


def names(count: int) -> list[str]:
    return [f"photo{index}" for index in range(count)]


@pytest.mark.parametrize(("rows", "width"), [(40, 300), (300, 60)])
def test_the_same_neighbours_as_scikit_learn(rows: int, width: int) -> None:
    both = draw(rows + 9, width)
    features, asked = both[:rows], both[rows:]
    made = Neighbours.fit(names(rows), features)
    found = made.query(asked, 4)
    scaler = StandardScaler().fit(features)
    wanted = cosine_similarity(scaler.transform(asked), scaler.transform(features))
    assert made.rows.shape[1] <= 128
    np.testing.assert_allclose(found.similarity, -np.sort(-wanted, axis=1)[:, :4], atol=3e-3)
    taken = np.take_along_axis(wanted, found.indices, axis=1)
    np.testing.assert_allclose(found.similarity, taken, atol=3e-3)


def test_the_directions_are_the_principal_ones() -> None:
    chance = np.random.default_rng(3)
    features = (chance.normal(size=(400, 200)) @ chance.normal(size=(200, 200))).astype(np.float32)
    made = Neighbours.fit(names(400), features)
    rows = StandardScaler().fit_transform(features.astype(float))
    kept = PCA(neighbours.MOST_WIDTH, svd_solver="full").fit(rows).transform(rows)
    assert made.rows.dtype == np.float16
    assert made.rows.shape == (400, 128)
    own = made.rows.astype(float)
    np.testing.assert_allclose(own @ own.T, cosine_similarity(kept), atol=5e-3)


def test_a_photo_is_most_like_itself() -> None:
    features = draw(50, 80)
    found = Neighbours.fit(names(50), features).query(features, 3)
    np.testing.assert_array_equal(found.indices[:, 0], np.arange(50))
    np.testing.assert_allclose(found.similarity[:, 0], 1, atol=2e-3)
    assert (np.diff(found.similarity, axis=1) <= 0).all()


def test_more_rows_than_directions_are_found_from(monkeypatch) -> None:
    monkeypatch.setattr(neighbours, "MOST_ROWS", 100)
    features = draw(250, 40)
    one, other = (Neighbours.fit(names(250), features, seed=1) for _ in range(2))
    np.testing.assert_array_equal(one.rows, other.rows)
    found = one.query(features[:20], 1)
    np.testing.assert_array_equal(found.indices[:, 0], np.arange(20))


def test_few_photos_and_features_that_say_nothing() -> None:
    features = np.ones((3, 5), np.float32)
    found = Neighbours.fit(names(3), features).query(features, 9)
    assert found.indices.shape == found.similarity.shape == (3, 3)
    assert np.isfinite(found.similarity).all()
    with pytest.raises(ValueError, match="2 ids of 3 rows"):
        Neighbours.fit(names(2), features)


def test_saved_and_loaded(tmp_path) -> None:
    ids = ("a/ü 1.jpg", "line\nbreak\\n.png", "bad\udcff.png", *names(27))
    made = Neighbours.fit(ids, draw(30, 40))
    file = tmp_path / "neighbours.safetensors"
    made.save(file)
    again = Neighbours.load(file)
    assert again.ids == ids
    asked = draw(5, 40, seed=1)
    np.testing.assert_array_equal(again.query(asked, 3).indices, made.query(asked, 3).indices)
    np.testing.assert_array_equal(again.rows, made.rows)


def test_files_that_cannot_be_used(tmp_path) -> None:
    file = tmp_path / "neighbours.safetensors"
    with pytest.raises(ClassifierError, match="cannot be read"):
        Neighbours.load(file)
    file.write_bytes(b"nothing")
    with pytest.raises(ClassifierError, match="cannot be read"):
        Neighbours.load(file)
    save_file({"rows": np.zeros(1)}, file, {"schema_version": "9"})
    with pytest.raises(ClassifierError, match="schema version 9, this headstart reads 1"):
        Neighbours.load(file)
    save_file({"rows": np.zeros(1)}, file, {"schema_version": "1"})
    with pytest.raises(ClassifierError, match="cannot be read"):
        Neighbours.load(file)
