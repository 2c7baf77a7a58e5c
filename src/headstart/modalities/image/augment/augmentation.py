"""Changed views of training photos, so that a network that is trained sees new ones: ``make_view`` and its draws.

One step finds the pixels (crop, zoom, shear, turn, shift, resize: ``augment_place``), the rest is done to the small
picture: mirrored, colours, a policy's tones, a rectangle erased. A view depends on what names it alone, never on a
generator that threads share.
"""

import math

import numpy as np
from PIL import Image

from headstart.modalities.image.augment.chance import Chance, scale_between
from headstart.modalities.image.augment.colour import jitter_colours
from headstart.modalities.image.augment.place import draw_placement, resample
from headstart.modalities.image.augment.policy import Transform, apply_tones, draw_transforms, transform_moves
from headstart.modalities.image.augment.presets import PRESETS, VERSION, Augmentation
from headstart_runtime.modalities.image.decode import Pixels, crop_resize
from headstart_runtime.modalities.image.spec import ImageSpec

__all__ = ["PRESETS", "VERSION", "Augmentation", "make_view"]

ERASED_AREA = (0.02, 0.33)  #: share of the view; Zhong et al. 2020, arXiv:1708.04896, as torchvision has it
ERASED_RATIO = (math.log(0.3), math.log(3.3))  #: logarithms of height over width


def make_view(
    photo: Pixels, spec: ImageSpec, augmentation: Augmentation, *, seed: int, digest: str, number: int
) -> Pixels:
    """Return one changed view of a photo, as a network sees it: (S, S, 3) uint8, contiguous.

    Pure, and safe to call from many threads: the same photo, spec, augmentation and name give the same pixels.

    Args:
        photo: upright RGB, (H, W, 3) uint8, as ``data.load.load_item`` gives it for this spec.
        spec: of the network.
        augmentation: what may be done. One that does nothing gives ``crop_resize(photo, spec)``.
        seed: of the run.
        digest: of the photo's content.
        number: which of the photo's views.
    """
    if augmentation.identity:
        return crop_resize(photo, spec)
    chance = Chance.draw(seed=seed, digest=digest, number=number)
    ops = draw_transforms(augmentation.policy, chance)
    place = draw_placement(augmentation, chance, spec, photo, transform_moves(ops))
    pixels = _recolour(resample(photo, spec, place), augmentation, chance, ops)
    return _erase(pixels, spec, chance) if chance.erased < augmentation.erasing else pixels


def _recolour(pixels: Pixels, augmentation: Augmentation, chance: Chance, ops: list[Transform]) -> Pixels:
    """Mirrors, and changes colours and tones."""
    image = Image.fromarray(pixels)
    if augmentation.flip_horizontal and chance.flip_horizontal < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if augmentation.flip_vertical and chance.flip_vertical < 0.5:
        image = image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    if augmentation.colour_jitter:
        image = jitter_colours(image, augmentation.colour_jitter, chance)
    return np.asarray(apply_tones(image, ops))


def _erase(pixels: Pixels, spec: ImageSpec, chance: Chance) -> Pixels:
    """A copy with a rectangle in the network's mean colour, which normalisation makes zero.

    Zhong et al. found mean and random colours equally good; noise would be new to frozen layers.
    """
    size = len(pixels)
    area = scale_between(*ERASED_AREA, chance.erased_area) * size**2
    ratio = math.exp(scale_between(*ERASED_RATIO, chance.erased_ratio))
    height = min(size, max(1, round(math.sqrt(area * ratio))))
    width = min(size, max(1, round(math.sqrt(area / ratio))))
    top = int(chance.erased_top * (size - height + 1))
    left = int(chance.erased_left * (size - width + 1))
    erased = pixels.copy()
    erased[top : top + height, left : left + width] = np.rint(255 * np.array(spec.mean)).astype(np.uint8)
    return erased
