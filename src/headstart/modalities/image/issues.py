"""Issues of single images: blurred, dark, bright, tiny, of an odd shape, near-constant.

An image has an issue where it lies beyond a limit that holds for any images and also far from the others of its set:
brain scans are dark by nature, and so is none of them by itself. Nothing is done about it.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from headstart.modalities.image.stats import ImageStats
from headstart_runtime.arrays import Bools, Doubles
from headstart_runtime.modalities.facets import ItemIssue

FAR = 1.5  #: quartile distances beyond the quartiles: Tukey's fences (Exploratory Data Analysis, 1977, section 2D)
SOFT = 6.0  #: sharpness that no image in focus is below, unless there is little in it to see
SMOOTH = 4.0  #: doublings by which coarse contrast exceeds fine detail in an image that may be blurred
DARK, BRIGHT = 0.15, 0.85  #: mean brightness
EVEN = 0.01  #: spread of brightness and of each colour; the faintest photo that shows something has 0.028
NOTHING = 0.002  #: spread that is half a grey level
LONG, USUAL = 2.5, 2.0  #: longer edge over shorter one; times as long as most of the set
INPUT = 224  #: pixels along the edge of most networks' input


def find_image_issues(
    ids: Sequence[str], width: Doubles, height: Doubles, stats: ImageStats, *, edge: int = INPUT
) -> Iterator[ItemIssue]:
    """Yield one record for each kind of issue, those that no image has included; none for no images.

    An image that shows nothing is near-constant and nothing else, and a tiny one is not blurred too.

    Args:
        ids: of N images.
        width: (N,) as stored, pixels.
        height: (N,) as stored, pixels.
        stats: of the images, in their order.
        edge: of the network's input, pixels.
    """
    if not len(ids):
        return
    emptiness, constant, constant_limit = _find_near_constant(stats)
    tiny, tiny_limit = _find_tiny(np.minimum(width, height), edge)
    softness, blurred, blurred_limit = _find_blurred(stats)
    light = stats.brightness.astype(np.float64)
    dark, dark_limit = _find_far_below(light, DARK)
    bright, shade_limit = _find_far_below(1 - light, 1 - BRIGHT)
    elongation, odd, odd_limit = _find_odd_shapes(width, height)
    usual = _describe_usual(light)
    yield _order("blurred", blurred_limit, ids, blurred & ~tiny & ~constant, softness)
    yield _order("dark", f"brightness below {dark_limit:.0%}, {usual}", ids, dark & ~constant, -light)
    yield _order("bright", f"brightness above {1 - shade_limit:.0%}, {usual}", ids, bright & ~constant, light)
    yield _order("tiny", tiny_limit, ids, tiny, -width * height)
    yield _order("odd shape", odd_limit, ids, odd, elongation)
    yield _order("near-constant", constant_limit, ids, constant, emptiness)


def _order(kind: str, limit: str, ids: Sequence[str], mask: Bools, badness: Doubles) -> ItemIssue:
    rows = np.flatnonzero(mask)
    return ItemIssue(kind, limit, tuple(ids[row] for row in rows[np.argsort(-badness[rows], kind="stable")]))


def _find_far_below(light: Doubles, limit: float) -> tuple[Bools, float]:
    """Return which values are below a limit and the set's fence too, in stops, as exposure is; and where that ends."""
    stops = np.log2(np.maximum(light, 1 / 255))
    low, high = np.quantile(stops, (0.25, 0.75))
    end = min(limit, float(2 ** (low - FAR * (high - low))))
    return light < end, end


def _describe_usual(values: Doubles) -> str:
    low, high = np.quantile(values, (0.25, 0.75))
    return f"where half of the photos have {low:.0%} to {high:.0%}"


def _find_near_constant(stats: ImageStats) -> tuple[Doubles, Bools, str]:
    """Return how little there is to see in brightness and colours, whether too little, and the limit."""
    colour = stats.colour.reshape(len(stats), -1, 3).std(axis=1).max(axis=1)
    spread = np.maximum(stats.contrast, colour).astype(np.float64)
    end = max(NOTHING, min(EVEN, float(np.median(spread)) / 4))
    return -spread, spread < end, f"brightness and colours vary by less than {end:.1%}"


def _find_blurred(stats: ImageStats) -> tuple[Doubles, Bools, str]:
    """Return how soft each image is, whether too much so, and the limit.

    Fine detail is compared with coarse contrast: a sheet of glass on a grey table is in focus and has little of both.
    """
    coarse = np.log2(1 + np.square(255 * stats.contrast.astype(np.float64)))
    fine = stats.sharpness.astype(np.float64)
    softness = coarse - fine
    low, high = np.quantile(softness, (0.25, 0.75))
    fence = max(SMOOTH, high + FAR * (high - low))
    median = float(np.median(fine))
    end = max(0.0, min(SOFT, median - 2))
    limit = f"sharpness below {end:.1f}, where half of the photos have {median:.1f} or more"
    return softness, (softness > fence) & (fine < end), f"{limit}, and little fine detail for its contrast"


def _find_tiny(shorter: Doubles, edge: int) -> tuple[Bools, str]:
    """Return which images are tiny, by their shorter edges, and the limit.

    Those are enlarged twice or more for the network where others are not, or enlarged at all where others are four
    times as large. Where all images are small, none stands out.
    """
    median = float(np.median(shorter))
    end = max(min(edge / 2, median / 2), min(edge, median / 4))
    return shorter < end, f"shorter edge below {end:.0f} pixels, where half of the photos have {median:.0f} or more"


def _find_odd_shapes(width: Doubles, height: Doubles) -> tuple[Doubles, Bools, str]:
    """Return the longer edge over the shorter one, whether it is too long for the set, and the limit."""
    long = np.maximum(width, height) / np.maximum(1, np.minimum(width, height))
    median = float(np.median(long))
    end = max(LONG, USUAL * median)
    return long, long > end, f"longer than {end:.1f} : 1, where most are {median:.1f} : 1"
