import json

import numpy as np
import pytest
from numpy.typing import NDArray

from headstart_runtime.arrays import Floats
from headstart_runtime.inference.novelty import Novelty, concat_normalized, squared_distance_to_nearest


def draw(rank: int = 5, points: int = 7, branches: tuple[int, ...] = (0, 2), seed: int = 0) -> Novelty:
    """Reads two branches, of 8 and 12 numbers."""
    chance = np.random.default_rng(seed)
    directions = np.linalg.qr(chance.normal(size=(20, rank)))[0].astype(np.float32)
    centre = chance.normal(0, 0.1, 20).astype(np.float32)
    return Novelty(
        "nearest", branches, 0.95, 1.7, centre, directions, chance.normal(0, 0.5, (points, rank)).astype("f4")
    )


def features(rows: int = 30, seed: int = 1) -> list[Floats]:
    chance = np.random.default_rng(seed)
    return [chance.random((rows, 8), dtype=np.float32), 30 * chance.random((rows, 12), dtype=np.float32)]


def by_hand(novelty: Novelty, rows: list[Floats]) -> NDArray[np.float64]:
    """Photo by photo in float64, the part outside the directions as a vector, not as a difference of lengths."""
    scores = []
    for photo in range(len(rows[0])):
        units = [row[photo].astype(float) / np.linalg.norm(row[photo].astype(float)) for row in rows]
        left = np.concatenate(units) - novelty.centre
        directions = novelty.directions.astype(float)
        along = left @ directions
        outside = left - directions @ along
        distances = [np.sqrt(np.sum((along - point) ** 2) + outside @ outside) for point in novelty.points]
        scores.append(novelty.scale * min(distances))
    return np.array(scores)


@pytest.mark.parametrize("rank", [1, 5, 20])
@pytest.mark.parametrize("points", [1, 7])
def test_the_score_is_the_distance_to_the_nearest_point(rank: int, points: int) -> None:
    novelty, rows = draw(rank, points), features()
    assert novelty.score(rows) == pytest.approx(by_hand(novelty, rows), rel=1e-4, abs=1e-5)
    assert novelty.score(rows).dtype == np.float32


def test_brightness_of_features_does_not_matter_and_zeros_are_no_error() -> None:
    novelty, rows = draw(), features()
    assert novelty.score([7 * rows[0], rows[1] / 9]) == pytest.approx(novelty.score(rows), rel=1e-4)
    zeros = [np.zeros((2, 8), np.float32), np.zeros((2, 12), np.float32)]
    assert np.isfinite(novelty.score(zeros)).all()
    assert not concat_normalized(zeros).any()


def test_pieces_of_rows_give_what_all_at_once_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = np.random.default_rng(0)
    places, points = chance.normal(size=(50, 6)).astype("f4"), chance.normal(size=(9, 6)).astype("f4")
    whole = squared_distance_to_nearest(places, points)
    monkeypatch.setattr("headstart_runtime.inference.novelty._PIECE", 100)
    assert np.array_equal(squared_distance_to_nearest(places, points), whole)
    brute = np.square(places[:, None].astype(float) - points).sum(axis=2).min(axis=1)
    assert whole == pytest.approx(brute, rel=1e-5)
    assert squared_distance_to_nearest(points, points) == pytest.approx(np.zeros(9), abs=1e-12)


@pytest.mark.parametrize("spread", [1.0, 1e-3, 0.0])
def test_products_choose_the_points_whose_distance_is_measured(spread: float) -> None:
    chance = np.random.default_rng(0)
    points = (1 + spread * chance.normal(size=(300, 12))).astype(np.float32)
    places = (1 + spread * chance.normal(size=(50, 12))).astype(np.float32)
    places = np.concatenate([places, points[:20]])
    apart = places[:, None].astype(float) - points
    wanted = np.square(apart).sum(axis=2).min(axis=1)
    assert squared_distance_to_nearest(places, points) == pytest.approx(wanted, rel=1e-5, abs=1e-30)


def test_it_goes_through_json_and_tensors() -> None:
    novelty = draw()
    record = json.loads(json.dumps(novelty.to_json()))
    again = Novelty.from_json(record, novelty.tensors())
    assert again.branches == (0, 2)
    assert again.ood_acceptance == 0.95
    assert np.array_equal(again.score(features()), novelty.score(features()))
    assert all(array.dtype == np.float32 for array in novelty.tensors().values())


def test_arrays_that_do_not_fit_are_refused() -> None:
    novelty = draw()
    tensors = novelty.tensors()
    for name, array in (
        ("centre", tensors["centre"][:-1]),
        ("points", tensors["points"][:, :-1]),
        ("points", tensors["points"][:0]),
    ):
        with pytest.raises(ValueError, match="do not fit together"):
            Novelty.from_json(novelty.to_json(), {**tensors, name: array})
    with pytest.raises(KeyError):
        Novelty.from_json(novelty.to_json(), {"centre": tensors["centre"]})
    with pytest.raises(TypeError):
        Novelty.from_json({**novelty.to_json(), "colour": 1}, tensors)
