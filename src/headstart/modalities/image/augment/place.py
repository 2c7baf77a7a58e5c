"""Where in a photo a view looks: crop, zoom, shear, turn and shift as one map, and the pixels there in one step.

A view whose edges stay parallel to the photo's is a crop, resized with antialiasing. Any other is first shrunk with
antialiasing to about its own resolution and then warped, so that fine patterns do not turn into false ones. What lies
outside the photo is its mirror image: black corners would tell a network how far a photo was turned, and a repeated
edge pixel makes streaks that no photo has.

Measured for 512 x 384 pixels to 224, one thread: PyTorch's resize of uint8 0.27 ms, Pillow's 0.72 ms, equal to one grey
level; Pillow's warp 0.95 ms, torchvision's 1.22 ms. So PyTorch resizes and Pillow warps.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from headstart.modalities.image.augment.chance import Chance, scale_around_zero, scale_between
from headstart.modalities.image.augment.presets import Augmentation
from headstart_runtime.extras import has_extra
from headstart_runtime.modalities.image.decode import Pixels, crop_resize
from headstart_runtime.modalities.image.spec import ImageSpec, Interpolation

RATIOS = (3 / 4, 4 / 3)  #: width over height of a random crop
CORNERS = np.array([(-0.5, 0.5, -0.5, 0.5), (-0.5, -0.5, 0.5, 0.5), (1, 1, 1, 1)])
MARGIN = 2  #: steps that a warp may need beyond the corners
SMALLEST = 0.05  #: of a zoom: beyond, a view is all mirror images


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of a photo, in pixels of the photo; it may reach outside."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Visible:
    """The pixels of a photo along one edge of a picture that may reach beyond them."""

    low: int  #: in pixels of the photo
    high: int  #: in pixels of the photo, past the last
    first: int  #: where they begin in the picture, its pixels
    count: int  #: so many pixels of the picture show them
    wanted: int  #: pixels of the picture

    @property
    def share(self) -> float:
        """Pixels of the picture to one of the photo."""
        return self.count / (self.high - self.low)


@dataclass(frozen=True, slots=True)
class ViewPlacement:
    """Where a view looks."""

    box: Box  #: what fills the view when nothing else is done
    moves: NDArray[np.float64]  #: (3, 3): where a point of the box goes; both squares have edges of 1 around 0, 0


def draw_placement(
    augmentation: Augmentation, chance: Chance, spec: ImageSpec, photo: Pixels, more: Sequence[Sequence[float]]
) -> ViewPlacement:
    """Draw where a view looks in a photo; ``more`` are a policy's moves, done last."""
    height, width = photo.shape[:2]
    if augmentation.crop_scale < 1:
        box = _draw_box(augmentation.crop_scale, chance, height, width)
    else:
        left, top, right, bottom = spec.crop_box(height, width)
        box = Box(left, top, right - left, bottom - top)
    drawn = (
        -augmentation.zoom * chance.zoom if augmentation.whole else scale_around_zero(augmentation.zoom, chance.zoom)
    )
    zoom = max(SMALLEST, 1 + drawn)
    shear = math.tan(math.radians(scale_around_zero(augmentation.shear, chance.shear)))
    angle = math.radians(scale_around_zero(augmentation.rotation, chance.rotation))
    cos, sin = math.cos(angle), math.sin(angle)
    moves = np.array(
        [(zoom * cos, zoom * (shear * cos - sin), 0), (zoom * sin, zoom * (shear * sin + cos), 0), (0, 0, 1)]
    )
    moves[0, 2] = scale_around_zero(augmentation.shift_width, chance.shift_width)
    moves[1, 2] = scale_around_zero(augmentation.shift_height, chance.shift_height)
    if augmentation.whole:
        moves = _keep_inside(moves)
    for rows in more:
        moves = np.array([rows[:3], rows[3:], (0, 0, 1)]) @ moves
    return ViewPlacement(box, moves)


def _keep_inside(moves: NDArray[np.float64]) -> NDArray[np.float64]:
    """Moves that leave the whole box in the view: made smaller where it would reach out, moved as far as there is room.

    Args:
        moves: (3, 3), see ``ViewPlacement``.
    """
    reach = np.abs(moves[:2, :2]).sum(axis=1) / 2  # of the moved box from its middle, along each edge
    smaller = min(1.0, 0.5 / reach.max())
    room = np.maximum(0.5 - smaller * reach, 0)
    kept = moves.copy()
    kept[:2, :2] *= smaller
    kept[:2, 2] = np.clip(moves[:2, 2], -room, room)
    return kept


def _draw_box(smallest: float, chance: Chance, height: int, width: int) -> Box:
    """A random resized crop (Szegedy et al. 2015, arXiv:1409.4842, section 6): area uniform, ratio uniform in its log.

    The ratio is drawn from those that fit the photo at this area, so nothing is drawn twice. Where none does, as in a
    panorama, the crop has the nearest ratio and is as large as fits.
    """
    area = scale_between(smallest, 1, chance.crop_area) * height * width
    low, high = max(RATIOS[0], area / height**2), min(RATIOS[1], width**2 / area)
    if low <= high:
        ratio = math.exp(scale_between(math.log(low), math.log(high), chance.crop_ratio))
        across, down = math.sqrt(area * ratio), math.sqrt(area / ratio)
    else:
        ratio = RATIOS[1] if width > height else RATIOS[0]
        across, down = min(width, height * ratio), min(height, width / ratio)
    return Box((width - across) * chance.crop_left, (height - down) * chance.crop_top, across, down)


def resample(photo: Pixels, spec: ImageSpec, place: ViewPlacement) -> Pixels:
    """Return the pixels of a place, resized to the network's square: (S, S, 3) uint8."""
    size, box = spec.size, place.box
    plain = np.array_equal(place.moves, np.eye(3))
    if plain and (box.left, box.top, box.left + box.width, box.top + box.height) == spec.crop_box(*photo.shape[:2]):
        return crop_resize(photo, spec)
    # view -> photo, both in pixels
    back = _scaling(box.width, box.height, box.left + box.width / 2, box.top + box.height / 2)
    back = back @ np.linalg.inv(place.moves)
    straight = abs(back[0, 1]) + abs(back[1, 0]) < 1e-9 * min(box.width, box.height)
    if straight and min(back[0, 0], back[1, 1]) >= size:
        across = _to_whole_pixels(back[0, 2] - back[0, 0] / 2, back[0, 0], photo.shape[1], size)
        down = _to_whole_pixels(back[1, 2] - back[1, 1] / 2, back[1, 1], photo.shape[0], size)
        return _show(photo, across, down, spec.interpolation)
    return _warp(photo, spec, place, back)


def _warp(photo: Pixels, spec: ImageSpec, place: ViewPlacement, back: NDArray[np.float64]) -> Pixels:
    """A view at an angle, or between the whole pixels of a small photo: shrunk to about its resolution, then warped.

    Args:
        photo: (H, W, 3).
        spec: of the network.
        place: where the view looks.
        back: (3, 3), from a view with edges of 1 around 0, 0 to pixels of the photo.
    """
    size, enlarged = spec.size, math.sqrt(abs(np.linalg.det(place.moves)))
    steps = np.maximum(1, np.array([place.box.width, place.box.height]) / (size * enlarged))
    corners = (back @ CORNERS)[:2]
    low, high = corners.min(axis=1) - MARGIN * steps, corners.max(axis=1) + MARGIN * steps
    across = _to_steps(low[0], high[0], photo.shape[1], steps[0])
    down = _to_steps(low[1], high[1], photo.shape[0], steps[1])
    image = Image.fromarray(_show(photo, across, down, spec.interpolation))
    to_image = _scaling(
        across.share, down.share, across.first - across.low * across.share, down.first - down.low * down.share
    )
    to_image = to_image @ back @ _scaling(1 / size, 1 / size, -0.5, -0.5)
    rows = tuple(to_image[:2].ravel().tolist())
    return np.asarray(image.transform((size, size), Image.Transform.AFFINE, rows, Image.Resampling.BILINEAR))


def _to_whole_pixels(start: float, extent: float, length: int, wanted: int) -> Visible:
    """An edge of a crop, to whole pixels of the photo and of the ``wanted`` ones; one of each is visible at least."""
    low, high = round(start), round(start + extent)
    first = min(max(low, 0), length - 1)
    last = max(first + 1, min(high, length))
    scale = wanted / (high - low)
    at = round((first - low) * scale)
    return Visible(first, last, at, max(1, round((last - low) * scale) - at), wanted)


def _to_steps(low: float, high: float, length: int, step: float) -> Visible:
    """An edge of a picture that covers ``low``..``high`` of the photo with a pixel for about ``step`` of the photo's.

    One step is visible at least, so that the picture stays small however little of the photo it shows.
    """
    least = min(length, math.ceil(step))
    first = min(max(math.floor(low), 0), length - least)
    last = max(first + least, min(math.ceil(high), length))
    count = max(1, round((last - first) / step))
    share = count / (last - first)
    begin, end = math.floor((low - first) * share), math.ceil((high - first) * share)
    return Visible(first, last, -begin, count, end - begin)


def _show(photo: Pixels, across: Visible, down: Visible, interpolation: Interpolation) -> Pixels:
    """A picture of a photo: what lies inside is resized, what lies outside mirrors it."""
    inside = photo[down.low : down.high, across.low : across.high]
    seen = _resize(inside, across.count, down.count, interpolation)
    if (down.first, down.count) != (0, down.wanted):
        seen = seen.take(_mirror(down), axis=0)
    if (across.first, across.count) != (0, across.wanted):
        seen = seen.take(_mirror(across), axis=1)
    return seen


def _mirror(edge: Visible) -> NDArray[np.intp]:
    """(wanted,): the visible pixel that each pixel of the picture shows, to and fro beyond their ends."""
    at = (np.arange(edge.wanted) - edge.first) % (2 * edge.count)
    return np.minimum(at, 2 * edge.count - 1 - at)


def _resize(pixels: Pixels, width: int, height: int, interpolation: Interpolation) -> Pixels:
    """Return pixels resized, antialiased and rounded; without PyTorch by Pillow, as for a sheet: one grey level off."""
    if pixels.shape[:2] == (height, width):
        return pixels
    if not has_extra("train", "torch"):
        method = Image.Resampling[interpolation.upper()]
        return np.asarray(Image.fromarray(pixels).resize((width, height), method))
    import torch  # not above: presets are resolved, and views found in a store, without it

    planes = torch.from_numpy(np.require(pixels, requirements="W")).permute(2, 0, 1)[None]
    resized = torch.nn.functional.interpolate(planes, (height, width), mode=interpolation, antialias=True)
    return np.ascontiguousarray(resized[0].permute(1, 2, 0).numpy())


def _scaling(across: float, down: float, right: float, below: float) -> NDArray[np.float64]:
    return np.array([(across, 0, right), (0, down, below), (0, 0, 1)])
