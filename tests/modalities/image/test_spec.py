import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart_runtime.modalities.image.decode import crop_resize
from headstart_runtime.modalities.image.spec import ImageSpec

SPEC = ImageSpec(224, 875, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))


@given(st.integers(1, 6000), st.integers(1, 6000))
def test_the_crop_is_a_centred_square_inside_the_photo(height: int, width: int) -> None:
    left, top, right, bottom = SPEC.crop_box(height, width)
    assert right - left == bottom - top == SPEC.crop_side(height, width) >= 1
    assert 0 <= left <= right <= width
    assert 0 <= top <= bottom <= height
    assert abs(left - (width - right)) <= 1
    assert abs(top - (height - bottom)) <= 1


@given(st.integers(1, 6000), st.integers(1, 6000))
def test_shrinking_never_goes_below_the_target(height: int, width: int) -> None:
    factor = SPEC.shrink(height, width)
    side = SPEC.crop_side(height, width)
    assert factor in (1, 2, 4, 8)
    assert factor == 1 or side >= factor * SPEC.size
    assert factor == 8 or side < 2 * factor * SPEC.size


@pytest.mark.parametrize(("height", "width", "side"), [(1000, 2000, 875), (100, 80, 70), (1, 1, 1), (3, 500, 3)])
def test_the_crop_is_the_share_of_the_shorter_edge(height: int, width: int, side: int) -> None:
    assert SPEC.crop_side(height, width) == side


def test_it_survives_json() -> None:
    assert ImageSpec.from_json(SPEC.to_json()) == SPEC


def test_a_crop_of_the_target_size_is_not_resampled() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (256, 300, 3), dtype=np.uint8)
    assert SPEC.crop_side(256, 300) == 224
    left, top, right, bottom = SPEC.crop_box(256, 300)
    np.testing.assert_array_equal(crop_resize(pixels, SPEC), pixels[top:bottom, left:right])
