import numpy as np
import pytest
from PIL import ImageOps

from headstart.modalities.image.near_duplicates.coarse_align import align_coarsely
from headstart.modalities.image.near_duplicates.fine_align import Alignment, align_finely
from headstart_runtime.modalities.image.decode import crop_resize
from tests.modalities.image.near_duplicates.test_score import SCENES, SPEC, measure


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_picture_is_aligned_where_it_was_cut_from(mirrored: bool) -> None:
    image = SCENES[3].crop((30, 0, 290, 260))
    cut = image.crop((20, 5, 254, 239))  # 234 of 260: a scale of 0.9, its centre 7 right and 8 up
    if mirrored:
        cut = ImageOps.mirror(cut)
    grey = measure(np.stack([crop_resize(np.asarray(it), SPEC) for it in (image, cut)])).grey
    pair = np.array([[0, 1]])
    rough = align_coarsely(grey, pair)[0]
    fine = align_finely(grey, pair, rough)
    assert fine.mirrored[0] == mirrored
    np.testing.assert_allclose(fine.place[0], [0.9, 7 / 260, -8 / 260], atol=0.006)
    assert fine.detail[0] > max(0.98, rough.detail[0] - 0.01)


def test_no_step_makes_it_worse() -> None:
    grey = measure(np.stack([crop_resize(np.asarray(it), SPEC) for it in SCENES])).grey
    pairs = np.stack([np.arange(0, 60, 2), np.arange(1, 60, 2)], axis=1)
    start = Alignment(np.zeros(30, np.float32), np.tile(np.float32([1, 0, 0]), (30, 1)), np.zeros(30, bool))
    once = align_finely(grey, pairs, start)
    twice = align_finely(grey, pairs, once)
    assert (twice.detail >= once.detail).all()


def test_many_pairs_of_one_photo_are_aligned_as_alone() -> None:
    grey = measure(np.stack([crop_resize(np.asarray(it), SPEC) for it in SCENES])).grey
    pairs = np.array([(0, other) for other in range(1, 60)] + [(3, 4)])
    together = align_coarsely(grey, pairs)[0]
    for row in (0, 15, 16, 40, 59):
        np.testing.assert_allclose(
            together.detail[row], align_coarsely(grey, pairs[row : row + 1])[0].detail[0], atol=1e-5
        )
