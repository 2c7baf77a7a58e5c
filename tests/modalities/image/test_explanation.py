"""Heat maps on photos: where the colour is, and that it can be seen without colour."""

import numpy as np
import pytest

from headstart_runtime.modalities.image.explanation import resize_map
from headstart_runtime.modalities.image.overlay import paint_heat


def test_an_overlay_is_yellow_where_the_heat_is_and_uncoloured_outside() -> None:
    photo = np.full((60, 120, 3), 128, np.uint8)
    values = np.zeros((6, 6), np.float32)
    values[1, 4] = 1
    painted = paint_heat(photo, values, (60, 0, 120, 60), (240, 120)).astype(int)  # it is given at half its size
    assert painted.shape == photo.shape
    row, column = np.unravel_index((painted[:, :, 0] - painted[:, :, 2]).argmax(), (60, 120))
    assert abs(row - 7.5) < 4
    assert abs(column - 52.5) < 4  # box 30..60, its fifth of six columns
    assert np.ptp(painted[:, :30], axis=2).max() == 0
    assert np.ptp(painted[:, 60:], axis=2).max() == 0


def test_light_grows_with_heat_so_that_colour_is_not_needed() -> None:
    values = np.linspace(0, 1, 32, dtype=np.float32)[None].repeat(32, axis=0)
    painted = paint_heat(np.full((64, 64, 3), 110, np.uint8), values, (0, 0, 64, 64), (64, 64)) @ np.array(
        [0.2126, 0.7152, 0.0722]
    )
    assert (np.diff(painted[32, 2:-2]) >= -1.0).all()
    assert painted[32, -3] - painted[32, 2] > 80


def test_resizing_keeps_the_mean() -> None:
    values = np.random.default_rng(0).normal(size=(28, 28)).astype(np.float32)
    assert resize_map(values, 14).mean() == pytest.approx(values.mean(), abs=1e-2)
    assert resize_map(values, 28) is values
